"""Dynamic programming along a tree decomposition: the optimum of thin models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.binary_models import energies, random_couplings, states, strip, tolerance
from support.families import FAMILIES

from qamctl.kernels.couplings import couplings
from qamctl.qubo import treewidth
from qamctl.qubo.treewidth import Order, eliminate, elimination_order


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_the_optimum_is_found(seed: int) -> None:
    """Whatever the model and its numbers, the energy is the least of all states."""
    model = random_couplings(seed)
    order = elimination_order(model)
    assert order is not None
    found = eliminate(model, order)
    assert found is not None
    assert found.energy == model.energy(found.sample)
    assert found.energy == pytest.approx(float(energies(model).min()), abs=tolerance(model))


def test_an_order_is_a_tree_decomposition() -> None:
    """Every variable goes once, each scope is what is coupled to it through those that went before, latest first."""
    model = strip(4, 20, 1)
    order = elimination_order(model)
    assert order is not None
    assert sorted(order.variables) == list(range(80))
    assert order.width == max(len(scope) for scope in order.scopes) <= 6
    assert order.cells == sum(2 ** len(scope) for scope in order.scopes)
    place = {i: k for k, i in enumerate(order.variables)}
    for k, (i, scope) in enumerate(zip(order.variables, order.scopes, strict=True)):
        assert all(place[j] > k for j in scope)
        assert [place[j] for j in scope] == sorted((place[j] for j in scope), reverse=True)
        later = [int(j) for j in model.other[model.first[i] : model.first[i + 1]] if place[int(j)] > k]
        assert set(later) <= set(scope)


def test_wide_models_are_refused() -> None:
    """A complete graph needs a table over all others; one variable less than that is not enough."""
    row, col = np.triu_indices(9, 1)
    model = couplings(np.zeros(9), row, col, np.ones(len(row)))
    assert elimination_order(model, max_width=7) is None
    found = elimination_order(model, max_width=8)
    assert found is not None
    assert found.width == 8
    assert elimination_order(model, max_cells=100) is None
    assert elimination_order(couplings(*FAMILIES["3-regular"](2000, 1))) is None
    assert elimination_order(couplings(*FAMILIES["grid"](2500, 1))) is None


def test_models_larger_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many variables nothing is tried."""
    monkeypatch.setattr(treewidth, "MAX_VARIABLES", 10)
    assert elimination_order(strip(2, 6, 1)) is None


@pytest.mark.parametrize("asked", [0, 1, 3, 6, 12])
def test_somebody_may_stop_it(asked: int) -> None:
    """Asked early or late, the order and the elimination end with nothing."""
    model = strip(6, 60, 1)
    count = itertools.count()
    order = elimination_order(model, stop=lambda: next(count) >= asked)
    assert order is None or asked > 5
    whole = elimination_order(model)
    assert whole is not None
    count = itertools.count()
    assert eliminate(model, whole, lambda: next(count) >= min(asked, 5)) is None


def test_a_grid_of_five_thousand_variables_is_solved() -> None:
    """Width 10, length 500: no table is large, and no flip improves the answer."""
    model = strip(10, 500, 2)
    order = elimination_order(model)
    assert order is not None
    assert order.width <= 15
    found = eliminate(model, order)
    assert found is not None
    field = model.fields(found.sample)
    gain = np.where(found.sample == 1, -field, field)
    assert (gain >= 0).all()


def test_a_narrow_grid_agrees_with_enumeration_row_by_row() -> None:
    """The least energy of a strip is that of a transfer matrix over its rows, computed apart."""
    width, length = 3, 40
    model = strip(width, length, 5)
    order = elimination_order(model)
    assert order is not None
    found = eliminate(model, order)
    assert found is not None
    at = np.arange(width * length).reshape(width, length)
    x = states(width).astype(float)
    weight = np.zeros((model.n, model.n))
    weight[np.repeat(np.arange(model.n), np.diff(model.first)), model.other] = model.weight
    best = np.zeros(1)
    for column in range(length):
        inside = x @ model.linear[at[:, column]]
        for r in range(width - 1):
            inside += weight[at[r, column], at[r + 1, column]] * x[:, r] * x[:, r + 1]
        if column == 0:
            best = inside
            continue
        between = sum(weight[at[r, column - 1], at[r, column]] * np.outer(x[:, r], x[:, r]) for r in range(width))
        best = (best[:, None] + between).min(axis=0) + inside
    assert found.energy == best.min()


def test_tables_are_as_wide_as_the_numbers() -> None:
    """Small whole numbers take 32 bits, larger ones 64, others are floats; an empty model has its offset."""
    from qamctl.qubo.treewidth import _table_type

    assert _table_type(couplings([1.0], [], [], [])) is np.int32
    assert _table_type(couplings([2.0**40], [], [], [])) is np.int64
    assert _table_type(couplings([np.pi], [], [], [])) is np.float64
    empty = couplings([], [], [], [], 4.0)
    order = elimination_order(empty)
    assert order == Order((), (), 0, 0)
    found = eliminate(empty, order)
    assert found is not None
    assert found.energy == 4.0
