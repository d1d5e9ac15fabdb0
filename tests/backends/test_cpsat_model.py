"""CP-SAT on constrained binary models: proofs, bounds, budgets and refusals."""

from __future__ import annotations

import sys
import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from support.qubo_models import model_of, models, optimum

from qamctl.backends import cpsat_model
from qamctl.backends.cpsat_products import groups_of, products, whole_costs
from qamctl.errors import BackendError, UnsupportedError
from qamctl.qubo import check
from qamctl.qubo.model import EQ, GE, LE, Model

NOT_WHOLE = 1 / 3


def frustrated(n: int, seed: int = 1) -> Model:
    """A dense model that is not proved within a moment."""
    rng = np.random.default_rng(seed)
    pairs = [(i, j, float(rng.integers(-50, 51))) for i in range(n) for j in range(i + 1, n)]
    return model_of(rng.integers(-50, 51, n).tolist(), pairs)


@settings(deadline=None, max_examples=60)
@given(models())
def test_it_proves_what_enumeration_finds(model: Model) -> None:
    """On small models with groups and rows it finds the optimum with a bound that meets it, or proves there is none."""
    best = optimum(model)
    found = cpsat_model.solve(model, steps=10_000, seed=1)
    if best is None:
        assert (found.status, found.sample, found.bound) == ("infeasible", None, None)
        return
    assert found.sample is not None
    assert check.violations(model, found.sample) == []
    assert check.objective(model, found.sample) == pytest.approx(best[0], abs=1e-6)
    assert found.bound == pytest.approx(best[0], abs=1e-6)
    assert found.bound <= best[0] + 1e-9


@settings(deadline=None, max_examples=60)
@given(models())
def test_products_are_the_couplings(model: Model) -> None:
    """Where groups are kept, the products add up to the quadratic part, in as many terms as couplings or fewer."""
    cost = np.rint(model.weight).astype(np.int64)
    terms = products(model, cost, groups_of(model))
    assert len(terms) <= len(cost)
    for state in product((0, 1), repeat=model.n):
        if any(kind == "one-hot" for kind, *_ in check.violations(model, state)):
            continue
        x = np.array(state)
        expected = int((cost * x[model.row] * x[model.col]).sum())
        assert int(terms.cost[terms.values(x)].sum()) == expected


def test_a_place_like_all_others_costs_one_product() -> None:
    """An item that is charged alike for every place but its own needs one product a place, not one a pair of places."""
    k = 6
    pairs = [(p, k + q, 4.0) for p in range(k) for q in range(k) if p != q]
    model = model_of([float(p) for p in range(2 * k)], pairs, [range(k), range(k, 2 * k)])
    terms = products(model, model.weight.astype(np.int64), groups_of(model))
    assert (len(pairs), len(terms)) == (30, 6)
    assert cpsat_model.solve(model, steps=10_000).bound == 6.0


@pytest.mark.parametrize(("sense", "right", "best"), [(LE, 1, -5.0), (EQ, 2, -9.0), (GE, 3, -10.0), (LE, -1, None)])
def test_senses_of_rows(sense: int, right: int, best: float | None) -> None:
    """At most, exactly and at least hold; a row that nothing keeps proves infeasibility."""
    model = model_of([-4.0, -5.0, -1.0], rows=[({0: 1, 1: 1, 2: 1}, sense, right)])
    found = cpsat_model.solve(model, steps=1000)
    assert found.status == ("infeasible" if best is None else "optimal")
    assert found.bound == best


@pytest.mark.parametrize(("sense", "right", "status"), [(LE, 0, "optimal"), (LE, -1, "infeasible"),
                                                        (GE, 1, "infeasible"), (EQ, 2, "infeasible")])  # fmt: skip
def test_rows_without_variables(sense: int, right: int, status: str) -> None:
    """A row of nothing compares nought with its right side."""
    assert cpsat_model.solve(model_of([1.0], rows=[({}, sense, right)]), steps=1000).status == status


def test_costs_that_are_not_whole() -> None:
    """Thirds are rounded: the answer is feasible, and the bound stays below the optimum by less than a millionth."""
    model = model_of([NOT_WHOLE, -NOT_WHOLE], [(0, 1, -1.1 * NOT_WHOLE)], offset=5.0)
    found = cpsat_model.solve(model, steps=1000)
    least = optimum(model)
    assert least is not None
    assert found.status == "feasible"
    assert found.bound is not None
    assert least[0] - 1e-6 < found.bound <= least[0]
    assert not found.info["exact_costs"]


def test_decimals_are_exact() -> None:
    """Costs with few decimals are whole numbers of a smaller unit, and large ones leave room for sums."""
    linear, cost, scale, error = whole_costs(model_of([0.25, -1.5], [(0, 1, 0.1)]))
    assert (linear.tolist(), cost.tolist(), scale, error) == ([25, -150], [10], 100.0, 0.0)
    *_, scale, error = whole_costs(model_of([1e18, -1.0]))
    assert scale < 1
    assert 0 < error < 1e4


def test_a_seed_and_steps_give_one_answer() -> None:
    """With a step budget the sample, the bound and the figures do not depend on threads or on the clock."""
    model = frustrated(24)
    found = [cpsat_model.solve(model, steps=300, seed=3, threads=threads) for threads in (1, 4)]
    assert found[0].info == found[1].info
    assert found[0].bound == found[1].bound
    assert np.array_equal(*(one.sample for one in found))


def test_every_better_sample_is_told_and_a_hint_is_taken() -> None:
    """Reports get better and end with the answer; from a good start nothing worse is told."""
    model, told = frustrated(30), []
    found = cpsat_model.solve(model, steps=2000, seed=1, report=lambda sample, energy: told.append((sample, energy)))
    energies = [energy for _, energy in told]
    assert energies == sorted(set(energies), reverse=True)
    assert [check.objective(model, sample) for sample, _ in told] == energies
    again: list[float] = []
    cpsat_model.solve(
        model, steps=2000, seed=1, initial=found.sample, report=lambda sample, energy: again.append(energy)
    )
    assert again[0] == energies[-1]


def test_a_target_a_stop_and_a_deadline_end_it() -> None:
    """A target, a stop and the time limit each end the search with what it has."""
    model, told = frustrated(60), []
    met = cpsat_model.solve(model, seconds=30, target=0.0, report=lambda sample, energy: told.append(energy))
    assert met.status == "feasible"
    assert min(told) <= 0.0
    began = time.monotonic()
    stopped = cpsat_model.solve(model, seconds=30, stop=lambda: time.monotonic() > began + 0.3)
    assert stopped.status in ("feasible", "unknown")
    late = cpsat_model.solve(model, seconds=0.2)
    assert late.status in ("feasible", "unknown")
    assert time.monotonic() - began < 20


def test_a_budget_is_needed() -> None:
    """Neither or both of seconds and steps is a mistake of the caller."""
    for budget in ({}, {"seconds": 1.0, "steps": 1}):
        with pytest.raises(ValueError, match="exactly one"):
            cpsat_model.solve(model_of([1.0]), **budget)


def test_too_many_products_are_refused() -> None:
    """A model that could not even be written down in the time is refused with its size."""
    with pytest.raises(UnsupportedError, match=r"17\d\d products"):
        cpsat_model.solve(frustrated(60), seconds=0.01)


def test_without_or_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OR-tools is not installed, the message says how to get it."""
    monkeypatch.setitem(sys.modules, "ortools.sat.python.cp_model", None)
    with pytest.raises(UnsupportedError, match="pip install ortools"):
        cpsat_model.solve(model_of([1.0]), steps=10)


def test_what_cpsat_refuses_is_told() -> None:
    """Coefficients beyond 64 bits are CP-SAT's to refuse, and its words are passed on."""
    model = model_of([1.0, 1.0], rows=[({0: 2**62, 1: 2**62}, LE, 2**62)])
    with pytest.raises(BackendError, match="CP-SAT"):
        cpsat_model.solve(model, steps=10)
