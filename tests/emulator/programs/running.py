"""What the tests of jobs run them with, and a reference that shares nothing with the simulators: plain matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from emulator.asking import V2

from qamctl.azure.results import parse
from qamctl.emulator.targets import TARGETS
from qamctl.emulator.work import Outcome, Work

QIR = ("qir.v1", V2)
IONQ = ("ionq.circuit.v1", "ionq.quantum-results.v1")
QASM = ("honeywell.openqasm.v1", "honeywell.quantum-results.v1")
QUIL = ("rigetti.quil.v1", "rigetti.quil-results.v1")

#: Probability of 1 after rx(1).
ONE = float(np.sin(0.5) ** 2)

_PAULIS = {
    "x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1, -1]), "1": np.eye(2),
}  # fmt: skip


def work(
    target: str,
    payload: bytes,
    formats: tuple[str, str] = QIR,
    *,
    lost: float = 0.0,
    job: str = "j",
    preset: str | None = None,
    **params: Any,
) -> Work:
    """A job."""
    found = next(one for one in TARGETS if one.id == target)
    return Work(job, found, payload, *formats, params, 1, lost, preset)


def counts(outcome: Outcome, formats: tuple[str, str] = QIR, shots: int = 1000) -> dict[str, int]:
    """Counts of the first result, by our own parser."""
    assert outcome.error is None, outcome.error
    return dict(parse(outcome.output, format=formats[1], shots=shots)[0].counts)


def failed(outcome: Outcome) -> tuple[str, str]:
    """Code and message of a job that failed, of which nothing is told and nothing billed."""
    assert outcome.error is not None
    assert (outcome.output, outcome.cost) == (b"", None)
    return outcome.error


def adaptive() -> bytes:
    """QIR that measures a qubit and turns another one where that was 1: 00 or 11."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    from qamctl.quantum.qir import to_qir

    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "c"))
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    return to_qir(circuit, profile="adaptive-ri")


def turned(qubits: int, steps: Sequence[tuple[str, float, Sequence[int]]], p1: float = 0, p2: float = 0) -> np.ndarray:
    """[2^n] probabilities after turns about Paulis, each followed by a depolarising channel of that average error.

    Parameters
    ----------
    steps
        A letter for each qubit, as `zz`; the angle; the qubits. Qubit k is bit k of an outcome.
    """
    size = 2**qubits
    state = np.zeros((size, size), complex)
    state[0, 0] = 1
    for name, angle, places in steps:
        axis = _spread(qubits, dict(zip(places, name, strict=True)))
        turn = math.cos(angle / 2) * np.eye(size) - 1j * math.sin(angle / 2) * axis
        state = turn @ state @ turn.conj().T
        # With probability q one of the Paulis but the identity, each as likely: of average error q d/(d + 1).
        paulis = [dict(zip(places, letters, strict=True)) for letters in _letters(len(places))]
        chance = {1: p1 * 3 / 2, 2: p2 * 5 / 4}[len(places)]
        mixed = sum(_spread(qubits, one) @ state @ _spread(qubits, one) for one in paulis) / len(paulis)
        state = (1 - chance) * state + chance * mixed
    return np.real(np.diag(state))


def misread(chances: np.ndarray, wrong: float) -> np.ndarray:
    """The same, where each bit is read wrong so often."""
    qubits = int(math.log2(len(chances)))
    one = np.array([[1 - wrong, wrong], [wrong, 1 - wrong]])
    return np.asarray(reduce(np.kron, [one] * qubits) @ chances)


def frequencies(found: Mapping[str, float], qubits: int) -> np.ndarray:
    """[2^n] how often each bitstring was met, the leftmost bit is that of the highest qubit."""
    met = np.array([found.get(f"{k:0{qubits}b}", 0) for k in range(2**qubits)], float)
    assert met.sum() == sum(found.values())
    return met


def chi_square(met: np.ndarray, chances: np.ndarray) -> float:
    """Of counts and the probabilities they should have."""
    expected = met.sum() * chances
    return float(((met - expected) ** 2 / expected).sum())


def _letters(size: int) -> list[str]:
    words = list(_PAULIS) if size == 1 else [a + b for a in _PAULIS for b in _PAULIS]
    return [word for word in words if set(word) != {"1"}]


def _spread(qubits: int, letters: Mapping[int, str]) -> np.ndarray:
    return reduce(np.kron, [_PAULIS[letters.get(qubit, "1")] for qubit in reversed(range(qubits))])
