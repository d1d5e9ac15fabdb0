"""A bound on a sum of costs as a row of whole numbers: costs are decimals, the rows of a model are integers."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.qubo.model import Floats, Ints

#: Powers of ten by which costs may be scaled to integers, and the largest range of a row that may result: its square
#: times a penalty is still exact in double precision.
SCALES: Final[tuple[int, ...]] = tuple(10**k for k in range(10))
RANGE: Final = 2**20


def whole_row(costs: Floats, room: float) -> tuple[Ints, int] | None:
    """(coefficients, right side) of costs . x <= room in integers without a common divisor.

    What alone exceeds the right side is cut down to just above it.

    Parameters
    ----------
    costs
        [n] none of them 0; n >= 1.

    Returns
    -------
    None where the costs are no multiples of 1e-9, or too far apart for slack bits.
    """
    for scale in SCALES:
        scaled = costs * scale
        whole = np.round(scaled)
        if np.abs(scaled - whole).max() <= 1e-9 * np.abs(scaled).max():
            coef = whole.astype(np.int64)
            divisor = abs(int(np.gcd.reduce(coef)))
            coef = coef // divisor
            least = int(np.minimum(coef, 0).sum())
            rhs = int(np.floor(room * scale)) // divisor
            if rhs - least > RANGE:
                return None
            return np.minimum(coef, max(rhs - least, 0) + 1), rhs
    return None
