"""The annealing kernels: plain numpy in reference.py and replicas.py, C++ in the headers; both decide alike."""

from __future__ import annotations

from typing import Protocol

from qamctl.kernels import extension
from qamctl.kernels.anneal.arrange import Arranged
from qamctl.kernels.couplings import Floats, Ints, Samples


class Annealer(Protocol):
    """Simulated annealing of one state, driven in slices that do not change its path.

    Methods and properties are described in `qamctl.kernels.anneal.reference`. Samples are in slots, energies in the
    kernels' units and without the offset.

    Raises
    ------
    RuntimeError
        By every method, when another thread is using this object.
    ValueError
        For a sample of another length.
    """

    def seed(self, seed: int) -> None: ...

    def start(self, sample: Samples) -> None: ...

    def plan(self, temperatures: Floats) -> None: ...

    def run(self, sweeps: int, seconds: float) -> int: ...

    def descend(self) -> None: ...

    def cross(self, sample: Samples) -> tuple[int, int, int, int]: ...

    @property
    def left(self) -> int: ...

    @property
    def energy(self) -> float: ...

    @property
    def sample(self) -> Samples: ...

    @property
    def best_energy(self) -> float: ...

    @property
    def best(self) -> Samples: ...

    @property
    def flips(self) -> int: ...

    @property
    def climbs(self) -> int: ...


class Tempering(Protocol):
    """Parallel tempering with cluster moves, driven in slices that do not change its path.

    Methods and properties are described in `qamctl.kernels.anneal.replicas`; errors as of `Annealer`.
    """

    def start(self, replica: int, sample: Samples) -> None: ...

    def heat(self, temperatures: Floats) -> None: ...

    def run(self, rounds: int, seconds: float) -> int: ...

    def sample(self, replica: int) -> Samples: ...

    @property
    def energies(self) -> Floats: ...

    @property
    def best_energy(self) -> float: ...

    @property
    def best(self) -> Samples: ...

    @property
    def tried(self) -> Ints: ...

    @property
    def taken(self) -> Ints: ...

    @property
    def sweeps(self) -> int: ...

    @property
    def clusters(self) -> int: ...


def annealer(arranged: Arranged, seed: int) -> Annealer:
    """An annealer at all zeros, in C++ or else the reference."""
    found = extension("anneal")
    if found is None:
        from qamctl.kernels.anneal.reference import Annealer as Reference

        return Reference(arranged, seed % 2**64)
    kernel: Annealer = found.Annealer(arranged, seed % 2**64)
    return kernel


def tempering(arranged: Arranged, temperatures: Floats, seed: int) -> Tempering:
    """Two replicas at each of the temperatures (neighbours exchange), all zeros, in C++ or else the reference."""
    found = extension("anneal")
    if found is None:
        from qamctl.kernels.anneal.replicas import Tempering as Reference

        return Reference(arranged, temperatures, seed % 2**64)
    kernel: Tempering = found.Tempering(arranged, temperatures, seed % 2**64)
    return kernel
