"""Inequalities that every spin state keeps; with multipliers they tighten a relaxation and keep it a lower bound.

*Odd walks*: round a closed walk an even number of couplings is cut. With an odd number of its pairs marked, the sum
of s_i s_j over marked pairs less that over the others is at least 2 - length (F. Barahona and A. R. Mahjoub, "On the
cut polytope", 1986). *Pentagons*: the square of a signed sum of five spins is at least 1, so that the signed sum over
their ten pairs is at least -2 (M. Deza and M. Laurent, "Geometry of cuts and metrics", 1997; T. Hrga and J. Povh,
"MADAM: a parallel exact solver for max-cut based on semidefinite programming and ADMM", 2021).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Floats, Ints

#: Walks are looked for from at most so many spins at a time.
SOURCES = 64
#: Triangles are extended to pentagons by pairs of so many most promising spins.
PROMISING = 16


@dataclass(frozen=True, slots=True)
class Cuts:
    """Inequalities sum of sign * X[low, high] >= least, as CSR; `key` is low * n + high of each pair."""

    start: Ints
    key: Ints
    sign: Floats
    least: Floats

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def size(self) -> Ints:
        """[c] pairs of each, repeated ones counted."""
        return np.diff(self.start)

    def only(self, chosen: np.ndarray) -> Cuts:
        """The inequalities that are chosen [c, bool]."""
        size = self.size
        return Cuts(
            np.concatenate([[0], np.cumsum(size[chosen])]).astype(np.int64),
            self.key[np.repeat(chosen, size)],
            self.sign[np.repeat(chosen, size)],
            self.least[chosen],
        )

    def names(self) -> list[tuple[tuple[int, float], ...]]:
        """What tells one inequality from another."""
        entries = list(zip(self.key.tolist(), self.sign.tolist(), strict=True))
        bounds = self.start.tolist()
        return [tuple(sorted(entries[a:b])) for a, b in itertools.pairwise(bounds)]


NONE = Cuts(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def joined(a: Cuts, b: Cuts) -> Cuts:
    """All of `a`, then those of `b` that are not in `a`."""
    known = set(a.names())
    b = b.only(np.array([name not in known for name in b.names()], bool))
    return Cuts(
        np.concatenate([a.start, b.start[1:] + a.start[-1]]),
        np.concatenate([a.key, b.key]),
        np.concatenate([a.sign, b.sign]),
        np.concatenate([a.least, b.least]),
    )


def from_triangles(rows: Floats, n: int) -> Cuts:
    """The inequalities of `Mixing.triangles`."""
    a, b, c = rows[:, :3].astype(np.int64).T
    key = np.column_stack([a * n + b, a * n + c, b * n + c])
    return Cuts(
        3 * np.arange(len(rows) + 1, dtype=np.int64), key.ravel(), rows[:, 3:6].ravel(), np.full(len(rows), -1.0)
    )


def pentagons(gram: Floats, rows: Floats, violated: float, most: int) -> Cuts:
    """Violated pentagons that extend triangles by two spins.

    Parameters
    ----------
    gram
        [n, n] products of all vectors.
    rows
        [k, 6] triangles a, b, c and the signs of ab, ac and bc: best those that are tight.
    violated
        By how much at least.
    most
        At most so many.
    """
    n = len(gram)
    corner = rows[:, :3].astype(np.int64)
    sign = np.column_stack([np.ones(len(rows)), rows[:, 3], rows[:, 4]])
    inside = (rows[:, 3:6] * gram[corner[:, [0, 0, 1]], corner[:, [1, 2, 2]]]).sum(axis=1)
    # What each other spin adds with its better sign; the pair of most promise may still disagree with each other.
    pull = sign[:, [0]] * gram[corner[:, 0]] + sign[:, [1]] * gram[corner[:, 1]] + sign[:, [2]] * gram[corner[:, 2]]
    worth = -np.abs(pull)
    np.put_along_axis(worth, corner, np.inf, axis=1)
    some = np.argsort(worth, axis=1, kind="stable")[:, :PROMISING]
    gain = np.take_along_axis(worth, some, axis=1)
    side = np.where(np.take_along_axis(pull, some, axis=1) > 0, -1.0, 1.0)
    d, e = np.triu_indices(some.shape[1], 1)
    total = gain[:, d] + gain[:, e] + side[:, d] * side[:, e] * gram[some[:, d], some[:, e]]
    best = np.argmin(total, axis=1)
    excess = -2 - (inside + np.take_along_axis(total, best[:, None], axis=1)[:, 0])
    chosen = np.lexsort((np.arange(len(rows)), -excess))[:most]
    chosen = chosen[excess[chosen] > violated]
    spins = np.column_stack([corner, some[np.arange(len(rows)), d[best]], some[np.arange(len(rows)), e[best]]])[chosen]
    signs = np.column_stack([sign, side[np.arange(len(rows)), d[best]], side[np.arange(len(rows)), e[best]]])[chosen]
    i, j = np.triu_indices(5, 1)
    low, high = np.minimum(spins[:, i], spins[:, j]), np.maximum(spins[:, i], spins[:, j])
    return Cuts(
        10 * np.arange(len(chosen) + 1, dtype=np.int64),
        (low * n + high).ravel(),
        (signs[:, i] * signs[:, j]).ravel(),
        np.full(len(chosen), -2.0),
    )


def odd_walks(
    n: int, low: Ints, high: Ints, product: Floats, violated: float, most: int, turn: int, sources: int
) -> Cuts:
    """Violated inequalities of closed walks along the pairs of a model, by shortest paths in a doubled graph.

    A walk that changes sides along its marked pairs, at 1 + X each, and keeps its side along the others, at 1 - X,
    and comes back on the other side at a cost below 2, is violated.

    Parameters
    ----------
    product
        X of each pair.
    violated
        By how much at least.
    most
        At most so many inequalities.
    turn, sources
        Walks begin at `sources` spins, others each turn.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    cross, stay = np.maximum(1 + product, 1e-9), np.maximum(1 - product, 1e-9)
    tail = np.concatenate([low, high, low + n, high + n])
    head = np.concatenate([high, low, high + n, low + n])
    other_side = np.concatenate([head[: 2 * len(low)] + n, head[2 * len(low) :] - n])
    graph = csr_array(
        (np.concatenate([np.tile(stay, 4), np.tile(cross, 4)]),
         (np.concatenate([tail, tail]), np.concatenate([head, other_side]))), shape=(2 * n, 2 * n),
    )  # fmt: skip
    begin = (turn * sources + np.arange(min(n, sources))) % n
    found: dict[tuple[tuple[int, float], ...], float] = {}
    for block in range(0, len(begin), SOURCES):
        spins = begin[block : block + SOURCES]
        cost, before = dijkstra(graph, indices=spins, limit=max(0.0, 2.0 - violated), return_predecessors=True)
        for k in np.flatnonzero(np.isfinite(cost[np.arange(len(spins)), spins + n])).tolist():
            walk = _walk(before[k], int(spins[k]), n)
            found.setdefault(walk, float(cost[k, spins[k] + n]))
    chosen = sorted(found, key=lambda walk: (found[walk], walk))[:most]
    size = [len(walk) for walk in chosen]
    return Cuts(
        np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        np.array([key for walk in chosen for key, _ in walk], np.int64),
        np.array([sign for walk in chosen for _, sign in walk], float),
        2.0 - np.array(size, float),
    )


def _walk(before: np.ndarray, spin: int, n: int) -> tuple[tuple[int, float], ...]:
    """The pairs and marks of the walk that ends at the other side of `spin`."""
    pairs, at = [], spin + n
    while at != spin:
        last = int(before[at])
        i, j = last % n, at % n
        pairs.append((min(i, j) * n + max(i, j), 1.0 if (last < n) != (at < n) else -1.0))
        at = last
    return tuple(sorted(pairs))
