"""Outcomes as bitstrings, from JSON and from written-out keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.azure.results.fault import Unreadable
from qamctl.azure.results.outcome import bitstring, from_display

WAYS = [
    ([0, 1, 0], "010"),
    ("010", "010"),
    (["0", "1"], "01"),
    (1, "1"),
    ([True, False], "10"),
    (["Zero", "One", "true", "False"], "0110"),
    ([[0, 1], [1]], "011"),
    ({"Item1": [0], "Item2": [0, 1]}, "0 01"),
    (([0], (1, 0)), "0 1 0"),
    ([(0, 1), [1]], "011"),
    ([0, "-"], "0-"),
    ([0, 2], "0-"),
    ("012", "01-"),
    ([None, 1], "-1"),
    (["Loss"], "-"),
    ({"Item1": "Lost", "Item2": [0]}, "- 0"),
    ({"Error": {"Code": "0x20", "Name": "Test"}}, "-"),
    ([], ""),
]


@pytest.mark.parametrize(("value", "bits"), WAYS)
def test_bits_of_an_outcome(value: Any, bits: str) -> None:
    """Lists are one register, tuples several; whatever says that a qubit was lost is a dash."""
    assert bitstring(value) == bits


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([10], "`10`, which is no measurement"),
        ([-2.71], "`-2.71`"),
        ([-1], "`-1`"),
        (1.0, "`1.0`"),
        ([10**5000], "a number of many digits"),
        ("", "``"),
        ("0x1F", "`0x1F`"),
        ("01 1", "`01 1`"),
        ({"Item1": 0, "Item3": 1}, "an object with `Item1`, which is no tuple"),
        ({"value": 0}, "an object with `value`"),
        ([[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]], "nested too deeply"),
    ],
)
def test_what_is_no_measurement_is_refused(value: Any, reason: str) -> None:
    """Programs may record numbers and other things, and those are never read as bits."""
    with pytest.raises(Unreadable, match=reason):
        bitstring(value)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("[0, 1]", "01"),
        ("[0,1]", "01"),
        ("0", "0"),
        ("011", "011"),
        ("01 1", "01 1"),
        ("(0, 1)", "0 1"),
        ("([0, 1], [1])", "01 1"),
        ("[0, 0, 1], [0, 0, 0], [1]", "001 000 1"),
        ("[[0, 1], [1]]", "011"),
        ("[Zero, One]", "01"),
        ("[0, 1, -]", "01-"),
        ("[0, Loss]", "0-"),
        ("[]", ""),
    ],
)
def test_bits_of_a_written_outcome(text: str, bits: str) -> None:
    """Keys are read in all the ways in which services have written them."""
    assert from_display(text) == bits


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no outcome"),
        ("[0, 1", "is no outcome"),
        ("0]", "do not match"),
        ("(0]", "do not match"),
        ("(" * 1000, "nested too deeply"),
        ("[7]", "no measurement"),
        ("__import__('os')", "no measurement"),
    ],
)
def test_other_keys_are_refused(text: str, reason: str) -> None:
    """A key that is no outcome is refused, and never evaluated."""
    with pytest.raises(Unreadable, match=reason):
        from_display(text)


NESTED = st.recursive(
    st.integers(0, 1) | st.just("-"),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.lists(inner, min_size=1, max_size=3).map(tuple),
    max_leaves=12,
).filter(lambda value: str(value).count("[") + str(value).count("(") < 15)


@given(NESTED)
def test_written_outcome_has_the_bits_of_the_value(value: Any) -> None:
    """What a service prints of a value has the bits of the value."""
    assert from_display(str(value).replace("'", "")) == bitstring(value)
