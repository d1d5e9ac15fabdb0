"""Paths that turn into each other, in blocks: what a context couples, and nothing else, has to be computed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.reason.spec import Complex, Context, Ints

#: Paths of the largest block: its matrices take 256 MB each.
MOST_TOGETHER: Final = 4096


@dataclass(frozen=True)
class Blocks:
    """All blocks of one size c.

    Attributes
    ----------
    paths
        [m, c] the paths of each.
    energies, states
        [m, c] and [m, c, c] the eigenvalues and eigenvectors of the Hermitian matrix within each.
    """

    paths: Ints
    energies: npt.NDArray[np.float64]
    states: Complex

    def propagator(self, time: float) -> Complex:
        """[m, c, c] exp(-i H time) of each block."""
        phases = np.exp(-1j * time * self.energies)
        return np.asarray((self.states * phases[:, None, :]) @ self.states.conj().transpose(0, 2, 1))


def components(context: Context, n: int) -> list[list[int]]:
    """The paths that are coupled directly or by others, those without a partner left out."""
    parent = list(range(n))

    def root(path: int) -> int:
        while parent[path] != path:
            parent[path] = parent[parent[path]]
            path = parent[path]
        return path

    for one, other, value in zip(context.one.tolist(), context.other.tolist(), context.coupling, strict=True):
        if value != 0:
            parent[root(one)] = root(other)
    members: dict[int, list[int]] = {}
    for path in {*context.one.tolist(), *context.other.tolist()}:
        members.setdefault(root(path), []).append(path)
    return [sorted(paths) for paths in members.values() if len(paths) > 1]


def blocks_of(context: Context, n: int, groups: Sequence[Sequence[int]] | None = None) -> tuple[Blocks, ...]:
    """The blocks of a context over n paths by size, diagonalised.

    Parameters
    ----------
    groups
        Paths to compute together; None: those that are coupled.
    """
    groups = components(context, n) if groups is None else groups
    by_size: dict[int, list[Sequence[int]]] = {}
    for group in groups:
        by_size.setdefault(len(group), []).append(group)
    place = np.full((2, n), -1, np.int64)  # which block of its size, and where in it
    size_of = np.zeros(n, np.int64)
    for size, members in by_size.items():
        for block, member in enumerate(members):
            place[:, member] = np.full(size, block), np.arange(size)
            size_of[np.asarray(member)] = size
    found = []
    for size in sorted(by_size):
        paths: Ints = np.array(by_size[size], np.int64)
        matrix = np.zeros((len(paths), size, size), complex)
        inside = np.flatnonzero(size_of[context.one] == size)
        block, row = place[:, context.one[inside]]
        column = place[1, context.other[inside]]
        matrix[block, row, column] = context.coupling[inside]
        matrix[block, column, row] = context.coupling[inside].conj()
        matrix[:, np.arange(size), np.arange(size)] = context.fields[paths]
        energies, states = np.linalg.eigh(matrix)
        found.append(Blocks(paths, energies, states))
    return tuple(found)
