"""What is inside what: the clusters around each cluster, and exact sums over everything inside."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.cluster.check.report import Exact
from qamctl.cluster.spec import ClusterSpec, Ints

#: Sums below this stay in 64 bits, also when two of them are added.
_FITS: Final = 2**61


class Inside:
    """The hierarchy of a spec's clusters.

    Attributes
    ----------
    around
        [K, D] the cluster at each depth, from the top, on the way to this cluster, itself included; -1 below it.
    depth
        [K] 0 at the top.
    """

    def __init__(self, spec: ClusterSpec) -> None:
        parent = spec.clusters.parent
        ways = [np.arange(len(parent))]
        while (ways[-1] >= 0).any():
            ways.append(np.where(ways[-1] >= 0, parent[ways[-1]], -1))
        # A way leads upwards from each cluster, and ends in -1 for all of them.
        self.depth: Ints = np.zeros(len(parent), np.int64)
        for way in ways[1:]:
            self.depth += way >= 0
        self.around: Ints = np.full((len(parent), max(1, len(ways) - 1)), -1, np.int64)
        for steps, way in enumerate(ways[:-1]):
            rows = np.flatnonzero(way >= 0)
            self.around[rows, self.depth[rows] - steps] = way[rows]

    def levels(self, cluster: Ints) -> list[Ints]:
        """For each depth, what each of these clusters is inside of; -1 for -1, and below the cluster."""
        return [np.append(column, -1)[cluster] for column in self.around.T]

    def sums(self, leaf: Ints, amounts: Exact) -> Exact:
        """[K, ...] the sum of the amounts [n, ...] inside every cluster, each given by the leaf it is in."""
        own = sums_by(leaf, amounts, len(self.depth))
        total = np.zeros_like(own)
        places = np.flatnonzero(np.bincount(leaf, minlength=len(self.depth)))
        for level in self.levels(places):
            there = level >= 0
            np.add.at(total, level[there], own[places[there]])
        return total


def sums_by(key: Ints, amounts: Exact, n: int) -> Exact:
    """[n, ...] exact sums of amounts [m, ...] that share a key; Python's integers where 64 bits could be too few."""
    flat = amounts.reshape(len(amounts), int(np.prod(amounts.shape[1:])))
    greatest = int(np.abs(flat).max(initial=0))
    kind = np.int64 if greatest * max(1, len(flat)) < _FITS else object
    total = np.zeros((n, flat.shape[1]), kind)
    for column in range(flat.shape[1]):
        np.add.at(total[:, column], key, flat[:, column].astype(kind))
    return total.reshape(n, *amounts.shape[1:])
