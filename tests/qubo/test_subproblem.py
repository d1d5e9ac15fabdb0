"""Sub-models conditioned on an incumbent: the same objective, the same constraints, fewer variables."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.qubo_models import model_of, models

from qamctl.qubo import check
from qamctl.qubo import subproblem as subproblems
from qamctl.qubo.decompose import units_of
from qamctl.qubo.incumbent import entries, incumbent_of, problem_of
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.subproblem import loosened, subproblem


@pytest.mark.parametrize("long", [-1, 256])
@given(model=models(), data=st.data())
def test_a_sub_model_is_the_model_with_the_others_fixed(long: int, model: Model, data: st.DataObject) -> None:
    """Every state of the free variables has the whole model's objective, and breaks a group or row where that does."""
    units = units_of(model)
    chosen = data.draw(st.lists(st.integers(0, len(units.size) - 1), min_size=1, unique=True))
    free = np.sort(units.index[entries(units.start, chosen)])
    start = np.array(data.draw(st.lists(st.integers(0, 1), min_size=model.n, max_size=model.n)))
    problem = problem_of(model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subproblems, "LONG", long)
        sub = subproblem(problem, incumbent_of(problem, start), free)
    whole = start.copy()
    whole[free] = 0
    states = [np.array(state) for state in product((0, 1), repeat=len(free))]
    broken_always = set.intersection(*({b[:2] for b in violations(model, whole, free, s)} for s in states))
    for state in states:
        full = whole.copy()
        full[free] = state
        assert check.objective(sub, state.tolist()) == pytest.approx(check.objective(model, full.tolist()), abs=1e-9)
        mine = check.violations(sub, state.tolist())
        theirs = {b[:2] for b in check.violations(model, full.tolist())} - broken_always
        if theirs:
            assert mine
        elif not broken_always:
            assert not mine


def violations(model: Model, whole: np.ndarray, free: np.ndarray, state: np.ndarray) -> list[tuple[str, int, int]]:
    full = whole.copy()
    full[free] = state
    return check.violations(model, full.tolist())


def test_rows_that_cannot_break_are_left_out_and_hopeless_ones_ask_for_the_possible() -> None:
    """A row that every state keeps needs no slack; one that none can keep wants the least violation."""
    rows = [
        ({0: 2, 1: 3, 2: 9}, LE, 9),
        ({0: 1, 1: 1, 3: 1}, LE, 3),
        ({0: 1, 1: 1, 2: 5}, GE, 7),
        ({0: 2, 3: 4}, EQ, 9),
    ]
    problem = problem_of(model_of([1.0] * 4, rows=rows))
    sub = subproblem(problem, incumbent_of(problem, np.array([1, 1, 1, 0])), np.array([0, 1]))
    assert sub.con_rhs.tolist() == [0, 2, 2]  # at most 9 - 9; 7 - 5 of both; 9 is out of reach of 2 x0
    assert sub.con_sense.tolist() == [LE, GE, EQ]
    assert [sub.con_index[a:b].tolist() for a, b in zip(sub.con_start[:-1], sub.con_start[1:], strict=True)] == [
        [0, 1], [0, 1], [0],
    ]  # fmt: skip


def test_loosened_equations_hold_in_the_incumbent() -> None:
    """Equations ask for what the sample has; inequalities stay."""
    model = model_of([0.0, 0.0], rows=[({0: 2, 1: 2}, EQ, 3), ({0: 1, 1: 2}, LE, 2)])
    eased = loosened(model, np.array([1, 0]))
    assert eased.con_rhs.tolist() == [2, 2]
    assert check.violations(eased, [1, 0]) == []
