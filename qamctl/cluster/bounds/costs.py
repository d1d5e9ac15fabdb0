"""Bounds of what places cost, clusters in use among them, and of what is lost with units that are left out."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.bounds.room import Room, cheapest_cover, held, most_by_kind
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Flags


def cost_bound(room: Room) -> float:
    """The cheapest place of every unit, and the cheapest clusters that hold them all."""
    problem, n = room.problem, room.problem.n
    owner = owners(problem.cost_first)
    there = room.may[problem.kind[owner], problem.cost_leaf]
    owner, value = owner[there], problem.cost_value[there]
    # A leaf that no row names costs nothing.
    named = np.bincount(owner, minlength=n)
    priced = room.must & (named > 0) & (named >= room.may.sum(axis=1)[problem.kind])
    cheapest = np.full(n, np.inf)
    np.minimum.at(cheapest, owner, value)
    return float(cheapest[priced].sum()) + (_openings(room) if problem.open_cost.any() and room.must.any() else 0.0)


def _openings(room: Room) -> float:
    """What clusters in use cost at least: those that somebody can't avoid, or enough of the cheapest to hold all."""
    problem, k = room.problem, room.problem.k
    may = room.may[np.unique(problem.kind[room.must])]
    forced = np.zeros(problem.m, bool)
    for nodes in room.above:
        last, first = most_by_kind(may, nodes, -2), -most_by_kind(may, -nodes, -problem.m)
        forced[last[(last == first) & (last >= 0)]] = True
    around = np.where(room.above >= 0, problem.open_cost[room.above], 0.0).sum(axis=0)
    lowest = -most_by_kind(may, -around, -np.inf)
    best = max(float(problem.open_cost[forced].sum()), float(lowest[np.isfinite(lowest)].max(initial=0.0)))
    needed = room.least[room.must].sum(axis=0).tolist()
    for r in np.flatnonzero((room.holds < NO_LIMIT).all(axis=0)).tolist():
        best = max(best, cheapest_cover(needed[r], room.holds[:, r].astype(float), problem.open_cost[:k]))
    return best


def unplaced_bound(room: Room) -> float:
    """The rewards that must be lost: of units that fit nowhere, and of the cheapest that there is no room for."""
    problem = room.problem
    fits = _fits(room)
    lost = float(problem.reward[~room.must & ~fits].sum())
    parts, single = 0.0, 0.0
    for region in room.regions:
        units = region.kinds[problem.kind] & fits
        free = units & ~room.must
        short = room.least[units].sum(axis=0) - held(room, region.leaves)
        amounts, rewards = room.least[free].astype(float), problem.reward[free]
        worth = max(cheapest_cover(short[r], amounts[:, r], rewards) if short[r] > 0 else 0.0 for r in range(problem.r))
        parts += worth if region.part else 0.0
        single = max(single, worth)
    return lost + max(parts, single)


def _fits(room: Room) -> Flags:
    """[n] whether any leaf that a unit may be in can hold the least of it alone."""
    problem = room.problem
    roomiest = np.column_stack([most_by_kind(room.may, room.holds[:, r], -1) for r in range(problem.r)])
    return np.asarray((room.least <= roomiest[problem.kind]).all(axis=1))
