"""Recursive QAOA: substitutions are exact, and the answer is the best of the states that keep its eliminations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.qaoa_problems import ising_problem, penalty_problem

from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.recursive import recursive_qaoa, substituted, walsh
from qamctl.quantum.register import Register

EIGHT = Register(6).samples(np.arange(64))


@st.composite
def polynomials(draw: st.DrawFn) -> Polynomial:
    """Six variables, terms of up to three of them."""
    keys = st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True).map(lambda key: tuple(sorted(key)))
    weights = st.integers(-5, 5).filter(bool).map(float)
    return Polynomial(6, draw(weights), draw(st.dictionaries(keys, weights, max_size=10)))


@settings(max_examples=60, deadline=None)
@given(polynomials(), st.integers(0, 5), st.none() | st.integers(0, 5), st.booleans())
def test_a_substitution_changes_no_energy(
    polynomial: Polynomial, variable: int, other: int | None, opposite: bool
) -> None:
    """In every state that keeps the relation, the smaller polynomial has the energy of the larger one."""
    if other == variable:
        other = None
    fixed = np.full(64, opposite) if other is None else EIGHT[:, other] ^ opposite
    kept = EIGHT[EIGHT[:, variable] == fixed]
    smaller = substituted(polynomial, variable, other, opposite)
    assert smaller.n == 5
    assert all(smaller.terms.values())
    assert smaller.energy(np.delete(kept, variable, axis=1)) == pytest.approx(polynomial.energy(kept))


def test_walsh_gives_correlations() -> None:
    """Each entry is the mean of the product of spins over the bits of its number."""
    weights = np.random.default_rng(0).random(16)
    weights /= weights.sum()
    spins = 1 - 2 * Register(4).samples(np.arange(16)).astype(float)
    found = walsh(weights)
    for k in range(16):
        members = [v for v in range(4) if k >> v & 1]
        assert found[k] == pytest.approx(float(weights @ spins[:, members].prod(axis=1)))


@pytest.mark.parametrize("seed", range(6))
def test_the_answer_is_the_best_that_keeps_the_eliminations(seed: int) -> None:
    """Among all states that keep every elimination none has less energy; the energy told is the sample's."""
    rng = np.random.default_rng(seed)
    polynomial = (ising_problem(3 * seed, rng, 8, 10) if seed % 2 else penalty_problem(seed, rng)).polynomial
    found = recursive_qaoa(polynomial, cutoff=4)
    states = Register(polynomial.n).samples(np.arange(2**polynomial.n))
    keeps = np.ones(len(states), bool)
    for step in found.eliminations:
        other = 0 if step.other is None else states[:, step.other]
        keeps &= states[:, step.variable] == (other ^ (step.correlation < 0))
    assert len(found.eliminations) == polynomial.n - 4
    assert keeps.sum() == 16
    assert found.energy == pytest.approx(float(polynomial.energy(found.sample)[0]))
    assert found.energy == pytest.approx(float(polynomial.energy(states[keeps]).min()))


def test_it_finds_most_optima_of_small_models() -> None:
    """On ten models of 8 to 10 spins at least seven end in the optimum, and none below it."""
    rng = np.random.default_rng(9)
    hits = []
    for k in range(10):
        polynomial = ising_problem(k, rng, 8, 10).polynomial
        least = Register(polynomial.n).diagonal(polynomial).min()
        energy = recursive_qaoa(polynomial, cutoff=4).energy
        assert energy >= least - 1e-9
        hits.append(energy <= least + 1e-9)
    assert sum(hits) >= 7


def test_small_models_are_looked_through() -> None:
    """Up to the cutoff the answer is the optimum, without a circuit; nothing at all has a sample, too."""
    polynomial = ising_problem(1, np.random.default_rng(3), 8, 8).polynomial
    found = recursive_qaoa(polynomial, cutoff=8)
    assert (found.eliminations, found.evaluations) == ((), 0)
    assert found.energy == pytest.approx(float(Register(8).diagonal(polynomial).min()))
    nothing = recursive_qaoa(Polynomial(0, 2.0, {}))
    assert (nothing.energy, len(nothing.sample)) == (2.0, 0)


def test_variables_in_no_term_go_first() -> None:
    """They become 0, without asking a circuit which way."""
    polynomial = Polynomial(4, 0.0, {(1,): -1.0, (1, 3): 2.0})
    found = recursive_qaoa(polynomial, cutoff=2)
    assert [(e.variable, e.other) for e in found.eliminations] == [(0, None), (2, None)]
    assert found.sample.tolist() == [0, 1, 0, 0]


def test_equal_calls_give_equal_answers_and_fixed_angles_do() -> None:
    """There is no randomness; without training only the shipped angles are run, once each round."""
    polynomial = ising_problem(4, np.random.default_rng(5), 9, 9).polynomial
    one, other = recursive_qaoa(polynomial, cutoff=5), recursive_qaoa(polynomial, cutoff=5)
    assert (one.sample == other.sample).all()
    assert one.eliminations == other.eliminations
    assert recursive_qaoa(polynomial, cutoff=5, training=False).evaluations == 4


def test_it_stops_and_refuses() -> None:
    """A stop interrupts it between and within rounds; sizes that do not fit are refused."""
    polynomial = ising_problem(4, np.random.default_rng(5), 9, 9).polynomial
    with pytest.raises(InterruptedError):
        recursive_qaoa(polynomial, stop=lambda: True)
    asked = iter([False])
    with pytest.raises(InterruptedError):
        recursive_qaoa(polynomial, stop=lambda: next(asked, True))
    with pytest.raises(UsageError, match="cutoff"):
        recursive_qaoa(polynomial, cutoff=0)
    with pytest.raises(UsageError, match="cutoff"):
        recursive_qaoa(polynomial, cutoff=8, memory=1000)
    with pytest.raises(UnsupportedError, match="9 qubits"):
        recursive_qaoa(polynomial, cutoff=2, memory=1000)
