"""States that simulated machines make, reconstructed and held against what they truly are before readout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

pytest.importorskip("qiskit_aer", reason="the noise is simulated by qiskit-aer")

from qamctl.quantum.mitigation.calibration import measure_calibration
from qamctl.quantum.noise import PRESETS, native_form, noise_model
from qamctl.reason.spec import Complex
from qamctl.reason.tomography.figures import fidelity
from qamctl.reason.tomography.reconstruct import reconstruct
from qamctl.reason.tomography.settings import product_bases, turned

SHOTS = 4096
STATES = 5


def reasoning(qubits: int, rng: np.random.Generator) -> QuantumCircuit:
    """A prior, and a context that couples its paths."""
    circuit = QuantumCircuit(qubits)
    circuit.prepare_state(np.sqrt(rng.dirichlet(np.ones(1 << qubits))), range(qubits))
    for qubit in range(qubits - 1):
        circuit.rzz(0.7 * rng.normal(), qubit, qubit + 1)
    for qubit in range(qubits):
        circuit.rx(0.7 * rng.normal(), qubit)
    return circuit


class Machine:
    """Runs circuits as `backend noisy` does, and tells the state before their measurements."""

    def __init__(self, preset: str, seed: int) -> None:
        from qiskit_aer import AerSimulator

        self.preset, self.seed = preset, seed
        self.simulator = AerSimulator(
            noise_model=noise_model(PRESETS[preset]), method="density_matrix", max_parallel_threads=1
        )

    def __call__(self, circuits: Any) -> list[dict[str, int]]:
        """Counts; each circuit has a seed of its own."""
        found = []
        for circuit in circuits:
            self.seed += 1
            native = native_form(circuit, self.preset)
            result = self.simulator.run(native, shots=SHOTS, seed_simulator=self.seed).result()
            found.append(dict(result.get_counts()))
        return found

    def state(self, circuit: QuantumCircuit) -> Complex:
        """The density matrix of the qubits that end up in bits 0, 1, ..."""
        native = native_form(circuit, self.preset)
        before, place = native.copy_empty_like(), {}
        for step in native.data:
            if step.operation.name == "measure":
                place[native.find_bit(step.clbits[0]).index] = step.qubits[0]
            else:
                before.append(step)
        before.save_density_matrix([place[bit] for bit in sorted(place)])
        return np.asarray(self.simulator.run(before).result().data()["density_matrix"])


def campaign(preset: str, qubits: int) -> tuple[list[float], list[float]]:
    """Fidelities to the true noisy states, with readout mitigated and without."""
    rng, machine, wires = np.random.default_rng(qubits), Machine(preset, 1000), list(range(qubits))
    calibration = measure_calibration(machine, wires, target=preset, time="2026-11-20")
    mitigated, raw = [], []
    for _ in range(STATES):
        circuit = reasoning(qubits, rng)
        true = machine.state(turned(circuit, wires, "Z" * qubits, wires))
        bases = product_bases(qubits)
        counts = {}
        for basis, read in zip(bases, machine([turned(circuit, wires, b, wires) for b in bases]), strict=True):
            counts[basis] = np.zeros(1 << qubits, np.int64)
            for bits, often in read.items():
                counts[basis][int(bits, 2)] = often
        for confusion, out in ((calibration.matrices, mitigated), (None, raw)):
            found = reconstruct(counts, confusion, resamples=0)
            assert found.converged
            out.append(float(fidelity(found.rho, true)))
    return mitigated, raw


@pytest.mark.parametrize("preset", PRESETS)
def test_two_qubits(preset: str) -> None:
    """Mean fidelity to the true noisy state at least 0.99, none below 0.98; better than without mitigation."""
    mitigated, raw = campaign(preset, 2)
    assert np.mean(mitigated) >= 0.99
    assert min(mitigated) >= 0.98
    assert np.mean(mitigated) > np.mean(raw)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_three_qubits(preset: str) -> None:
    """Mean fidelity to the true noisy state at least 0.985, none below 0.98; better than without mitigation."""
    mitigated, raw = campaign(preset, 3)
    assert np.mean(mitigated) >= 0.985
    assert min(mitigated) >= 0.98
    assert np.mean(mitigated) > np.mean(raw)
