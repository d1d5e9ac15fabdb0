"""Circuits that prepare a state from zeros, each way tried, the one with the fewest two-qubit gates taken.

- `tree`: rotations whose angles depend on the qubits above (Moettoenen et al. 2005), 2^k - k - 1 CZ for real states:
  the last CZ of each level is left out, and the signs that this costs are in the state that is aimed at.
- `schmidt`: the state's two halves as a sum of products (Plesch and Brukner, Phys. Rev. A 83, 032302, 2011); few gates
  where the halves have little to do with each other, none where nothing.
- `isometry`: what qiskit does by default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from qamctl.reason.circuits.multiplex import multiplexed
from qamctl.reason.spec import Complex, Floats

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Schmidt coefficients below this are rounding.
NOTHING: Final = 1e-10
#: Qubits up to which the other ways are tried: they take long, and a tree has hardly more gates.
MOST_TRIED: Final = 7


@dataclass(frozen=True)
class Preparation:
    """A circuit that makes a state of zeros.

    Attributes
    ----------
    method
        tree, schmidt or isometry; network: a rotation for each variable, from its parents on.
    two_qubit
        Gates on two qubits, once the circuit is in CX and one-qubit gates, by method; what was not tried is missing.
    """

    circuit: QuantumCircuit
    method: str
    two_qubit: dict[str, int]


def prepare(amplitudes: Complex) -> Preparation:
    """The circuit with the fewest two-qubit gates that prepares a state of 2^k amplitudes, up to a global phase."""
    vector = np.asarray(amplitudes, complex)
    k = len(vector).bit_length() - 1
    turned = vector * np.exp(-1j * np.angle(vector[np.argmax(np.abs(vector))]))
    real = bool(np.abs(turned.imag).max() <= NOTHING)
    ways: dict[str, Callable[[], QuantumCircuit]] = {}
    if real:
        ways["tree"] = lambda: tree(turned.real)
    if k <= MOST_TRIED:
        ways["schmidt"] = lambda: schmidt(turned)
    if k <= MOST_TRIED or not real:
        ways["isometry"] = lambda: _isometry(turned)
    found = {name: _reduced(way()) for name, way in ways.items()}
    counts = {name: _two_qubit(circuit) for name, circuit in found.items()}
    best = min(counts, key=lambda name: (counts[name], found[name].size()))
    return Preparation(found[best], best, counts)


def tree(amplitudes: Floats) -> QuantumCircuit:
    """Real amplitudes of any sign, qubit by qubit from the highest."""
    from qiskit import QuantumCircuit

    k = len(amplitudes).bit_length() - 1
    circuit = QuantumCircuit(k)
    signs = np.ones(1 << k)
    for level in range(k - 1):  # of the qubit k - 1 - level, controlled by all above
        halves = np.asarray(amplitudes, float).reshape(1 << level, 2, -1)
        angles = 2 * np.arctan2(np.linalg.norm(halves[:, 1], axis=1), np.linalg.norm(halves[:, 0], axis=1))
        left_out = multiplexed(circuit, "ry", angles, range(k - level, k), k - 1 - level, close=False)
        signs *= _signs(k, left_out << (k - level), k - 1 - level)
    # The last level makes up for all signs, its own among them if they are those that are expected.
    top = 1 << (k - 1) if k > 1 else 0
    for expected, close in ((top, False), (0, True)):
        pairs = (np.asarray(amplitudes, float) * signs * _signs(k, expected, 0)).reshape(-1, 2)
        last = QuantumCircuit(k)
        angles = 2 * np.arctan2(pairs[:, 1], pairs[:, 0])
        if multiplexed(last, "ry", angles, range(1, k), 0, close=close) << 1 == expected:
            break
    return circuit.compose(last)


def _signs(k: int, controls: int, target: int) -> Floats:
    """[2^k] the signs of CZs between a qubit and others, which are given as bits."""
    states = np.arange(1 << k)
    odd = np.zeros(1 << k, np.int64)
    for qubit in range(k):
        odd ^= (states & controls) >> qubit & 1
    return np.where(odd & (states >> target & 1), -1.0, 1.0)


def schmidt(amplitudes: Complex) -> QuantumCircuit:
    """Any amplitudes: the Schmidt coefficients, copied to the other half, and each half turned into its states."""
    from qiskit import QuantumCircuit

    k = len(amplitudes).bit_length() - 1
    circuit = QuantumCircuit(k)
    if k == 1:
        circuit.unitary(_first_column(np.asarray(amplitudes).reshape(-1, 1)), [0])
        return circuit
    low, high = list(range(k // 2)), list(range(k // 2, k))
    left, values, right = np.linalg.svd(np.asarray(amplitudes).reshape(1 << len(high), 1 << len(low)))
    rank = int((values > NOTHING).sum())
    if rank == 1:
        circuit.compose(schmidt(left[:, 0]), high, inplace=True)
        circuit.compose(schmidt(right[0]), low, inplace=True)
        return circuit
    copied = (rank - 1).bit_length()
    coefficients = np.zeros(1 << copied)
    coefficients[:rank] = values[:rank] / np.linalg.norm(values[:rank])
    circuit.compose(schmidt(coefficients.astype(complex)), high[:copied], inplace=True)
    for one, other in zip(high, low, strict=False):
        if one - high[0] < copied:
            circuit.cx(one, other)
    width = 1 << copied
    for columns, qubits in ((left[:, :width], high), (right.T[:, :width], low)):
        circuit.append(_isometry_gate(columns), qubits)
    return circuit


def _isometry_gate(columns: Complex) -> object:
    """A gate that turns the first states into these orthonormal columns."""
    from qiskit.circuit.library import Isometry, UnitaryGate

    if columns.shape[0] == columns.shape[1]:
        return UnitaryGate(columns)
    return Isometry(columns, 0, 0)


def _first_column(column: Complex) -> Complex:
    """A unitary of two rows with that first column."""
    a, b = column[:, 0] / np.linalg.norm(column)
    return np.array([[a, -np.conj(b)], [b, np.conj(a)]])


def _isometry(amplitudes: Complex) -> QuantumCircuit:
    from qiskit import QuantumCircuit

    k = len(amplitudes).bit_length() - 1
    circuit = QuantumCircuit(k)
    circuit.prepare_state(amplitudes / np.linalg.norm(amplitudes), range(k))
    return circuit


def _reduced(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit in CX and one-qubit gates."""
    from qiskit import transpile

    return transpile(circuit, basis_gates=["cx", "u"], optimization_level=2, seed_transpiler=0)


def _two_qubit(circuit: QuantumCircuit) -> int:
    return int(circuit.count_ops().get("cx", 0))
