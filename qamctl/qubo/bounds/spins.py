"""A binary model as a spin model without fields: what semidefinite and cycle bounds are about.

With s = 2 x - 1 the energy is a constant plus couplings and fields of spins; fields become couplings to one more
spin, which may be taken as 1 because flipping all spins changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import EXACT, Couplings, Floats, Ints

#: Relative rounding error of one operation, doubled.
ROUNDING = 2.0**-52


@dataclass(frozen=True, slots=True)
class Spins:
    """Energy = constant + sum of weight * s[low] * s[high], in the scaled units of the model it was made from.

    Attributes
    ----------
    n
        Spins; the last one stands for the fields where `has_field`.
    low, high, weight
        Pairs, low < high, sorted, each once.
    slack
        The energy may be so much less, by the rounding of `constant` and `weight`; 0 for exact models.
    """

    n: int
    low: Ints
    high: Ints
    weight: Floats
    constant: float
    slack: float
    has_field: bool


def spins_of(model: Couplings) -> Spins:
    """The spin model; the model's offset is left out."""
    row = np.repeat(np.arange(model.n), np.diff(model.first))
    linear, weight = model.linear.astype(float), model.weight.astype(float)
    once = row < model.other
    low, high, pair = row[once], model.other[once].astype(np.int64), weight[once] / 4
    field = linear / 2 + np.bincount(row, weight, model.n) / 4
    reach = np.abs(linear) / 2 + np.bincount(row, np.abs(weight), model.n) / 4
    constant = math.fsum([*(linear / 2).tolist(), *pair.tolist()])
    slack = 0.0
    if not model.exact or float(reach.sum()) >= EXACT / 8:  # quarters of the coefficients are counted
        terms = np.diff(model.first) + 4
        field[np.abs(field) <= ROUNDING * terms * reach] = 0.0
        slack = ROUNDING * (2 * float((terms * reach).sum()) + abs(constant))
    with_field = np.flatnonzero(field)
    n = model.n + (1 if len(with_field) else 0)
    if len(with_field):
        low = np.concatenate([low, with_field])
        high = np.concatenate([high, np.full(len(with_field), model.n)])
        pair = np.concatenate([pair, field[with_field]])
        order = np.lexsort((high, low))
        low, high, pair = low[order], high[order], pair[order]
    return Spins(n, low, high, pair, constant, slack, len(with_field) > 0)
