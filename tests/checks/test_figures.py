"""Exact sums, and how figures of files are compared with them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.checks.figures import amount, decimal, dot, is_number, level_values, number, same, shown, total


@given(
    st.lists(
        st.tuples(
            st.decimals(-(10**6), 10**6, places=6).map(float) | st.integers(-(10**9), 10**9).map(float),
            st.integers(-(10**12), 10**12),
        )
    )
)
def test_sums_of_decimals_are_exact(pairs: list[tuple[float, int]]) -> None:
    """Each factor counts as it is written; no order and no size of the sum changes a digit."""
    factor, amounts = np.array([f for f, _ in pairs], float), np.array([a for _, a in pairs], np.int64)
    assert dot(factor, amounts) == sum((decimal(f) * a for f, a in pairs), Fraction(0))
    assert total(factor) == sum((decimal(f) for f, _ in pairs), Fraction(0))


@given(st.lists(st.floats(-1e9, 1e9)), st.randoms())
def test_sums_of_any_numbers_do_not_depend_on_the_order(values: list[float], rng: Any) -> None:
    """Numbers with no decimal of few places are added with one rounding."""
    once = total(np.array(values, float))
    rng.shuffle(values)
    assert total(np.array(values, float)) == once


def test_numbers_are_written_plainly() -> None:
    """Whole numbers stay whole; amounts are in units as written."""
    assert number(Fraction(6, 2)) == 3
    assert isinstance(number(Fraction(6, 2)), int)
    assert number(Fraction(1, 10)) == 0.1
    assert amount(15, 10) == 1.5
    assert amount(20, 10) == 2
    assert isinstance(amount(20, 10), int)
    terms, levels = level_values([{"a": 0.1}, {"a": 1, "b": 2}], {"a": Fraction(3), "b": Fraction(1, 2)})
    assert (terms, levels) == ({"a": 3, "b": 0.5}, (0.3, 4))


@pytest.mark.parametrize(
    ("value", "expected", "equal"),
    [
        (3, 3, True),
        (3.0, 3, True),
        (4, 3, False),
        (3.0000000001, 3, True),
        (3.001, 3, False),
        (0.30000000000000004, 0.3, True),
        (2**60, 2**60 + 2**20, True),
        (None, None, True),
        (0, None, False),
        (None, 0, False),
        (True, 1, False),
        ("3", 3, False),
        ([3], 3, False),
        (float("nan"), 0, False),
        (float("inf"), 0, False),
        (10**400, 0, False),
    ],
)
def test_figures_are_compared_up_to_the_rounding_of_sums(value: Any, expected: float | None, equal: bool) -> None:
    """Whole numbers exactly, others nearly; what is no number is no figure."""
    assert same(value, expected) is equal
    assert not is_number("3")


def test_any_value_can_be_shown_in_a_sentence() -> None:
    """Neither depth nor length makes a sentence long."""
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    for value in (deep, "x" * 10_000, 10**5_000, {"k": 10**5_000}, list(range(1000)), None):
        assert 0 < len(shown(value)) < 200
