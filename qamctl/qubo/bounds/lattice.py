"""Energies lie on a lattice where coefficients are whole numbers: a bound may be rounded up to the next point."""

from __future__ import annotations

import math

import numpy as np

from qamctl.kernels.couplings import Couplings


def spacing(model: Couplings) -> int:
    """The greatest common divisor of the coefficients in scaled units; 0 where they are not exact, or all zero.

    Every energy is a multiple of it apart from the offset, and no number larger divides all of them, because
    coefficients are differences of energies.
    """
    if not model.exact:
        return 0
    values = np.unique(np.abs(np.concatenate([model.linear, model.weight])).astype(np.int64))
    return int(np.gcd.reduce(values)) if len(values) else 0


def rounded_up(value: float, step: int) -> float:
    """The least multiple of `step` that is not below `value`; `value` itself for a step of 0."""
    if step == 0 or not math.isfinite(value):
        return value
    return float(step * math.ceil(math.nextafter(value / step, -math.inf)))
