"""The process in which HiGHS proves: what it finds, how it ends, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from cluster.test_linear import hard, levels_of

from qamctl.cluster.instance import build_instance
from qamctl.cluster.solvers.linear import solve
from qamctl.cluster.solvers.programs import search, whole
from qamctl.cluster.solvers.programs.child import pack
from qamctl.cluster.solvers.programs.program import Program
from qamctl.cluster.solvers.programs.whole import Whole
from qamctl.solver import Budget

NONE = np.zeros(0, np.int64)


def knapsack(gain: list[int], size: list[int], room: int) -> Program:
    """Take what gains most; nothing is taken in the known solution."""
    n = len(gain)
    cost = np.zeros((7, n))
    cost[4] = -np.array(gain)
    return Program(
        cost, np.zeros(7), np.zeros(n), np.ones(n), np.ones(n, bool), np.zeros(n), np.zeros(n, np.int64), np.arange(n),
        np.array(size, float), np.array([-np.inf]), np.array([float(room)]), NONE, NONE, NONE,
    )  # fmt: skip


WEIGHTS = np.eye(7)[4]


def children() -> list[int]:
    """The processes that this one has begun and not taken note of the end of, zombies among them."""
    found = []
    for name in os.listdir("/proc"):
        try:
            fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split() if name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[1]) == os.getpid():
            found.append(int(name))
    return found


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """No child of this process outlives the test."""
    before = set(children())
    yield
    assert set(children()) <= before


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_brute_force_finds(seed: int) -> None:
    """The best of all 2^10 choices, and a bound that meets it."""
    rng = np.random.default_rng(seed)
    gain, size = rng.integers(1, 40, 10), rng.integers(1, 40, 10)
    room = int(size.sum() // 3)
    best = max(int(gain @ x) for x in map(np.array, product((0, 1), repeat=10)) if size @ x <= room)
    found = Whole(knapsack(gain.tolist(), size.tolist(), room), WEIGHTS, np.zeros((0, 7)), None, 10_000).solve()
    assert found.better is not None
    assert found.ended
    assert found.exact
    assert gain @ found.better == best
    assert best <= found.bound <= best + 0.01


@pytest.mark.usefixtures("nothing_left")
def test_an_earlier_level_is_held() -> None:
    """What an earlier level makes of the known solution is not given away."""
    program = knapsack([5, 7, 9], [1, 1, 1], 3)
    program.cost[1] = [1.0, 0.0, 2.0]  # only the second costs nothing there
    found = Whole(program, WEIGHTS, np.eye(7)[1:2], None, 100).solve()
    assert found.better is not None
    assert found.better.tolist() == [0, 1, 0]
    assert not found.exact


@pytest.mark.usefixtures("nothing_left")
def test_a_process_that_is_killed_is_told_of_and_the_search_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer holds all the same, the note says what happened, and nothing is left of the process."""
    killed: list[int] = []
    popen = subprocess.Popen

    def doomed(*args, **more):  # type: ignore[no-untyped-def]
        child = popen(*args, **more)
        os.kill(child.pid, signal.SIGKILL)
        killed.append(child.pid)
        return child

    monkeypatch.setattr(whole.subprocess, "Popen", doomed)
    monkeypatch.setattr(search, "WHOLE_AFTER", 0)
    spec = hard(40, 5, 3)
    outcome = solve(
        build_instance(spec), None, Budget(steps=1_500_000, threads=1), 1, lambda: False, lambda solution: None
    )
    assert killed
    assert "SIGKILL" in outcome.info["note"]
    assert outcome.solution is not None
    assert levels_of(spec, outcome.solution)[0] >= (outcome.bounds[0] or 0.0)


@pytest.mark.usefixtures("nothing_left")
def test_a_run_that_is_stopped_ends_its_process() -> None:
    """It is no failure, and says nothing."""
    rng = np.random.default_rng(1)
    size = rng.integers(10_000, 99_999, 60)
    run = Whole(
        knapsack(size.tolist(), size.tolist(), int(size.sum() // 2) + 1), WEIGHTS, np.zeros((0, 7)), None, 10**9
    )
    clock = threading.Timer(0.5, run.stop)
    clock.start()
    found = run.solve()
    clock.cancel()
    if not found.ended:  # else HiGHS was quicker
        assert found.better is None
        assert found.bound == np.inf


def test_the_process_ends_with_the_one_that_began_it() -> None:
    """It reads nothing more, so its input is closed."""
    rng = np.random.default_rng(2)
    n = 400
    given = {
        "cost": -rng.integers(500, 999, n), "lower": np.zeros(n), "upper": np.ones(n), "whole": np.ones(n, bool),
        "row": np.repeat(np.arange(30), n), "column": np.tile(np.arange(n), 30),
        "factor": rng.integers(500, 999, 30 * n).astype(float), "row_lower": np.full(30, -np.inf),
        "row_upper": np.full(30, 90_000.0), "until": np.inf, "nodes": 2**31 - 1,
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "qamctl.cluster.solvers.programs.child", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(pack(**given))
    child.stdin.flush()
    time.sleep(1.0)
    assert child.poll() is None
    child.stdin.close()
    assert child.wait(timeout=60) == 1
    child.stdout.close()
