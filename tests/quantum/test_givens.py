"""Networks of Givens rotations against the unitaries that they are."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.circuit.library import XXPlusYYGate
from qiskit.quantum_info import random_unitary

from qamctl.quantum.givens import Rotation, evolution, network, reversed_network, spread


def product(size: int, rotations: tuple[Rotation, ...]) -> np.ndarray:
    """What rotations, the first one first, do to amplitudes."""
    out = np.eye(size, dtype=complex)
    for rotation in rotations:
        whole = np.eye(size, dtype=complex)
        whole[rotation.member : rotation.member + 2, rotation.member : rotation.member + 2] = rotation.matrix()
        out = whole @ out
    return out


@pytest.mark.parametrize("size", range(1, 8))
def test_phases_and_rotations_are_the_unitary(size: int) -> None:
    """Random unitaries, and diagonal ones without a rotation; the reversed network undoes the network."""
    unitary = random_unitary(size, seed=size).data
    phases, rotations = network(unitary)
    assert len(rotations) == size * (size - 1) // 2
    assert np.abs(product(size, rotations) @ np.diag(np.exp(1j * phases)) - unitary).max() < 1e-12
    assert np.abs(product(size, rotations + reversed_network(rotations)) - np.eye(size)).max() < 1e-12
    diagonal = np.diag(np.exp(1j * np.arange(size)))
    assert network(diagonal)[1] == ()


def test_a_rotation_is_qiskits_gate() -> None:
    """On the states in which one of two qubits is 1."""
    gate = XXPlusYYGate(0.7, 0.4).to_matrix()
    assert np.abs(gate[1:3, 1:3] - Rotation(0, 0.7, 0.4).matrix()).max() < 1e-12


def test_amplitudes_of_zero_are_no_trouble() -> None:
    """Permutations, whose columns have a single entry."""
    shift = np.roll(np.eye(5), 1, axis=0)
    phases, rotations = network(shift)
    assert np.abs(product(5, rotations) @ np.diag(np.exp(1j * phases)) - shift).max() < 1e-12


def test_spread_makes_all_members_alike() -> None:
    """From the first member."""
    for size in range(1, 9):
        assert product(size, spread(size))[:, 0] == pytest.approx(np.full(size, size**-0.5))


def test_evolution_is_the_exponential() -> None:
    """Against scipy."""
    from scipy.linalg import expm

    generator = np.array([[0.0, 1.0, 0.2], [1.0, 0.5, 0.0], [0.2, 0.0, -1.0]])
    assert np.abs(evolution(generator, 0.8) - expm(-0.8j * generator)).max() < 1e-12
