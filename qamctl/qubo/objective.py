"""The objective as penalties see it: costs shifted group by group, and how far it can reach."""

from __future__ import annotations

import numpy as np

from qamctl.qubo.model import Floats, Ints, Model
from qamctl.qubo.shapes import group_of_variables

#: What coefficients are multiplied by to become whole numbers, in the order in which it is tried.
SCALES = (1.0, 2.0, 4.0, 8.0, 10.0, 16.0, 100.0, 1000.0, 1024.0, 1e4, 1e5, 1e6)


def shifted(model: Model) -> tuple[Floats, float]:
    """(linear, offset) with each group's least linear cost moved to the offset; equal on feasible states."""
    linear = model.linear.copy()
    size = np.diff(model.group_start)
    if (size == 0).any():
        raise ValueError("a one-hot group has no member")
    if len(size) == 0:
        return linear, model.offset
    least = np.minimum.reduceat(linear[model.group_index], model.group_start[:-1])
    np.subtract.at(linear, model.group_index, np.repeat(least, size))
    return linear, model.offset + float(least.sum())


def between_groups(model: Model) -> np.ndarray:
    """[q] which couplings count: one within a group is 0 in every feasible state, and left out."""
    if len(model.group_start) == 1:
        return np.ones(len(model.row), bool)
    group = group_of_variables(model)
    one = group[model.row]
    kept: np.ndarray = (one < 0) | (one != group[model.col])
    return kept


def unit(model: Model) -> float | None:
    """The largest 1 / scale of `SCALES` that all coefficients are whole multiples of; None where there is none."""
    if (model.linear == np.rint(model.linear)).all() and (model.weight == np.rint(model.weight)).all():
        return 1.0
    values = np.unique(np.concatenate([model.linear, model.weight]))
    for scale in SCALES[1:]:
        scaled = np.rint(values * scale)
        if (scaled / scale == values).all():
            return 1.0 / scale
    return None


def margin(model: Model) -> float:
    """How far a weight stays above its bound: 1 for an integral objective, else about a 1,024th of its range.

    Of coefficients that are decimals it is a whole multiple of their unit, so that weights are decimals, too,
    and engines that compute in integers stay exact.
    """
    reach = float(np.abs(model.linear).sum() + np.abs(model.weight).sum())
    step = unit(model)
    if reach == 0 or step == 1.0:
        return 1.0
    return reach / 1024 if step is None else float(np.ceil(reach / 1024 / step)) * step


def on_grid(model: Model, values: Floats) -> Floats:
    """Values that are sums of the model's coefficients, rid of the rounding of decimals."""
    step = unit(model)
    if step is None or step == 1.0:
        return values
    scale = 1.0 / step
    return np.asarray(np.rint(values * scale) / scale, np.float64)


def reach_of(linear: Floats, row: Ints, col: Ints, weight: Floats, block: Ints) -> tuple[float, float]:
    """(low, high): linear and quadratic costs lie between them wherever each block has at most one chosen.

    Parameters
    ----------
    block
        [n] the block of each variable; a variable on its own has a number of its own.
    """
    if len(linear) == 0:
        return 0.0, 0.0
    low = np.zeros(int(block.max()) + 1)
    high = np.zeros(len(low))
    np.minimum.at(low, block, linear)
    np.maximum.at(high, block, linear)
    one, other = block[row], block[col]
    key = np.minimum(one, other) * len(low) + np.maximum(one, other)
    order = np.argsort(key, kind="stable")
    key, sorted_weight = key[order], weight[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    if len(first) == 0:
        return float(low.sum()), float(high.sum())
    pair_low = np.minimum(np.minimum.reduceat(sorted_weight, first), 0.0)
    pair_high = np.maximum(np.maximum.reduceat(sorted_weight, first), 0.0)
    return float(low.sum() + pair_low.sum()), float(high.sum() + pair_high.sum())


def value_of(model: Model, sample: np.ndarray) -> float:
    """The objective of one sample [n], constraints apart."""
    x = np.asarray(sample)
    both = (x[model.row] != 0) & (x[model.col] != 0)
    return float(model.offset + model.linear @ x + model.weight[both].sum())
