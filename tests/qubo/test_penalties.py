"""Sufficient penalty weights: no minimum of the QUBO breaks a constraint, and none is larger than it need be."""

from __future__ import annotations

import numpy as np
import pytest
from support.penalty_models import places, random_model
from support.qubo_models import model_of, optimum
from support.qubo_specs import all_energies, state

from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.domain_wall import domain_walls
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.objective import margin, on_grid, unit
from qamctl.qubo.penalties import Weights, cited_bound, estimated_weights, sufficient_weights

BITS = 15


def minima(compiled: Compiled) -> tuple[float, set[tuple[int, ...]]]:
    """The least energy, and the states that have it."""
    energies = all_energies(compiled)
    near = 1e-9 * max(1.0, float(np.abs(energies).max()))
    found = np.flatnonzero(energies <= energies.min() + near)
    return float(energies.min()), {tuple(state(int(k), compiled.n).tolist()) for k in found}


@pytest.mark.parametrize("one_hot", ["one-hot", "domain-wall"])
@pytest.mark.parametrize("block", range(4))
def test_every_minimum_is_an_optimum(block: int, one_hot: str) -> None:
    """On random models of all kinds of rows, with and without a known value, minima are the optima, walls whole."""
    compared = 0
    for seed in range(block * 200, block * 200 + 200):
        model = random_model(seed)
        truth = optimum(model)
        if truth is None:
            continue
        for upper in (None, truth[0]):
            weights = sufficient_weights(model, upper, one_hot=one_hot)
            compiled = compile_qubo(model, weights, one_hot=one_hot)
            if compiled.n > BITS:
                continue
            least, states = minima(compiled)
            assert least == pytest.approx(truth[0], abs=1e-9), seed
            for bits in states:
                assert tuple(compiled.restore(np.array(bits)).tolist()) in truth[1], seed
                if compiled.walls is not None:
                    assert not compiled.walls.broken(np.array([bits[: compiled.n_model]])).any(), seed
            compared += 1
    assert compared > 150


def test_no_weight_exceeds_the_cited_bound() -> None:
    """With one-hot groups every weight is at most the range of the objective, and on average far below it."""
    shares = []
    for seed in range(400):
        model = random_model(seed)
        weights, bound = sufficient_weights(model), cited_bound(model)
        groups = weights.groups(len(model.group_start) - 1)
        for each in (groups, weights.row):
            assert each.max(initial=0.0) <= bound * (1 + 1e-12), seed
            assert (each > 0).all()
            shares += (each / bound).tolist()
    assert np.mean(shares) < 0.5


def one_row(linear: list[float], row: dict[int, int], sense: int, rhs: int) -> Model:
    """A model with a single row and no group."""
    return model_of(linear, rows=[(row, sense, rhs)])


@pytest.mark.parametrize(
    ("model", "weight"),
    [
        # An independent set: of two chosen ends the less valuable may go.
        (one_row([-5.0, -3.0, -4.0], {0: 1, 1: 1, 2: 1}, LE, 1), 5.0),
        # A cover: the row is missed as a whole, and the cheapest cannot be relied upon to be in it alone.
        (one_row([5.0, 3.0], {0: 1, 1: 1}, GE, 1), 4.0 + 2.0),
        # A knapsack: taking out any one that is in it helps; the most valuable alone fits.
        (one_row([-5.0, -3.0, -4.0], {0: 2, 1: 2, 2: 3}, LE, 4), 5.0),
        # One that does not fit by itself may be the only one that is there.
        (one_row([-5.0, -3.0, -4.0], {0: 9, 1: 2, 2: 3}, LE, 4), 6.0),
        # Exactly two of four.
        (one_row([-7.0, -1.0, 2.0, 3.0], dict.fromkeys(range(4), 1), EQ, 2), 4.0),
    ],
)
def test_a_row_of_free_variables_is_weighed_by_single_flips(model: Model, weight: float) -> None:
    """Rows whose variables are in nothing else cost what one flip can gain, not the sum of everything."""
    found = sufficient_weights(model).row
    assert found[0] <= weight
    truth = optimum(model)
    assert truth is not None
    assert {s[: model.n] for s in minima(compile_qubo(model, Weights(0.0, found)))[1]} == truth[1]


def test_a_weight_below_the_bound_can_fail() -> None:
    """The bound of a row is tight: with less than the gain of a flip an infeasible state is a minimum."""
    model = one_row([-5.0, -5.0], {0: 1, 1: 1}, LE, 1)
    assert sufficient_weights(model).row.tolist() == [6.0]
    truth = optimum(model)
    assert truth is not None
    assert minima(compile_qubo(model, Weights(0.0, np.array([5.0]))))[1] > truth[1]
    assert minima(compile_qubo(model, Weights(0.0, np.array([6.0]))))[1] == truth[1]


def test_groups_alone_are_weighed_by_their_own_choices() -> None:
    """Groups in no row get a weight each by what a flip of theirs can gain; costs are shifted to balance it."""
    model = model_of(
        [0.0, 4.0, 9.0, 0.0, 100.0, 0.0, 0.0],
        [(0, 3, 6.0), (1, 4, 2.0)],
        groups=[[0, 1, 2], [3, 4], [5, 6]],
    )
    weights = sufficient_weights(model)
    assert weights.groups(3).tolist() == [2.0, 1.0, 1.0]
    assert weights.shift is not None
    assert weights.shift.tolist() == [-5.0, -53.0, 0.0]
    assert cited_bound(model) > 100
    truth = optimum(model)
    assert truth is not None
    assert minima(compile_qubo(model, weights))[1] == truth[1]


def test_a_single_flip_leaves_no_infeasible_state() -> None:
    """Where groups are weighed by flips, every state that no flip improves is feasible: descent is repair."""
    rng = np.random.default_rng(3)
    groups = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    for _ in range(20):
        pairs = [(i, j, float(rng.integers(-9, 10))) for i in range(12) for j in range(i // 3 * 3 + 3, 12)]
        model = model_of(rng.integers(-20, 21, 12).tolist(), pairs, groups)
        compiled = compile_qubo(model, sufficient_weights(model))
        energies = all_energies(compiled)
        numbers = np.arange(len(energies))
        still = np.all([energies[numbers ^ (1 << i)] >= energies for i in range(12)], axis=0)
        for number in np.flatnonzero(still):
            assert state(int(number), 12).reshape(4, 3).sum(axis=1).tolist() == [1, 1, 1, 1]


def test_a_known_value_lowers_what_everything_shares() -> None:
    """The better the feasible state that is known, the smaller the weight of what no flip repairs."""
    model = places(4, 2, seed=1)
    truth = optimum(model)
    assert truth is not None
    loose, tight = sufficient_weights(model), sufficient_weights(model, truth[0])
    assert tight.least < loose.least


def test_decimals_stay_decimals() -> None:
    """Weights of an objective in tenths are whole tenths, so that engines that compute in integers stay exact."""
    model = model_of([0.1, 0.7, 1.3, -0.2], [(0, 2, 0.3)], groups=[[0, 1], [2, 3]])
    assert unit(model) == 0.1
    assert (margin(model) * 10).is_integer()
    compiled = compile_qubo(model, sufficient_weights(model))
    for values in (compiled.linear, compiled.weight):
        assert np.allclose(values * 10, np.rint(values * 10), rtol=0, atol=1e-9)
    assert unit(model_of([1 / 3], [])) is None
    assert margin(model_of([0.0])) == 1.0
    odd = np.array([1 / 3])
    assert on_grid(model_of([1 / 3, 0.1]), odd) is odd


def test_walls_are_weighed_over_all_bits() -> None:
    """The weight of walls exceeds what broken walls can gain in costs and in pairs of conflicting choices."""
    rows = [({0: 1, 3: 1}, LE, 1), ({1: 1, 4: 1}, LE, 1), ({2: 1, 6: -1}, LE, 0)]
    model = model_of([0.0, 5.0, 9.0, 7.0, 0.0, 2.0, 3.0], [(0, 5, -4.0)], [[0, 1, 2], [3, 4, 5]], rows)
    weights = sufficient_weights(model, one_hot="domain-wall")
    walls = domain_walls(model)
    assert walls.n == 5
    assert weights.groups(2).min() > weights.row.max()
    truth = optimum(model)
    assert truth is not None
    compiled = compile_qubo(model, weights, one_hot="domain-wall")
    assert {tuple(compiled.restore(np.array(bits)).tolist()) for bits in minima(compiled)[1]} == truth[1]


def test_estimates_are_small_and_positive() -> None:
    """What solve-check-raise starts from is far below the sufficient weights where constraints share variables."""
    model = places(12, 4, seed=2)
    first, enough = estimated_weights(model), sufficient_weights(model)
    assert (first.groups(12) > 0).all()
    assert (first.row > 0).all()
    assert first.groups(12).max() < enough.groups(12).min() / 3
    assert first.row.max() < enough.row.min() / 10


def test_a_model_without_constraints_needs_no_weight() -> None:
    """No group, no row: nothing is weighed, and the least penalty is infinite."""
    weights = sufficient_weights(model_of([1.0, -2.0], [(0, 1, 3.0)]))
    assert weights.groups(0).tolist() == []
    assert weights.least == np.inf
    assert Weights(2.0, np.array([3.0])).least == 2.0
    empty = sufficient_weights(model_of([]))
    assert compile_qubo(model_of([]), empty).n == 0
