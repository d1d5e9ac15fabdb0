"""A rate limit and a circuit breaker that processes share."""

from __future__ import annotations

import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from support.azure_stage import Stage

from qamctl.azure.throttle import Limits, Throttle
from qamctl.runs.database import connect

LIMITS = Limits(per_second=10.0, failures=3, pause=8.0, longest_pause=100.0)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def stage() -> Stage:
    return Stage(random.Random(1))


def throttle_of(folder: Path, stage: Stage, endpoint: str = "https://a.invalid") -> Throttle:
    return Throttle(partial(connect, folder / "state.db"), endpoint, stage, LIMITS)


def test_requests_are_spaced(tmp_path: Path, stage: Stage) -> None:
    """Processes that ask at once get turns a tenth of a second apart; after a pause there is no debt."""
    first, second = throttle_of(tmp_path, stage), throttle_of(tmp_path, stage)
    waits = [one.take() for one in (first, second, first, second)]
    assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3], abs=1e-6)
    stage.sleep(60.0)
    assert [first.take(), second.take()] == pytest.approx([0.0, 0.1], abs=1e-6)


def test_services_are_counted_apart(tmp_path: Path, stage: Stage) -> None:
    """The trouble of one service is not that of another."""
    one, other = throttle_of(tmp_path, stage), throttle_of(tmp_path, stage, "https://b.invalid")
    one.hold(50.0)
    assert one.take() == pytest.approx(50.0)
    assert other.take() == 0.0
    assert (one.closed_for(), other.closed_for()) == (pytest.approx(50.0), 0.0)


def test_the_circuit_closes_after_some_failures_in_a_row(tmp_path: Path, stage: Stage) -> None:
    """Two failures are borne, a success forgets them, the third in a row keeps everybody away."""
    one, other = throttle_of(tmp_path, stage), throttle_of(tmp_path, stage)
    one.failed()
    other.failed()
    one.succeeded()
    one.failed()
    one.failed()
    assert other.closed_for() == 0.0
    one.failed()
    assert other.closed_for() == pytest.approx(8.0)
    assert other.take() == pytest.approx(8.0)


def test_after_the_pause_one_failure_is_enough(tmp_path: Path, stage: Stage) -> None:
    """Half open: the first failure after the pause begins one twice as long, up to the longest; a success opens."""
    one = throttle_of(tmp_path, stage)
    for _ in range(3):
        one.failed()
    for pause in (16.0, 32.0, 64.0, 100.0, 100.0):
        stage.sleep(one.closed_for())
        assert one.closed_for() == 0.0
        one.failed()
        assert one.closed_for() == pytest.approx(pause)
    stage.sleep(100.0)
    one.succeeded()
    for _ in range(2):
        one.failed()
    assert one.closed_for() == 0.0


def test_requests_on_their_way_do_not_lengthen_the_pause(tmp_path: Path, stage: Stage) -> None:
    """Of ten requests that fail together, those after the one that closed the circuit count for nothing."""
    one = throttle_of(tmp_path, stage)
    for _ in range(10):
        one.failed()
    assert one.closed_for() == pytest.approx(8.0)


def test_a_request_to_wait_holds_everybody(tmp_path: Path, stage: Stage) -> None:
    """Retry-After of one process holds the others, the longest of several; an absurd one as the longest pause."""
    one, other = throttle_of(tmp_path, stage), throttle_of(tmp_path, stage)
    one.hold(30.0)
    one.hold(5.0)
    one.hold(-5.0)
    assert other.take() == pytest.approx(30.0)
    one.hold(1e9)
    assert other.closed_for() == pytest.approx(100.0)
    one.succeeded()
    assert other.closed_for() == pytest.approx(100.0)


@pytest.mark.parametrize("back", [3600.0, 86_400.0, 10 * 365 * 86_400.0])
def test_a_clock_that_was_set_back(tmp_path: Path, stage: Stage, back: float) -> None:
    """Moments further ahead than they are ever set are not waited for, neither a pause nor a turn."""
    one = throttle_of(tmp_path, stage)
    for _ in range(20):
        one.take()
    one.hold(90.0)
    stage.set_back = back
    assert one.closed_for() == 0.0
    waits = [one.take() for _ in range(3)]
    assert max(waits) <= 61.0
    stage.sleep(max(waits) + 1.0)
    assert one.take() == 0.0


def test_a_clock_set_back_a_little_waits_no_longer_than_a_pause(tmp_path: Path, stage: Stage) -> None:
    """Within the longest pause the two can't be told apart: the wait is at most that."""
    one = throttle_of(tmp_path, stage)
    one.hold(90.0)
    stage.set_back = 5.0
    assert one.closed_for() == pytest.approx(95.0)
    stage.set_back = 15.0
    assert one.closed_for() == 0.0


def test_turns_of_real_processes_do_not_overlap(tmp_path: Path) -> None:
    """Four processes that book fifty turns each get two hundred moments, each at least its distance from the next."""
    code = (
        "import sys, time; from functools import partial; from pathlib import Path\n"
        "from qamctl.azure.throttle import Limits, Throttle; from qamctl.runs.database import connect\n"
        "class Still:\n    def now(self): return 1e9\n    def sleep(self, seconds): pass\n"
        "one = Throttle(partial(connect, Path(sys.argv[1])), 'x', Still(), Limits(per_second=8.0))\n"
        "for _ in range(50): sys.stdout.write(f'{one.take()}\\n')\n"
    )
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "state.db")]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)]
    waits = sorted(float(line) for child in children for line in child.communicate(timeout=60)[0].split())
    assert [child.returncode for child in children] == [0] * 4
    assert waits == pytest.approx([k / 8.0 for k in range(200)], abs=1e-6)
