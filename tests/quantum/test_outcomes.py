"""Counts as columns, and their means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.errors import BackendError
from qamctl.quantum.mitigation.observables import ZProduct
from qamctl.quantum.mitigation.outcomes import bitstrings, read_counts


def test_the_leftmost_character_is_the_highest_bit() -> None:
    """Column v is bit v, and blanks between registers don't count."""
    outcomes = read_counts({"0 01": 3, "110": 0})
    assert outcomes.samples.tolist() == [[1, 0, 0], [0, 1, 1]]
    assert (outcomes.often.tolist(), outcomes.shots, outcomes.bits) == ([3, 0], 3, 3)


def test_equal_bitstrings_are_joined() -> None:
    """The same outcome with and without blanks is one."""
    assert read_counts({"0 1": 2, "01": 3}).often.tolist() == [5]


@given(st.dictionaries(st.text("01", min_size=5, max_size=5), st.integers(1, 9), min_size=1))
def test_bitstrings_come_back(counts: dict[str, int]) -> None:
    """Reading counts and writing their bitstrings changes nothing."""
    outcomes = read_counts(counts)
    assert dict(zip(bitstrings(outcomes.samples), outcomes.often.tolist(), strict=True)) == counts


@pytest.mark.parametrize("counts", [{}, {"01": 0}, {"0x1": 3}, {"": 3}, {"01": -1}, {"01": 1.5}, {"01": 1, "011": 1}])
def test_what_is_no_counts_is_refused(counts: dict[str, int]) -> None:
    """Faulty keys and numbers, and circuits without a shot, are the target's fault."""
    with pytest.raises(BackendError):
        read_counts(counts)


def test_a_mean_has_the_error_of_its_shots() -> None:
    """Three of four shots at +1: mean 1/2, variance 3/4 over four shots."""
    found = read_counts({"0": 3, "1": 1}).expectation(ZProduct((0,)))
    assert (found.value, found.error, found.overhead) == (0.5, pytest.approx(np.sqrt(0.75 / 4)), 1.0)
