"""Gates on amplitudes: every shape of matrix against qiskit's operators, and what measurements leave."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import Operator, random_statevector, random_unitary

from qamctl.quantum.simulate.amplitudes import chance, collapse, draw, flip, ground, make_kernel, probabilities


def matrix_of(kind: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """A unitary matrix of a shape."""
    if kind == "dense":
        return np.asarray(random_unitary(size, seed=int(rng.integers(2**31))).data)
    if kind == "diagonal":
        return np.diag(np.exp(1j * rng.random(size)))
    if kind == "permutation":
        return np.eye(size)[rng.permutation(size)].astype(complex)
    inner = np.asarray(random_unitary(size // 2, seed=int(rng.integers(2**31))).data)
    return np.block([[np.eye(size // 2), np.zeros((size // 2, size // 2))], [np.zeros((size // 2, size // 2)), inner]])


@pytest.mark.parametrize("kind", ["dense", "diagonal", "permutation", "controlled"])
def test_a_gate_is_its_matrix_on_any_qubits(kind: str) -> None:
    """Any matrix on up to five of up to eight qubits, with any controls, does what qiskit's operator does."""
    rng = np.random.default_rng(7)
    for _ in range(60):
        n = int(rng.integers(1, 9))
        k = int(rng.integers(1, min(n, 5) + 1))
        qubits = [int(qubit) for qubit in rng.permutation(n)]
        targets, others = qubits[:k], qubits[k : k + int(rng.integers(0, n - k + 1))]
        controls = [(qubit, int(rng.integers(2))) for qubit in others]
        matrix = matrix_of(kind, 2**k, rng)
        gate = UnitaryGate(matrix)
        if controls:
            state = sum(value << i for i, (_, value) in enumerate(controls))
            gate = gate.control(len(controls), ctrl_state=state, annotated=True)
        circuit = QuantumCircuit(n)
        circuit.append(gate, [*others, *targets])
        before = np.array(random_statevector(2**n, seed=int(rng.integers(2**31))).data)
        after = before.copy()
        make_kernel(n, targets, matrix, controls)(after)
        assert np.allclose(after, Operator(circuit).data @ before), (n, targets, controls)


def test_the_identity_does_nothing() -> None:
    """A kernel of the identity has no work, and a phase is work."""
    assert make_kernel(6, [5], np.eye(2)).idle
    assert not make_kernel(6, [1], 1j * np.eye(2)).idle


def test_measuring_leaves_the_share_that_was_met() -> None:
    """The probability of 1, the state after either outcome, and the exchange of 0 and 1."""
    state = np.array([0.6, 0, 0, 0.8], complex)
    assert chance(state, 1) == pytest.approx(0.64)
    zero, one = state.copy(), state.copy()
    collapse(zero, 1, 0, 0.36)
    collapse(one, 1, 1, 0.64)
    assert np.allclose(zero, [1, 0, 0, 0])
    assert np.allclose(one, [0, 0, 0, 1])
    flip(one, 0)
    assert np.allclose(one, [0, 0, 1, 0])


def test_draws_follow_the_probabilities() -> None:
    """States without amplitude are never drawn, the others about as often as they should be; the same seed repeats."""
    state = np.sqrt(np.array([0.5, 0, 0.25, 0.25], complex))
    drawn = draw(state, 4000, np.random.default_rng(1))
    assert np.array_equal(drawn, draw(state, 4000, np.random.default_rng(1)))
    share = np.bincount(drawn, minlength=4) / 4000
    assert share[1] == 0
    assert np.abs(share - probabilities(state)).max() < 0.04
    assert draw(ground(3), 5, np.random.default_rng(0)).tolist() == [0] * 5
