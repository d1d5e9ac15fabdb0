"""The mixing method in plain numpy: the specification of the C++ kernel, its test, and what runs without it.

Minimises the sum over i < j of J[i, j] v[i] . v[j] over unit vectors v[i] of low rank: the semidefinite relaxation
of a spin model. One vector at a time is set to its best direction, against the sum g of its neighbours' vectors
(P.-W. Wang, W.-C. Chang and J. Z. Kolter, "The mixing method: low-rank coordinate descent for semidefinite
programming with diagonal constraints", 2017). At the optimum -|g[i]| are the dual variables.
"""

from __future__ import annotations

import math
import time

import numpy as np

from qamctl.kernels.couplings import Floats, Index, Ints

#: Sums over a vector are made in so many partial sums, so that they are the same with every instruction set.
LANES = 8


def dot(a: Floats, b: Floats) -> float:
    """The scalar product, in the order in which the C++ kernel adds."""
    product = (a * b).reshape(-1, LANES)
    lanes = np.zeros(LANES)
    for part in product:
        lanes += part
    s = lanes.tolist()
    return float(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])))


class Mixing:
    """Coordinate descent, driven in slices.

    Parameters
    ----------
    first, other, weight
        CSR of J; each pair stands in both rows.
    vectors
        [n, rank] where to start; the rank is a multiple of 8.

    Attributes
    ----------
    vectors
        [n, rank]
    norms
        [n] length of g[i] when vector i was last set.
    sweeps
        Sweeps done.
    change
        How much the last sweep lowered the objective; inf before the first.
    """

    def __init__(self, first: Ints, other: Index, weight: Floats, vectors: Floats) -> None:
        n, rank = len(first) - 1, vectors.shape[1] if vectors.ndim == 2 else 0
        fits = rank > 0 and rank % LANES == 0 and len(vectors) == n and len(weight) == len(other)
        if not (fits and first[0] == 0 and first[-1] == len(other) and (np.diff(first) >= 0).all()):
            raise ValueError("rows and vectors of a Mixing do not fit together")
        if len(other) and not (other.min() >= 0 and other.max() < n):
            raise ValueError("rows and vectors of a Mixing do not fit together")
        self._first, self._other = first.tolist(), other
        self._weight, self.vectors = weight.copy(), vectors.copy()
        self.norms = np.zeros(n)
        self.sweeps = 0
        self.change = math.inf

    def run(self, sweeps: int, seconds: float) -> int:
        """At most so many sweeps, and none begun after so many seconds; at least one. How many were done."""
        begin = time.monotonic()
        for done in range(1, sweeps + 1):
            self._sweep()
            if time.monotonic() - begin >= seconds:
                return done
        return max(0, sweeps)

    def reweigh(self, weight: Floats) -> None:
        """Other values of J for the same pairs."""
        if len(weight) != len(self._weight):
            raise ValueError("as many weights as before are needed")
        self._weight = weight.copy()

    def products(self) -> Floats:
        """For every entry of the rows, the scalar product of its two vectors."""
        row = np.repeat(np.arange(len(self.norms)), np.diff(self._first))
        return _dots(self.vectors[row], self.vectors[self._other])

    def gram(self) -> Floats:
        """[n, n] scalar products of all vectors."""
        v, n = self.vectors, len(self.norms)
        return np.array([_dots(np.broadcast_to(v[i], v.shape), v) for i in range(n)]).reshape(n, n)

    def triangles(self, least: float, most: int) -> Floats:
        """[k, 7] violated triangle inequalities s1 X[a, b] + s2 X[a, c] + s3 X[b, c] >= -1, worst first.

        X are the scalar products, and s1 s2 s3 = 1.

        Parameters
        ----------
        least
            Those that are violated by more than this.
        most
            At most so many.

        Returns
        -------
        Floats
            a, b, c, s1, s2, s3, and by how much it is violated; a < b < c.
        """
        x, n = self.gram(), len(self.norms)
        found = [np.zeros((0, 7))]
        for a in range(n - 2):
            # Rows are b, columns c; the half with b < c counts.
            w, y, z = x[a, a + 1 :, None], x[a, None, a + 1 :], x[a + 1 :, a + 1 :]
            more = np.maximum(np.abs(y + z) - w, np.abs(y - z) + w) - 1
            b, c = np.nonzero(np.triu(more > least, 1))
            b, c = b + a + 1, c + a + 1
            w, y, z = x[a, b], x[a, c], x[b, c]
            equal = np.abs(y + z) - w > np.abs(y - z) + w
            ac = np.where(np.where(equal, y + z, y - z) < 0, 1, -1)
            ab = np.where(equal, 1, -1)
            found.append(np.column_stack([np.full(len(b), a), b, c, ab, ac, ab * ac, more[b - a - 1, c - a - 1]]))
        rows = np.concatenate(found)
        order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0], -rows[:, 6]))
        return rows[order[:most]]

    def _sweep(self) -> None:
        v, change = self.vectors, 0.0
        for i, (begin, end) in enumerate(zip(self._first[:-1], self._first[1:], strict=True)):
            g = np.zeros(v.shape[1])
            for j, w in zip(self._other[begin:end].tolist(), self._weight[begin:end].tolist(), strict=True):
                g += w * v[j]
            norm = math.sqrt(dot(g, g))
            self.norms[i] = norm
            if norm < np.finfo(float).tiny:
                continue
            change += norm + dot(g, v[i])
            v[i] = (-1.0 / norm) * g
        self.change = change
        self.sweeps += 1


def _dots(a: Floats, b: Floats) -> Floats:
    """`dot` of each row of `a` with the same row of `b`."""
    product = (a * b).reshape(len(a), a.shape[1] // LANES, LANES)
    lanes = np.zeros((len(a), LANES))
    for part in range(product.shape[1]):
        lanes += product[:, part]
    s = lanes.T
    return np.asarray(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])))
