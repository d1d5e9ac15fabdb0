"""`qamctl` in processes of its own: what it answers, and what time and memory it and all that it starts take."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

#: Seconds between two looks at the memory of a command.
LOOK = 0.1
#: How a solve ends that found nothing feasible.
NO_ANSWER = 4


@dataclass(frozen=True)
class Spent:
    """What a command took with all that it started: CPU and wall seconds, and bytes of memory at most."""

    cpu: float
    wall: float
    memory: int


def qamctl(home: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> Spent:
    """Run a command in a folder in which it keeps its state, too.

    Raises
    ------
    RuntimeError
        Where it ends with none of these codes, with all that it said.
    """
    environ = os.environ | {"XDG_STATE_HOME": str(home)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed command has its bytecode
    command = [sys.executable, "-m", "qamctl", *arguments]
    with tempfile.TemporaryFile("w+") as words:
        begin, before = time.perf_counter(), spent_by_children()
        process = subprocess.Popen(command, cwd=home, env=environ, stdout=words, stderr=subprocess.STDOUT)
        memory = _watched(process)
        spent = Spent(spent_by_children() - before, time.perf_counter() - begin, memory)
        if process.returncode not in codes:
            words.seek(0)
            raise RuntimeError(f"qamctl {' '.join(arguments)} ended with {process.returncode}:\n{words.read()}")
    return spent


def cluster(home: Path, spec: str, *options: str) -> tuple[dict[str, Any], Spent]:
    """`qamctl cluster` from the file to the result, and what the whole command took.

    Where no feasible answer was found the result has no solution.
    """
    return _solved(home, "cluster", spec, *options)


def schedule(home: Path, spec: str, *options: str) -> tuple[dict[str, Any], Spent]:
    """`qamctl schedule`, likewise."""
    return _solved(home, "schedule", spec, *options)


def _solved(home: Path, command: str, spec: str, *options: str) -> tuple[dict[str, Any], Spent]:
    spent = qamctl(home, command, spec, "--out", "run", "-q", *options, codes=(0, NO_ANSWER))
    return json.loads((home / "run" / "result.json").read_text()), spent


def seats(home: Path, result: dict[str, Any]) -> dict[str, str]:
    """The cluster of each agent that has one; a large answer lies in a table beside its result."""
    assert result["solution"] is not None, "no feasible answer was found"
    rows = result["solution"]["assignments"]
    if isinstance(rows, dict):
        with (home / "run" / rows["table"]).open(newline="") as file:
            rows = list(csv.DictReader(file))
    return {row["agent"]: row["cluster"] for row in rows if row["cluster"]}


def spent_by_children() -> float:
    """CPU seconds of all processes that were begun here and have ended, with their own."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watched(process: subprocess.Popen[str]) -> int:
    """Wait for the end; the largest sum of what the process and those below it had in memory at once.

    Pages that two of them share count twice. `ru_maxrss` would not do: a child's begins at the size of its parent.
    """
    import psutil

    most = 0
    while True:
        try:
            top = psutil.Process(process.pid)
            most = max(most, sum(_resident(one) for one in (top, *top.children(recursive=True))))
        except psutil.NoSuchProcess:
            pass
        try:
            process.wait(LOOK)
            return most
        except subprocess.TimeoutExpired:
            continue


def _resident(process: Any) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
