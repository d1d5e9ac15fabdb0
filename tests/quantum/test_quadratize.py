"""Polynomials of any degree as quadratic models, against enumeration of both."""

from __future__ import annotations

from itertools import product
from types import MappingProxyType

import numpy as np
import pytest
from support.qubo_models import optimum

from qamctl.formats.models import write_model
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.quadratize import Quadratized, negated, quadratize, with_products
from qamctl.qubo import check
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.feasible import feasible
from qamctl.qubo.payload import Uncompiled
from qamctl.qubo.penalties import sufficient_weights


def random_polynomial(rng: np.random.Generator, n: int, degree: int, terms: int) -> Polynomial:
    """Whole weights on random terms."""
    found: dict[tuple[int, ...], float] = {}
    for _ in range(terms):
        size = int(rng.integers(1, min(degree, n) + 1))
        found[tuple(sorted(rng.choice(n, size, replace=False).tolist()))] = float(rng.integers(1, 9) * (-1) ** size)
    return Polynomial(n, float(rng.integers(-5, 6)), MappingProxyType(found))


def states(n: int) -> np.ndarray:
    """[2^n, n] all samples."""
    return np.array(list(product((0, 1), repeat=n)), np.uint8)


def objective(found: Quadratized, samples: np.ndarray) -> np.ndarray:
    """[s] the model's objective."""
    return Uncompiled(found.model).energy(samples)


def test_every_sample_keeps_its_value_and_its_products_the_rows() -> None:
    """Three hundred polynomials of degree one to five: extended samples are feasible and have the same value."""
    rng = np.random.default_rng(1)
    for _ in range(300):
        n, degree = int(rng.integers(1, 8)), int(rng.integers(1, 6))
        polynomial = random_polynomial(rng, n, degree, int(rng.integers(1, 12)))
        found = quadratize(polynomial)
        full = found.extend(states(n))
        assert feasible(found.model, full).all()
        assert (objective(found, full) == polynomial.energy(states(n))).all()
        assert (found.restore(full) == states(n)).all()
        assert len(set(found.model.labels)) == found.model.n
        assert (found.model.row < found.model.col).all()


def test_the_least_energy_and_its_states_agree() -> None:
    """Two hundred polynomials of degree up to four, by trying every state of the model and of the qubits."""
    rng = np.random.default_rng(2)
    tried = 0
    while tried < 200:
        n = int(rng.integers(3, 6))
        polynomial = random_polynomial(rng, n, 4, int(rng.integers(2, 7)))
        found = quadratize(polynomial)
        if found.model.n > 8:
            continue
        tried += 1
        energies = polynomial.energy(states(n))
        best = optimum(found.model)
        assert best is not None
        assert best[0] == energies.min()
        least = {tuple(row) for row in states(n)[energies == energies.min()].tolist()}
        assert {state[:n] for state in best[1]} == least


def test_the_rows_leave_products_no_choice() -> None:
    """Of all values of the further variables only the products are feasible."""
    polynomial = Polynomial(4, 0.0, MappingProxyType({(0, 1, 2, 3): 1.0, (0, 1, 2): -2.0}))
    found = quadratize(polynomial)
    kept = {state for state in product((0, 1), repeat=found.model.n) if not check.violations(found.model, state)}
    assert kept == {tuple(row) for row in found.extend(states(4)).tolist()}


def test_short_terms_need_no_further_variables() -> None:
    """Degree two and less is a model without constraints, in the same variables."""
    terms = MappingProxyType({(1,): 2.0, (0, 2): -1.0})
    found = quadratize(Polynomial(3, 0.5, terms))
    model = found.model
    assert (model.n, found.pairs, found.row_names, len(model.con_rhs)) == (3, (), [], 0)
    assert (model.linear.tolist(), model.row.tolist(), model.col.tolist()) == ([0, 2, 0], [0], [2])
    assert (list(model.labels), model.offset) == (["q0", "q1", "q2"], 0.5)


def test_the_pair_of_most_terms_goes_first() -> None:
    """One product stands for a pair in all of its terms; labels name the qubits."""
    terms = MappingProxyType({(0, 1, 2): 1.0, (1, 2, 3): 1.0, (1, 2, 4): 1.0, (0, 1, 2, 3): 1.0})
    found = quadratize(Polynomial(5, 0.0, terms))
    assert found.pairs[0] == (1, 2)
    assert list(found.model.labels[5:]) == ["q1*q2", "q0*q3"]
    assert found.row_names[:3] == ["q1*q2 <= q1", "q1*q2 <= q2", "q1*q2 >= q1 + q2 - 1"]


def test_products_of_products_are_named_by_their_qubits() -> None:
    """A term of five variables has one of three."""
    found = quadratize(Polynomial(5, 0.0, MappingProxyType({(0, 1, 2, 3, 4): 1.0})))
    assert list(found.model.labels[5:]) == ["q0*q1", "q2*q3", "q0*q1*q4"] or found.model.labels[-1].count("*") >= 2
    assert found.extend(np.ones(5)).tolist() == [1] * found.model.n


def test_single_samples_stay_single() -> None:
    """[n] becomes [n + pairs], [s, n] becomes [s, n + pairs]."""
    assert with_products(np.array([1, 1, 0]), [(0, 1), (2, 3)]).tolist() == [1, 1, 0, 1, 0]
    assert with_products(np.array([[1, 0]]), [(0, 1)]).tolist() == [[1, 0, 0]]


def test_the_negated_polynomial_is_greatest_where_it_was_least() -> None:
    """Every value changes its sign; a zero offset keeps its own."""
    polynomial = Polynomial(2, 0.0, MappingProxyType({(0,): 1.0, (0, 1): -3.0}))
    assert (negated(polynomial).energy(states(2)) == -polynomial.energy(states(2))).all()
    assert str(negated(polynomial).offset) == "0.0"


def test_its_penalty_qubo_has_the_same_least_energy() -> None:
    """The compiler's weights suffice for the rows of products."""
    rng = np.random.default_rng(3)
    for _ in range(10):
        polynomial = random_polynomial(rng, 4, 4, 4)
        found = quadratize(polynomial)
        compiled = compile_qubo(found.model, sufficient_weights(found.model))
        if compiled.n > 14:
            continue
        energies = compiled.energy(states(compiled.n))
        assert energies.min() == pytest.approx(polynomial.energy(states(4)).min())
        kept = compiled.restore(states(compiled.n)[[int(energies.argmin())]])
        assert polynomial.energy(found.restore(kept))[0] == pytest.approx(energies.min())


def test_the_model_can_be_written() -> None:
    """Names of products and rows pass where a format has names."""
    found = quadratize(Polynomial(3, 0.0, MappingProxyType({(0, 1, 2): 1.0})))
    text = write_model(found.model, "lp", row_names=found.row_names).decode()
    assert "q0*q1" in text
