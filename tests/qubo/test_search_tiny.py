"""Small models with constraints are solved by looking at every state."""

from __future__ import annotations

import pytest
from support.mixed_models import mixed_model
from support.qubo_models import model_of, optimum

from qamctl.model_solve import solve_model
from qamctl.model_task import make_question
from qamctl.qubo import check
from qamctl.qubo.model import GE, LE
from qamctl.qubo.search.tiny import is_tiny


@pytest.mark.parametrize("block", range(4))
def test_auto_proves_them_at_once(block: int) -> None:
    """The optimum of brute force, feasible and proved, or a proof that there is none, with one step."""
    for seed in range(30 * block, 30 * block + 30):
        model = mixed_model(seed, most=10, feasible=seed % 2 == 0)
        best = optimum(model)
        answer = solve_model(make_question(model), backends=("auto",), steps=1, seed=1)
        if best is None:
            assert (answer.status, answer.solution) == ("infeasible", None)
            continue
        assert answer.solution is not None
        assert answer.status == "optimal"
        assert check.violations(model, answer.solution) == []
        assert abs(float(answer.energy or 0.0) - best[0]) <= make_question(model).objective.rounding


def test_what_is_tiny() -> None:
    """Few variables, and rows whose sums are exact."""
    assert is_tiny(model_of([1.0] * 16, rows=[({0: 1, 1: 1}, GE, 1)]))
    assert not is_tiny(model_of([1.0] * 17, rows=[({0: 1, 1: 1}, GE, 1)]))
    assert not is_tiny(model_of([1.0] * 2, rows=[({0: 2**60, 1: 1}, LE, 1)]))


def test_who_proved_it_is_told() -> None:
    """Three variables of which any two are one: no sample keeps all, and the attempt says who looked."""
    rows = [({0: 1, 1: 1}, LE, 1), ({0: 1, 1: 1}, GE, 1), ({1: 1, 2: 1}, LE, 1), ({1: 1, 2: 1}, GE, 1)]
    rows += [({0: 1, 2: 1}, LE, 1), ({0: 1, 2: 1}, GE, 1)]
    answer = solve_model(make_question(model_of([1.0] * 3, rows=rows)), backends=("auto",), seconds=0.5, seed=1)
    assert [(attempt.backend, attempt.status) for attempt in answer.attempts] == [("exact", "infeasible")]
    assert answer.attempts[0].outcome.info["feasible_states"] == 0
    assert answer.bound is None
