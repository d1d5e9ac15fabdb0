"""Circuits of codes: quiet without noise, and safe against every single fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stim

from qamctl.quantum.codes.circuits import Noise, detection, repetition, steane

NONE, SOME = Noise(0.0, 0.0, 0.0), Noise(0.01, 0.02, 0.03)


def three_repetition(rounds: int, noise: Noise) -> Any:
    return repetition(3, rounds, noise)


@pytest.mark.parametrize("circuit", [three_repetition, steane, detection])
def test_without_noise_nothing_fires(circuit: Callable[[int, Noise], Any]) -> None:
    """No detector and no logical flip, shot after shot, though some measurements are random."""
    fired, flipped = circuit(2, NONE).compile_detector_sampler(seed=1).sample(200, separate_observables=True)
    assert not fired.any()
    assert not flipped.any()
    assert circuit(2, SOME).num_measurements == circuit(2, NONE).num_measurements


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_detection_sees_every_single_fault_that_matters(rounds: int) -> None:
    """No error of the model flips a logical qubit without firing a detector: the distance is 2."""
    model = detection(rounds, SOME).detector_error_model()
    silent = [
        e
        for e in model.flattened()
        if e.type == "error" and not any(t.is_relative_detector_id() for t in e.targets_copy())
    ]
    assert silent == []


@pytest.mark.parametrize("rounds", [1, 2])
def test_the_steane_code_survives_every_single_fault(rounds: int) -> None:
    """No two errors of the model fire the same detectors and differ in the logical flip: the flags see to that."""
    seen: dict[frozenset[int], set[bool]] = {}
    for error in steane(rounds, SOME).detector_error_model().flattened():
        if error.type == "error":
            targets = error.targets_copy()
            detectors = frozenset(t.val for t in targets if t.is_relative_detector_id())
            seen.setdefault(detectors, set()).add(any(t.is_logical_observable_id() for t in targets))
    assert seen.setdefault(frozenset(), {False}) == {False}
    assert all(len(flips) == 1 for flips in seen.values())


def test_the_checks_hold_on_the_encoded_state() -> None:
    """Both kinds of checks of the detection code have the value +1 after its preparation, and logical Z too."""
    circuit = detection(0, NONE)
    simulator = stim.TableauSimulator()
    simulator.do(
        stim.Circuit(
            "".join(f"{line}\n" for line in str(circuit).splitlines()[:-4] if not line.startswith("X_ERROR(0) 0"))
        )
    )
    for check in ("XXXX", "ZZZZ", "ZZII", "ZIZI"):
        assert simulator.peek_observable_expectation(stim.PauliString(check)) == 1


def test_bare_qubits_by_hand() -> None:
    """One round: kept by storage with 1 - 2p/3, by readout with 1 - m, or flipped by both."""
    noise, stored = Noise(0.0, 0.1, 0.3), 2 * 0.3 / 3
    right = (1 - stored) * 0.9 + stored * 0.1
    assert noise.bare(1) == pytest.approx(1 - right)
    assert noise.bare(1, 2) == pytest.approx(1 - right**2)
    assert noise.bare(0) == pytest.approx(0.1)
