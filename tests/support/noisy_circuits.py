"""Circuits and a noisy executor for tests and benchmarks of error mitigation: qiskit's own simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from qamctl.quantum.polynomial import Polynomial

#: Angles of two layers, as good as any for these instances.
GAMMA, BETA = 0.4, (0.5, 0.3)


def executor(
    shots: int, seed: int, *, two: float = 0.0, one: float = 0.0, readout: tuple[float, float] = (0.0, 0.0)
) -> Callable[[Sequence[Any]], list[Mapping[str, int]]]:
    """Runs circuits with depolarising gates (of two and of one qubit) and readout P(1|0), P(0|1)."""
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    model = NoiseModel()
    if two:
        model.add_all_qubit_quantum_error(depolarizing_error(two, 2), ["cx"])
    if one:
        model.add_all_qubit_quantum_error(depolarizing_error(one, 1), ["h", "x", "rx", "rz", "sx", "ry"])
    if any(readout):
        low, high = readout
        model.add_all_qubit_readout_error(ReadoutError([[1 - low, low], [high, 1 - high]]))
    method = "density_matrix" if two or one else "automatic"
    simulator = AerSimulator(method=method, noise_model=model, max_parallel_threads=1)

    def run(circuits: Sequence[Any]) -> list[Mapping[str, int]]:
        result = simulator.run(list(circuits), shots=shots, seed_simulator=seed).result()
        return [result.get_counts(k) for k in range(len(circuits))]

    return run


def ghz(qubits: int) -> Any:
    """(|0...0> + |1...1>) / sqrt 2, measured."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(qubits, qubits)
    circuit.h(0)
    for q in range(qubits - 1):
        circuit.cx(q, q + 1)
    circuit.measure(range(qubits), range(qubits))
    return circuit


def qaoa(qubits: int, seed: int) -> tuple[Any, Polynomial]:
    """Two layers on a ring with chords of random weights: the measured circuit, and its cost in binary variables."""
    from qiskit import QuantumCircuit

    rng = np.random.default_rng(seed)
    edges = [(i, (i + 1) % qubits) for i in range(qubits)] + [(i, (i + 3) % qubits) for i in range(qubits // 2)]
    weights = rng.normal(size=len(edges)).tolist()
    circuit = QuantumCircuit(qubits, qubits)
    circuit.h(range(qubits))
    for beta in BETA:
        for (i, j), w in zip(edges, weights, strict=True):
            circuit.cx(i, j)
            circuit.rz(2 * GAMMA * w, j)
            circuit.cx(i, j)
        circuit.rx(2 * beta, range(qubits))
    circuit.measure(range(qubits), range(qubits))
    terms: dict[tuple[int, ...], float] = {}
    for (i, j), w in zip(edges, weights, strict=True):  # Z_i Z_j = 1 - 2 x_i - 2 x_j + 4 x_i x_j
        pair = (min(i, j), max(i, j))
        for term, part in (((i,), -2 * w), ((j,), -2 * w), (pair, 4 * w)):
            terms[term] = terms.get(term, 0.0) + part
    return circuit, Polynomial(qubits, sum(weights), terms)


def ideal(circuit: Any, observable: Callable[[np.ndarray], np.ndarray]) -> float:
    """The mean of an observable without noise; bit v of a state's number is qubit v."""
    from qiskit.quantum_info import Statevector

    n = circuit.num_qubits
    samples = ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1).astype(np.uint8)
    p = Statevector(circuit.remove_final_measurements(inplace=False)).probabilities()
    return float(p @ observable(samples))
