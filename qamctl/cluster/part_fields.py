"""The columns of a part of a problem: limits, pairs, homes, costs and devices of what is free and what stands still.

`free` are the units of the whole that may move, ascending, `kept` the leaves of the whole that the part has, ascending,
`inner` the clusters around them, `count` the number of the part's leaves, and `frozen` that of the units that stand
still, which come first: one for anywhere else, then one for each kept leaf.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qamctl.cluster.copies import with_copies
from qamctl.cluster.flat import both_ways
from qamctl.cluster.spec import NO_LIMIT, Floats, Index, Ints
from qamctl.cluster.standing import Standing, left_behind
from qamctl.cluster.tables import gather
from qamctl.kernels.assignment.problem import AssignmentProblem


def limits(
    standing: Standing, free: Ints, kept: Ints, inner: Ints, count: int, rest: Ints, entry: Ints, owner: Ints
) -> dict[str, Any]:
    """Limits of the part's clusters; what stands still uses at old places is taken off."""
    problem, tables = standing.instance.problem, standing.tables
    node = np.concatenate([kept, inner])
    ghost = standing.ghost[node].copy()
    if problem.transient.any():
        here = standing.leaf[free][owner]
        left, which = left_behind(tables, here, problem.home_leaf[entry])
        at = np.where(left < problem.k, np.searchsorted(kept, left), len(kept) + np.searchsorted(inner, left))
        np.subtract.at(ghost, at, problem.home_demand[entry[which]] * problem.transient.astype(np.int64))
    limit = problem.capacity[node]
    limit = np.where(limit < NO_LIMIT, limit - ghost, limit)
    many, deep = len(kept), len(kept) + len(inner)
    # Nothing is free, and nothing lacks, in a leaf that stands for others.
    capacity = np.zeros((count + len(inner), problem.r), np.int64)
    capacity[:many], capacity[many:deep], capacity[count:] = limit[:many], rest[many:deep], limit[many:]
    safe = np.full_like(capacity, NO_LIMIT)
    least, open_cost = np.zeros(len(capacity), np.int64), np.zeros(len(capacity))
    for own, rows in ((slice(0, many), kept), (slice(count, None), inner)):
        safe[own], least[own], open_cost[own] = problem.safe[rows], problem.least[rows], problem.open_cost[rows]
    return {"capacity": capacity, "safe": safe, "least": least, "open_cost": open_cost}


def apart_from_ghosts(part: AssignmentProblem, standing: Standing, kept: Ints) -> AssignmentProblem:
    """The part with a copy of each resource whose ratio must not see what is used at old places."""
    problem = standing.instance.problem
    named = np.unique(np.concatenate([part.ratio_one, part.ratio_other])).astype(np.int64)
    named = named[(part.transient[named] > 0) & standing.ghost[:, named].any(axis=0)]
    return with_copies(part, named, problem.capacity[kept][:, named], for_ratios=True) if len(named) else part


def pairs_of(standing: Standing, free: Ints, kept: Ints, frozen: int) -> dict[str, Any]:
    """Links and pairs that must be apart, to free units and to what stands still."""
    problem = standing.instance.problem
    n = frozen + len(free)
    one, other, entry = _ends(standing, free, kept, frozen, problem.link_first, problem.link_to)
    # Who can't be left out, and can't join the other end either, is cut off from it whatever happens.
    counts = (other > 0) | (problem.optional[free[one - frozen]] > 0)
    keys, at = np.unique(one[counts] * n + other[counts], return_inverse=True)
    weight: Floats = np.zeros(len(keys))
    np.add.at(weight, at, problem.link_weight[entry[counts]])
    first, to, row = both_ways(n, (keys // n).astype(np.int32), (keys % n).astype(np.int32))
    fields = {"link_first": first, "link_to": to, "link_weight": weight[row]}
    one, other, _ = _ends(standing, free, kept, frozen, problem.apart_first, problem.apart_to)
    keys = np.unique((one * n + other)[other > 0])
    first, to, _ = both_ways(n, (keys // n).astype(np.int32), (keys % n).astype(np.int32))
    return fields | {"apart_first": first, "apart_to": to}


def _ends(standing: Standing, free: Ints, kept: Ints, frozen: int, first: Ints, to: Index) -> tuple[Ints, Ints, Ints]:
    """(free end, other end, entry) of pairs, each once; the other end is 0 where it stands outside the kept leaves."""
    k = standing.instance.k
    entry, owner = gather(first, free)
    end = to[entry].astype(np.int64)
    spot = np.minimum(np.searchsorted(free, end), len(free) - 1)
    both = free[spot] == end
    there = standing.leaf[end].astype(np.int64)
    at = np.minimum(np.searchsorted(kept, there), len(kept) - 1)
    other = np.where(both, frozen + spot, np.where(kept[at] == there, 1 + at, 0))
    some = np.where(both, owner < spot, there < k)
    return (frozen + owner)[some], other[some], entry[some]


def homes(standing: Standing, free: Ints, kept: Ints, count: int, frozen: int) -> dict[str, Any]:
    """Homes of free units, and moves of all others as those of the first unit."""
    problem = standing.instance.problem
    entry, owner = gather(problem.home_first, free)
    away = standing.away[entry]
    agents, money, by_group = standing.moved
    agents -= int(problem.home_count[entry][away].sum())
    money -= float(problem.home_cost[entry][away].sum())
    group = problem.home_group[entry]
    touched = np.unique(group[group >= 0])
    moved = by_group.copy()
    grouped = away & (group >= 0)
    np.subtract.at(moved, group[grouped], problem.home_count[entry][grouped])
    others = np.delete(moved, touched) if problem.groups else moved
    most = int(others.max(initial=0))
    # Of the groups without a free unit only the one of which most have moved says something.
    counts = np.concatenate([moved[touched], [most, agents - int(moved[touched].sum()) - most]]).astype(np.int64)
    mine = np.where(group >= 0, np.searchsorted(touched, group), -1)
    own = np.arange(len(counts), dtype=np.int32)
    own[-1] = -1
    own = own if problem.groups else np.full(len(counts), -1, np.int32)
    nothing = np.zeros((len(counts), problem.r), np.int64)
    size = np.concatenate([[len(counts)], np.zeros(frozen - 1, np.int64), np.bincount(owner, minlength=len(free))])
    pair_cost = np.zeros(0)
    if len(problem.pair_cost):
        table = np.zeros((count, count))
        whole = problem.pair_cost.reshape(problem.k, problem.k)
        table[: len(kept), : len(kept)] = whole[np.ix_(kept, kept)]
        pair_cost = table.ravel()
    return {
        "home_first": np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        "home_leaf": np.concatenate([np.zeros(len(counts)), np.searchsorted(kept, problem.home_leaf[entry])]).astype(
            np.int32
        ),
        "home_group": np.concatenate([own, mine]).astype(np.int32),
        "home_count": np.concatenate([counts, problem.home_count[entry]]),
        "home_cost": np.concatenate([np.zeros(len(counts) - 1), [money], problem.home_cost[entry]]),
        "home_demand": np.concatenate([nothing, problem.home_demand[entry]]),
        "groups": len(touched) + 1 if problem.groups else 0,
        "pair_cost": pair_cost,
    }


def costs(standing: Standing, free: Ints, kept: Ints, frozen: int) -> dict[str, Any]:
    """What free units cost and use in the kept leaves."""
    problem = standing.instance.problem
    entry, owner = gather(problem.cost_first, free)
    leaf = problem.cost_leaf[entry]
    at = np.searchsorted(kept, leaf)
    known = np.append(kept, -1)[at] == leaf
    entry, owner, at = entry[known], owner[known], at[known]
    own = problem.cost_own[entry]
    size = np.concatenate([np.zeros(frozen, np.int64), np.bincount(owner, minlength=len(free))])
    return {
        "cost_first": np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        "cost_leaf": at.astype(np.int32),
        "cost_value": problem.cost_value[entry],
        "cost_own": np.where(own >= 0, np.cumsum(own >= 0) - 1, -1).astype(np.int32),
        "own_demand": problem.own_demand[own[own >= 0]],
    }


def pieces(standing: Standing, free: Ints, kept: Ints, count: int, frozen: int) -> tuple[dict[str, Any], Ints]:
    """What free units and those that stand still in the kept leaves take of devices."""
    problem = standing.instance.problem
    devices = np.zeros((count, len(problem.device_size)), np.int64)
    devices[: len(kept)] = problem.device_count[kept]
    if not len(problem.piece_size):
        first = np.zeros(frozen + len(free) + 1, np.int64)
        none = np.zeros(0, np.int64)
        return {"piece_first": first, "piece_device": none.astype(np.int32), "piece_size": none,
                "device_count": devices}, none  # fmt: skip
    first, order = standing.inside
    spot, leaf = gather(first, kept)
    unit = order[spot]
    still = ~np.isin(unit, free)
    who = np.concatenate([unit[still], free])
    owner = np.concatenate([1 + leaf[still], frozen + np.arange(len(free))])
    entry, at = gather(problem.piece_first, who)
    owner = owner[at]
    rank = np.lexsort((problem.piece_device[entry], -problem.piece_size[entry], owner))
    entry, owner = entry[rank], owner[rank]
    size = np.bincount(owner, minlength=frozen + len(free))
    return {
        "piece_first": np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        "piece_device": problem.piece_device[entry],
        "piece_size": problem.piece_size[entry],
        "device_count": devices,
    }, entry
