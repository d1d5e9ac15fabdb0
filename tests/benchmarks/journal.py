"""Finished rows in a file of JSON lines, so that a benchmark can be stopped at any instant and goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

Case = TypeVar("Case")
Row = dict[str, Any]
KEY = ("family", "case", "engine", "seed", "seconds", "threads", "code")


def load(path: Path) -> dict[tuple[Any, ...], Row]:
    """The rows of earlier runs by their key; a last line that a kill cut off is forgotten."""
    rows: dict[tuple[Any, ...], Row] = {}
    if not path.exists():
        return rows
    whole, _, rest = path.read_bytes().rpartition(b"\n")
    if rest:
        with path.open("r+b") as file:
            file.truncate(len(whole) + 1 if whole else 0)
    for line in whole.splitlines():
        row = json.loads(line)
        rows[key(row)] = row
    return rows


def resumed(
    path: Path,
    jobs: Iterable[tuple[Case, Row]],
    measure: Callable[[Case, Row], Row],
    told: Callable[[Row], str],
    *,
    until: float = float("inf"),
) -> tuple[list[Row], bool]:
    """The rows of the jobs, those of the file and what is measured now; whether all were.

    What failed is not kept, so that it is tried again the next time. Ctrl-C, or an instant `until` on the monotonic
    clock after which no measurement begins, ends the measuring; the rows of the file are there all the same.
    """
    known = load(path)
    rows: list[Row] = []
    whole = True
    for case, job in jobs:
        row = known.get(key(job))
        if row is None and (not whole or time.monotonic() >= until):
            whole = False
            continue
        try:
            if row is None:
                row = measure(case, job)
                if row.get("status") != "failed":
                    append(path, row)
                sys.stderr.write(told(row) + "\n")
                sys.stderr.flush()
            rows.append(row)
        except KeyboardInterrupt:
            whole = False
    return rows, whole


def tell_stopped(path: Path) -> None:
    """Say where a benchmark that did not measure everything goes on."""
    sys.stderr.write(f"stopped; the rows so far are in {path}, and the same command goes on from there\n")


def append(path: Path, row: Row) -> None:
    """Write a finished row so that it survives whatever comes next."""
    with path.open("ab") as file:
        file.write(json.dumps(row).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def key(row: Row) -> tuple[Any, ...]:
    """What makes a row the same measurement."""
    return tuple(row[field] for field in KEY)


def versions(*packages: str) -> str:
    """What stands for the code of a peer that needs these packages; empty, with a line that says so, without one."""
    try:
        return ", ".join(f"{package} {version(package)}" for package in packages)
    except PackageNotFoundError as missing:
        sys.stderr.write(f"without {packages[0]}: {missing}; the extra `bench` has it\n")
        return ""


def fingerprint(package: Path) -> str:
    """Of our engines' code: a row of an older build does not count for this one."""
    digest = hashlib.sha256()
    rooms = ("schedule", "kernels", "qubo", "backends")
    files = [file for room in rooms for file in (package / room).rglob("*") if file.suffix in (".py", ".cpp", ".hpp")]
    for file in sorted([*files, *package.glob("*.py")]):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]
