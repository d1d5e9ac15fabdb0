"""Bounds that cost one pass over a model."""

from __future__ import annotations

import math

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.bounds.spins import ROUNDING, spins_of


def simple_bound(model: Couplings) -> float:
    """The better of two bounds on the energy in scaled units, the offset apart.

    Every variable at its best against half of its negative couplings; and every coupling of the spin model at its
    best.
    """
    row = np.repeat(np.arange(model.n), np.diff(model.first))
    own = model.linear + np.bincount(row, np.minimum(model.weight, 0), model.n) / 2
    halves = math.fsum(np.minimum(own, 0).tolist())
    spins = spins_of(model)
    pairs = math.fsum([spins.constant, *(-np.abs(spins.weight)).tolist()]) - spins.slack
    return max(halves, pairs) - rounding(model)


def rounding(model: Couplings) -> float:
    """What sums over all coefficients, each changed a few times, may lose; 0 for exact models."""
    if model.exact:
        return 0.0
    reach = float(np.abs(model.linear).sum() + np.abs(model.weight).sum())
    return ROUNDING * (model.n + 16) * reach
