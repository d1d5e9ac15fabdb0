"""What an agent needs in a cluster, and what is named for pairs: both are looked up in sorted keys."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.spec import ClusterSpec, Index, Ints


def find_pairs(left: Index, right: Index, width: int, asked_left: Ints, asked_right: Ints) -> Ints:
    """Where each asked pair stands among the named ones; -1 where it is not named, or one of its rows is negative.

    Parameters
    ----------
    left, right
        [P] the named pairs, each once.
    width
        More than every row on the right.
    asked_left, asked_right
        [n] rows.
    """
    if len(left) == 0 or len(asked_left) == 0:
        return np.full(len(asked_left), -1, np.int64)
    key = left.astype(np.int64) * width + right
    asked = np.where((asked_left < 0) | (asked_right < 0), -1, asked_left.astype(np.int64) * width + asked_right)
    order = None if (key[1:] > key[:-1]).all() else np.argsort(key, kind="stable")  # tables are often sorted already
    ordered = key if order is None else key[order]
    spot = np.minimum(np.searchsorted(ordered, asked), len(key) - 1)
    place = spot if order is None else order[spot]
    return np.where(ordered[spot] == asked, place, -1)


def demand_in(spec: ClusterSpec, agent: Ints, cluster: Ints) -> Ints:
    """[n, R] what each of these agents needs in its cluster (-1: wherever): its own demand there if one is named."""
    demand = spec.agents.demand[agent]
    costs = spec.costs
    if not costs.own_demand.any():
        return demand
    own = np.flatnonzero(costs.own_demand)
    place = find_pairs(costs.agent[own], costs.cluster[own], len(spec.clusters.ids), agent, cluster)
    named = place >= 0
    demand[named] = costs.demand[own[place[named]]]
    return demand
