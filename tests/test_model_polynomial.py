"""Hamiltonians of many-body terms: small ones are proved state by state, circuits take them as they are."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from qamctl.backends import registry
from qamctl.model_engines import payload_for
from qamctl.model_polynomial import ENUMERATED, enumerable, spin_bound
from qamctl.model_solve import solve_model
from qamctl.model_task import make_question
from qamctl.quantum.native import Native
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.quadratize import quadratize, with_products


def question_of(polynomial: Polynomial) -> Any:
    """The question of a Hamiltonian's file."""
    found = quadratize(polynomial)
    return make_question(found.model, polynomial, found.pairs)


def random_polynomial(seed: int, n: int = 9) -> Polynomial:
    """Thirty terms of one to four variables; every third one with thirds for weights."""
    rng = np.random.default_rng(seed)
    terms = {}
    for _ in range(30):
        members = tuple(sorted(rng.choice(n, int(rng.integers(1, 5)), replace=False).tolist()))
        terms[members] = float(rng.integers(-9, 10)) / (3 if seed % 3 == 0 else 1) or 1.0
    return Polynomial(n, 0.25, terms)


@pytest.mark.parametrize("backend", ["auto", "exact"])
@pytest.mark.parametrize("seed", range(6))
def test_small_ones_are_proved_by_every_state(seed: int, backend: str) -> None:
    """The answer is the least of all states, its products are true, and it is called optimal."""
    polynomial = random_polynomial(seed)
    answer = solve_model(question_of(polynomial), backends=(backend,), seconds=5.0, seed=1)
    states = np.array(list(product((0, 1), repeat=polynomial.n)), np.uint8)
    assert answer.status == "optimal"
    assert answer.solved_by == "exact"
    assert answer.energy == pytest.approx(polynomial.energy(states).min(), abs=1e-9)
    assert answer.solution is not None
    qubits = answer.solution[: polynomial.n]
    assert (answer.solution == with_products(qubits, question_of(polynomial).pairs)).all()


def test_ties_that_rounding_would_break_are_added_up_exactly() -> None:
    """Ten tenths are one: two states of equal value in exact sums, and the first of them is the answer."""
    terms = {(k, 10, 11): -0.1 for k in range(10)} | {(12, 13, 14): -1.0}
    answer = solve_model(question_of(Polynomial(15, 0.0, terms)), backends=("exact",), seconds=5.0, seed=1)
    assert answer.status == "optimal"
    assert answer.energy == pytest.approx(-2.0)


def test_only_polynomials_of_few_qubits_are_enumerated() -> None:
    """Beyond, and for models that needed no products, the searches have to do it."""
    assert enumerable(question_of(random_polynomial(1)))
    assert not enumerable(question_of(Polynomial(ENUMERATED + 1, 0.0, {(0, 1, 2): 1.0})))
    assert not enumerable(question_of(Polynomial(5, 0.0, {(0, 1): 1.0})))


def test_circuits_are_given_the_polynomial_and_searches_the_model() -> None:
    """A payload of qubits alone, whose samples come back with their products."""
    question = question_of(random_polynomial(2))
    payload = payload_for(registry.get("qaoa"), question, None)
    assert isinstance(payload, Native)
    assert payload.n == 9
    rng = np.random.default_rng(4)
    qubits = rng.integers(0, 2, (5, 9), np.uint8)
    whole = payload.restore(qubits)
    assert whole.shape == (5, question.n)
    assert (payload.extend(whole) == qubits).all()
    assert payload.energy(qubits) == pytest.approx([question.objective.energy(row) for row in whole])
    assert payload_for(registry.get("anneal"), question, None).kind == "model"
    assert payload_for(registry.get("neal"), question, None).kind == "qubo"


@pytest.mark.parametrize("seed", range(30))
def test_no_state_is_below_the_bound_by_spins(seed: int) -> None:
    """And it is met where no two terms want different things."""
    polynomial = random_polynomial(seed, 7)
    states = np.array(list(product((0, 1), repeat=7)), np.uint8)
    assert spin_bound(polynomial) <= polynomial.energy(states).min()
    parity = Polynomial(3, 0.0, {(0,): 2.0, (1,): 2.0, (0, 1): -4.0})  # 1 - Z0 Z1
    assert spin_bound(parity) == 0.0
