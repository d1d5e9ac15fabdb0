"""Roof duality: a bound that holds, values that some optimum has."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.binary_models import energies, least, random_couplings, spin_glass, states, tolerance

from qamctl.kernels.couplings import couplings
from qamctl.qubo.presolve.roof import MOST, roof_dual


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_the_bound_holds_and_the_values_are_those_of_an_optimum(seed: int) -> None:
    """No state is below the bound, and some optimum has all the values; no other state is made worse by them."""
    model = random_couplings(seed)
    found = roof_dual(model)
    whole = energies(model)
    assert found.bound <= least(model)
    x = states(model.n)
    x[:, found.variables] = found.values
    again = whole[x.astype(np.int64) @ (1 << np.arange(model.n, dtype=np.int64))]
    assert (again <= whole + tolerance(model)).all()


def test_the_bound_is_that_of_the_linear_relaxation() -> None:
    """It equals the optimum of the standard linearisation, found by a simplex."""
    from scipy.optimize import linprog

    for seed in range(40):
        model = random_couplings(seed, 8, 2)
        row = np.repeat(np.arange(model.n), np.diff(model.first))
        once = row < model.other
        i, j, w = row[once], model.other[once], model.weight[once].astype(float)
        n, q = model.n, len(w)
        rows, rhs = [], []
        for e in range(q):
            above = np.zeros(n + q)  # x + y - z <= 1
            above[[i[e], j[e], n + e]] = 1, 1, -1
            rows.append(above)
            rhs.append(1.0)
            for end in (i[e], j[e]):  # z <= x
                below = np.zeros(n + q)
                below[[end, n + e]] = -1, 1
                rows.append(below)
                rhs.append(0.0)
        cost = np.concatenate([model.linear.astype(float), w])
        a = np.array(rows).reshape(-1, n + q)
        value = linprog(cost, A_ub=a if q else None, b_ub=rhs if q else None, bounds=(0, 1)).fun
        assert roof_dual(model).bound == pytest.approx(model.offset + value / model.scale, rel=1e-7, abs=1e-7)


def test_large_coefficients_are_rounded_down_and_still_bound() -> None:
    """Capacities beyond 32 bits lose digits, never the bound; values are not given then."""
    model = couplings(np.array([-3.0e11, -3e11, 1e11]), [0, 1], [1, 2], np.array([9e11, -2e11]))
    assert 2 * np.abs(model.weight).max() > MOST
    found = roof_dual(model)
    assert found.bound <= least(model)
    assert found.bound == pytest.approx(least(model), rel=1e-6)
    assert len(found.variables) == 0


def test_spins_without_fields_bound_by_their_couplings() -> None:
    """A frustrated circle settles nothing: the bound is that of every coupling at its best."""
    model = spin_glass(3, np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones(3))
    found = roof_dual(model)
    assert found.bound == -3.0
    assert len(found.variables) == 0
    assert least(model) == -2.0


def test_an_empty_model_has_its_offset() -> None:
    """Nothing flows."""
    found = roof_dual(couplings([], [], [], [], 3.0))
    assert found.bound == 3.0
    assert not math.isnan(roof_dual(couplings([-1.0], [], [], [])).bound)
