"""Angles for a circuit that nobody trained: the shipped table's, in the units of the problem, at any size."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.kernels.couplings import Samples
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.angles import Shape, table_angles
from qamctl.quantum.qaoa.landscape import Landscape, beta_unit_of, spread_of
from qamctl.quantum.register import Register
from qamctl.qubo.model import Floats, Ints

#: States that are looked at one by one; of more, samples are.
STATES: Final = 2**18
SAMPLES: Final = 4_096


def untrained_angles(polynomial: Polynomial, ansatz: Ansatz) -> Floats:
    """[2 depth] gammas and betas as circuits have them.

    Up to 2^18 states the energies' spread and shape are exact. Of larger circuits they are those of 4,096 states that
    are drawn uniformly, the same ones each time: gammas are then right within a few percent.
    """
    if ansatz.register.states <= STATES:
        landscape = Landscape(polynomial, ansatz)
        return np.concatenate(landscape.raw(table_angles(ansatz, landscape.shape)))
    digits, samples = drawn(ansatz.register, SAMPLES, seed=0)
    energies = polynomial.energy(samples)
    deviation = float(energies.std())
    if deviation == 0.0:
        return np.zeros(2 * ansatz.depth)
    away = (energies - energies.mean()) / deviation
    shape = Shape(_linear_share(digits, ansatz.register, away), float((away**3).mean()), float((away**4).mean()) - 3)
    gammas, betas = np.split(table_angles(ansatz, shape), 2)
    return np.concatenate([gammas * spread_of(ansatz) / deviation, betas * beta_unit_of(ansatz)])


def drawn(register: Register, count: int, seed: int) -> tuple[Ints, Samples]:
    """Uniform states of a register of any size: their digits [s, axes], and the samples [s, n]."""
    digits = np.random.default_rng(seed).integers(0, np.array(register.sizes), (count, len(register.sizes)))
    samples = np.zeros((count, register.n), np.uint8)
    free = len(register.free)
    samples[:, list(register.free)] = digits[:, :free]
    row = np.arange(count)
    for k, group in enumerate(register.groups):
        samples[row, np.array(group)[digits[:, free + k]]] = 1
    return digits, samples


def _linear_share(digits: Ints, register: Register, away: Floats) -> float:
    """The share of the variance that single axes make: that of the means given an axis' digit, less their noise."""
    share = 0.0
    for axis, size in enumerate(register.sizes):
        count = np.bincount(digits[:, axis], minlength=size)
        mean = np.bincount(digits[:, axis], away, size) / np.maximum(count, 1)
        share += float(count @ mean**2) / len(away) - (size - 1) / len(away)
    return min(1.0, max(0.0, share))
