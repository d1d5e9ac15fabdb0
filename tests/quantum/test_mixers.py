"""First states and mixers as gates: how many two-qubit gates they take, and that they keep one-hot groups."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Statevector

from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.mixers import mix, prepare
from qamctl.quantum.register import Register


@pytest.mark.parametrize("size", range(1, 8))
def test_a_group_begins_as_a_w_state(size: int) -> None:
    """All members alike, by one rotation for each member but the first."""
    circuit = QuantumCircuit(size)
    prepare(circuit, Ansatz(Register(size, (tuple(range(size)),)), "xy-full", 1))
    wanted = np.zeros(2**size)
    wanted[1 << np.arange(size)] = size**-0.5
    assert np.abs(Statevector(circuit).data - wanted).max() < 1e-12
    assert circuit.count_ops().get("xx_plus_yy", 0) == size - 1


@pytest.mark.parametrize(
    ("mixer", "size", "numbers", "names"),
    [("xy-ring", 1, 0, 0), ("xy-full", 1, 0, 0), ("xy-ring", 2, 1, 2), ("xy-full", 2, 1, 2), ("xy-ring", 4, 6, 12),
     ("xy-full", 3, 3, 4), ("xy-full", 4, 6, 6), ("xy-full", 6, 10, 10), ("xy-ring", 6, 15, 30)],
)  # fmt: skip
def test_the_shorter_network_is_taken(mixer: str, size: int, numbers: int, names: int) -> None:
    """d (d - 1) / 2 rotations or fewer with a number; with a parameter a basis of eigenstates, there and back."""
    ansatz = Ansatz(Register(size, (tuple(range(size)),)), mixer, 1)
    for beta, count in ((0.7, numbers), (Parameter("b"), names)):
        circuit = QuantumCircuit(size)
        mix(circuit, ansatz, beta)
        assert circuit.count_ops().get("xx_plus_yy", 0) == count


@pytest.mark.parametrize("mixer", ["xy-ring", "xy-full", "grover"])
def test_groups_are_kept(mixer: str) -> None:
    """Whatever the angle, states that keep the groups stay among those."""
    ansatz = Ansatz(Register(7, ((5, 0, 3), (1, 6))), mixer, 1, (0.3, 0.5))
    circuit = QuantumCircuit(7)
    prepare(circuit, ansatz)
    for beta in (0.4, -1.1):
        mix(circuit, ansatz, beta)
        circuit.rz(0.3, 5)
        circuit.rzz(0.9, 0, 1)
    samples = ansatz.register.samples(np.arange(ansatz.register.states)).astype(np.int64)
    states = (samples << np.arange(7)).sum(axis=1)
    assert Statevector(circuit).probabilities()[states].sum() == pytest.approx(1, abs=1e-12)


def test_a_grover_mixer_of_nothing_is_nothing() -> None:
    """Without qubits there is no gate."""
    circuit = QuantumCircuit(0)
    mix(circuit, Ansatz(Register(0), "grover", 1), 0.3)
    assert circuit.size() == 0
