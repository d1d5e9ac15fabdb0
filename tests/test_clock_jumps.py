"""The wall clock jumps by a day while a command runs, forward and back: nothing negative, nothing lost, no lock kept.

    QAMCTL_JUMPS=200 pytest tests/test_clock_jumps.py

is longer than CI's. The clock of the C library is replaced in the process that runs, so that all of it sees the jump.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.warned import said

JUMPS = int(os.environ.get("QAMCTL_JUMPS", "10"))
DAY = 86_400
SHIM = Path(__file__).parent / "support" / "clock_jump.c"
MODEL = "p qubo 0 4 4 3\n0 0 -1\n1 1 -2\n2 2 1\n3 3 1\n0 1 3\n1 2 -2\n2 3 1\n"


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clock that jumps, as a library to preload."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler, for a clock that jumps")
    library = tmp_path_factory.mktemp("shim") / "clock_jump.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM)], check=True)
    return library


Ended = subprocess.CompletedProcess[str]


def command(room: Path, shim: Path | None, *argv: str, jump: int = 0, after: int = 0) -> Ended:
    """Run qamctl in a room; its clock jumps by so many seconds, so many milliseconds after it began."""
    environment = {**os.environ, "XDG_STATE_HOME": str(room / "state"), "XDG_CONFIG_HOME": str(room / "config")}
    if shim is not None:
        environment |= {
            "LD_PRELOAD": str(shim), "QAMCTL_TEST_JUMP": str(jump), "QAMCTL_TEST_JUMP_AFTER": str(after)
        }  # fmt: skip
    line = [sys.executable, "-P", "-m", "qamctl", *argv]
    return subprocess.run(line, env=environment, cwd=room, capture_output=True, text=True, check=False)


def numbers(value: Any) -> Iterator[float]:
    """Every number in a value, however deep."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from numbers(item)
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_the_shim_jumps(shim: Path, tmp_path: Path) -> None:
    """In a process with it wall time jumps by a day and monotonic time does not: the tests here test something."""
    code = (
        "import time; from datetime import datetime, UTC\n"
        "a, b, c = time.time(), time.monotonic(), datetime.now(UTC)\n"
        "while time.monotonic() - b < 0.4: pass\n"
        "spent = time.monotonic() - b\n"
        "walls = time.time() - a, (datetime.now(UTC) - c).total_seconds()\n"
        "print(*(round((wall - spent) / 60) for wall in walls))\n"
        "print(spent < 3600)\n"
    )
    environment = {**os.environ, "LD_PRELOAD": str(shim)}
    environment |= {"QAMCTL_TEST_JUMP": str(-DAY), "QAMCTL_TEST_JUMP_AFTER": "300"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(-DAY // 60), str(-DAY // 60), "True"]


def test_jumps_during_runs(shim: Path, tmp_path: Path) -> None:
    """Runs with a time limit, at random moments of each a jump: results and metrics are whole, and make sense."""
    (tmp_path / "model.qubo").write_text(MODEL)
    run = ("solve", "model.qubo", "--backend", "anneal", "--time-limit", "0.3", "--reuse", "--target-energy", "-99")
    begun = time.monotonic()
    assert command(tmp_path, None, *run).returncode == 0
    usual = int(1000 * (time.monotonic() - begun))
    moments = random.Random(1)
    for k in range(JUMPS):
        jump = (-1) ** k * DAY
        out = ("--out", "out", "--seed", str(k // 2))  # every other run may reuse the answer of the one before
        ran = command(tmp_path, shim, *run, *out, "-o", "json", jump=jump, after=moments.randrange(usual))
        assert ran.returncode == 0, ran.stderr
        assert said(ran.stderr) == ""
        result = json.loads(ran.stdout)
        metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
        spent = metrics["seconds"]
        times = [spent, metrics["cpu_seconds"], [row["seconds"] for row in result["attempts"]]]
        times += [point[0] for point in metrics["curve"]]
        assert min(numbers(times)) >= 0
        assert spent["total"] == pytest.approx(sum(value for name, value in spent.items() if name != "total"))
        assert spent["total"] < DAY / 2
    assert not list((tmp_path / "state" / "qamctl" / "locks").iterdir())
    listed = json.loads(command(tmp_path, None, "runs", "list", "--limit", "0", "-o", "json").stdout)["runs"]
    started = [row["started"] for row in listed]
    assert started == sorted(started, reverse=True)
    assert all(row["status"] in ("optimal", "feasible") for row in listed)


def test_what_a_jump_leaves_is_used_and_pruned(shim: Path, tmp_path: Path) -> None:
    """An answer kept tomorrow is reused today; runs of tomorrow are not pruned by their age, and do not stop others."""
    (tmp_path / "model.qubo").write_text(MODEL)
    run = ("solve", "model.qubo", "--backend", "anneal", "--max-steps", "5", "--reuse", "-o", "json")
    first = json.loads(command(tmp_path, shim, *run, jump=DAY).stdout)
    second = json.loads(command(tmp_path, None, *run).stdout)
    third = json.loads(command(tmp_path, shim, *run, jump=-DAY).stdout)
    assert second["reused"]["run"] == third["reused"]["run"] == first["run"]
    rows = json.loads(command(tmp_path, None, "runs", "list", "-o", "json").stdout)["runs"]
    assert [row["id"] for row in rows] == [first["run"], second["run"], third["run"]]
    assert json.loads(command(tmp_path, None, "runs", "show", "latest", "-o", "json").stdout)["id"] == first["run"]
    prune = ("runs", "prune", "-o", "json", "--older-than", "12h")
    assert json.loads(command(tmp_path, None, *prune).stdout)["runs"] == [third["run"]]
    pruned = json.loads(command(tmp_path, shim, *prune, jump=3 * DAY).stdout)
    assert set(pruned["runs"]) == {first["run"], second["run"]}
    assert pruned["answers"] == 1
