"""Angles of circuits that nobody trained: in the problem's units, exact for small ones and sampled for large ones."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa import untrained
from qamctl.quantum.qaoa.angles import table_angles
from qamctl.quantum.qaoa.landscape import Landscape
from qamctl.quantum.qaoa.untrained import drawn, untrained_angles
from qamctl.quantum.register import Register


def problem(n: int, seed: int) -> Polynomial:
    """Random fields and couplings."""
    rng = np.random.default_rng(seed)
    terms = {(i, j): float(rng.normal()) for i in range(n) for j in range(i + 1, n)}
    return Polynomial(n, 0.5, MappingProxyType(terms | {(i,): float(rng.normal()) for i in range(n)}))


CASES = [("x", 10, ()), ("xy-full", 9, ((0, 1, 2), (3, 4, 5))), ("xy-ring", 8, ((0, 1, 2),)), ("grover", 6, ((0, 1),))]


@pytest.mark.parametrize(("mixer", "n", "groups"), CASES)
def test_small_circuits_have_the_angles_of_their_landscape(
    mixer: str, n: int, groups: tuple[tuple[int, ...], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly those of the table in the landscape's units; from samples alone within a few percent."""
    polynomial, ansatz = problem(n, 1), Ansatz(Register(n, groups), mixer, 3)
    landscape = Landscape(polynomial, ansatz)
    wanted = np.concatenate(landscape.raw(table_angles(ansatz, landscape.shape)))
    assert untrained_angles(polynomial, ansatz) == pytest.approx(wanted)
    monkeypatch.setattr(untrained, "STATES", 1)
    assert untrained_angles(polynomial, ansatz) == pytest.approx(wanted, rel=0.1)


def test_large_circuits_need_no_state_vector() -> None:
    """A hundred qubits with groups, twice the same."""
    polynomial = problem(60, 2)
    ansatz = Ansatz(Register(60, tuple(tuple(range(k, k + 5)) for k in range(0, 40, 5))), "xy-full", 4)
    first = untrained_angles(polynomial, ansatz)
    assert first.shape == (8,)
    assert (first == untrained_angles(polynomial, ansatz)).all()
    assert np.isfinite(first).all()


def test_a_polynomial_without_terms_has_angles_of_zero() -> None:
    """Of a large register, where there is no spread to divide by."""
    assert (untrained_angles(Polynomial(30, 1.0, MappingProxyType({})), Ansatz(Register(30), "x", 2)) == 0).all()


def test_drawn_states_keep_the_groups() -> None:
    """Each sample is the state of its digits."""
    register = Register(7, ((5, 1, 2), (6, 0)))
    digits, samples = drawn(register, 50, seed=3)
    assert (register.digits(register.number(samples)) == digits).all()
