"""What the kernels for binary models work on: rows of couplings, in integers wherever that is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

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

#: Couplings that `energy` looks at together.
CHUNK = 2**18


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

    def fields(self, sample: np.ndarray) -> np.ndarray:
        """[n] linear plus the weights of the partners that are 1, of the dtype of `linear`."""
        on = np.asarray(sample)[self.other] != 0
        row = np.repeat(np.arange(self.n), np.diff(self.first))[on]
        total = np.bincount(row, weights=self.weight[on], minlength=self.n)
        return (self.linear + total).astype(self.linear.dtype)

    def energy(self, sample: np.ndarray) -> float:
        """The energy of one sample: the exact sum of the model's coefficients, rounded once."""
        x = np.asarray(sample) != 0
        if not self.exact:
            row = np.repeat(np.arange(self.n), np.diff(self.first))
            both = x[row] & x[self.other] & (row < self.other)
            return math.fsum([self.offset, *self.linear[x].tolist(), *self.weight[both].tolist()])
        kind = np.int64 if self.integral else np.float64
        total, twice = int(self.linear[x].sum(dtype=kind)), 0
        # Rows together until they fill a megabyte or so: whole arrays at once are many times slower.
        bounds = np.unique(np.searchsorted(self.first, np.arange(0, len(self.other), CHUNK), "left"))
        for a, b in pairwise([*bounds.tolist(), self.n]):
            part = slice(self.first[a], self.first[b])
            row = np.repeat(x[a:b], np.diff(self.first[a : b + 1]))
            twice += int(self.weight[part][row & x[self.other[part]]].sum(dtype=kind))
        total += twice // 2
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
    row, col = np.asarray(row, np.int64), np.asarray(col, np.int64)
    if (row == col).any():
        raise ValueError("a variable is coupled to itself")
    low, high = np.minimum(row, col), np.maximum(row, col)
    key = low * n + high
    if len(key) and not (np.diff(key) > 0).all():
        key, place = np.unique(key, return_inverse=True)
        weight = np.bincount(place, weights=weight, minlength=len(key))
        low, high = key // n, key % n
    keep = weight != 0
    if not keep.all():
        low, high, weight = low[keep], high[keep], weight[keep]

    scale = _scale(linear, weight)
    linear, weight = linear * scale, weight * scale
    whole = bool((linear == np.rint(linear)).all() and (weight == np.rint(weight)).all())
    size = np.bincount(low, minlength=n) + np.bincount(high, minlength=n)
    first = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    # Partners below come before partners above, both ascending: two stable passes instead of a sort of all.
    below = np.argsort(high, kind="stable")
    other = np.empty(2 * len(low), np.int32)
    both = np.empty(2 * len(low), np.float64)
    count_below = np.bincount(high, minlength=n)
    at = np.arange(len(low)) + (first[:-1] - np.concatenate([[0], np.cumsum(count_below)[:-1]]))[high[below]]
    other[at], both[at] = low[below], weight[below]
    start_above = first[:-1] + count_below - np.concatenate([[0], np.cumsum(np.bincount(low, minlength=n))[:-1]])
    at = np.arange(len(low)) + start_above[low]
    other[at], both[at] = high, weight
    reach = np.abs(linear)
    if len(low):
        reach = reach + np.bincount(low, np.abs(weight), n) + np.bincount(high, np.abs(weight), n)
    if whole and float(reach.max(initial=0.0)) < REACH:
        return Couplings(n, linear.astype(np.int32), first, other, both.astype(np.int32), scale, offset, True)
    exact = whole and float(reach.sum()) < EXACT
    return Couplings(n, linear, first, other, both, scale, offset, exact)


def _scale(linear: np.ndarray, weight: np.ndarray) -> float:
    """What makes every coefficient a whole number, exactly; 1.0 where nothing small does."""
    values = np.unique(np.concatenate([linear, weight]))
    if (values == np.rint(values)).all():
        return 1.0
    for scale in (2.0, 4.0, 8.0, 10.0, 16.0, 100.0, 1000.0, 1024.0, 1e4, 1e5, 1e6):
        scaled = np.rint(values * scale)
        if (scaled / scale == values).all() and (scaled == values * scale).all():
            return scale
    return 1.0
