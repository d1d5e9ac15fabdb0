"""Telling what walks find: feasible, better than before, and not more often than it is heard."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest

from qamctl import walks
from qamctl.solver import Budget
from qamctl.walks import FIRST_SLICE, PAUSE, SLICE, Teller, drive, winner


@dataclass
class Walk:
    """Where a walk is."""

    value: tuple[float, ...] | None = None


class Clock:
    """Seconds that pass when somebody says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Now."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the walks."""
    made = Clock()
    monkeypatch.setattr(walks, "time", made)
    return made


def test_only_what_is_feasible_and_better_is_told(clock: Clock) -> None:
    """Nothing at first, nothing that breaks rules, nothing that is known."""
    walk, heard = Walk(), list[tuple[float, ...] | None]()
    tell = Teller([walk], (7.0,), lambda found: heard.append(found.value))
    for value in (None, (1.0, 3.0), (0.0, 7.0), (0.0, 6.0), (0.0, 6.0), (0.0, 5.0)):
        walk.value = value
        clock.now += 1
        tell()
    assert heard == [(0.0, 6.0), (0.0, 5.0)]


@pytest.mark.parametrize("takes", [0.0, SLICE / 100, 2.0])
def test_a_listener_is_told_no_more_often_than_it_can_hear(clock: Clock, takes: float) -> None:
    """It has a slice at least, and ten times what it took; the last word is told at once."""
    walk, heard = Walk(), list[float]()

    def listen(found: Walk) -> None:
        heard.append(clock.now)
        clock.now += takes

    tell = Teller([walk], None, listen)
    for k in range(8000):
        walk.value = (0.0, -float(k))
        tell()
        clock.now += SLICE / 5
    assert len(heard) > 2
    pauses = [later - earlier - takes for earlier, later in pairwise(heard)]
    wanted = max(SLICE, PAUSE * takes)
    assert all(wanted <= pause + 1e-9 <= wanted + SLICE / 4 for pause in pauses)
    walk.value = (0.0, -9999.0)
    before = len(heard)
    tell(last=True)
    assert len(heard) == before + 1


@pytest.mark.parametrize("late", [0.0, 3.0])
def test_a_walk_has_a_slice_however_late_it_is(clock: Clock, late: float) -> None:
    """Where reading and bounds took all the time there is one short slice, and with it an answer."""

    class Runner(Walk):
        """Walks as long as it is told to."""

        done = False
        slices: tuple[float, ...] = ()

        def advance(self, seconds: float, spent: float) -> bool:
            """Let the seconds pass."""
            assert 0 <= spent <= 1
            self.slices += (seconds,)
            clock.now += seconds
            return True

    walk = Runner((0.0, 1.0))
    clock.now = late
    heard = list[Walk]()
    drive([walk], Budget(seconds=2.0), 0.0, lambda: False, Teller([walk], None, heard.append))
    assert heard == [walk]
    assert walk.slices[0] == FIRST_SLICE
    assert (len(walk.slices) == 1) == (late > 2.0)
    assert clock.now <= max(2.0, late + FIRST_SLICE) + 1e-9


def test_the_first_of_equals_wins() -> None:
    """The least violation first, then the objective; walks that have nothing are not asked."""
    one, other = Walk((0.0, 3.0)), Walk((0.0, 3.0))
    assert winner([Walk(), Walk((1.0, 0.0)), one, other]) is one
    assert winner([Walk()]) is None
