"""The front door: from counts to a state with figures and intervals, and to what a result file holds."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from qamctl.errors import UsageError
from qamctl.quantum.mitigation.readout import tensor_product
from qamctl.reason.bases import outcome_chances
from qamctl.reason.spec import Complex
from qamctl.reason.tomography.figures import entropy, fidelity, purity, trace_distance
from qamctl.reason.tomography.reconstruct import reconstruct
from qamctl.reason.tomography.settings import product_bases

FLIPS = np.array([[[0.97, 0.08], [0.03, 0.92]], [[0.99, 0.02], [0.01, 0.98]]])
PSI = np.array([0.5, 0.5j, -0.1, 0.7])


def noisy() -> Complex:
    """[4, 4] PSI with some noise."""
    return 0.9 * np.outer(PSI, PSI.conj()) + 0.025 * np.eye(4)


def counts_of(rho: Complex, shots: int, seed: int) -> dict[str, Any]:
    """Counts of all bases with errors of readout, other numbers of shots in each."""
    rng, qubits = np.random.default_rng(seed), len(rho).bit_length() - 1
    return {
        basis: rng.multinomial(shots + 7 * k, tensor_product(FLIPS[:qubits], outcome_chances(rho, basis)))
        for k, basis in enumerate(product_bases(qubits))
    }


def test_figures_are_those_of_the_state_and_intervals_hold_the_truth() -> None:
    """Every figure is that of rho; with 20,000 shots a basis the true ones are within their intervals."""
    counts = counts_of(noisy(), 20_000, 1)
    found = reconstruct(counts, FLIPS, ideal=PSI, resamples=100, seed=3)
    assert found.converged
    assert found.iterations > 0
    assert found.shots == 9 * 20_000 + 7 * 36
    assert fidelity(found.rho, noisy()) > 0.998
    assert found.purity == purity(found.rho)
    assert found.entropy == entropy(found.rho)
    assert found.fidelity == fidelity(found.rho, PSI)
    assert found.trace_distance == trace_distance(found.rho, PSI)
    rho = noisy()
    truth = {"purity": purity(rho), "fidelity": fidelity(rho, PSI), "trace_distance": trace_distance(rho, PSI)}
    assert found.intervals.keys() == truth.keys()
    for name, (low, high) in found.intervals.items():
        assert low <= truth[name] <= high, name
        assert 0 < high - low < 0.05
    # What readout does is no small thing here: without its confusion the state is another.
    assert fidelity(reconstruct(counts, resamples=0).rho, noisy()) < 0.98


def test_equal_seeds_give_equal_intervals() -> None:
    """And others do not; the state does not depend on them."""
    counts = counts_of(noisy(), 300, 2)
    one, again, other = (reconstruct(counts, FLIPS, resamples=20, seed=seed) for seed in (5, 5, 6))
    assert one.intervals == again.intervals != other.intervals
    assert np.array_equal(one.rho, other.rho)


def test_without_an_ideal_state_and_without_resamples() -> None:
    """There is no fidelity, and there are no intervals."""
    found = reconstruct(counts_of(noisy(), 300, 2), FLIPS, resamples=0)
    assert (found.fidelity, found.trace_distance, dict(found.intervals)) == (None, None, {})
    assert found.to_dict().keys() == {"rho", "purity", "entropy", "intervals", "shots", "iterations", "converged"}
    assert set(reconstruct(counts_of(noisy(), 300, 2), resamples=5).intervals) == {"purity"}


def test_what_a_result_file_holds() -> None:
    """Plain JSON with six digits, from which the state comes back."""
    found = reconstruct(counts_of(noisy(), 300, 2), FLIPS, ideal=PSI, resamples=10)
    told = json.loads(json.dumps(found.to_dict()))
    rho = np.array(told["rho"]["real"]) + 1j * np.array(told["rho"]["imag"])
    assert rho == pytest.approx(found.rho, abs=1e-6)
    assert told["fidelity"] == round(found.fidelity or 0, 6)
    assert told["intervals"]["purity"] == [round(end, 6) for end in found.intervals["purity"]]
    assert told["converged"] is True
    assert "-0.0," not in json.dumps(found.to_dict())


def test_an_ideal_state_of_fewer_paths() -> None:
    """Three paths on two qubits: the fourth is empty; amplitudes and matrices say the same."""
    counts, three = counts_of(noisy(), 300, 2), np.array([0.6, 0, 0.8j])
    given = (three, np.append(three, 0), np.outer(three, three.conj()))
    found = [reconstruct(counts, ideal=ideal, resamples=0).fidelity for ideal in given]
    assert found == pytest.approx([found[0]] * 3)


@pytest.mark.parametrize(
    ("ideal", "told"),
    [
        (np.ones(4), "sum to 1"),
        (np.ones(5) / 5**0.5, "4 amplitudes"),
        (np.eye(4), "sum to 1"),
        (np.diag([1.5, -0.5, 0, 0]), "0 or more"),
        (np.array([[0.5, 1], [0, 0.5]]), "the ideal state is none"),
        (np.eye(4)[:2], "4 amplitudes"),
        (np.array([np.nan, 1]), "sum to 1"),
    ],
)
def test_what_is_no_ideal_state_is_refused(ideal: Any, told: str) -> None:
    """Neither other sizes nor what is no state."""
    with pytest.raises(UsageError, match=told):
        reconstruct(counts_of(noisy(), 30, 2), ideal=ideal, resamples=0)


@pytest.mark.parametrize("given", [{"resamples": -1}, {"hedge": -0.1}, {"hedge": np.inf}, {"hedge": np.nan}])
def test_numbers_below_nothing_are_refused(given: dict[str, Any]) -> None:
    """Of resamples, and of the hedge."""
    with pytest.raises(UsageError, match="make no sense"):
        reconstruct(counts_of(noisy(), 30, 2), **given)


def test_without_a_hedge_the_state_is_likelier() -> None:
    """The hedge costs likelihood, and leaves no eigenvalue at 0."""
    counts = counts_of(np.outer(PSI, PSI.conj()), 300, 4)
    plain, hedged = reconstruct(counts, FLIPS, hedge=0, resamples=0), reconstruct(counts, FLIPS, resamples=0)

    def level(rho: Complex) -> float:
        return sum(
            float(row @ np.log(tensor_product(FLIPS, outcome_chances(rho, basis)))) for basis, row in counts.items()
        )

    assert level(plain.rho) > level(hedged.rho)
    assert np.linalg.eigvalsh(hedged.rho)[0] > 1e-4 > np.linalg.eigvalsh(plain.rho)[0]
