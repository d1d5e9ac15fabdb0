"""Two paths and one piece of evidence in the code [[4,2,2]], which detects any one error among its four qubits.

The path is the first logical qubit, the evidence the second: X1 = XXII, Z1 = ZIZI, X2 = XIXI, Z2 = ZZII on the qubits 0
to 3. Logical rotations are rotations by products of two Paulis (Gottesman 2016; Self, Benedetti and Amaro, Nature
Physics 20, 219, 2024): X1, Z1, X2 and Z1 X2 all have weight two. Measured in Z, the four bits have even parity unless
something went wrong; odd shots are thrown away. Rotations themselves are not protected: what they turn too far stays.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qamctl.errors import UsageError
from qamctl.kernels.couplings import Samples
from qamctl.reason.circuits.evolve import propagator
from qamctl.reason.circuits.program import Decision
from qamctl.reason.spec import Complex, Floats, Ints

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Physical qubits.
QUBITS = 4


def encoded(decision: Decision) -> QuantumCircuit:
    """The circuit of a decision in the code, its four qubits measured into four bits.

    Raises
    ------
    UsageError
        It needs more than two logical qubits: more than two paths, evidence on both sides of an evolution, or a loss
        of coherence before one.
    """
    stages = decision.stages
    seen = [stage for stage in stages if stage.likelihood is not None]
    lossy = any(stage.evolve and stage.coherence < 1 for stage in stages)
    if decision.qubits > 1 or len(seen) > 1 or lossy:
        what = (
            "more than two paths" if decision.qubits > 1 else "evidence on both sides of an evolution" if len(seen) > 1
            else "a loss of coherence before an evolution"
        )  # fmt: skip
        raise UsageError(f"detect: the code has two logical qubits, and {what} does not fit them: leave detect out")
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(QUBITS, QUBITS)
    circuit.h(0)
    for qubit in range(QUBITS - 1):
        circuit.cx(qubit, qubit + 1)
    low, high = decision.amplitudes
    # Rx leaves -i on state 1, which a turn about Z takes off.
    circuit.rxx(2 * math.atan2(abs(high), abs(low)), 0, 1)
    _turn_z(circuit, float(np.angle(high) - np.angle(low)) + math.pi / 2, decision)
    for stage in stages:
        if stage.likelihood is not None:
            _select(circuit, stage.likelihood)
        if stage.evolve and decision.hamiltonian is not None:
            _evolve(circuit, propagator(decision.hamiltonian, decision.time))
    circuit.measure(range(QUBITS), range(QUBITS))
    return circuit


def read_encoded(samples: Samples, evidence: bool) -> Ints:
    """[s] the path of each shot; -1 where an error was detected, or the evidence was not accepted."""
    path = (samples[:, 0] ^ samples[:, 2]).astype(np.int64)
    rejected = samples.sum(axis=1) % 2 == 1
    if evidence:
        rejected |= (samples[:, 0] ^ samples[:, 1]) == 0
    return np.where(rejected, -1, path)


def _turn_z(circuit: QuantumCircuit, angle: float, decision: Decision) -> None:
    """Rz of the path, where its phase matters."""
    if decision.hamiltonian is not None:
        circuit.rzz(angle, 0, 2)


def _select(circuit: QuantumCircuit, likelihood: Floats) -> None:
    """Rx of the evidence by an angle for each path: by the half sum, and by the half difference times Z of the path."""
    on_0, on_1 = (2 * math.asin(math.sqrt(min(1.0, max(0.0, value)))) for value in likelihood[:2].tolist())
    circuit.rxx((on_0 + on_1) / 2, 0, 2)
    # Z1 X2 = (Z X)(0) (Z X)(2) = -Y(0) Y(2).
    circuit.ryy(-(on_0 - on_1) / 2, 0, 2)


def _evolve(circuit: QuantumCircuit, unitary: Complex) -> None:
    """Any turn of the path, as Rz Rx Rz up to a global phase."""
    first, middle, last = _zxz(unitary)
    circuit.rzz(first, 0, 2)
    circuit.rxx(middle, 0, 1)
    circuit.rzz(last, 0, 2)


def _zxz(unitary: Complex) -> tuple[float, float, float]:
    """Angles with Rz(last) Rx(middle) Rz(first) = unitary, up to a global phase."""
    u = unitary / np.sqrt(np.linalg.det(unitary))
    middle = 2 * math.atan2(abs(u[1, 0]), abs(u[0, 0]))
    total = -2 * float(np.angle(u[0, 0])) if abs(u[0, 0]) > 1e-12 else 0.0
    difference = 2 * (float(np.angle(u[1, 0])) + math.pi / 2) if abs(u[1, 0]) > 1e-12 else 0.0
    return (total - difference) / 2, middle, (total + difference) / 2
