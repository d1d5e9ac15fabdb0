"""Compiling models to QUBOs: minima, slack bits, energies, the canonical hash."""

from __future__ import annotations

from itertools import product

import dimod
import numpy as np
import pytest
from dimod.testing import asserts
from hypothesis import HealthCheck, given, settings
from support.qubo_models import model_of, models, optimum
from support.qubo_specs import all_energies, state

from qamctl.errors import InfeasibleError
from qamctl.qubo import check
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.feasible import feasible
from qamctl.qubo.gram import BLOCK_VARIABLES, gram
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.penalties import Weights, cited_bound, sufficient_weights

MOST_BITS = 16


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(models())
def test_minima_of_the_qubo_are_the_optima_of_the_model(model: Model) -> None:
    """Every state of least energy is feasible and optimal, with or without a known value; weights keep the bound."""
    truth = optimum(model)
    if truth is None:
        return
    least, states = truth
    worst = max(check.objective(model, s) for s in product((0, 1), repeat=model.n) if not check.violations(model, s))
    for upper in (None, least, worst):
        weights = sufficient_weights(model, upper)
        assert np.max(weights.group, initial=0.0) <= cited_bound(model)
        assert weights.row.max(initial=0.0) <= cited_bound(model)
        compiled = compile_qubo(model, weights)
        if compiled.n > MOST_BITS:
            return
        energies = all_energies(compiled)
        assert energies.min() == pytest.approx(least, abs=1e-9)
        for number in np.flatnonzero(energies <= energies.min() + 1e-9):
            sample = compiled.restore(state(int(number), compiled.n))
            assert tuple(sample.tolist()) in states
        for one in states:
            full = compiled.extend(np.array(one))
            assert compiled.energy(full)[0] == pytest.approx(least, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(models())
def test_three_ways_to_the_energy_agree(model: Model) -> None:
    """Vectorised energies, plain loops and dimod give the same on every state of the model, slack bits set."""
    try:
        compiled = compile_qubo(model, sufficient_weights(model))
    except InfeasibleError:
        assert optimum(model) is None
        return
    states = np.array(list(product((0, 1), repeat=model.n)), np.uint8)
    full = compiled.extend(states)
    energies = compiled.energy(full)
    bqm = compiled.to_bqm()
    assert bqm.energies((full, range(compiled.n))) == pytest.approx(energies, abs=1e-9)
    asserts.assert_consistent_bqm(bqm)
    good = feasible(model, states)
    for sample, one, energy, kept in zip(full, states, energies, good, strict=True):
        assert check.energy(compiled, sample.tolist()) == pytest.approx(energy, abs=1e-9)
        assert kept == (check.violations(model, one.tolist()) == [])
        if kept:
            assert energy == pytest.approx(check.objective(model, one.tolist()), abs=1e-9)
        else:
            assert energy > check.objective(model, one.tolist()) - cited_bound(model)


def test_slack_reaches_exactly_the_range_of_a_row() -> None:
    """A row of range 10 gets bits 1, 2, 4 and 3: every rest from 0 to 10 has no penalty, none has an 11."""
    model = model_of([0.0] * 4, rows=[({0: 1, 1: 2, 2: 3, 3: 5}, LE, 10)])
    compiled = compile_qubo(model, sufficient_weights(model))
    assert compiled.slack.bit_coef.tolist() == [1, 2, 4, 3]
    for one in product((0, 1), repeat=4):
        rest = 10 - (one[0] + 2 * one[1] + 3 * one[2] + 5 * one[3])
        full = compiled.extend(np.array(one))
        if rest >= 0:
            assert int(compiled.slack.bit_coef @ full[4:]) == rest
            assert compiled.energy(full)[0] == 0
        else:
            assert compiled.energy(full)[0] > 0


def test_rows_are_divided_by_their_common_divisor() -> None:
    """4a + 6b + 8c <= 13 is 2a + 3b + 4c <= 6 and needs three bits."""
    model = model_of([0.0] * 3, rows=[({0: 4, 1: 6, 2: 8}, LE, 13)])
    compiled = compile_qubo(model, sufficient_weights(model))
    assert compiled.slack.coef.tolist() == [2, 3, 4]
    assert compiled.slack.rhs.tolist() == [6]
    assert compiled.n == 6


def test_rows_that_always_hold_cost_nothing() -> None:
    """A row that no state breaks adds no bit and no coupling."""
    compiled = compile_qubo(model_of([1.0, 1.0], rows=[({0: 1, 1: 1}, LE, 2)]), Weights(1.0, np.array([5.0])))
    assert compiled.n == 2
    assert len(compiled.row) == 0


def test_at_most_one_and_implication_need_no_slack() -> None:
    """Pairs of at-most-one rows are penalised once however many rows forbid them, implications by a(1 - z)."""
    model = model_of(
        [0.0] * 5,
        rows=[({0: 1, 1: 1, 2: 1}, LE, 1), ({1: 1, 2: 1, 3: 1}, LE, 1), ({1: 1, 2: 1}, LE, 1), ({4: -1, 0: 1}, LE, 0)],
    )
    compiled = compile_qubo(model, Weights(7.0, np.array([7.0, 7.0, 7.0, 3.0])))
    assert compiled.n == 5
    pairs = dict(zip(zip(compiled.row.tolist(), compiled.col.tolist(), strict=True), compiled.weight, strict=True))
    assert pairs == {(0, 1): 7.0, (0, 2): 7.0, (1, 2): 7.0, (1, 3): 7.0, (2, 3): 7.0, (0, 4): -3.0}
    assert compiled.linear.tolist() == [3.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("coefficients", "sense", "rhs"), [({0: 1, 1: 1}, GE, 3), ({0: 2, 1: 4}, EQ, 3), ({0: 1}, EQ, 2), ({0: 1}, LE, -1)]
)
def test_rows_that_never_hold_are_refused(coefficients: dict[int, int], sense: int, rhs: int) -> None:
    """A row without a state that keeps it is an infeasible model, said so at once."""
    model = model_of([0.0, 0.0], rows=[(coefficients, sense, rhs)])
    with pytest.raises(InfeasibleError):
        compile_qubo(model, sufficient_weights(model))


def test_the_hash_tells_every_coefficient_apart() -> None:
    """Equal QUBOs have equal hashes; each number that changes alone changes it."""

    def of(linear: float, weight: float, offset: float) -> str:
        model = model_of([linear, 0.0], [(0, 1, weight)], offset=offset)
        return compile_qubo(model, sufficient_weights(model)).sha256

    assert of(1, 2, 3) == of(1, 2, 3)
    assert len({of(1, 2, 3), of(1.5, 2, 3), of(1, 2.5, 3), of(1, 2, 3.5)}) == 4
    bqm = compile_qubo(model_of([1.0, 0.0], [(0, 1, 2.0)]), Weights(1.0, np.zeros(0))).to_bqm()
    assert bqm.vartype is dimod.BINARY


def test_an_empty_group_is_refused() -> None:
    """Exactly one of nothing cannot hold."""
    with pytest.raises(ValueError, match="no member"):
        sufficient_weights(model_of([0.0], groups=[[]]))


def test_many_rows_multiply_like_few() -> None:
    """Blocks change nothing: the product of more variables than a block holds is that of all rows at once."""
    rng = np.random.default_rng(5)
    n, rows = BLOCK_VARIABLES + 200, 40
    dense = np.where(rng.random((rows, n)) < 0.1, rng.integers(1, 5, (rows, n)), 0)
    dense[0] = 1
    scale = rng.integers(1, 4, rows).astype(float)
    for factors in (scale, np.full(rows, 2.0)):
        row, index = np.nonzero(dense)
        start = np.searchsorted(row, np.arange(rows + 1)).astype(np.int64)
        i, j, weight = gram(start, index, dense[row, index].astype(float), factors)
        found = np.zeros((n, n))
        np.add.at(found, (i, j), weight)
        assert np.array_equal(found, np.triu((dense * factors[:, None]).T @ dense, 1))
