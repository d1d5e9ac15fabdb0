"""Whether counts are what they should be: distances of distributions, chi-square tests with rare outcomes pooled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

#: Expected counts of a cell of a chi-square test; rarer outcomes share a cell.
LEAST: Final = 5.0

Floats = npt.NDArray[np.float64]


def total_variation(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Half the sum of the differences of two distributions, which counts and weights are made to first."""
    first, second = float(sum(one.values())), float(sum(other.values()))
    keys = sorted({*one, *other})
    return float(sum(abs(one.get(key, 0) / first - other.get(key, 0) / second) for key in keys)) / 2


def fit(counts: Mapping[str, int], chances: Mapping[str, float]) -> float:
    """The p-value of counts against a distribution (Pearson's chi-square test); 0 where the impossible was met."""
    if any(count and not chances.get(key) for key, count in counts.items()):
        return 0.0
    shots = sum(counts.values())
    keys = sorted(chances, key=lambda key: (chances[key], key))
    expected = np.array([chances[key] for key in keys])
    expected *= shots / expected.sum()
    met = np.array([counts.get(key, 0) for key in keys], np.float64)
    cells = _cells(expected)
    seen, wanted = np.bincount(cells, met), np.bincount(cells, expected)
    return _p_value(float(((seen - wanted) ** 2 / wanted).sum()), len(wanted) - 1)


def homogeneity(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """The p-value of two counts being drawn from one distribution (chi-square test of homogeneity)."""
    both = {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}
    keys = sorted(both, key=lambda key: (both[key], key))
    shots = np.array([sum(one.values()), sum(other.values())], np.float64)
    total = np.array([both[key] for key in keys], np.float64)
    cells = _cells(total * shots.min() / shots.sum())
    pooled = np.bincount(cells, total)
    statistic = 0.0
    for counts, mine in zip((one, other), shots, strict=True):
        seen = np.bincount(cells, np.array([counts.get(key, 0) for key in keys], np.float64))
        wanted = pooled * mine / shots.sum()
        statistic += float(((seen - wanted) ** 2 / wanted).sum())
    return _p_value(statistic, len(pooled) - 1)


def _cells(expected: Floats) -> npt.NDArray[np.int64]:
    """[k] the cell of each outcome, rare ones first: each cell but the last expects at least `LEAST`."""
    out = np.zeros(len(expected), np.int64)
    cell, held = 0, 0.0
    for k, amount in enumerate(expected.tolist()):
        if held >= LEAST:
            cell, held = cell + 1, 0.0
        out[k] = cell
        held += amount
    if cell and held < LEAST:
        out[out == cell] = cell - 1
    return out


def _p_value(statistic: float, freedom: int) -> float:
    """The chance that a chi-square variable is larger."""
    if freedom < 1:
        return 1.0
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))
