"""Smallest and largest sizes of clusters that no number of agents has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.cluster.reason_room import Room, split
from qamctl.cluster.reason_totals import by_depth
from qamctl.cluster.spec import NO_LIMIT, Ints
from qamctl.spec.reason import Reason


def sizes(room: Room) -> Iterator[Reason]:
    """Smallest and largest sizes that contradict each other, or the number of agents."""
    clusters, n = room.spec.clusters, len(room.demand)
    if clusters.elastic:
        yield from _elastic(room)
        return
    needed = _needed(room)
    most = _most(room, max(n, int(needed.max(initial=0))) + 1)
    for k in np.flatnonzero(needed > most).tolist():
        text = f"'{clusters.ids[k]}' must hold {needed[k]} agents at least, and can hold {most[k]}"
        yield Reason(("clusters", k, "min_size"), "min-size", text)
    least = clusters.min_size[room.leaves]
    reach = np.zeros(len(room.leaves), np.int64)
    if least.any():
        for kind, agents in split(room.kinds[0]):
            reach += room.may(kind) * len(agents)
    for leaf in np.flatnonzero(reach < np.minimum(least, n)).tolist():
        k = int(room.leaves[leaf])
        text = f"'{clusters.ids[k]}' must hold {least[leaf]} agents at least, and {reach[leaf]} may be there"
        yield Reason(("clusters", k, "min_size"), "min-size", text)
    total = int(needed[clusters.parent < 0].sum())
    if total > n:
        text = f"the clusters must hold {total} agents at least, and there are {n}"
        yield Reason(("clusters",), "min-size", text)


def _needed(room: Room) -> Ints:
    """[K] agents that each cluster must hold, by what is inside it too."""
    clusters = room.spec.clusters
    needed = np.zeros(len(clusters.ids), np.int64)
    for rows in reversed(by_depth(room)):
        needed[rows] = np.maximum(needed[rows], clusters.min_size[rows])
        around = clusters.parent[rows]
        np.add.at(needed, around[around >= 0], needed[rows[around >= 0]])
    return needed


def _most(room: Room, cap: int) -> Ints:
    """[K] agents that each cluster can hold, by what is inside it too; not more than `cap`."""
    clusters = room.spec.clusters
    most = np.minimum(room.limit[:, -1], cap)
    inside = np.zeros(len(most), np.int64)
    for rows in reversed(by_depth(room)):
        most[rows] = np.where(clusters.leaf[rows], most[rows], np.minimum(most[rows], inside[rows]))
        around = clusters.parent[rows]
        np.add.at(inside, around[around >= 0], most[rows[around >= 0]])
    return most


def _elastic(room: Room) -> Iterator[Reason]:
    """No number of clusters of the sizes asked for holds the agents."""
    clusters, n = room.spec.clusters, len(room.demand)
    must = int(np.count_nonzero(room.placed))
    least, most = int(clusters.min_size.max(initial=0)), int(clusters.max_size.min(initial=NO_LIMIT))
    fewest = -(-must // max(1, most))
    if must == 0 or (least <= most and fewest * least <= n and fewest <= len(clusters.ids)):
        return
    between = f"{least} agents at least" + (f" and {most} at most" if most < NO_LIMIT else "")
    text = f"no number of clusters, each of {between}, holds {must if must == n else f'{must} to {n}'} agents"
    yield Reason(("clusters", "size"), "min-size", text)
