"""Networks of Givens rotations between neighbours of a one-hot group: any unitary on its members, without error.

A rotation is qiskit's XXPlusYYGate on two members. On states with one member chosen it turns the two amplitudes
(a, b) into (c a - i s exp(-i phase) b, c b - i s exp(i phase) a), c and s the cosine and sine of half the angle, and
leaves every other state as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.qubo.model import Floats

#: Amplitudes below this are zero: what rounding leaves of them.
_ZERO: Final = 1e-14


@dataclass(frozen=True, slots=True)
class Rotation:
    """Of a member and the next one, by an angle and a phase as XXPlusYYGate has them."""

    member: int
    angle: float
    phase: float

    def inverse(self) -> Rotation:
        """What undoes it."""
        return Rotation(self.member, -self.angle, self.phase)

    def matrix(self) -> np.ndarray:
        """[2, 2] what it does to the amplitudes of the two members."""
        c, s = np.cos(self.angle / 2), np.sin(self.angle / 2)
        turn = np.exp(1j * self.phase)
        return np.array([[c, -1j * s * np.conj(turn)], [-1j * s * turn, c]])


def reversed_network(network: tuple[Rotation, ...]) -> tuple[Rotation, ...]:
    """What undoes a network."""
    return tuple(rotation.inverse() for rotation in reversed(network))


def network(unitary: np.ndarray) -> tuple[Floats, tuple[Rotation, ...]]:
    """Phases [d] of the members, then rotations, that together are a unitary [d, d] on the members' amplitudes.

    At most d (d - 1) / 2 rotations (Reck, Zeilinger, Bernstein and Bertani 1994), fewer where amplitudes are zero.
    """
    left = np.array(unitary, np.complex128)
    size, undone = len(left), []
    for column in range(size - 1):
        for row in range(size - 2, column - 1, -1):
            a, b = left[row, column], left[row + 1, column]
            if abs(b) <= _ZERO:
                continue
            angle = 2 * float(np.arctan2(abs(b), abs(a)))
            phase = float(np.angle(b) - (np.angle(a) if abs(a) > _ZERO else 0.0) - np.pi / 2)
            rotation = Rotation(row, angle, phase)
            left[row : row + 2] = rotation.matrix() @ left[row : row + 2]
            undone.append(rotation)
    return np.angle(np.diag(left)), reversed_network(tuple(undone))


def spread(size: int) -> tuple[Rotation, ...]:
    """From the first of so many members to all of them alike: a W state, by one rotation for each further member."""
    angles = [2 * float(np.arccos(np.sqrt(1 / (size - k)))) for k in range(size - 1)]
    return tuple(Rotation(k, angle, np.pi / 2) for k, angle in enumerate(angles))


def evolution(generator: Floats, time: float) -> np.ndarray:
    """[d, d] exp(-i time generator) of a real symmetric generator."""
    values, vectors = np.linalg.eigh(generator)
    return np.asarray((vectors * np.exp(-1j * time * values)) @ vectors.T)
