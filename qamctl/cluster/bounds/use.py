"""Bounds from what all units use together: load above safe limits, and balance."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.bounds.room import Room, own_demands, sum_of_limits
from qamctl.cluster.spec import NO_LIMIT, Floats, Ints

#: What rounding may add to a difference, in shares of what it is a difference of.
ROUNDING = 1e-12


def load_bound(room: Room) -> float:
    """What is above safe limits at least, of the leaves and of each level of clusters around them.

    Of what units use that can't leave some clusters, whatever these can't hold safely is above; a cluster that can't
    hold as much as is safe holds what it can. Parts of the problem add up, levels too.
    """
    problem = room.problem
    used = np.zeros((len(room.may), problem.r), np.int64)
    np.add.at(used, problem.kind[room.must], room.least[room.must])
    sums = 0.0
    for nodes in room.above:
        parts, single = 0.0, 0.0
        for region in room.regions:
            inside = np.unique(nodes[region.leaves])
            if (inside < 0).any():
                continue
            safe = sum_of_limits(np.minimum(problem.safe[inside], problem.capacity[inside]))
            over = np.where(safe < NO_LIMIT, np.maximum(0, used[region.kinds].sum(axis=0) - safe), 0)
            worth = float(over @ problem.load)
            parts += worth if region.part else 0.0
            single = max(single, worth)
        sums += max(parts, single)
    return sums


def balance_bound(room: Room) -> float:
    """What ratios and target sizes cost at least, were everything as even as can be."""
    problem = room.problem
    figures = (problem.ratio_one, problem.ratio_other, problem.ratio_value, problem.ratio_weight)
    total = 0.0
    for one, other, value, weight in zip(*(column.tolist() for column in figures), strict=True):
        total += weight * max(_all_leaves(room, one, other, value), _each_leaf(room, one, other, value))
    if problem.target:
        size = problem.demand[:, -1]
        total += _even(int(size[room.must].sum()), int(size.sum()), problem.k, problem.target)
    return total


def _all_leaves(room: Room, one: int, other: int, value: float) -> float:
    """What is missing of `other` if all leaves were one: every unit uses what is best for the difference."""
    problem = room.problem
    free = sum_of_limits(problem.capacity[: problem.k, [one, other]])
    if (free >= NO_LIMIT).any():
        return 0.0
    unit = _differences(problem.demand, one, other, value)
    owner, row, every = own_demands(problem, room.may)
    unit[every] = np.inf
    np.minimum.at(unit, owner, _differences(row, one, other, value))
    unit[~room.must] = np.minimum(0.0, unit[~room.must])
    parts = np.append(unit, [value * float(free[0]), -float(free[1])])
    return _surely(float(parts.sum()), float(np.abs(parts).sum()), value)


def _differences(demand: Ints, one: int, other: int, value: float) -> Floats:
    return np.asarray(demand[:, other].astype(float) - value * demand[:, one].astype(float))


def _each_leaf(room: Room, one: int, other: int, value: float) -> float:
    """Of each leaf alone: no more of `one` is used than there is demand that may be there, and nothing of `other`."""
    problem = room.problem
    by_kind = np.zeros(len(room.may))
    np.add.at(by_kind, problem.kind, room.most[:, one].astype(float))
    there = np.ceil(by_kind @ room.may)
    free, others = (problem.capacity[: problem.k, r].astype(float) for r in (one, other))
    more = np.maximum(0.0, free - there)
    missing = value * more - others
    return sum(_surely(*pair, value) for pair in zip(missing.tolist(), (value * free + others).tolist(), strict=True))


def _surely(difference: float, of: float, value: float) -> float:
    """A difference that is above 0 for more reasons than rounding; of whole numbers there is none."""
    exact = float(value).is_integer() and of < 2**53
    return max(0.0, difference if exact else difference - ROUNDING * of)


def _even(low: int, high: int, k: int, target: int) -> float:
    """The least sum of |size - target| over clusters in use that hold `low` to `high` agents together."""
    if low == 0:
        return 0.0
    wished = np.arange(1, k + 1) * target
    return float(np.maximum(0, np.maximum(low - wished, wished - high)).min())
