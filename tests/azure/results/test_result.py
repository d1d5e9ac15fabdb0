"""Counts from shots and from probabilities: sums are exact, ties are settled, lost shots are counted apart."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.azure.results.fault import Unreadable
from qamctl.azure.results.result import from_counts, from_probabilities, from_shots

ROWS = st.lists(st.text("01-", min_size=3, max_size=3), max_size=40)
WEIGHTS = st.dictionaries(st.text("01-", min_size=4, max_size=4), st.integers(0, 1000), min_size=1).filter(
    lambda weights: sum(weights.values()) > 0
)


@given(ROWS)
def test_every_shot_is_counted_or_lost(rows: list[str]) -> None:
    """Each shot is in the counts and in the sequence, or among the lost."""
    result = from_shots(rows, "f", 3)
    kept = [row for row in rows if "-" not in row]
    assert result.sequence == tuple(kept)
    assert result.counts == {row: kept.count(row) for row in sorted(set(kept))}
    assert list(result.counts) == sorted(result.counts)
    assert (result.shots, result.lost) == (len(kept), len(rows) - len(kept))
    assert (result.probabilities, result.estimated, result.format) == (None, False, "f")


@given(WEIGHTS, st.integers(0, 10**12))
def test_counts_are_shares_by_largest_remainder(weights: dict[str, int], shots: int) -> None:
    """Counts and lost shots sum to the shots exactly, and each is its share, rounded down or up."""
    total = sum(weights.values())
    given = {row: weight / total for row, weight in weights.items()}
    result = from_probabilities(given, "f", shots, None)
    assert sum(result.counts.values()) == result.shots
    assert result.shots + result.lost == shots
    assert result.estimated
    assert result.probabilities == {row: given[row] for row in sorted(given) if "-" not in row}
    mass = sum(Fraction(value) for value in given.values())
    for row, value in given.items():
        if "-" not in row:
            assert abs(result.counts.get(row, 0) - Fraction(value) * shots / mass) < 1 + Fraction(shots, 10**15)
    again = from_probabilities(dict(reversed(list(given.items()))), "f", shots, None)
    assert again == result


def test_ties_go_to_the_first_bitstrings() -> None:
    """Of equal remainders the first bitstrings get the shots that are left, whatever order they came in."""
    given = {"11": 0.25, "10": 0.25, "01": 0.25, "00": 0.25}
    assert from_probabilities(given, "f", 6, 2).counts == {"00": 2, "01": 2, "10": 1, "11": 1}


def test_share_of_lost_shots_is_left_out() -> None:
    """Outcomes with a lost qubit have their share of the shots together, and none of the counts."""
    result = from_probabilities({"0-": 0.1, "-1": 0.15, "00": 0.75}, "f", 100, 2)
    assert (result.counts, result.shots, result.lost) == ({"00": 75}, 75, 25)
    assert result.probabilities == {"00": 0.75}


@pytest.mark.parametrize("shots", [None, 0])
def test_without_shots_probabilities_stay(shots: int | None) -> None:
    """Where the shots are not known, or none, there are no counts, and the probabilities are kept."""
    result = from_probabilities({"0": 0.5, "1": 0.5}, "f", shots, None)
    assert (result.counts, result.shots, result.lost) == ({}, 0, 0)
    assert result.probabilities == {"0": 0.5, "1": 0.5}


def test_noise_in_the_sum_is_tolerated() -> None:
    """A sum of 0.9999999 is 1."""
    assert from_probabilities({"0": 0.4999999, "1": 0.5}, "f", 1000, 1).counts == {"0": 500, "1": 500}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"0": 0.5, "1": 0.498}, "sum to 0.998, not to 1"),
        ({"0": 0.6, "1": 0.6}, "sum to 1.2"),
        ({}, "sum to 0,"),
        ({"0": -0.1, "1": 1.0}, "the probability of `0` is `-0.1`"),
        ({"0": 50}, "`50`"),
        ({"0": 1e400}, "`inf`"),
        ({"0": float("nan")}, "`nan`"),
        ({"0": True}, "`true or false`"),
        ({"0": "1.0"}, "which is none"),
        ({"0": None}, "`null`"),
        ({"0": 10**400}, "a number of many digits"),
        ({"0": 0.5, "01": 0.5}, "different lengths, as `01`"),
    ],
)  # fmt: skip
def test_what_are_no_probabilities_is_refused(given: dict[str, object], reason: str) -> None:
    """Probabilities are numbers from 0 to 1 that sum to 1, of bitstrings of one length."""
    with pytest.raises(Unreadable, match=reason):
        from_probabilities(given, "f", 10, None)


@pytest.mark.parametrize(
    ("counts", "bits", "reason"),
    [
        ({"00": 1, "000": 1}, None, "different lengths, as `000`"),
        ({"0 0": 1, "000": 1}, None, "different lengths"),
        ({"00 0": 1, "0 00": 1}, None, "different lengths"),
        ({"01": 1}, 3, "have 2 bits, and the program measures 3"),
    ],
)
def test_bitstrings_of_other_registers_are_refused(counts: dict[str, int], bits: int | None, reason: str) -> None:
    """Bitstrings of one result have the same registers, and as many bits as the caller knows of."""
    with pytest.raises(Unreadable, match=reason):
        from_counts(counts, "f", bits)


def test_spaces_between_registers_are_no_bits() -> None:
    """Bits are counted without the spaces, and lost outcomes may have any length."""
    result = from_counts({"1 01": 2, "-": 3, "0 00": 0}, "f", 3)
    assert (result.counts, result.shots, result.lost, result.sequence) == ({"1 01": 2}, 2, 3, None)
