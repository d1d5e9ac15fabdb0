"""Energies, gradients, CVaR and samples of a circuit, held by dense matrices and by differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.qaoa_problems import Problem, assignment, group_problem, ising_problem

from qamctl.errors import UnsupportedError
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.landscape import Landscape
from qamctl.quantum.qaoa.structure import ansatz_for

MIXERS = ("x", "xy-ring", "xy-full", "grover")


def space_of(mixer: str, seed: int, **options: bool) -> Landscape:
    """A small random landscape; every other one of a mixer that keeps groups has free qubits, too."""
    rng = np.random.default_rng(seed)
    problem: Problem = ising_problem(seed, rng, 3, 6) if mixer == "x" else assignment(3, rng)
    while mixer != "x" and seed % 2:
        problem = group_problem(6, rng)
        if np.prod([len(g) for g in problem.groups]) < 25:
            break
    return Landscape(problem.polynomial, ansatz_for(problem.polynomial.n, problem.groups, 2, mixer), **options)


def dense(space: Landscape, angles: np.ndarray) -> np.ndarray:
    """The state by matrix exponentials in the space of all states."""
    from scipy.linalg import expm

    axes, size = space.ansatz.axes(), len(space.diagonal)
    start = np.ones(1)
    for axis in axes:
        start = np.kron(axis.start, start)
    mixer = np.zeros((size, size))
    if space.ansatz.mixer == "grover":
        mixer = np.outer(start, start)
    else:
        for a, axis in enumerate(axes):
            part = np.eye(1)
            for b, other in enumerate(axes):
                part = np.kron(axis.generator if a == b else np.eye(other.size), part)
            mixer = mixer + part
    state = start.astype(complex)
    for gamma, beta in zip(*space.raw(angles), strict=True):
        state = expm(-1j * beta * mixer) @ (np.exp(-1j * gamma * space.diagonal) * state)
    return state


def cvar(energies: np.ndarray, weights: np.ndarray, alpha: float) -> float:
    """The mean of the lowest share, level by level."""
    left, total = alpha, 0.0
    for k in np.argsort(energies):
        take = min(left, weights[k])
        total, left = total + take * energies[k], left - take
    return (total + left * energies.max()) / alpha


@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_matrix_exponentials(mixer: str, seed: int) -> None:
    """Energy, CVaR and probabilities are those of dense matrices, for every mixer."""
    space = space_of(mixer, seed, double=True)
    angles = np.random.default_rng(seed).normal(size=6) * 0.5
    weights = np.abs(dense(space, angles)) ** 2
    spread = space.worst - space.best
    assert space.value(angles) == pytest.approx(float(weights @ space.diagonal), abs=1e-9 * spread)
    assert space.probabilities(angles) == pytest.approx(weights, abs=1e-9)
    for alpha in (0.05, 0.3, 0.9):
        expected = cvar(space.diagonal, weights, alpha)
        assert space.value(angles, alpha) == pytest.approx(expected, abs=1e-9 * spread)
        assert space.value_and_gradient(angles, alpha)[0] == pytest.approx(expected, abs=1e-9 * spread)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(MIXERS), st.integers(0, 9), st.sampled_from([0.1, 0.4, 1.0]))
def test_gradients_are_differences(mixer: str, seed: int, alpha: float) -> None:
    """The gradient of the mean, and of CVaR where its quantile stays, is what differences of values give."""
    space = space_of(mixer, seed, double=True)
    angles = np.random.default_rng(seed).normal(size=4) * 0.4
    _, gradient = space.value_and_gradient(angles, alpha)
    step = 1e-6
    for k in range(4):
        ends = [space.value(angles + sign * step * (np.arange(4) == k), alpha) for sign in (1, -1)]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=2e-4 * space.deviation)


def test_single_precision_is_close() -> None:
    """What training sees differs from float64 by less than a millionth of the range or so."""
    for mixer in MIXERS:
        pair = [space_of(mixer, 5, double=double) for double in (False, True)]
        angles = np.array([0.2, 0.5, -0.6, -0.3])
        fast, exact = (space.value(angles) for space in pair)
        assert fast == pytest.approx(exact, abs=1e-5 * (pair[0].worst - pair[0].best))


def test_scaled_angles_know_no_units() -> None:
    """Costs times a thousand plus a constant: the same scaled angles give the same probabilities."""
    problem = ising_problem(3, np.random.default_rng(1), 6, 6).polynomial
    larger = Polynomial(problem.n, 1000 * problem.offset + 7, {k: 1000 * w for k, w in problem.terms.items()})
    angles = np.array([0.3, 0.5, -0.6, -0.2])
    one, other = (Landscape(p, ansatz_for(problem.n, (), 2)) for p in (problem, larger))
    assert one.probabilities(angles) == pytest.approx(other.probabilities(angles), abs=1e-5)
    assert one.shape.skewness == pytest.approx(other.shape.skewness)
    assert one.ratio(one.value(angles)) == pytest.approx(other.ratio(other.value(angles)), abs=1e-5)


def test_the_share_of_fields() -> None:
    """Fields alone make all of the variance, couplings of spins alone none of it."""
    fields = Landscape(Polynomial(3, 0.0, {(0,): 1.0, (1,): -2.0, (2,): 0.5}), ansatz_for(3, (), 1))
    assert fields.shape.linear_share == pytest.approx(1.0)
    coupled = ising_problem(0, np.random.default_rng(0), 6, 6).polynomial
    assert Landscape(coupled, ansatz_for(6, (), 1)).shape.linear_share == pytest.approx(0.0, abs=1e-12)


def test_probabilities_of_the_best() -> None:
    """The probability of the least energy counts every state that has it, and a level may be named."""
    space = Landscape(Polynomial(3, 0.0, {(0,): 1.0}), ansatz_for(3, (), 1))
    angles = np.zeros(2)
    assert space.probability(angles) == pytest.approx(0.5, abs=1e-6)
    assert space.probability(angles, 1.0) == pytest.approx(1.0)
    assert space.probability(angles, -1.0) == 0.0


def test_a_constant_is_flat() -> None:
    """Where all states have one energy nothing is scaled and every derivative is 0."""
    space = Landscape(Polynomial(3, 5.0, {}), ansatz_for(3, (), 1))
    value, gradient = space.value_and_gradient(np.array([0.3, -0.2]))
    assert space.flat
    assert (space.scale, space.ratio(5.0), space.shape.linear_share) == (1.0, 1.0, 0.0)
    assert (value, *gradient) == pytest.approx((5.0, 0.0, 0.0), abs=1e-6)


def test_samples_follow_the_distribution() -> None:
    """A thousand shots stand near their probabilities; the same seed gives the same, and groups are kept."""
    problem = assignment(3, np.random.default_rng(0))
    space = Landscape(problem.polynomial, ansatz_for(9, problem.groups, 1))
    angles = np.array([0.4, -0.5])
    samples, times = space.sample(angles, 4000, seed=3)
    again = space.sample(angles, 4000, seed=3)
    assert (samples == again[0]).all()
    assert (times == again[1]).all()
    assert times.sum() == 4000
    assert (samples.reshape(-1, 3, 3).sum(axis=2) == 1).all()
    share = np.zeros(27)
    share[space.ansatz.register.number(samples)] = times / 4000
    assert share == pytest.approx(space.probabilities(angles), abs=0.04)


def test_evaluations_are_counted_once() -> None:
    """A held state costs nothing; CVaR with its gradient counts as one evaluation."""
    space = space_of("x", 1)
    angles = np.array([0.3, -0.2])
    space.value(angles)
    space.probabilities(angles)
    space.value(angles, 0.2)
    assert space.evaluations == 1
    space.value_and_gradient(angles + 0.1, 0.2)
    assert space.evaluations == 2


def test_many_states_are_looked_through_in_parts() -> None:
    """CVaR of more states than one part holds, for shares that need all of them too, is that of the definition."""
    problem = ising_problem(2, np.random.default_rng(4), 13, 13).polynomial
    space = Landscape(problem, ansatz_for(13, (), 1))
    angles = np.array([0.3, -0.4])
    weights = space.probabilities(angles)
    for alpha in (0.01, 0.5, 0.999999):
        expected = cvar(space.diagonal, weights, alpha)
        assert space.value(angles, alpha) == pytest.approx(expected, abs=1e-6 * (space.worst - space.best))


def test_fingerprints_tell_problems_and_circuits_apart() -> None:
    """Depth apart, everything that changes a value changes the fingerprint, and nothing else does."""
    terms = {(0,): 1.0, (1, 2): 2.0}
    base = Polynomial(3, 0.0, terms)
    cases = [
        Landscape(base, ansatz_for(3, (), 1)),
        Landscape(base, ansatz_for(3, (), 1, "grover")),
        Landscape(base, ansatz_for(3, [(1, 2)], 1)),
        Landscape(base, ansatz_for(3, (), 1, warm=[0.3, 0.5, 0.5])),
        Landscape(base, ansatz_for(3, (), 1), double=True),
        Landscape(Polynomial(3, 0.0, terms | {(0,): 1.0 + 1e-15}), ansatz_for(3, (), 1)),
        Landscape(Polynomial(3, 1.0, terms), ansatz_for(3, (), 1)),
    ]
    assert len({space.fingerprint for space in cases}) == len(cases)
    same = Landscape(Polynomial(3, 0.0, dict(reversed(terms.items()))), ansatz_for(3, (), 4))
    assert same.fingerprint == cases[0].fingerprint


def test_a_stop_and_a_lack_of_memory_are_told() -> None:
    """A stop interrupts an evaluation; too many states are refused before the diagonal is made."""
    problem = ising_problem(0, np.random.default_rng(0), 6, 6).polynomial
    with pytest.raises(InterruptedError):
        Landscape(problem, ansatz_for(6, (), 1), stop=lambda: True).value(np.array([0.3, -0.2]))
    with pytest.raises(UnsupportedError, match="6 qubits"):
        Landscape(problem, ansatz_for(6, (), 1), memory=100)


@pytest.mark.parametrize("unit", [1e-13, 1.0, 1e9])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_what_is_said_does_not_depend_on_the_unit_of_the_energies(unit: float, offset: float) -> None:
    """Probability of the optimum and ratio are those of the same problem in other units, and beside a large offset."""
    terms = {(0,): 1.0, (1,): -2.0, (0, 1): 3.0, (1, 2): -1.5, (2,): 0.5}
    plain = Landscape(Polynomial(3, 0.0, terms), ansatz_for(3, [], 1))
    other = Landscape(
        Polynomial(3, offset * unit, {term: unit * weight for term, weight in terms.items()}), ansatz_for(3, [], 1)
    )
    angles = np.array([0.4, -0.3])
    assert not other.flat
    assert other.probability(angles) == pytest.approx(plain.probability(angles), abs=1e-4)
    assert other.ratio(other.value(angles)) == pytest.approx(plain.ratio(plain.value(angles)), abs=1e-4)


def test_a_run_that_was_told_to_end_can_be_measured_once_it_is_finished() -> None:
    """`stop` interrupts the circuit until `finish` says that what is there is to be measured."""
    landscape = Landscape(Polynomial(2, 0.0, {(0, 1): 1.0}), ansatz_for(2, [], 1), stop=lambda: True)
    with pytest.raises(InterruptedError):
        landscape.value(np.array([0.1, 0.2]))
    landscape.finish()
    assert landscape.sample(np.array([0.1, 0.2]), 10, 1)[1].sum() == 10
