"""What a sample of a model is worth: its exact objective and every constraint that it breaks, from the model alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.qubo.model import EQ, GE, Model

#: Two sums of the same numbers differ by no more than this share of the sum of their sizes.
ROUNDING: Final = 2.0**-50


@dataclass(frozen=True, slots=True)
class Broken:
    """A constraint that a sample does not keep.

    Attributes
    ----------
    kind
        "one-hot" for groups, else the word that the model has for the row.
    number
        Of the group or the row.
    amount
        By how much: members too many or too few, units beyond the right side.
    """

    kind: str
    number: int
    amount: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The minimised objective of a sample, and what it breaks: nothing, where it is feasible.

    Attributes
    ----------
    rounding
        How far another exact sum may be from this one, because decimals have no exact binary form.
    """

    energy: float
    broken: tuple[Broken, ...]
    rounding: float = 0.0

    def agrees(self, energy: float) -> bool:
        """Whether a figure is this energy: whole numbers exactly, others up to the rounding of sums."""
        if float(energy).is_integer() and self.energy.is_integer() and abs(self.energy) <= 2**53:
            return energy == self.energy
        return abs(energy - self.energy) <= self.rounding


def judge(model: Model, sample: np.ndarray) -> Verdict:
    """Recompute a sample from the model; shares nothing with search, compiler or kernels.

    Parameters
    ----------
    sample
        [n] 0 and 1.

    Raises
    ------
    ValueError
        The sample is of another length, or holds something else.
    """
    values = np.asarray(sample)
    if values.shape != (model.n,):
        raise ValueError(f"has {values.size} values, the model has {model.n} variables")
    if not np.isin(values, (0, 1)).all():
        raise ValueError("holds values other than 0 and 1")
    x = values.astype(bool)
    chosen = model.weight[x[model.row] & x[model.col]]
    coefficients = np.concatenate([[model.offset], model.linear[x], chosen])
    rounding = ROUNDING * float(np.abs(coefficients).sum())
    return Verdict(exact_sum(coefficients), (*_groups(model, x), *_rows(model, x)), rounding)


def exact_sum(values: np.ndarray) -> float:
    """The sum of floats, rounded once; at once where they are whole numbers whose sums are exact anyway."""
    if float(np.abs(values).sum()) < 2.0**53 and (values == np.rint(values)).all():
        return float(values.sum())
    return math.fsum(values.tolist())


def _groups(model: Model, x: np.ndarray) -> list[Broken]:
    count = _sums(model.group_start, x[model.group_index].astype(np.int64))
    wrong = np.flatnonzero(count != 1)
    return [Broken("one-hot", int(g), abs(int(count[g]) - 1)) for g in wrong]


def _rows(model: Model, x: np.ndarray) -> list[Broken]:
    over = _sums(model.con_start, np.where(x[model.con_index], model.con_coef, 0)) - model.con_rhs
    sense = model.con_sense
    amount = np.where(sense == EQ, np.abs(over), np.where(sense == GE, -over, over))
    return [Broken(model.con_kinds[int(model.con_kind[c])], int(c), int(amount[c])) for c in np.flatnonzero(amount > 0)]


def _sums(start: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sums of the parts of a CSR; parts may be empty."""
    total = np.concatenate([[0], np.cumsum(values)])
    sums: np.ndarray = total[start[1:]] - total[start[:-1]]
    return sums
