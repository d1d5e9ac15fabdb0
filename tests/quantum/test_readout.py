"""Readout, inverted: against matrices written out, against the truth in simulation, and against each other."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.errors import BackendError, UsageError
from qamctl.quantum.mitigation import readout
from qamctl.quantum.mitigation.calibration import Calibration
from qamctl.quantum.mitigation.observables import Observable, Share, ZProduct, all_samples, values_of
from qamctl.quantum.mitigation.outcomes import Estimate, Outcomes, bitstrings, read_counts
from qamctl.quantum.mitigation.readout import Corrected, correct, correct_with, nearest_distribution
from qamctl.quantum.polynomial import Polynomial
from qamctl.qubo.model import Floats

ONE = np.array([[[0.9, 0.2], [0.1, 0.8]]])
FLIP = st.floats(0.0, 0.2)


def confusion(*flips: tuple[float, float]) -> Floats:
    """[bits, 2, 2] matrices from P(1|0) and P(0|1)."""
    return np.array([[[1 - a, b], [a, 1 - b]] for a, b in flips])


def whole(matrices: Floats) -> Floats:
    """[2^bits, 2^bits] the confusion of all outcomes, by Kronecker products: the highest bit first."""
    return reduce(np.kron, matrices[::-1])


def counted(p: Floats, shots: int) -> Outcomes:
    """All outcomes with as many shots as their probabilities say."""
    return Outcomes(all_samples(int(np.log2(len(p)))), p * shots)


def ends(bits: int) -> Share:
    """P(0...0) + P(1...1)."""
    return Share(frozenset({"0" * bits, "1" * bits}))


def ghz_outcomes(bits: int, flips: tuple[float, float], shots: int, seed: int) -> Outcomes:
    """Samples of a GHZ state, each bit flipped on its own."""
    rng = np.random.default_rng(seed)
    ones = rng.random((shots, 1)) < 0.5
    chance = np.where(ones, flips[1], flips[0])
    rows = np.repeat(ones, bits, axis=1) ^ (rng.random((shots, bits)) < chance)
    samples, often = np.unique(rows.astype(np.uint8), axis=0, return_counts=True)
    return Outcomes(samples, often.astype(np.float64))


@pytest.mark.parametrize("method", ["tensored", "subspace"])
def test_one_qubit_by_hand(method: str) -> None:
    """(0.76, 0.24) is what 0.8 zeros and 0.2 ones are read as."""
    found = correct(read_counts({"0": 76, "1": 24}), ONE, method=method)
    assert found.quasi == pytest.approx([0.8, 0.2])
    mean = found.expectation(ZProduct((0,)))
    # w = A^-T (1, -1) = (9/7, -11/7): the variance of a coin of 0.76 with these faces, over 100 shots.
    assert mean.value == pytest.approx(0.6)
    assert mean.error == pytest.approx((20 / 7) * np.sqrt(0.76 * 0.24 / 100))
    assert mean.overhead == pytest.approx((10 / 7) ** 2)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(FLIP, FLIP), min_size=1, max_size=5), st.integers(0, 2**32))
def test_a_known_confusion_is_undone(flips: list[tuple[float, float]], seed: int) -> None:
    """Over all outcomes both methods give back the distribution that the Kronecker product confused."""
    matrices = confusion(*flips)
    truth = np.random.default_rng(seed).dirichlet(np.ones(1 << len(flips)))
    outcomes = counted(whole(matrices) @ truth, 1000)
    for method in ("tensored", "subspace"):
        found = correct(outcomes, matrices, method=method)
        assert found.quasi == pytest.approx(truth, abs=1e-9)
        assert found.probabilities() == pytest.approx(truth, abs=1e-9)


def test_a_seen_outcome_stays_even_with_no_shots() -> None:
    """The subspace is what the counts name; zeros are part of it."""
    found = correct(read_counts({"00": 90, "11": 0, "01": 10}), confusion((0.1, 0.1), (0.1, 0.1)), method="subspace")
    assert (found.method, bitstrings(found.samples)) == ("dense", ["00", "11", "01"])
    assert found.quasi.sum() == pytest.approx(1)


def test_the_iterative_system_is_the_dense_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """By products through all outcomes, by blocks of pairs, and by factorisation: the same numbers and errors."""
    outcomes = ghz_outcomes(12, (0.02, 0.05), 6000, 3)
    matrices = confusion(*[(0.02 + k / 500, 0.05 - k / 500) for k in range(12)])

    def corrected() -> tuple[Corrected, Estimate]:
        found = correct(outcomes, matrices, calibration_shots=500, method="subspace")
        return found, found.expectation(lambda samples: ends(12)(samples))  # a function that it can't look into

    dense, expected = corrected()
    assert dense.method == "dense"
    monkeypatch.setattr(readout, "DENSE", 10)
    for largest in (22, 3):
        monkeypatch.setattr(readout, "LARGEST", largest)
        found, mean = corrected()
        assert found.method == "iterative"
        assert found.quasi == pytest.approx(dense.quasi, abs=1e-8)
        assert found.unseen == pytest.approx(dense.unseen)
        assert (mean.value, mean.error, mean.overhead) == pytest.approx(
            (expected.value, expected.error, expected.overhead), rel=1e-6
        )


COST = Polynomial(12, 0.5, {(0,): 1.0, (2, 11): -2.0, (1, 3, 4): 1.5})


@pytest.mark.parametrize("observable", [ends(12), ZProduct((0, 3, 11)), ZProduct(()), COST])
def test_sums_of_products_are_undone_as_by_all_inverses(observable: Observable) -> None:
    """Bit by bit on the outcomes that were seen, the mean and its error are those of the whole tensor product."""
    outcomes = ghz_outcomes(12, (0.03, 0.06), 2000, 8)
    matrices = confusion(*[(0.02 + k / 500, 0.05 - k / 500) for k in range(12)])
    whole_way = correct(outcomes, matrices, calibration_shots=700, method="tensored")
    expected = whole_way.expectation(lambda samples: values_of(observable, samples))
    for method in ("tensored", "subspace"):
        found = correct(outcomes, matrices, calibration_shots=700, method=method).expectation(observable)
        assert found.value == pytest.approx(expected.value, abs=1e-12)
        assert found.error == pytest.approx(expected.error, abs=1e-12)


def test_forty_qubits_are_corrected_without_a_vector_of_all_outcomes() -> None:
    """A GHZ state's two ends come back without bias, and what the subspace misses is told."""
    outcomes = ghz_outcomes(40, (0.02, 0.05), 4000, 1)
    found = correct(outcomes, confusion(*[(0.02, 0.05)] * 40))
    assert found.method == "iterative"
    mean = found.expectation(ends(40))
    assert outcomes.expectation(ends(40)).value < 0.4
    assert mean.value == pytest.approx(1, abs=4 * mean.error)
    assert mean.error < 0.1
    parity = found.expectation(ZProduct((3, 39)))
    assert parity.value == pytest.approx(1, abs=4 * parity.error)
    assert found.unseen > 0.1
    assert found.quasi.sum() == pytest.approx(1)


@pytest.mark.parametrize("method", ["tensored", "subspace"])
@pytest.mark.parametrize("seen_through", [True, False])
def test_standard_errors_are_those_of_repetition(method: str, seen_through: bool) -> None:
    """Over many runs, each with its own calibration, values scatter as their errors say: on every way."""
    rng = np.random.default_rng(11)
    true = confusion((0.05, 0.1), (0.02, 0.08), (0.1, 0.04))
    state = np.zeros(8)
    state[[0, 7, 3]] = 0.5, 0.3, 0.2
    read, cost = whole(true) @ state, Polynomial(3, 0.0, {(0,): 1.0, (1, 2): 2.0})
    values, errors = [], []
    for _ in range(400):
        seen = rng.multinomial(1000, read).astype(np.float64)
        flips = rng.binomial(400, [[m[1, 0], m[0, 1]] for m in true]) / 400
        matrices = confusion(*[(float(a), float(b)) for a, b in flips])
        found = correct(Outcomes(all_samples(3), seen), matrices, calibration_shots=400, method=method)
        mean = found.expectation(cost if seen_through else cost.energy)
        values.append(mean.value)
        errors.append(mean.error)
    # 400 runs know a standard deviation to 3.5 %.
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.12)
    assert np.mean(values) == pytest.approx(state @ cost.energy(all_samples(3)), abs=4 * np.std(values) / 20)


def test_without_shots_of_a_calibration_it_is_exact() -> None:
    """An exactly known confusion adds no error; more of its shots add less."""
    outcomes, z = read_counts({"00": 500, "01": 300, "11": 200}), ZProduct((0, 1))
    errors = [
        correct(outcomes, confusion((0.1, 0.1), (0.1, 0.1)), calibration_shots=shots).expectation(z).error
        for shots in (0, 10_000, 100)
    ]
    assert errors[0] < errors[1] < errors[2]


def test_a_constant_has_no_error() -> None:
    """Quasi-probabilities sum to 1, so nothing is gained or lost on it."""
    mean = correct(read_counts({"0": 5, "1": 9}), ONE, calibration_shots=10).expectation(lambda s: np.full(len(s), 3.0))
    assert (mean.value, mean.overhead) == (pytest.approx(3), 1.0)
    assert mean.error == pytest.approx(0, abs=1e-12)


def test_the_nearest_distribution_by_hand() -> None:
    """(0.7, 0.5, -0.2): the last becomes 0, and the rest is lowered by 0.1 each."""
    assert nearest_distribution(np.array([0.7, 0.5, -0.2])) == pytest.approx([0.6, 0.4, 0])


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8))
def test_no_distribution_is_nearer(numbers: list[float]) -> None:
    """It is a distribution, and the rest makes no acute angle with the way to any corner of the simplex."""
    quasi = np.array(numbers)
    quasi += (1 - quasi.sum()) / len(quasi)
    p = nearest_distribution(quasi)
    assert p.min() >= 0
    assert p.sum() == pytest.approx(1)
    assert ((np.eye(len(p)) - p) @ (quasi - p) <= 1e-9).all()


def test_the_distribution_names_its_bitstrings() -> None:
    """The nearest one, without zeros."""
    found = correct(read_counts({"00": 95, "01": 5}), confusion((0.1, 0.1), (0.0, 0.1)))
    assert found.distribution() == {"00": pytest.approx(1)}


def test_a_calibration_is_looked_up_by_the_measured_qubits() -> None:
    """Bit 0 holds qubit 7, bit 1 qubit 2."""
    calibration = Calibration("lab", "2026-11-20", 0, (2, 7), (((1.0, 0.0), (0.0, 1.0)), ((0.9, 0.2), (0.1, 0.8))))
    found = correct_with(read_counts({"00": 76, "01": 24}), calibration, (7, 2))
    assert found.distribution() == {"00": pytest.approx(0.8), "01": pytest.approx(0.2)}


def test_readout_that_says_nothing_is_refused() -> None:
    """As many flips as not can't be undone, nor can numbers that are none."""
    outcomes = read_counts({"00": 1})
    for flips in ((0.5, 0.5), (0.6, 0.39), (0.9, 0.8), (np.nan, 0.1)):
        with pytest.raises(BackendError, match="bit 1 reads 1 for 0 with probability"):
            correct(outcomes, confusion((0.1, 0.1), flips))


def test_a_system_that_can_not_be_solved_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outcomes that read alike, densely and by iteration."""
    outcomes = ghz_outcomes(12, (0.3, 0.3), 300, 0)
    monkeypatch.setattr(readout, "LEAST", -1.0)
    with pytest.raises(BackendError, match="can't be told apart"), pytest.warns(match="singular|Singular|zero"):
        assert correct(outcomes, confusion(*[(0.5, 0.5)] * 12), method="subspace").quasi is None
    monkeypatch.setattr(readout, "DENSE", 1)
    monkeypatch.setattr(readout, "_TOLERANCE", 1e-300)
    with pytest.raises(BackendError, match="did not converge"):
        assert correct(outcomes, confusion(*[(0.2, 0.2)] * 12), method="subspace").quasi is None


def test_what_does_not_fit_is_refused() -> None:
    """Unknown methods, matrices of other bits, and too many outcomes."""
    with pytest.raises(UsageError, match="no readout correction 'm3'"):
        correct(read_counts({"0": 1}), ONE, method="m3")
    with pytest.raises(UsageError, match="2 measured bits need 2"):
        correct(read_counts({"00": 1}), ONE)
    with pytest.raises(UsageError, match="too many outcomes"):
        correct(read_counts({"0" * 30: 1}), confusion(*[(0.1, 0.1)] * 30), method="tensored")
