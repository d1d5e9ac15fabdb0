"""The semidefinite relaxation of a spin model, tightened by cuts: a dual ascent that can stop at any time.

Products of spins become scalar products of unit vectors of low rank, found by coordinate descent
(`qamctl.kernels.mixing`). Violated inequalities get multipliers, which grow with the violation and shrink where
there is none (as in I. Fischer, G. Gruber, F. Rendl and R. Sotirov, "Computational experience with a bundle
approach for semidefinite cutting plane relaxations of max-cut and equipartition", 2006, with plain steps in place
of bundles). Whatever the multipliers are, `certified` proves a bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from qamctl.kernels.couplings import Floats, Ints
from qamctl.kernels.mixing import Mixing, mixing
from qamctl.qubo.bounds.certificate import Matrix, certified
from qamctl.qubo.bounds.cuts import NONE, from_triangles, joined, odd_walks, pentagons
from qamctl.qubo.bounds.spins import ROUNDING, Spins

#: Rank of the vectors at most. The optimum has rank sqrt(2 n) at most, mostly much less; proofs do not rest on it.
RANK = 24
#: Up to so many spins every triangle is looked at, above it closed walks along couplings.
TRIANGLE_SPINS = 1_500
#: Walks begin at so many spins in each round.
SOURCES = 256
#: Every so many rounds the most useful triangles are extended to pentagons, so many of them.
PENTAGONS, TIGHT = 4, 4_000
#: Multipliers are kept while they are above this share of the mean coupling.
ZERO = 1e-7


class Relaxation:
    """Vectors and multipliers, improved in place.

    Attributes
    ----------
    spins
        The model.
    cuts, multiplier
        Inequalities, and [c] their multipliers.
    pairs
        key low * n + high of every pair that has a coupling or stands in a cut, ascending.
    base, weight
        Couplings of the spin model on the pairs, and what is left of them after the multipliers.
    descent
        Coordinate descent over `weight`.
    entry, mirror
        Where each pair stands in the rows of the descent, from its lower and from its higher spin.
    """

    def __init__(self, spins: Spins, seed: int) -> None:
        rank = min(RANK, 8 * math.ceil((math.sqrt(2 * spins.n) + 1) / 8))
        self.spins = spins
        self.cuts, self.multiplier = NONE, np.zeros(0)
        self._lay_out(_keys(spins), random_vectors(spins.n, rank, seed))

    @property
    def unit(self) -> float:
        """Mean size of a coupling."""
        return float(np.abs(self.spins.weight).mean())

    def run(self, sweeps: int, seconds: float) -> int:
        """Sweeps of the coordinate descent; how many were done."""
        return self.descent.run(sweeps, seconds)

    def estimate(self) -> float:
        """What the bound comes to once the vectors have settled; until then it is a little lower."""
        return self.spins.constant - float(self.descent.norms.sum()) / 2 + self._paid()

    def step(self, size: float) -> float:
        """Moves the multipliers along the violations; the largest violation."""
        if len(self.cuts) == 0:
            return 0.0
        place = np.searchsorted(self.pairs, self.cuts.key)
        product = self.descent.products()[self.entry]
        start = self.cuts.start[:-1]
        excess = self.cuts.least - np.add.reduceat(self.cuts.sign * product[place], start)
        active = np.repeat((self.multiplier > 0) | (excess > 0), self.cuts.size)
        shared = np.bincount(place[active], minlength=len(self.pairs))
        # Inequalities that share pairs would overshoot together.
        crowd = np.maximum.reduceat(np.maximum(shared[place], 1), start)
        self.multiplier = np.maximum(0, self.multiplier + size * self.unit / np.sqrt(crowd) * excess)
        self._reweigh(place)
        return float(excess.max())

    def separate(self, violated: float, most: int, turn: int, largest: int = TRIANGLE_SPINS) -> int:
        """Drops cuts that do nothing, adds violated ones; how many were added.

        Parameters
        ----------
        violated
            By how much at least.
        most
            Of one kind at most so many.
        turn
            The number of the round.
        largest
            Up to so many spins triangles and pentagons are looked for, not only walks along couplings.
        """
        idle = self.multiplier <= ZERO * self.unit
        self.cuts, self.multiplier = self.cuts.only(~idle), self.multiplier[~idle]
        new = NONE
        if self.spins.n <= largest:
            new = from_triangles(self.descent.triangles(violated, most), self.spins.n)
            if turn % PENTAGONS == PENTAGONS - 1:
                new = joined(new, pentagons(self.descent.gram(), self._tight_triangles(), violated, most // 2))
        if len(new) < most // 4:
            low, high, product = self._coupled()
            new = joined(new, odd_walks(self.spins.n, low, high, product, violated, most, turn, SOURCES))
        cuts = joined(self.cuts, new)
        added = len(cuts) - len(self.cuts)
        self.cuts, self.multiplier = cuts, np.concatenate([self.multiplier, np.zeros(added)])
        self._lay_out(np.union1d(_keys(self.spins), cuts.key), self.descent.vectors)
        return added

    def certified(self, late: Callable[[], bool]) -> float | None:
        """A proved lower bound on the energy, the model's offset apart; None when `late` came first."""
        n = self.spins.n
        matrix = Matrix(n, self.pairs // n, self.pairs % n, self.weight, self.descent.norms)
        proved = certified(matrix, late)
        return None if proved is None else self._energy(proved)

    def pairwise(self) -> float:
        """A proved lower bound from the multipliers alone: every pair at its best."""
        return self._energy(-math.fsum(np.abs(self.weight).tolist()))

    def _energy(self, proved: float) -> float:
        """The energy where the couplings that are left come to `proved`, less what floating point may have lost."""
        moved = float(np.repeat(self.multiplier, self.cuts.size).sum())
        deep = int(np.bincount(np.searchsorted(self.pairs, self.cuts.key), minlength=1).max(initial=0)) + 2
        lost = ROUNDING * deep * (moved + float(np.abs(self.base).sum())) if len(self.cuts) else 0.0
        total = math.fsum([self.spins.constant, proved, self._paid(), -self.spins.slack, -lost])
        return total - 2 * ROUNDING * (abs(total) + abs(self.spins.constant) + moved)

    def _tight_triangles(self) -> Floats:
        """[k, 6] the triangles of largest multiplier: corners and signs."""
        found = np.flatnonzero(self.cuts.size == 3)
        found = found[np.argsort(-self.multiplier[found], kind="stable")[:TIGHT]]
        entry = self.cuts.start[found][:, None] + np.arange(3)
        key = self.cuts.key[entry]
        # Pairs ab, ac, bc of closed walks of length three may stand in any order.
        order = np.argsort(key, axis=1)
        key, sign = np.take_along_axis(key, order, 1), np.take_along_axis(self.cuts.sign[entry], order, 1)
        n = self.spins.n
        return np.column_stack([key[:, 0] // n, key[:, 0] % n, key[:, 1] % n, sign])

    def _paid(self) -> float:
        return float((self.cuts.least * self.multiplier).sum())

    def _coupled(self) -> tuple[Ints, Ints, Floats]:
        """The model's own pairs and their products."""
        place = np.searchsorted(self.pairs, _keys(self.spins))
        return self.spins.low, self.spins.high, self.descent.products()[self.entry][place]

    def _reweigh(self, place: Ints) -> None:
        self.weight = self._remaining(place)
        both = np.empty(2 * len(self.pairs))
        both[self.entry] = both[self.mirror] = self.weight
        self.descent.reweigh(both)

    def _lay_out(self, pairs: Ints, vectors: Floats) -> None:
        """Sets the pairs that there are, and a descent over them."""
        n = self.spins.n
        self.pairs = pairs
        self.base: Floats = np.zeros(len(pairs))
        self.base[np.searchsorted(pairs, _keys(self.spins))] = self.spins.weight
        self.weight = self._remaining(np.searchsorted(pairs, self.cuts.key))
        low, high = pairs // n, pairs % n
        row, other = np.concatenate([low, high]), np.concatenate([high, low])
        order = np.lexsort((other, row))
        at = np.empty(len(order), np.int64)
        at[order] = np.arange(len(order))
        self.entry, self.mirror = at[: len(pairs)], at[len(pairs) :]
        first = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))]).astype(np.int64)
        weight = np.concatenate([self.weight, self.weight])[order]
        self.descent: Mixing = mixing(first, other[order].astype(np.int32), weight, vectors)

    def _remaining(self, place: Ints) -> Floats:
        """Couplings on the pairs after the multipliers; `place` is the pair of each entry of the cuts."""
        moved = self.cuts.sign * np.repeat(self.multiplier, self.cuts.size)
        return np.asarray(self.base - np.bincount(place, moved, len(self.pairs)))


def random_vectors(n: int, rank: int, seed: int) -> Floats:
    """[n, rank] numbers of -1 .. 1 from splitmix64: the same on every machine."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed % 2**64) + np.arange(1, n * rank + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(11)).astype(float) * 2.0**-52 - 1.0).reshape(n, rank)


def _keys(spins: Spins) -> Ints:
    return spins.low * spins.n + spins.high
