"""The verdict on samples of models, and what is impossible without a search, against plain loops."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from support.qubo_models import model_of, models, optimum

from qamctl.qubo import check
from qamctl.qubo.impossible import impossible, reach
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.verdict import Verdict, judge


@settings(deadline=None, max_examples=80)
@given(models())
def test_it_says_what_plain_loops_say(model: Model) -> None:
    """Energy and broken constraints of every state are those of the loops that add term by term."""
    for state in product((0, 1), repeat=model.n):
        verdict = judge(model, np.array(state))
        assert verdict.energy == pytest.approx(check.objective(model, state), abs=1e-9)
        assert verdict.agrees(check.objective(model, state))
        assert [(b.kind, b.number, b.amount) for b in verdict.broken] == check.violations(model, state)


@pytest.mark.parametrize(
    ("sample", "word"), [([0, 1], "2 values, the model has 3"), ([0, 1, 2], "other than 0 and 1"), ([[0, 1, 1]], "3")]
)
def test_what_is_no_sample(sample: list[int], word: str) -> None:
    """A sample of another length, or with other values, is refused with a sentence."""
    with pytest.raises(ValueError, match=word):
        judge(model_of([1.0, 2.0, 3.0]), np.array(sample))


@pytest.mark.parametrize(
    ("energy", "claim", "rounding", "right"),
    [(3.0, 3.0, 0.0, True), (3.0, 4.0, 2.0, False), (3.0, 3.0 + 1e-12, 0.0, False), (0.3, 0.1 + 0.2, 1e-15, True),
     (0.3, 0.3001, 1e-15, False), (2.0**60, 2.0**60 + 512, 1024.0, True), (2.0**60, 2.0**60 + 512, 0.0, False)],
)  # fmt: skip
def test_figures_agree_up_to_rounding(energy: float, claim: float, rounding: float, right: bool) -> None:
    """Whole numbers must be the same, others may differ by the rounding of the sums that they come from."""
    assert Verdict(energy, (), rounding).agrees(claim) is right


def test_sums_are_exact() -> None:
    """Large terms that cancel leave the small one."""
    model = model_of([1e16, 1.0, -1e16])
    assert judge(model, np.ones(3, int)).energy == 1.0


@settings(deadline=None, max_examples=120)
@given(models())
def test_what_is_called_impossible_is(model: Model) -> None:
    """Where a constraint is called impossible no state is feasible; every state's left sides are within reach."""
    if impossible(model):
        assert optimum(model) is None
    low, high = reach(model)
    for state in product((0, 1), repeat=model.n):
        if any(kind == "one-hot" for kind, *_ in check.violations(model, state)):
            continue
        for c in range(len(model.con_rhs)):
            entries = slice(model.con_start[c], model.con_start[c + 1])
            left = int((model.con_coef[entries] * np.array(state)[model.con_index[entries]]).sum())
            assert low[c] <= left <= high[c]


@pytest.mark.parametrize(
    ("groups", "row", "text"),
    [
        ([[]], None, "no member"),
        ([], ({0: 1, 1: 1}, GE, 3), "between 0 and 2, and must be at least 3"),
        ([], ({0: -1, 1: 1}, LE, -2), "between -1 and 1, and must be at most -2"),
        ([], ({0: 2, 1: 4}, EQ, 3), "a multiple of 2, and must be exactly 3"),
        ([[0, 1]], ({0: 3, 1: 4}, LE, 2), "between 3 and 4, and must be at most 2"),
        ([[0, 1], [1, 2]], ({0: 3, 1: 4}, LE, 2), None),
        ([[0, 1, 2]], ({0: 3, 1: 4}, LE, 2), None),
        ([], ({0: 1, 1: 1}, EQ, 2), None),
        ([], ({}, GE, 1), "between 0 and 0, and must be at least 1"),
    ],
)
def test_reasons(groups: list[list[int]], row: tuple[dict[int, int], int, int] | None, text: str | None) -> None:
    """Each kind of impossible constraint is told in words; where a search is needed nothing is claimed."""
    found = impossible(model_of([0.0, 0.0, 0.0], groups=groups, rows=[] if row is None else [row]))
    assert [text in one.text for one in found] == ([] if text is None else [True])
