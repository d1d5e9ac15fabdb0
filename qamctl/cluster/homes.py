"""Where agents are now, and what moving them costs, as the search is told."""

from __future__ import annotations

from typing import Any

import numpy as np

from qamctl.cluster.spec import ClusterSpec, Index, Ints


def homes(
    spec: ClusterSpec,
    node: Index,
    k: int,
    cost_first: Ints,
    cost_leaf: Index,
    cost_own: Index,
    own: Ints,
    demand: Ints,
) -> dict[str, Any]:
    """The fields `home_*`, `groups`, `pair_cost`, weights and bounds of moves of an `AssignmentProblem`."""
    agents, moves = spec.agents, spec.moves
    who = np.flatnonzero(agents.current >= 0)
    leaf = node[agents.current[who]]
    there = demand[who]
    if len(own):  # an agent's demand where it is now may be one of its own
        owner = np.repeat(np.arange(len(agents.ids)), np.diff(cost_first))
        keys, wanted = owner * k + cost_leaf, who * k + leaf
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        mine = (keys[at] == wanted) & (cost_own[at] >= 0)
        there[mine] = own[cost_own[at[mine]]]
    pair_cost = np.zeros(0)
    if moves.per_pair and len(moves.pair_cost):
        pair_cost = np.zeros((k, k))
        pair_cost[node[moves.pair_from], node[moves.pair_to]] = moves.pair_cost
    grouped = moves.per_group != 0
    return {
        "home_first": np.concatenate([[0], np.cumsum(agents.current >= 0)]).astype(np.int64),
        "home_leaf": leaf.astype(np.int32),
        "home_group": agents.group[who].astype(np.int32) if grouped else np.full(len(who), -1, np.int32),
        "home_count": np.ones(len(who), np.int64),
        "home_cost": agents.move_cost[who].astype(float),
        "home_demand": np.ascontiguousarray(there),
        "groups": len(spec.groups.ids) if grouped else 0,
        "pair_cost": np.ascontiguousarray(pair_cost.ravel()),
        "per_agent": float(moves.per_agent),
        "per_group": float(moves.per_group),
        "per_pair": float(moves.per_pair),
        "most_moves": int(moves.most),
        "max_move_cost": float(moves.max_cost),
    }
