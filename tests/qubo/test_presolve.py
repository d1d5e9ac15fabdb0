"""Presolve: smaller models with the same optimum, and the way back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.binary_models import energies, least, random_couplings, spin_glass, states, strip, tolerance
from support.families import FAMILIES

from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.presolve import components, presolve
from qamctl.qubo.presolve.run import ROOF_DEGREE, ROOF_PAIRS


def model_of(linear: list[float], pairs: dict[tuple[int, int], float], offset: float = 0.0) -> Couplings:
    ends = np.array(list(pairs), np.int64).reshape(-1, 2)
    return couplings(np.array(linear, float), ends[:, 0], ends[:, 1], np.array(list(pairs.values()), float), offset)


def places(samples: np.ndarray) -> np.ndarray:
    """The numbers of states in `states`."""
    return samples.astype(np.int64) @ (1 << np.arange(samples.shape[1], dtype=np.int64))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_the_optimum_survives_and_every_state_has_its_energy(seed: int) -> None:
    """What is left has the whole model's least energy, and each state exactly that of its restored state."""
    model = random_couplings(seed)
    reduced = presolve(model)
    whole, left = energies(model), energies(reduced.model)
    assert left.min() == pytest.approx(whole.min(), abs=tolerance(model))
    restored = reduced.restore(states(reduced.model.n))
    assert restored.shape == (2**reduced.model.n, model.n)
    assert whole[places(restored)] == pytest.approx(left, abs=tolerance(model))
    assert sum(reduced.counts.values()) == model.n - reduced.model.n == model.n - len(reduced.kept)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_projected_states_are_never_worse_without_pairs(seed: int) -> None:
    """Rules other than pairs improve every state: the restored projection has no more energy."""
    model = random_couplings(seed)
    reduced = presolve(model)
    if "pairs" in reduced.counts:
        return
    whole = energies(model)
    again = whole[places(reduced.restore(reduced.project(states(model.n))))]
    assert (again <= whole + tolerance(model)).all()


@pytest.mark.parametrize(
    ("linear", "pairs", "rule"),
    [
        ([1, -9, 2], {(0, 1): 3, (1, 2): 4}, "persistency"),
        ([-2, -3, 1], {(0, 1): 4, (0, 2): -2}, "degree 1"),
        ([-3, -3, -3, -3], {(0, 1): 4, (1, 2): 4, (2, 3): 4, (0, 3): 4}, "degree 2"),
    ],
)
def test_each_rule_is_counted(linear: list[float], pairs: dict[tuple[int, int], float], rule: str) -> None:
    """A model that a rule fits is solved, and the rule has a share in it."""
    model = model_of(linear, pairs)
    reduced = presolve(model)
    assert reduced.model.n == 0
    assert reduced.counts[rule] > 0
    assert model.energy(reduced.restore(np.zeros(0, np.uint8))) == least(model)


def test_a_spin_with_three_neighbours_is_a_star_that_becomes_a_triangle() -> None:
    """Three-regular graphs without fields lose spins, and stay whole in their coefficients."""
    model = couplings(*FAMILIES["3-regular"](60, 3))
    reduced = presolve(model)
    assert reduced.counts["degree 3"] >= 15
    assert reduced.model.integral


def test_a_variable_follows_a_neighbour_that_outweighs_all_others() -> None:
    """Strong couplings make pairs equal or opposite: what is left has one variable for both."""
    rng = np.random.default_rng(2)
    row, col = np.triu_indices(10, 1)
    weight = rng.integers(1, 4, len(row)) * rng.choice([-1.0, 1.0], len(row))
    weight[0], weight[-1] = 100.0, -100.0
    model = spin_glass(10, row, col, weight)
    reduced = presolve(model)
    assert reduced.counts["pairs"] >= 2
    x = reduced.restore(states(reduced.model.n))
    assert (x[:, 0] != x[:, 1]).all()
    assert (x[:, 8] == x[:, 9]).all()


def test_roof_duality_settles_what_single_variables_do_not_show() -> None:
    """A two-colourable spin model is solved without any field; and a frustrated one with fields is reduced."""
    side = 6
    at = np.arange(side * side).reshape(side, side)
    row = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    col = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    model = spin_glass(side * side, row, col, np.ones(len(row)))
    reduced = presolve(model)
    assert reduced.counts["roof duality"] > 0
    assert reduced.model.n == 0
    assert model.energy(reduced.restore(np.zeros(0, np.uint8))) == -1.0 * len(row)
    found = [presolve(random_couplings(seed, 14, 14)).counts.get("roof duality", 0) for seed in range(150)]
    assert sum(found) > 0


def test_rules_that_cost_too_much_are_left_out_and_named() -> None:
    """Floats, dense models and large ones get no roof duality, and a sentence says so."""
    rng = np.random.default_rng(1)
    row, col = np.triu_indices(ROOF_DEGREE + 40, 1)
    dense = spin_glass(ROOF_DEGREE + 40, row, col, rng.choice([-1.0, 1.0], len(row)))
    assert "more than 24 partners" in presolve(dense).skipped[0]
    floats = couplings(*FAMILIES["grid"](36, 1))
    floats = couplings(floats.linear * np.pi, *_pairs(floats, np.pi))
    assert "no whole numbers" in presolve(floats).skipped[0]
    large = couplings(*FAMILIES["dense"](800, 1))
    assert large.pairs > ROOF_PAIRS
    assert "couplings are more than" in presolve(large).skipped[0]


def _pairs(model: Couplings, factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row = np.repeat(np.arange(model.n), np.diff(model.first))
    once = row < model.other
    return row[once], model.other[once], model.weight[once] * factor


def test_the_deadline_and_the_stop_are_kept() -> None:
    """Without time nothing is reduced, with a little of it something; what comes back is right in any case."""
    model = couplings(*FAMILIES["sparse"](3000, 1))
    none = presolve(model, seconds=0.0)
    assert none.model is model
    assert "time was over" in none.skipped[0]
    assert presolve(model, stop=lambda: True).model is model
    asked = itertools.count()
    some = presolve(model, stop=lambda: next(asked) >= 2)
    assert 0 < some.model.n < model.n
    assert "time was over" in some.skipped[0]
    x = np.random.default_rng(0).integers(0, 2, some.model.n).astype(np.uint8)
    assert model.energy(some.restore(x)) == some.model.energy(x)


def test_a_long_chain_and_a_tree_are_solved_outright() -> None:
    """Elimination leaves nothing of models without circles, with 20,000 variables."""
    rng = np.random.default_rng(3)
    n = 20_000
    for parent in (np.arange(n - 1), rng.integers(0, np.arange(1, n))):
        model = spin_glass(n, parent, np.arange(1, n), rng.integers(1, 9, n - 1) * rng.choice([-1.0, 1.0], n - 1))
        reduced = presolve(model)
        assert reduced.model.n == 0
        total = float(np.abs(model.weight).sum()) / 4  # every coupling of a tree can have its way
        spins = float(model.linear.sum()) / 2 + float(model.weight.sum()) / 8
        assert model.energy(reduced.restore(np.zeros(0, np.uint8))) == spins - total / 2


@pytest.mark.parametrize("make", [lambda: couplings([], [], [], []), lambda: couplings([0.0], [], [], [], 2.5)])
def test_tiny_models_are_presolved_too(make: Callable[[], Couplings]) -> None:
    """No variable, and one variable without a coefficient."""
    model = make()
    reduced = presolve(model)
    assert reduced.model.n == 0
    assert reduced.model.offset == model.offset
    assert reduced.restore(np.zeros((3, 0))).shape == (3, model.n)
    assert reduced.parts == ()


def test_parts_are_the_connected_ones() -> None:
    """Energies of the parts and the offset add up to that of the model, for every split of variables."""
    a, b = strip(3, 4, 1), strip(2, 5, 2)
    n = a.n + b.n
    place = np.random.default_rng(1).permutation(n)
    rows = [_pairs(a, 1.0), _pairs(b, 1.0)]
    row = place[np.concatenate([rows[0][0], rows[1][0] + a.n])]
    col = place[np.concatenate([rows[0][1], rows[1][1] + a.n])]
    linear = np.empty(n)
    linear[place] = np.concatenate([a.linear, b.linear])
    model = couplings(linear, row, col, np.concatenate([rows[0][2], rows[1][2]]), 7.0)
    parts = components(model)
    assert [part.model.n for part in parts] == [12, 10]
    assert sorted(np.concatenate([part.variables for part in parts]).tolist()) == list(range(n))
    for seed in range(20):
        x = np.random.default_rng(seed).integers(0, 2, n).astype(np.uint8)
        assert model.energy(x) == 7.0 + sum(part.model.energy(x[part.variables]) for part in parts)
    assert all((np.diff(part.variables) > 0).all() for part in parts)
    whole = components(a)
    assert len(whole) == 1
    assert np.array_equal(whole[0].model.weight, a.weight)


def test_one_sample_or_many() -> None:
    """A single state comes back as one, and samples of any number type are taken."""
    reduced = presolve(strip(4, 6, 1))
    one = reduced.restore(np.ones(reduced.model.n, bool))
    assert one.shape == (24,)
    assert np.array_equal(reduced.restore(np.ones((2, reduced.model.n), int))[1], one)
    assert reduced.project(one).tolist() == [1] * reduced.model.n
