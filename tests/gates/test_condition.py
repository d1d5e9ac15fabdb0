"""Conditions: read before the search, with the nearest name for a slip, and met up to rounding."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qamctl.gates.condition import OPERATORS, Condition, read_condition
from qamctl.levels import same

FIGURES = ("status", "objective", "gap", "makespan", "tardy", "decision")
WORDS = {"status": ("optimal", "feasible"), "decision": ()}

PLAIN: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def read(text: str) -> Condition:
    return read_condition(text, "schedule", FIGURES, WORDS)


@pytest.mark.parametrize("sign", OPERATORS)
def test_a_condition_has_three_parts(sign: str) -> None:
    """Blanks between them do not count; whole numbers stay whole, however large."""
    condition = read(f"  makespan {sign}  +60 ")
    assert (condition.figure, condition.operator, condition.value) == ("makespan", sign, 60)
    assert condition.text == f"makespan{sign}+60"
    assert isinstance(condition.value, int)
    assert read(f"gap{sign}2e-2").value == 0.02
    assert read(f"makespan{sign}{10**299}").value == 10**299


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("makspan<=60", "a schedule result has no figure makspan: did you mean makespan?"),
        ("xyzzy<=60", "its figures are status, objective, gap, makespan, tardy, decision"),
        ("gap=0.1", "gap=0.1 is no condition: write == for equality"),
        ("gap<=", "gap<= is no condition: write a figure, one of <, <=, >, >=, ==, !=, and a value"),
        ("gap<=<1", "is no condition"),
        ("0.1>=gap", "is no condition"),
        ("gap", "is no condition"),
        ("", "nothing is no condition"),
        ("gap<=low", "gap is a number, and low is none"),
        ("gap<=1e999", "gap is a number, and 1e999 is none"),
        ("gap<=nan", "gap is a number, and nan is none"),
        ("gap<=1_0", "gap is a number, and 1_0 is none"),
        ("status<=optimal", "status is a word, which can be == or !=, not <="),
        ("status==optmal", "never optmal; did you mean optimal?"),
        ("status==fast", "status is one of optimal, feasible, never fast"),
    ],
)
def test_what_is_no_condition_is_told_in_a_sentence(text: str, says: str) -> None:
    """With the nearest name, or all of them."""
    with pytest.raises(ValueError, match=r".") as fault:
        read(text)
    assert says in str(fault.value)


@given(st.text(max_size=30))
def test_any_text_is_a_condition_or_a_fault(text: str) -> None:
    """Whatever is read says again what it was read from."""
    try:
        condition = read(text)
    except ValueError:
        return
    assert read(condition.text) == condition


@given(st.sampled_from(list(PLAIN)), st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
@example("<", 1, 1)
@example(">=", 1, 1)
def test_whole_numbers_are_compared_exactly(sign: str, value: int, limit: int) -> None:
    """As the operator has it."""
    assert Condition("", "makespan", sign, limit).met_by(value) == PLAIN[sign](value, limit)


@given(st.sampled_from(list(PLAIN)), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
@example("<=", 0.1 + 0.2, 0.3)
@example("<", 0.1 + 0.2, 0.3)
@example("!=", 0.1 + 0.2, 0.3)
def test_rounding_decides_nothing(sign: str, value: float, limit: float) -> None:
    """Numbers that differ by rounding alone are the same; the others are compared as they are."""
    met = Condition("", "gap", sign, limit).met_by(value)
    assert met == (PLAIN[sign](1, 1) if same(value, limit) else PLAIN[sign](value, limit))


def test_words_are_equal_or_not() -> None:
    """A decision may be any text."""
    assert read("status==optimal").met_by("optimal")
    assert not read("status==optimal").met_by("feasible")
    assert read("status!=optimal").met_by("feasible")
    assert read("decision == page the team").met_by("page the team")
