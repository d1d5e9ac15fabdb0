"""QUBOs as Ising models and back: x = (1 - s) / 2, so that the spin +1 is the bit 0, as the eigenvalues of Z are.

Both ways multiply by powers of two and add: exact wherever the sums are (Lucas 2014, section 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.quantum.polynomial import Polynomial
from qamctl.qubo.model import Floats, Index, Model

if TYPE_CHECKING:
    from qamctl.qubo.compile import Compiled


@dataclass(frozen=True, eq=False)
class Ising:
    """offset + sum of fields * s + sum of weight * s[row] * s[col] over spins s of -1 and +1.

    Attributes
    ----------
    fields
        [n]
    row, col, weight
        [q] couplings, row < col, each pair once.
    factor
        By how much the numbers were multiplied since they were made.
    origin
        The model before that; None where it is this one.
    """

    n: int
    fields: Floats
    row: Index
    col: Index
    weight: Floats
    offset: float
    factor: float = 1.0
    origin: Ising | None = field(default=None, repr=False)

    def to_qubo(self) -> tuple[Floats, Index, Index, Floats, float]:
        """The same over bits: linear [n], row, col, weight [q] and offset."""
        linear = -2.0 * self.fields - 2.0 * self._ends(self.weight)
        return linear, self.row, self.col, 4.0 * self.weight, self.offset + _total(self.fields) + _total(self.weight)

    def energy(self, samples: np.ndarray) -> Floats:
        """[s] the values of samples [s, n] of bits; [1] for a single one."""
        return self.energy_of_spins(1 - 2 * (np.atleast_2d(np.asarray(samples)) != 0).astype(np.int8))

    def energy_of_spins(self, spins: np.ndarray) -> Floats:
        """[s] the values of spins [s, n] of -1 and +1; [1] for a single row.

        Apart from `energy`, because a row of ones is both bits and spins.
        """
        rows = np.atleast_2d(np.asarray(spins)).astype(np.float64)
        out = np.empty(len(rows))
        for s, spin in enumerate(rows):
            out[s] = self.offset + float(self.fields @ spin) + float((self.weight * spin[self.row]) @ spin[self.col])
        return out

    def terms(self) -> list[tuple[tuple[int, ...], float]]:
        """The products of Z with their weights, single ones first, none zero: what a circuit's phases are made of."""
        single = [((q,), h) for q, h in enumerate(self.fields.tolist()) if h]
        pairs = zip(self.row.tolist(), self.col.tolist(), self.weight.tolist(), strict=True)
        return single + [((i, j), w) for i, j, w in pairs if w]

    def scale(self) -> float:
        """The standard deviation over uniformly drawn spins: their products are uncorrelated, of variance 1."""
        return float(np.sqrt(np.square(self.fields).sum() + np.square(self.weight).sum()))

    def scaled(self, factor: float | None = None) -> Ising:
        """All numbers multiplied, the offset too; `unscaled` gives back what was, to the last bit.

        Parameters
        ----------
        factor
            None: what makes the standard deviation 1; 1 where it is 0.
        """
        factor = (1.0 / (self.scale() or 1.0)) if factor is None else float(factor)
        origin, whole = self.origin or self, self.factor * factor
        return Ising(
            self.n, origin.fields * whole, self.row, self.col, origin.weight * whole, origin.offset * whole, whole,
            origin,
        )  # fmt: skip

    def unscaled(self) -> Ising:
        """The model before it was scaled."""
        return self.origin or self

    def _ends(self, weight: Floats) -> Floats:
        return _at_ends(self.n, self.row, self.col, weight)


def ising_of(source: Compiled | Model | Polynomial) -> Ising:
    """The Ising model of a QUBO, of a model's objective (groups and rows apart), or of a polynomial.

    Raises
    ------
    UnsupportedError
        The polynomial has terms of more than two variables: `quadratize` writes it with two.
    """
    if isinstance(source, Polynomial):
        linear, row, col, weight = _vectors(source)
    else:
        linear, row, col, weight = source.linear, source.row, source.col, source.weight
    fields = -0.5 * linear - 0.25 * _at_ends(source.n, row, col, weight)
    offset = float(source.offset) + 0.5 * _total(linear) + 0.25 * _total(weight)
    return Ising(source.n, fields, row, col, 0.25 * weight, offset)


def _vectors(polynomial: Polynomial) -> tuple[Floats, Index, Index, Floats]:
    if polynomial.degree > 2:
        raise UnsupportedError(
            f"an Ising model has couplings of two spins, and a term has {polynomial.degree} variables: write it with "
            "two by quadratize"
        )
    linear = np.zeros(polynomial.n)
    pairs = sorted(term for term in polynomial.terms if len(term) == 2)
    for term, weight in polynomial.terms.items():
        if len(term) == 1:
            linear[term[0]] = weight
    ends = np.array(pairs, np.int32).reshape(-1, 2)
    return linear, ends[:, 0].copy(), ends[:, 1].copy(), np.array([polynomial.terms[pair] for pair in pairs], float)


def _at_ends(n: int, row: Index, col: Index, weight: Floats) -> Floats:
    """[n] the sum of the weights of each variable's couplings."""
    ends = np.concatenate([row, col])
    return np.bincount(ends, np.concatenate([weight, weight]), n).astype(np.float64)


def _total(values: Floats) -> float:
    return float(values.sum())
