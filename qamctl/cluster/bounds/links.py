"""Bounds of rules between units: links that must be cut, and members of a group that must share a value."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.bounds.room import Room
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Flags, Index, Ints


def cut_bound(room: Room) -> float:
    """What links cost at least that can't be within one cluster.

    Links of units that can't be together are cut; and units that are linked with each other, but are too many for one
    cluster, are in q clusters at least, so that q - 1 links between them are cut. Whoever may be left out cuts nothing.
    """
    import scipy.sparse as sp
    from scipy.sparse.csgraph import connected_components

    problem, n = room.problem, room.problem.n
    one, other = owners(problem.link_first), problem.link_to.astype(np.int64)
    forward = (one < other) & room.must[one] & room.must[other]
    one, other, weight = one[forward], other[forward], problem.link_weight[forward]
    if not len(one):
        return 0.0
    graph = sp.csr_array((np.ones(len(one), np.int8), (one, other)), shape=(n, n))
    count, part = connected_components(graph, directed=False)
    forced = np.bincount(part[one], weights=weight * _never_together(room, one, other), minlength=count)
    order = np.lexsort((weight, part[one]))
    group = part[one][order]
    rank = np.arange(len(order)) - np.searchsorted(group, group)
    lightest = rank < _clusters_needed(room, part, count)[group] - 1
    return float(np.maximum(forced, np.bincount(group, weights=weight[order] * lightest, minlength=count)).sum())


def _never_together(room: Room, one: Ints, other: Ints) -> Flags:
    """[links] whether no cluster may hold both ends: by where they are allowed, by their demands, or a rule."""
    problem, n = room.problem, room.problem.n
    kinds = len(room.may)
    pairs, at = np.unique(problem.kind[one].astype(np.int64) * kinds + problem.kind[other], return_inverse=True)
    both = np.array([(room.may[p // kinds] & room.may[p % kinds]).any() for p in pairs.tolist()], bool)
    apart = owners(problem.apart_first) * n + problem.apart_to
    never = ~both[at] | np.isin(one * n + other, apart)
    roomiest = room.holds.max(axis=0)
    return np.asarray(never | (room.least[one] + room.least[other] > roomiest).any(axis=1))


def _clusters_needed(room: Room, part: Index, count: int) -> Ints:
    """[count] in how many clusters units of a part must be at least."""
    roomiest = room.holds.max(axis=0)
    clusters = np.ones(count, np.int64)
    for r in np.flatnonzero((roomiest < NO_LIMIT) & (roomiest > 0)).tolist():
        demand = np.zeros(count, np.int64)
        np.add.at(demand, part[room.must], room.least[room.must, r])
        clusters = np.maximum(clusters, -(-demand // roomiest[r]))
    return clusters


def spread_bound(room: Room) -> float:
    """What members of a group cost at least that share a value, were they spread as evenly as can be."""
    problem = room.problem
    total = 0.0
    owner = owners(problem.member_first)
    here = room.must[owner]
    rule, kind, number = problem.member_rule[here], problem.kind[owner[here]], problem.member_count[here]
    order = np.argsort(rule, kind="stable")
    bounds = np.searchsorted(rule[order], np.arange(len(problem.rule_weight) + 1))
    for g in np.flatnonzero((problem.rule_weight > 0) & (problem.rule_value >= 0)).tolist():
        mine = order[bounds[g] : bounds[g + 1]]
        if not len(mine):
            continue
        v = int(problem.rule_value[g])
        leaves = room.may[np.unique(kind[mine])].any(axis=0)
        values = max(1, len(np.unique(problem.value[v][leaves])))
        each = number[mine].astype(np.int64)
        total += float(problem.rule_weight[g]) * max(
            _pairs(int(each.sum()), values), float((each * (each - 1) // 2).sum())
        )
    return total


def _pairs(members: int, values: int) -> float:
    """The least number of pairs that share a value."""
    least, more = divmod(members, values)
    return more * (least + 1) * least / 2 + (values - more) * least * (least - 1) / 2
