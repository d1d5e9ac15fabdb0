"""Bounds of what must move: units that can't stay where they are, and clusters that hold too much now."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.bounds.room import Room, cheapest_cover
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Flags


def move_bound(room: Room) -> float:
    """What moves cost at least.

    A unit stays in one place at most, and in none where it is not allowed or too large. What a cluster holds beyond a
    capacity must leave it: at least the cheapest shares of units that come to so much.
    """
    problem = room.problem
    if not len(problem.home_leaf):
        return 0.0
    owner = owners(problem.home_first)
    stays = room.may[problem.kind[owner], problem.home_leaf]
    stays &= (room.least[owner] <= room.holds[problem.home_leaf]).all(axis=1)
    moved = float(problem.home_cost[~_kept(room, stays)].sum())
    price = problem.per_agent * (moved + _overflow(room, stays))
    return price + problem.per_group * _most_of_a_group(room, stays)


def _kept(room: Room, stays: Flags) -> Flags:
    """[entries] those in the one place of each unit where leaving would cost most, of those where it could stay."""
    problem = room.problem
    owner = owners(problem.home_first)
    keys, at = np.unique(owner * problem.k + problem.home_leaf, return_inverse=True)
    worth = np.bincount(at, weights=problem.home_cost * stays)
    order = np.lexsort((worth, keys // problem.k))
    best = np.zeros(len(keys), bool)
    best[order[np.append(np.diff(keys[order] // problem.k) != 0, True)]] = True
    return np.asarray(stays & best[at])


def _most_of_a_group(room: Room, stays: Flags) -> float:
    problem = room.problem
    grouped = ~stays & (problem.home_group >= 0)
    return float(np.bincount(problem.home_group[grouped], weights=problem.home_count[grouped]).max(initial=0.0))


def _overflow(room: Room, stays: Flags) -> float:
    """The least move cost, beyond that of those who can't stay, of what leaves are too small for.

    Only units that are in one place now count, so that nobody's cost is counted twice.
    """
    problem = room.problem
    alone = stays & (np.diff(problem.home_first)[owners(problem.home_first)] == 1)
    rows = np.flatnonzero(alone)[np.argsort(problem.home_leaf[alone], kind="stable")]
    first = np.searchsorted(problem.home_leaf[rows], np.arange(problem.k + 1))
    inside = np.zeros((problem.k, problem.r), np.int64)
    np.add.at(inside, problem.home_leaf[rows], problem.home_demand[rows])
    limit = problem.capacity[: problem.k]
    over = np.where((limit < NO_LIMIT) & (problem.transient == 0), inside - limit, 0)
    least = np.zeros(problem.k)
    for leaf, r in np.argwhere(over > 0).tolist():
        mine = rows[first[leaf] : first[leaf + 1]]
        leaving = cheapest_cover(over[leaf, r], problem.home_demand[mine, r].astype(float), problem.home_cost[mine])
        least[leaf] = max(least[leaf], leaving)
    return float(least.sum())
