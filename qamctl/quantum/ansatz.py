"""The shape of a QAOA circuit: which states it moves among, from which one, and under which mixer.

Layer after layer exp(-i gamma D) and exp(-i beta B), with D the Hamiltonian's diagonal. Simulation and circuits are
built from the same generators, so that angles found in one hold in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.errors import UsageError
from qamctl.kernels.statevector import QUBIT, Axis
from qamctl.quantum.register import Register
from qamctl.qubo.model import Floats

#: Mixers by name -> what they do.
MIXERS: Final = {
    "x": "X on every qubit",
    "xy-ring": "one-hot groups: hops between neighbours on a ring; X on other qubits",
    "xy-full": "one-hot groups: hops between any two members; X on other qubits",
    "grover": "a phase on the uniform superposition of all states that keep the groups",
}


@dataclass(frozen=True)
class Ansatz:
    """A circuit, but for its angles.

    Attributes
    ----------
    register
        The qubits, and the one-hot groups that the mixer keeps.
    mixer
        A key of `MIXERS`; "x" keeps no groups.
    depth
        Layers.
    warm
        [free qubits] the probability of 1 that each begins with, and that the mixer keeps: a warm start (Egger,
        Marecek and Woerner 2021). None: 1/2. Groups always begin with all members alike.
    """

    register: Register
    mixer: str
    depth: int
    warm: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.mixer not in MIXERS:
            raise UsageError(f"there is no mixer {self.mixer!r}: choose {', '.join(MIXERS)}")
        if self.mixer == "x" and self.register.groups:
            raise ValueError("the mixer x keeps no one-hot groups")
        if self.warm is not None and len(self.warm) != len(self.register.free):
            raise ValueError("a warm start needs a probability for each free qubit")

    def axes(self) -> list[Axis]:
        """One factor for each axis of the register: its generator, and the amplitudes that it begins with."""
        warm = self.warm or (0.5,) * len(self.register.free)
        free = [QUBIT if p == 0.5 else tilted(p) for p in warm]
        groups = [_group(len(group), self.mixer) for group in self.register.groups]
        return free + groups


def tilted(probability: float) -> Axis:
    """A qubit that begins with a probability of 1, and whose mixer turns about that state.

    With theta = 2 asin sqrt(probability) the generator is cos(theta) Z + sin(theta) X: X where it is 1/2.
    """
    theta = 2 * float(np.arcsin(np.sqrt(probability)))
    c, s = float(np.cos(theta)), float(np.sin(theta))
    return Axis(np.array([[c, s], [s, -c]]), np.array([np.cos(theta / 2), np.sin(theta / 2)]))


def _group(size: int, mixer: str) -> Axis:
    """A one-hot group from the W state: (XX + YY) / 2 over pairs of members is a hop between their states."""
    return Axis(hops(size, "ring" if mixer == "xy-ring" else "full"), np.full(size, size**-0.5))


def hops(size: int, graph: str) -> Floats:
    """[d, d] adjacency of the members of a group: a ring, or all pairs (full)."""
    if graph == "full":
        return np.ones((size, size)) - np.eye(size)
    out = np.zeros((size, size))
    for member in range(size):
        other = (member + 1) % size
        if other != member:
            out[member, other] = out[other, member] = 1.0
    return out


def angle_names(depth: int) -> Sequence[str]:
    """The names of the angles, as circuits and files have them: gamma[0] ..., then beta[0] ..."""
    return [f"gamma[{k}]" for k in range(depth)] + [f"beta[{k}]" for k in range(depth)]
