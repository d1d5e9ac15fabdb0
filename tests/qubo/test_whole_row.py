"""A bound on decimal costs as a row of whole numbers."""

from __future__ import annotations

import numpy as np

from qamctl.qubo.whole_row import RANGE, whole_row


def row(costs: list[float], room: float) -> tuple[list[int], int] | None:
    found = whole_row(np.array(costs), room)
    return None if found is None else (found[0].tolist(), found[1])


def test_decimals_become_whole_numbers_without_a_common_divisor() -> None:
    """Tenths and halves, scaled by what they need and no more."""
    assert row([0.5, 1.5, 2.0], 2.0) == ([1, 3, 4], 4)
    assert row([0.1, 0.2], 0.25) == ([1, 2], 2)
    assert row([4.0, 6.0, 10.0], 9.0) == ([2, 3, 5], 4)


def test_what_alone_is_too_much_is_cut_down() -> None:
    """A cost beyond the right side needs no larger number than one more."""
    assert row([1.0, 1000.0], 3.0) == ([1, 4], 3)
    assert row([-2.0, 3.0, 900.0], 1.0) == ([-2, 3, 4], 1)


def test_costs_may_be_negative_and_the_row_impossible() -> None:
    """A single negative cost keeps its sign; a right side below everything stays below."""
    assert row([-5.0], -5.0) == ([-1], -1)
    assert row([-5.0], -7.0) == ([-1], -2)


def test_what_no_integers_hold_is_none() -> None:
    """Roots, and numbers too far apart for slack bits."""
    assert row([2**0.5, 1.0], 1.0) is None
    assert row([2**0.5 / 10, 3**0.5 / 100], 0.1) is None
    assert row([1.0, 3.0], 2.0 * RANGE) is None
