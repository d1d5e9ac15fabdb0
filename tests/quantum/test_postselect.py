"""Outcomes that keep a rule, and those that don't."""

from __future__ import annotations

import numpy as np
import pytest

from qamctl.errors import InfeasibleError, UsageError
from qamctl.quantum.intervals import wilson
from qamctl.quantum.mitigation.observables import all_samples
from qamctl.quantum.mitigation.postselect import all_of, one_hot, parity, passes, postselect


def test_one_hot_groups_are_kept() -> None:
    """Bits 0, 1 and bits 2, 3 each hold one 1: the rest goes, and the share is told with its interval."""
    found = postselect({"0101": 60, "1001": 20, "0111": 15, "0000": 5, "1010": 0}, one_hot([[0, 1], [2, 3]]))
    assert found.counts == {"0101": 60, "1001": 20, "1010": 0}
    assert (found.kept, found.shots, found.fraction) == (80, 100, 0.8)
    assert found.interval == wilson(80, 100)


def test_a_group_of_two_hundred_and_fifty_seven_ones_is_not_one() -> None:
    """Sums don't wrap around."""
    assert not one_hot([range(257)])(np.ones((1, 257), np.uint8)).any()
    assert parity(range(257), odd=True)(np.ones((1, 257), np.uint8)).all()


def test_checks_agree_with_bits_counted_one_by_one() -> None:
    """Parities and one-hot groups over all outcomes of five bits, alone and together."""
    samples = all_samples(5)
    rows = [[int(b) for b in row] for row in samples]
    even, odd, hot = parity([0, 3, 4]), parity([1, 2], odd=True), one_hot([[0, 1, 2]])
    assert even(samples).tolist() == [(r[0] + r[3] + r[4]) % 2 == 0 for r in rows]
    assert odd(samples).tolist() == [r[1] != r[2] for r in rows]
    assert all_of(even, odd, hot)(samples).tolist() == [
        (r[0] + r[3] + r[4]) % 2 == 0 and r[1] != r[2] and r[0] + r[1] + r[2] == 1 for r in rows
    ]


def test_where_nothing_is_kept_it_says_so() -> None:
    """With the shots, and what may help."""
    with pytest.raises(InfeasibleError, match="none of 7 shots passes the check: take more shots"):
        postselect({"00": 7}, one_hot([[0, 1]]))


def test_a_check_that_gives_no_truth_values_is_refused() -> None:
    """Numbers, and too few values."""
    for wrong in (lambda s: s.sum(axis=1), lambda s: np.array([True])):
        with pytest.raises(UsageError, match="4 truth values"):
            passes(wrong, all_samples(2))
