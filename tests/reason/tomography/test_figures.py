"""Fidelity, purity, distance and entropy, against qiskit's and against formulas."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix, state_fidelity
from qiskit.quantum_info import entropy as entropy_of
from qiskit.quantum_info import purity as purity_of

from qamctl.reason.spec import Complex
from qamctl.reason.tomography.figures import entropy, fidelity, purity, trace_distance


def random_state(d: int, rank: int, seed: int) -> Complex:
    """[d, d] a state of some rank."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, rank)) + 1j * rng.normal(size=(d, rank))
    rho = root @ root.conj().T
    return rho / rho.trace().real


@pytest.mark.parametrize("rank", [1, 2, 8])
def test_against_qiskit(rank: int) -> None:
    """Equal figures for states of any rank."""
    for seed in range(5):
        one, other = random_state(8, rank, seed), random_state(8, 3, seed + 100)
        assert fidelity(one, other) == pytest.approx(state_fidelity(DensityMatrix(one), DensityMatrix(other)), abs=1e-7)
        assert purity(one) == pytest.approx(purity_of(DensityMatrix(one)).real, abs=1e-12)
        assert entropy(one) == pytest.approx(entropy_of(DensityMatrix(one), 2), abs=1e-9)
        assert trace_distance(one, other) == pytest.approx(np.linalg.norm(one - other, "nuc") / 2, abs=1e-12)


def test_pure_states_as_amplitudes() -> None:
    """Amplitudes and the density matrix of a pure state say the same."""
    psi = np.array([0.6, 0.8j, 0, 0])
    rho = random_state(4, 4, 1)
    assert fidelity(rho, psi) == pytest.approx(fidelity(rho, np.outer(psi, psi.conj())), abs=1e-12)
    assert trace_distance(rho, psi) == pytest.approx(trace_distance(rho, np.outer(psi, psi.conj())), abs=1e-15)
    assert fidelity(np.outer(psi, psi.conj()), psi) == pytest.approx(1)


def test_ends() -> None:
    """Equal states have fidelity 1 and distance 0, orthogonal ones 0 and 1; pure ones no entropy, the mixed one all."""
    rho, zero, one = random_state(4, 2, 3), np.diag([1, 0, 0, 0]) + 0j, np.diag([0, 1, 0, 0]) + 0j
    assert fidelity(rho, rho) == pytest.approx(1, abs=1e-12)
    assert trace_distance(rho, rho) == 0
    assert fidelity(zero, one) == 0
    assert trace_distance(zero, one) == 1
    assert (purity(zero), entropy(zero)) == (1, 0)
    assert (purity(np.eye(4) / 4 + 0j), entropy(np.eye(4) / 4 + 0j)) == (0.25, 2)


def test_many_states_at_once() -> None:
    """A stack gives the figures of each."""
    stack, other = np.stack([random_state(4, 1 + k, k) for k in range(4)]), random_state(4, 4, 9)
    assert fidelity(stack, other) == pytest.approx([float(fidelity(rho, other)) for rho in stack])
    assert fidelity(stack, np.eye(4)[2] + 0j) == pytest.approx(stack[:, 2, 2].real)
    assert trace_distance(stack, other) == pytest.approx([float(trace_distance(rho, other)) for rho in stack])
    assert purity(stack) == pytest.approx([float(purity(rho)) for rho in stack])
    assert entropy(stack) == pytest.approx([float(entropy(rho)) for rho in stack])


def test_fuchs_and_van_de_graaf() -> None:
    """1 - sqrt F <= T <= sqrt(1 - F) holds of all pairs."""
    for seed in range(50):
        one, other = random_state(4, 1 + seed % 4, seed), random_state(4, 1 + seed // 4 % 4, seed + 999)
        f, t = float(fidelity(one, other)), float(trace_distance(one, other))
        assert 1 - np.sqrt(f) <= t + 1e-9
        assert t <= np.sqrt(1 - f) + 1e-7
