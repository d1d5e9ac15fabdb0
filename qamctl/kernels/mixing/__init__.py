"""Coordinate descent for semidefinite relaxations of spin models: plain numpy in `reference.py`, C++ beside it."""

from __future__ import annotations

from typing import Protocol

from qamctl.kernels import extension
from qamctl.kernels.couplings import Floats, Index, Ints


class Mixing(Protocol):
    """See `qamctl.kernels.mixing.reference.Mixing`; one caller at a time."""

    def run(self, sweeps: int, seconds: float) -> int:
        """At most so many sweeps, and none begun after so many seconds; at least one. How many were done."""
        ...

    def reweigh(self, weight: Floats) -> None:
        """Other values of J for the same pairs."""
        ...

    def products(self) -> Floats:
        """For every entry of the rows, the scalar product of its two vectors."""
        ...

    def gram(self) -> Floats:
        """[n, n] scalar products of all vectors."""
        ...

    def triangles(self, least: float, most: int) -> Floats:
        """[k, 7] violated triangle inequalities: a, b, c, three signs, violation; worst first."""
        ...

    @property
    def vectors(self) -> Floats:
        """[n, rank]"""
        ...

    @property
    def norms(self) -> Floats:
        """[n] length of each vector's field when the vector was last set."""
        ...

    @property
    def sweeps(self) -> int:
        """Sweeps done."""
        ...

    @property
    def change(self) -> float:
        """How much the last sweep lowered the objective; inf before the first."""
        ...


def mixing(first: Ints, other: Index, weight: Floats, vectors: Floats) -> Mixing:
    """The descent in C++, or else the reference.

    Parameters
    ----------
    first, other, weight
        CSR of the symmetric J, float64.
    vectors
        [n, rank] where to start; the rank is a multiple of 8.
    """
    found = extension("mixing")
    if found is None:
        from qamctl.kernels.mixing.reference import Mixing as Reference

        return Reference(first, other, weight, vectors)
    descent: Mixing = found.Mixing(first, other, weight, vectors)
    return descent
