"""Two roads to a circuit's energy: our simulation in the register, in float32, and qiskit's of the gates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from qamctl.kernels.statevector import evolution
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.circuits import qaoa_circuit
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.structure import ansatz_for

MIXERS = ("x", "xy-ring", "xy-full", "grover")

#: Models of a chunk: there are ten chunks for each of five shapes.
MODELS = 10


def random_case(rng: np.random.Generator, mixer: str, warm: bool) -> tuple[Polynomial, Ansatz, np.ndarray]:
    """Two to seven qubits, terms of up to four of them, groups where the mixer keeps them, one or two layers."""
    n = int(rng.integers(3 if mixer != "x" else 2, 8))
    terms: dict[tuple[int, ...], float] = {}
    for _ in range(int(rng.integers(2, 3 * n))):
        members = rng.choice(n, int(rng.integers(1, min(n, 4) + 1)), replace=False)
        terms[tuple(sorted(members.tolist()))] = float(rng.normal())
    groups: list[list[int]] = []
    if mixer != "x":
        order = rng.permutation(n).tolist()
        size = int(rng.integers(2, n + 1))
        groups = [sorted(order[:size])]
        if n - size >= 3:
            groups.append(sorted(order[size : size + 2]))
    depth = int(rng.integers(1, 3))
    starts = rng.uniform(0.1, 0.9, n).tolist() if warm else None
    polynomial = Polynomial(n, float(rng.normal()), terms)
    return polynomial, ansatz_for(n, groups, depth, mixer, starts), rng.normal(size=2 * depth)


def by_qiskit(polynomial: Polynomial, ansatz: Ansatz) -> Callable[[np.ndarray], float]:
    """The energy as a function of the angles, gate by gate over all 2^n states."""
    from qiskit.quantum_info import Statevector

    states = (np.arange(2**polynomial.n)[:, None] >> np.arange(polynomial.n)) & 1
    values = polynomial.energy(states)

    def energy(angles: np.ndarray) -> float:
        circuit = qaoa_circuit(polynomial, ansatz, angles.tolist(), measure=False)
        return float(np.abs(Statevector(circuit).data) ** 2 @ values)

    return energy


@pytest.mark.parametrize("chunk", range(10))
@pytest.mark.parametrize("shape", [*MIXERS, "warm"])
def test_energies_and_gradients_are_those_of_the_gates(shape: str, chunk: int) -> None:
    """500 random models: energies within 1e-5 of the spread, gradients within 1e-4, for every mixer."""
    rng = np.random.default_rng([chunk, len(shape)])
    for _ in range(MODELS):
        polynomial, ansatz, angles = random_case(rng, "x" if shape == "warm" else shape, shape == "warm")
        diagonal = ansatz.register.diagonal(polynomial)
        spread = float(np.ptp(diagonal)) or 1.0
        ours = evolution(diagonal, ansatz.axes(), grover=ansatz.mixer == "grover")
        gammas, betas = np.split(angles, 2)
        theirs = by_qiskit(polynomial, ansatz)
        assert ours.energy(gammas, betas) == pytest.approx(theirs(angles), abs=1e-5 * spread)
        _, by_gamma, by_beta = ours.gradient(gammas, betas)
        step = 1e-4 * np.eye(len(angles))
        wanted = [(theirs(angles + h) - theirs(angles - h)) / 2e-4 for h in step]
        size = max(spread, float(np.abs(wanted).max()))
        assert np.concatenate([by_gamma, by_beta]) == pytest.approx(wanted, abs=1e-4 * size)
