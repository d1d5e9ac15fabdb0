"""What the kernels for binary models work on: rows of couplings, in integers wherever that is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Samples = npt.NDArray[np.uint8]

#: Fields of integer models stay below this, so that sums and differences of two fit into an int32.
REACH = 2**30

#: Whole numbers up to this are exact in floating point.
EXACT = 2.0**53

#: Models with fewer numbers in a full matrix than this, for each coupling, are put in order in one.
FULL = 8

#: From so many couplings on, each counted twice, products are left to scipy, whose import takes as long as a few.
LARGE = 2**19


@dataclass(frozen=True, slots=True)
class Couplings:
    """Minimise offset + (linear . x + sum over pairs of weight * x[i] * x[j]) / scale over binary x.

    Attributes
    ----------
    linear
        [n] int32 or float64.
    first, other, weight
        CSR of the symmetric couplings: row i holds its partners other[first[i]:first[i + 1]], ascending,
        and the weights, of the dtype of `linear`. Each pair stands in both rows; no zeros, no diagonal.
    scale
        What the coefficients were multiplied by to become whole numbers; 1.0 where they are not.
    offset
        Of the energy, in the model's own units.
    exact
        Sums of coefficients have no rounding: int32, or whole numbers in float64 whose sums stay below 2^53.
    """

    n: int
    linear: np.ndarray
    first: Ints
    other: Index
    weight: np.ndarray
    scale: float
    offset: float
    exact: bool

    @property
    def pairs(self) -> int:
        """Number of couplings."""
        return len(self.other) // 2

    @property
    def integral(self) -> bool:
        """Whether the coefficients are int32."""
        return self.linear.dtype == np.int32

    @property
    def tolerance(self) -> float:
        """What rounding may add up to in a kernel's running sums, in their units; 0 where sums are exact."""
        return 0.0 if self.exact else 2.0**-44 * self._reach

    @property
    def rounding(self) -> float:
        """How far apart two sums of one state's energy may come out, in the model's own units.

        Where the coefficients are whole numbers, different energies are farther apart than that.
        """
        some = 2.0**-50 * (abs(self.offset) + self._reach / self.scale)
        return min(some, 0.5 / self.scale) if self.exact else some

    @property
    def _reach(self) -> float:
        return float(np.abs(self.linear).sum(dtype=np.float64) + np.abs(self.weight).sum(dtype=np.float64))

    def fields(self, sample: np.ndarray) -> np.ndarray:
        """[n] linear plus the weights of the partners that are 1, of the dtype of `linear`."""
        total: np.ndarray = self.linear + self.partners(sample)
        return total

    def partners(self, sample: np.ndarray) -> np.ndarray:
        """[n] the sums of the weights of the partners that are 1, of the dtype of `weight`."""
        if len(self.other) < LARGE:
            on = np.asarray(sample)[self.other] != 0
            row = np.repeat(np.arange(self.n), np.diff(self.first))[on]
            counted: np.ndarray = np.bincount(row, self.weight[on], self.n).astype(self.weight.dtype)
            return counted
        from scipy.sparse import csr_array

        first = self.first.astype(np.int32) if self.first[-1] < 2**31 else self.first  # with others, indices are copied
        matrix = csr_array((self.weight, self.other, first), shape=(self.n, self.n))
        sums: np.ndarray = matrix @ (np.asarray(sample) != 0).astype(self.weight.dtype)
        return sums

    def energy(self, sample: np.ndarray) -> float:
        """The energy of one sample: the exact sum of the model's coefficients, rounded once."""
        x = np.asarray(sample) != 0
        if not self.exact:
            row = np.repeat(np.arange(self.n), np.diff(self.first))
            both = x[row] & x[self.other] & (row < self.other)
            return math.fsum([self.offset, *self.linear[x].tolist(), *self.weight[both].tolist()])
        kind = np.int64 if self.integral else np.float64
        total = int(self.linear[x].sum(dtype=kind)) + int(self.partners(x)[x].sum(dtype=kind)) // 2
        return math.fsum([self.offset, total / self.scale]) if self.offset else total / self.scale


def couplings(
    linear: np.ndarray, row: np.ndarray, col: np.ndarray, weight: np.ndarray, offset: float = 0.0
) -> Couplings:
    """The kernels' form of linear . x + sum of weight * x[row] * x[col] + offset.

    Parameters
    ----------
    row, col, weight
        [q] pairs in any order, row != col; a pair that is given more than once is summed.

    Raises
    ------
    ValueError
        A coefficient is not finite, or a pair couples a variable to itself.
    """
    n = len(linear)
    linear, weight = np.asarray(linear, np.float64), np.asarray(weight, np.float64)
    if not (np.isfinite(linear).all() and np.isfinite(weight).all() and math.isfinite(offset)):
        raise ValueError("a coefficient is not finite")
    row, col = (ends if ends.dtype.kind in "iu" else ends.astype(np.int64) for ends in map(np.asarray, (row, col)))
    if (row == col).any():
        raise ValueError("a variable is coupled to itself")
    # Where a good part of all pairs is there, a full matrix puts them in order without a sort.
    first, other, both = (_filled if n * n <= FULL * len(row) else _sorted)(n, row, col, weight)

    scale = _scale(np.concatenate([linear, both]))
    if scale * float(np.abs(linear).sum() + np.abs(both).sum()) >= EXACT:
        scale = 1.0  # sums would not be exact, which is all that scaling is for
    if scale != 1.0:
        linear, both = linear * scale, both * scale
    whole = bool((linear == np.rint(linear)).all() and (both == np.rint(both)).all())
    reach = np.abs(linear) + np.bincount(np.repeat(np.arange(n), np.diff(first)), np.abs(both), n)
    if whole and float(reach.max(initial=0.0)) < REACH:
        return Couplings(n, linear.astype(np.int32), first, other, both.astype(np.int32), scale, offset, True)
    exact = whole and float(reach.sum()) < EXACT
    return Couplings(n, linear, first, other, both, scale, offset, exact)


def _filled(n: int, row: np.ndarray, col: np.ndarray, weight: np.ndarray) -> tuple[Ints, Index, Floats]:
    """The symmetric rows of pairs by way of a full matrix."""
    upper = np.bincount(np.minimum(row, col) * np.int64(n) + np.maximum(row, col), weight, n * n).reshape(n, n)
    full = upper + upper.T
    there = full != 0
    first = np.concatenate([[0], np.cumsum(np.count_nonzero(there, axis=1))]).astype(np.int64)
    return first, np.broadcast_to(np.arange(n, dtype=np.int32), (n, n))[there], full[there]


def _sorted(n: int, row: np.ndarray, col: np.ndarray, weight: np.ndarray) -> tuple[Ints, Index, Floats]:
    """The symmetric rows of pairs by sorts."""
    low, high = np.minimum(row, col).astype(np.int64), np.maximum(row, col).astype(np.int64)
    key = low * n + high
    if not (np.diff(key) > 0).all():
        place = _order(high, n)
        place = place[_order(low[place], n)]
        key = key[place]
        new = np.diff(key, prepend=-1) != 0
        weight = np.bincount(np.cumsum(new) - 1, weight[place])
        low, high = low[place[new]], high[place[new]]
    keep = weight != 0
    if not keep.all():
        low, high, weight = low[keep], high[keep], weight[keep]
    above, below = np.bincount(low, minlength=n), np.bincount(high, minlength=n)
    first = np.concatenate([[0], np.cumsum(above + below)]).astype(np.int64)
    # In each row partners below come before partners above, both ascending.
    under = np.repeat(np.tile([True, False], n), np.stack([below, above], axis=1).ravel())
    place = _order(high, n)
    other, both = np.empty(2 * len(low), np.int32), np.empty(2 * len(low), np.float64)
    other[under], both[under] = low[place], weight[place]
    other[~under], both[~under] = high, weight
    return first, other, both


def _order(index: np.ndarray, n: int) -> Ints:
    """Where variables stand in ascending order, equal ones as they come; numpy sorts short integers by radix."""
    place: Ints = np.argsort(index.astype(np.uint16) if n <= 2**16 else index, kind="stable")
    return place


def _scale(values: np.ndarray) -> float:
    """What makes every coefficient a whole number, exactly; 1.0 where nothing small does."""
    if (values == np.rint(values)).all():
        return 1.0
    values = np.unique(values)
    for scale in (2.0, 4.0, 8.0, 10.0, 16.0, 100.0, 1000.0, 1024.0, 1e4, 1e5, 1e6):
        if all(_whole(part, scale) for part in (values[:1000], values)):  # most scales fail at once
            return scale
    return 1.0


def _whole(values: np.ndarray, scale: float) -> bool:
    scaled = np.rint(values * scale)
    return bool((scaled / scale == values).all() and (scaled == values * scale).all())
