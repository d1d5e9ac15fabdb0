"""States that change a few variables at a time: as if everything were computed anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.qubo_models import model_of, models

from qamctl.qubo import check, incumbent
from qamctl.qubo.incumbent import changed, incumbent_of, problem_of
from qamctl.qubo.model import Model


@given(models(), st.data())
def test_changing_variables_is_computing_anew(model: Model, data: st.DataObject) -> None:
    """Fields, energy, row totals and violation follow every change, and the old state stays what it was."""
    problem = problem_of(model)
    bits = st.lists(st.integers(0, 1), min_size=model.n, max_size=model.n)
    state = incumbent_of(problem, np.array(data.draw(bits)))
    for _ in range(3):
        index = np.array(data.draw(st.lists(st.integers(0, model.n - 1), unique=True)), np.int64)
        before = state.sample.copy()
        after = changed(problem, state, index, np.array(data.draw(bits))[index])
        assert np.array_equal(state.sample, before)
        anew = incumbent_of(problem, after.sample)
        assert np.allclose(after.fields, anew.fields)
        assert after.total == pytest.approx(anew.total)
        assert np.array_equal(after.totals, anew.totals)
        assert after.violation == anew.violation
        state = after


@given(models(), st.data())
def test_energy_and_violation_are_the_checkers(model: Model, data: st.DataObject) -> None:
    """The objective and the sum of all violations are what plain loops give."""
    problem = problem_of(model)
    sample = data.draw(st.lists(st.integers(0, 1), min_size=model.n, max_size=model.n))
    state = incumbent_of(problem, np.array(sample))
    scale, offset = problem.couplings.scale, problem.couplings.offset
    assert state.total / scale + offset == pytest.approx(check.objective(model, sample), abs=1e-9)
    assert problem.energy(state) == pytest.approx(check.objective(model, sample), abs=1e-9)
    assert state.violation == sum(amount for _, _, amount in check.violations(model, sample))


def test_nothing_to_change_is_the_same_state() -> None:
    """Values that a state has already give that very state."""
    problem = problem_of(model_of([1.0, 2.0]))
    state = incumbent_of(problem, np.array([0, 1]))
    assert changed(problem, state, np.array([0, 1]), np.array([0, 1])) is state


def test_rounding_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Floating-point fields are computed anew now and then; whole numbers never need to be."""
    monkeypatch.setattr(incumbent, "REFRESH", 3)
    rng = np.random.default_rng(1)
    for linear, most in ((rng.normal(size=4), 3), (rng.integers(-5, 5, 4).astype(float), 20)):
        problem = problem_of(model_of(linear.tolist(), [(0, 1, 0.1 * most), (2, 3, -1.0)]))
        state, seen = incumbent_of(problem, np.zeros(4)), []
        for k in range(20):
            state = changed(problem, state, np.array([k % 4]), 1 - state.sample[[k % 4]])
            seen.append(state.changes)
        assert max(seen) <= (3 if most == 3 and not problem.couplings.exact else 20)
        assert problem.couplings.exact or 0 in seen
