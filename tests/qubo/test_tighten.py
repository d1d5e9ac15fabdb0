"""Rows in smaller numbers: the same states keep them, with fewer slack bits."""

from __future__ import annotations

from itertools import product

import numpy as np
from support.qubo_models import model_of

from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.penalties import sufficient_weights
from qamctl.qubo.tighten import tightened


def whole_states(model: Model) -> np.ndarray:
    """Every state in which each group has one chosen."""
    states = np.array(list(product((0, 1), repeat=model.n)), np.uint8)
    group = np.repeat(np.arange(len(model.group_start) - 1), np.diff(model.group_start))
    chosen = np.zeros((len(states), len(model.group_start) - 1), np.int64)
    for variable, g in zip(model.group_index.tolist(), group.tolist(), strict=True):
        chosen[:, g] += states[:, variable]
    return states[(chosen == 1).all(axis=1)]


def random_rows(seed: int) -> Model:
    """A few groups and free variables under rows of large numbers."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    free: list[int] = rng.permutation(n).tolist()
    groups = [sorted(free[:2]), sorted(free[2:5])] if n > 5 else [sorted(free[:2])]
    rows = []
    for _ in range(int(rng.integers(1, 4))):
        members = rng.choice(n, int(rng.integers(1, n + 1)), replace=False).tolist()
        coefficients = {i: int(rng.choice([-1, 1, 1]) * rng.integers(1, 1000)) for i in members}
        rows.append((coefficients, int(rng.choice([LE, LE, LE, GE, EQ])), int(rng.integers(-200, 1500))))
    return model_of([0.0] * n, groups=groups, rows=rows)


def test_the_same_states_keep_the_rows() -> None:
    """Of random models exactly the states that kept the rows keep the new ones, whose numbers are no larger."""
    smaller = 0
    for seed in range(300):
        model = random_rows(seed)
        new, states = tightened(model), whole_states(model)
        assert feasible(new, states).tolist() == feasible(model, states).tolist()
        assert np.abs(new.con_coef).max(initial=0) <= np.abs(model.con_coef).max(initial=0)
        smaller += np.abs(new.con_coef).sum() < np.abs(model.con_coef).sum()
    assert smaller > 100


def test_a_row_of_large_demands_needs_few_bits() -> None:
    """Three of 300 and one of 600 in a room of 950 are one, one, one and two in a room of three."""
    model = model_of([0.0] * 4, rows=[({0: 301, 1: 299, 2: 307, 3: 613}, LE, 950)])
    new = tightened(model)
    assert new.con_coef.tolist() == [1, 1, 1, 2]
    assert new.con_rhs.tolist() == [3]
    assert compile_qubo(new, sufficient_weights(new)).n == 4 + 2
    assert compile_qubo(model, sufficient_weights(model)).n == 4 + 10


def test_rows_that_nothing_breaks_are_dropped_and_hopeless_ones_kept() -> None:
    """Where one of a group is chosen for sure, its least coefficient counts."""
    model = model_of([0.0] * 3, groups=[[0, 1]], rows=[({0: 5, 1: 7, 2: 3}, LE, 10), ({0: 5, 1: 7}, LE, 4)])
    new = tightened(model)
    assert new.con_rhs.tolist() == [4]
    assert new.con_coef.tolist() == [5, 7]


def test_large_rows_stay_as_they_are() -> None:
    """Rows with many entries or combinations are not looked at."""
    many = model_of([0.0] * 40, rows=[({i: 10 + i for i in range(40)}, LE, 300)])
    assert tightened(many) is many
    wide = model_of([0.0] * 14, rows=[({i: 10 + i for i in range(14)}, LE, 80)])
    assert tightened(wide).con_coef.tolist() == wide.con_coef.tolist()
    none = model_of([0.0] * 2, groups=[[0, 1]])
    assert tightened(none) is none
