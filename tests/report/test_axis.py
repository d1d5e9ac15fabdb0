"""Round figures beside an axis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.report.axis import Axis, figure, tidy


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.integers(2, 12))
def test_few_figures_on_the_axis(low: float, span: float, most: int) -> None:
    """At most so many, ascending, all of them on it."""
    axis = Axis(low, low + span, 0.0, 100.0)
    ticks = axis.ticks(most)
    assert len(ticks) <= most + 1
    assert ticks == sorted(ticks)
    near = 1e-6 * max(abs(low), span)
    assert all(low - near <= tick <= low + span + near for tick in ticks)


def test_figures_are_round() -> None:
    """1, 2 or 5 times a power of ten, whole ones as whole numbers."""
    assert Axis(0, 55, 0, 1).ticks(10) == [0, 10, 20, 30, 40, 50]
    assert Axis(0.0, 0.7, 0, 1).ticks(5) == [0, 0.2, 0.4, 0.6]
    assert Axis(3.0, 3.0, 0, 1).ticks(5) == [3.0]
    assert [figure(tidy(value)) for value in (1e6, 0.1 + 0.2, 1234.5)] == ["1,000,000", "0.3", "1,234.5"]


def test_places() -> None:
    """From the first place to the last, which may lie above it; all at the first where there is no length."""
    assert [Axis(0, 4, 100, 20).at(value) for value in (0, 1, 4)] == [100, 80, 20]
    assert Axis(5, 5, 7, 9).at(5) == pytest.approx(7)
