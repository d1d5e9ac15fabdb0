"""Rows that say z = a b need no slack bits: with their implications they are Rosenberg's penalty."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.quadratize import quadratize
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.qubo.shapes import GENERAL, IMPLICATION, PRODUCT, product_members, row_shapes


def random_polynomial(seed: int) -> Polynomial:
    """Three to five variables, terms of up to four of them, weights of both signs."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    terms = {}
    for _ in range(int(rng.integers(2, 7))):
        members = tuple(sorted(rng.choice(n, int(rng.integers(1, min(n, 4) + 1)), replace=False).tolist()))
        terms[members] = float(rng.integers(-8, 9)) or 1.0
    return Polynomial(n, float(rng.integers(-3, 4)), terms)


@pytest.mark.parametrize("seed", range(60))
def test_the_least_states_of_the_qubo_are_those_of_the_polynomial(seed: int) -> None:
    """By every state: no slack bits, the minimum is the polynomial's, and every least state has true products."""
    polynomial = random_polynomial(seed)
    model = quadratize(polynomial).model
    compiled = compile_qubo(model, sufficient_weights(model))
    assert compiled.n == model.n
    states = np.array(list(product((0, 1), repeat=compiled.n)), np.uint8)
    energies = compiled.energy(states)
    values = polynomial.energy(states[:, : polynomial.n])
    least = energies <= energies.min() + 1e-9
    assert energies.min() == pytest.approx(values.min(), abs=1e-9)
    assert values[least] == pytest.approx(energies[least], abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_a_state_pays_nothing_where_its_products_are_true_and_a_weight_where_not(seed: int) -> None:
    """Feasible states have the polynomial's value; others have at least the least weight more than their objective."""
    polynomial = random_polynomial(seed)
    model = quadratize(polynomial).model
    if not len(model.con_rhs):
        return
    weights = sufficient_weights(model)
    compiled = compile_qubo(model, weights)
    states = np.array(list(product((0, 1), repeat=model.n)), np.uint8)
    both = states[:, model.row] & states[:, model.col]
    objective = model.offset + states @ model.linear + both @ model.weight
    paid = compiled.energy(states) - objective
    true = np.ones(len(states), bool)
    rows = np.flatnonzero(row_shapes(model) == PRODUCT)
    for a, b, z in product_members(model, rows).tolist():
        true &= states[:, z] == (states[:, a] & states[:, b])
    assert np.abs(paid[true]).max() <= 1e-9
    assert paid[~true].min() >= weights.row.min() - 1e-9


def test_only_a_row_with_both_implications_is_a_product() -> None:
    """Without one of them, with another right side or another coefficient, it keeps its slack bits."""
    model = quadratize(Polynomial(3, 0.0, {(0, 1, 2): -4.0})).model
    assert row_shapes(model).tolist() == [IMPLICATION, IMPLICATION, PRODUCT]
    lone = replace(model, con_coef=np.array([-1, 2, -1, 1, 1, 1, -1], np.int64))
    assert row_shapes(lone)[2] == GENERAL
    other = replace(model, con_rhs=np.array([0, 0, 2], np.int64))
    assert row_shapes(other)[2] == GENERAL
    three = replace(model, con_coef=np.array([-1, 1, -1, 1, 1, 1, -2], np.int64))
    assert row_shapes(three)[2] == GENERAL
