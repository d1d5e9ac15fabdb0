"""QUBOs as Ising models and back, against rational arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.qubo_models import model_of

from qamctl.errors import UnsupportedError
from qamctl.quantum.hamiltonian import diagonal_of
from qamctl.quantum.ising import Ising, ising_of
from qamctl.quantum.polynomial import Polynomial, polynomial_of
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.model import Model
from qamctl.qubo.penalties import sufficient_weights

EIGHTHS = st.integers(-800, 800).map(lambda number: number / 8)


@st.composite
def qubos(draw: st.DrawFn, weights: st.SearchStrategy[float] | None = None) -> Model:
    """Models without constraints; by default their numbers are eighths."""
    weights = EIGHTHS if weights is None else weights
    n = draw(st.integers(1, 6))
    ends = [(i, j) for i in range(n) for j in range(i + 1, n)]
    chosen = draw(st.lists(st.sampled_from(ends), unique=True, max_size=8)) if ends else []
    linear = draw(st.lists(weights, min_size=n, max_size=n))
    return model_of(linear, [(i, j, draw(weights)) for i, j in chosen], offset=draw(weights))


def exact_energy(ising: Ising, spins: tuple[int, ...]) -> Fraction:
    """The value of spins in rational numbers."""
    total = Fraction(ising.offset)
    total += sum((Fraction(h) * s for h, s in zip(ising.fields.tolist(), spins, strict=True)), Fraction(0))
    ends = zip(ising.row.tolist(), ising.col.tolist(), ising.weight.tolist(), strict=True)
    return total + sum((Fraction(w) * spins[i] * spins[j] for i, j, w in ends), Fraction(0))


def exact_objective(model: Model, bits: tuple[int, ...]) -> Fraction:
    """The value of bits in rational numbers."""
    total = Fraction(model.offset)
    total += sum((Fraction(w) * x for w, x in zip(model.linear.tolist(), bits, strict=True)), Fraction(0))
    ends = zip(model.row.tolist(), model.col.tolist(), model.weight.tolist(), strict=True)
    return total + sum((Fraction(w) * bits[i] * bits[j] for i, j, w in ends), Fraction(0))


@given(qubos())
def test_every_state_has_exactly_the_same_value(model: Model) -> None:
    """The bit 0 is the spin +1; in rational numbers, where the numbers are dyadic."""
    ising = ising_of(model)
    for bits in product((0, 1), repeat=model.n):
        assert exact_energy(ising, tuple(1 - 2 * x for x in bits)) == exact_objective(model, bits)


@given(qubos())
def test_there_and_back_is_the_same_qubo(model: Model) -> None:
    """Bit for bit, where the numbers are dyadic."""
    linear, row, col, weight, offset = ising_of(model).to_qubo()
    assert (linear.tolist(), weight.tolist(), offset) == (model.linear.tolist(), model.weight.tolist(), model.offset)
    assert (row.tolist(), col.tolist()) == (model.row.tolist(), model.col.tolist())


@given(qubos(st.floats(-1e6, 1e6, width=32)))
def test_energies_agree_for_any_numbers(model: Model) -> None:
    """Of bits and of spins, up to rounding; scaled ones are multiples, and unscaling is exact."""
    ising, bits = ising_of(model), np.array(list(product((0, 1), repeat=model.n)))
    expected = [float(exact_objective(model, tuple(row))) for row in bits.tolist()]
    assert ising.energy(bits) == pytest.approx(expected, rel=1e-9, abs=1e-5)
    assert (ising.energy_of_spins(1 - 2 * bits) == ising.energy(bits)).all()
    half = ising.scaled(0.3).scaled(7.0)
    assert half.energy(bits) == pytest.approx(half.factor * ising.energy(bits), rel=1e-9, abs=1e-5)
    assert half.unscaled() is ising
    assert ising.unscaled() is ising


@given(qubos())
def test_the_scale_is_the_deviation_over_all_states(model: Model) -> None:
    """The standard deviation over uniform states, which `scaled` makes 1."""
    ising, bits = ising_of(model), np.array(list(product((0, 1), repeat=model.n)))
    assert ising.scale() == pytest.approx(float(ising.energy(bits).std()), abs=1e-9)
    assert ising.scaled().scale() == pytest.approx(1.0 if ising.scale() else 0.0)


@given(qubos())
def test_its_terms_are_those_of_the_products_of_z(model: Model) -> None:
    """As the expansion of the polynomial gives them; a polynomial gives the same Ising model."""
    polynomial = polynomial_of(model)
    ising, products = ising_of(polynomial), diagonal_of(polynomial)
    assert dict(ising.terms()) == dict(products.terms)
    assert ising.offset == products.offset
    assert dict(ising_of(model).terms()) == dict(ising.terms())


def test_it_takes_compiled_models() -> None:
    """The penalty QUBO of a model with constraints."""
    model = model_of([1, -2, 3], [(0, 1, 2.0)], [[0, 2]], [({0: 1, 1: 1}, -1, 1)])
    compiled = compile_qubo(model, sufficient_weights(model))
    bits = np.array(list(product((0, 1), repeat=compiled.n)))
    assert ising_of(compiled).energy(bits) == pytest.approx(compiled.energy(bits))


def test_long_terms_are_refused() -> None:
    """An Ising model has couplings of two spins."""
    with pytest.raises(UnsupportedError, match="a term has 3 variables"):
        ising_of(Polynomial(3, 0.0, MappingProxyType({(0, 1, 2): 1.0})))
