"""Filters of listings: the language that clients write them in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.emulator import times
from qamctl.emulator.filters import FilterFault, compile_filter

RECORD = {
    "name": "Bob's job", "itemtype": "Job", "jobtype": "QuantumComputing", "providerid": "ionq",
    "target": "ionq.simulator", "state": "Failed", "creationtime": float(times.read("2026-02-01T12:00:00Z") or 0),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", True),
        ("  ", True),
        ("State eq 'Failed'", True),
        ("state EQ 'failed'", True),
        ("State ne 'Failed'", False),
        ("(State eq 'Failed' or State eq 'Cancelled')", True),
        ("(State eq 'Waiting' or State eq 'Cancelled')", False),
        ("startswith(Name, 'Bob')", True),
        ("startswith(Name, 'Bob''s')", True),
        ("startswith(Name, 'Bob's')", True),
        ("startswith(Name, 'bob's') and (ItemType eq 'Job')", True),
        ("startswith(Name, 'Alice')", False),
        ("startswith(Name, '')", True),
        ("CreationTime ge 2026-02-01", True),
        ("CreationTime le 2026-02-01", False),
        ("CreationTime gt 2026-02-01T12:00:00Z", False),
        ("CreationTime lt 2026-02-01T13:00:00+00:00", True),
        ("CreationTime eq 2026-02-01T12:00:00Z", True),
        ("Target eq 'x' or ProviderId eq 'IonQ' and JobType eq 'QuantumComputing'", True),
        ("(Target eq 'x' or ProviderId eq 'ionq') and JobType eq 'y'", False),
        ("((State eq 'Failed'))", True),
    ],
)
def test_a_filter_keeps_what_it_says(text: str, kept: bool) -> None:
    """`and` binds tighter than `or`; words are compared in any case."""
    assert compile_filter(text)(RECORD) is kept


@pytest.mark.parametrize(
    "text",
    [
        "State", "State eq", "State eq Failed", "State like 'x'", "Colour eq 'red'", "State eq 'x' and and",
        "(State eq 'x'", "State eq 'x')", "and", "startswith(Name)", "startswith(CreationTime, 'x')", "'x' eq State",
        "CreationTime ge yesterday", "CreationTime startswith 2026-01-01", "State eq 'x' and", "State eq 'x", "§",
        "(" * 50 + "State eq 'x'" + ")" * 50, "startswith Name , 'x' )",
    ],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_refused(text: str) -> None:
    """With what is wrong."""
    with pytest.raises(FilterFault, match=r"\w"):
        compile_filter(text)


@given(st.text(st.sampled_from("()', eqandorState'starts with Name '' 2026-01-01 CreationTime ge"), max_size=60))
def test_whatever_is_written_is_a_filter_or_refused(text: str) -> None:
    """No other error comes out."""
    try:
        test = compile_filter(text)
    except FilterFault:
        return
    assert test(RECORD) in (True, False)
