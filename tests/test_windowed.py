"""What the windows of all parts do alike: open levels, their choice, and their size."""

from __future__ import annotations

import numpy as np
import pytest

from qamctl.errors import UnsupportedError
from qamctl.levels import reached
from qamctl.windowed import OpenLevels, next_window, resized, wanted


def test_levels_that_have_reached_their_bound_are_left_alone() -> None:
    """The first level that can still be better counts; proved and refused ones do not."""
    levels = OpenLevels([3.0, None, 0.0])
    assert levels.first((5.0, 1.0, 1.0)) == 0
    assert levels.first((3.0, 1.0, 1.0)) == 1
    levels.refused[1] = "why"
    assert levels.first((3.0, 1.0, 1.0)) == 2
    assert levels.first((3.0, 1.0, 0.0)) is None
    assert reached(3.0 + 1e-15, 3.0)
    assert not reached(3.0, None)


def test_a_later_level_is_picked_now_and_then() -> None:
    """Most windows work on the first open level, some on a later one that is open, too."""
    levels, rng = OpenLevels([None, 0.0, None]), np.random.default_rng(1)
    picked = [levels.pick(0, (1.0, 0.0, 1.0), rng) for _ in range(200)]
    assert set(picked) == {0, 2}
    assert 30 < picked.count(2) < 90
    assert levels.pick(2, (1.0, 0.0, 1.0), rng) == 2


def test_proofs_count_in_order() -> None:
    """What is proved of a later level holds only under earlier values that are proved."""
    levels = OpenLevels([None, None])
    levels.settle(1, 4.0)
    assert levels.bounds == [None, None]
    levels.settle(0, 2.0)
    levels.settle(1, 4.0)
    assert levels.bounds == [2.0, 4.0]
    assert levels.first((2.0, 4.0)) is None


def test_a_level_that_no_qubo_holds_is_left_alone_after_the_first() -> None:
    """A first level that is refused ends the work; a later one is skipped."""
    rng = np.random.default_rng(1)

    def part(level: int) -> None:
        if level == refused:
            raise UnsupportedError("no")

    refused = 1
    levels = OpenLevels([0.0, None])
    assert next_window(levels, (0.0, 5.0), rng, lambda level: None, part) is None
    assert levels.refused == {1: "no"}
    refused = 0
    with pytest.raises(UnsupportedError):
        next_window(OpenLevels([None]), (1.0,), rng, lambda level: None, part)


def test_windows_grow_and_shrink_to_what_the_engine_takes() -> None:
    """Too many bits take away a third, too few add a quarter; a small engine is filled further."""
    assert resized(30, 400, 300, 100) == 20
    assert resized(30, 100, 300, 100) == 38
    assert resized(30, 100, 300, 30) == 30
    assert resized(30, 200, 300, 100) == 30
    assert wanted(300) == 150
    assert wanted(40) == 30
