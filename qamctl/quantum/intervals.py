"""Intervals for shares that were counted: how far the truth may lie from what was seen."""

from __future__ import annotations

import math
from typing import Final

#: Standard deviations on each side of 95 % of a normal distribution.
TWO_SIDED_95: Final = 1.959963984540054


def wilson(hits: int, trials: int, z: float = TWO_SIDED_95) -> tuple[float, float]:
    """The score interval of a share of which `hits` of `trials` were seen (Wilson 1927); 95 % by default.

    It stays within 0..1 and has a width also where nothing, or everything, was a hit; (0, 1) without trials.

    Raises
    ------
    ValueError
        More hits than trials, or fewer than none.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} of {trials} is no share")
    if trials == 0:
        return 0.0, 1.0
    share, square = hits / trials, z * z / trials
    middle = share + square / 2
    half = math.sqrt(square * (share * (1 - share) + square / 4))
    low = 0.0 if hits == 0 else max(0.0, (middle - half) / (1 + square))
    return low, 1.0 if hits == trials else min(1.0, (middle + half) / (1 + square))
