"""Calibration circuits, and what their counts tell."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pytest
from support.noisy_circuits import executor

from qamctl.errors import BackendError, UsageError
from qamctl.quantum.mitigation.calibration import (
    Calibration,
    calibrate,
    calibration_circuits,
    measure_calibration,
    prepared_states,
)

EXACT = Calibration("lab", "2026-11-20T12:00:00+00:00", 0, (0, 2), (((0.9, 0.2), (0.1, 0.8)), ((1.0, 0.0), (0.0, 1.0))))


def test_ends_are_all_zeros_and_all_ones() -> None:
    """Two circuits, which measure qubit k of the list into bit k."""
    zeros, ones = calibration_circuits([3, 1])
    assert zeros.count_ops() == {"measure": 2, "barrier": 1}
    assert ones.count_ops() == {"x": 2, "measure": 2, "barrier": 1}
    pairs = [(zeros.find_bit(s.qubits[0]).index, zeros.find_bit(s.clbits[0]).index) for s in zeros.data[1:]]
    assert pairs == [(3, 0), (1, 1)]


@pytest.mark.parametrize("qubits", [1, 2, 3, 5, 8, 13])
def test_balanced_states_meet_every_pair_of_values(qubits: int) -> None:
    """Each qubit is 0 and 1 equally often, and any two are in each of their four states."""
    states = prepared_states(qubits, "balanced")
    assert (2 * states.sum(axis=0) == len(states)).all()
    assert all(len({tuple(pair) for pair in states[:, [a, b]]}) == 4 for a, b in combinations(range(qubits), 2))


def test_counts_give_matrices_by_hand() -> None:
    """Bit 0 reads 1 for 0 in 10 of 100 shots; bit 1 never errs; counts of 0 stay probabilities of 0."""
    given = [{"00": 90, "01": 10}, {"11": 80, "10": 20, "00": 0}]
    found = calibrate(given, [0, 2], target="lab", time=EXACT.time)
    assert found == dataclasses.replace(EXACT, shots=100)
    assert found.of([2, 0]).tolist() == [[[1, 0], [0, 1]], [[0.9, 0.2], [0.1, 0.8]]]


@pytest.mark.parametrize("patterns", ["ends", "balanced"])
def test_a_simulated_target_tells_its_readout(patterns: str) -> None:
    """The flips that the simulator was given come back within five standard errors."""
    run = executor(20_000, 5, readout=(0.02, 0.05))
    found = measure_calibration(run, [0, 1, 4], target="aer", time="2026-11-20", patterns=patterns)
    runs = found.shots
    assert runs == (20_000 if patterns == "ends" else 60_000)
    assert np.abs(found.matrices[:, 1, 0] - 0.02).max() < 5 * np.sqrt(0.02 / runs)
    assert np.abs(found.matrices[:, 0, 1] - 0.05).max() < 5 * np.sqrt(0.05 / runs)


def test_what_makes_no_calibration_is_refused() -> None:
    """Unknown patterns, no qubits, one named twice or below 0, and fields that no calibration holds."""
    for qubits in ([], [1, 1], [-1]):
        with pytest.raises(UsageError, match="at least one qubit"):
            calibration_circuits(qubits)
    with pytest.raises(UsageError, match="no calibration patterns 'most'"):
        calibration_circuits([0], "most")
    half = ((0.5, 0.5), (0.4, 0.5))
    for fields in (
        {"target": ""}, {"time": "noon"}, {"shots": -1}, {"qubits": (0, 0)}, {"qubits": ()}, {"qubits": (-1, 0)},
        {"confusion": EXACT.confusion[:1]}, {"confusion": (half, half)},
    ):  # fmt: skip
        with pytest.raises(UsageError, match="a calibration can't hold this"):
            dataclasses.replace(EXACT, **fields)


def test_counts_of_another_calibration_are_refused() -> None:
    """Too few results, and results of other bits, are the target's fault."""
    with pytest.raises(BackendError, match="1 results for 2"):
        calibrate([{"0": 1}], [0], target="lab", time="2026-11-20")
    with pytest.raises(BackendError, match="2 bits of a calibration circuit that has 1"):
        calibrate([{"00": 1}, {"11": 1}], [0], target="lab", time="2026-11-20")


def test_qubits_that_were_not_calibrated_are_named() -> None:
    """The matrices of an unknown qubit can't be had."""
    with pytest.raises(UsageError, match="does not know qubit 1"):
        EXACT.of([0, 1])
