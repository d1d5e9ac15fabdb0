"""The time axis between ticks and the units of the file."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.spec.time import TimeAxis


@given(st.fractions(-1000, 1000), st.sampled_from([Fraction(1), Fraction(1, 1000), Fraction(7), Fraction(1, 3)]))
def test_ticks_enclose_the_time(units: Fraction, resolution: Fraction) -> None:
    """Rounding up and down gives the nearest ticks on both sides, the same where the time is one."""
    axis = TimeAxis(resolution=resolution)
    up, down = axis.to_ticks(units, round_up=True), axis.to_ticks(units, round_up=False)
    assert down * resolution <= units <= up * resolution
    assert up - down == (0 if (units / resolution).denominator == 1 else 1)


def test_units_are_whole_numbers_where_they_can_be() -> None:
    """A tick that is a whole number of units is an int, any other a float."""
    axis = TimeAxis(resolution=Fraction(1, 2))
    assert [axis.to_units(4), axis.to_units(3)] == [2, 1.5]
    assert type(axis.to_units(4)) is int


@given(
    st.lists(st.integers(-(10**12), 10**12)),
    st.sampled_from([Fraction(1), Fraction(1, 1000), Fraction(7), Fraction(1, 3), Fraction(3, 8), Fraction(60)]),
)
def test_many_ticks_are_told_as_each_one_is(ticks: list[int], resolution: Fraction) -> None:
    """The quick way gives the same numbers of the same types."""
    axis = TimeAxis(resolution=resolution)
    each = [axis.to_units(tick) for tick in ticks]
    assert axis.to_units_each(ticks) == each
    assert [type(value) for value in axis.to_units_each(ticks)] == [type(value) for value in each]


def test_moments_of_ticks() -> None:
    """A tick is a date-time where the axis has an origin."""
    origin = datetime(2026, 11, 20, 20, tzinfo=UTC)
    assert TimeAxis("min", Fraction(1, 2), origin).to_datetime(3) == datetime(2026, 11, 20, 20, 1, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="no origin"):
        TimeAxis().to_datetime(3)
