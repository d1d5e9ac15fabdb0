"""Hard and soft limits of every cluster: those that the file gives, and those that a tolerance makes of them."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Index, Ints


def limits(spec: ClusterSpec, row: Index) -> tuple[Ints, Ints]:
    """([m, R + 1] capacity, [m, R + 1] safe limit) of clusters; the last column is the number of agents.

    Parameters
    ----------
    row
        [m] rows of `spec.clusters`, all leaves first; -1 is the whole fleet.
    """
    clusters = spec.clusters
    capacity = np.column_stack([clusters.capacity, clusters.max_size])[row]
    safe = np.column_stack([clusters.safe, np.full(len(clusters.ids), NO_LIMIT)])[row]
    fleet = row < 0
    capacity[fleet, :-1], capacity[fleet, -1], safe[fleet] = spec.resources.capacity, NO_LIMIT, NO_LIMIT
    k = int(clusters.leaf.sum())
    for r, limit in _tolerated(spec, capacity[:k]).items():
        capacity[:k, r] = np.minimum(capacity[:k, r], limit)
    return np.ascontiguousarray(capacity), np.ascontiguousarray(safe)


def _tolerated(spec: ClusterSpec, capacity: Ints) -> dict[int, Ints]:
    """By column: the largest use of each leaf that the tolerance leaves."""
    tolerance = spec.balance.tolerance_millionths
    k = len(capacity)
    if tolerance is None or k == 0:
        return {}
    percent = 100_000_000 + tolerance  # of 100,000,000
    demand = spec.agents.demand
    sums = {r: int(demand[:, r].sum()) for r in range(demand.shape[1])}
    if not any(sums.values()):
        sums = {demand.shape[1]: len(demand)}
    out = {}
    for r, total in sums.items():
        if total == 0:
            continue
        held = [int(c) for c in capacity[:, r]]
        if r == demand.shape[1] or all(c >= NO_LIMIT for c in held):
            shares = [(1, k)] * k
        else:  # a leaf without a limit among others that have one counts for the largest of these
            most = max(c for c in held if c < NO_LIMIT)
            held = [min(c, most) for c in held]
            whole = max(1, sum(held))
            shares = [(c, whole) for c in held]
        fair = [-(-total * part // whole) for part, whole in shares]
        out[r] = np.array([min(NO_LIMIT, percent * one // 100_000_000) for one in fair], np.int64)
    return out
