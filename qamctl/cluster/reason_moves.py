"""The present state: clusters that no move relieves, and agents that must move though they may not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.cluster.reason_agents import stays
from qamctl.cluster.reason_room import Room
from qamctl.cluster.reason_totals import least_demand
from qamctl.cluster.spec import NO_LIMIT
from qamctl.spec.reason import Reason


def loads(room: Room) -> Iterator[Reason]:
    """Clusters that hold too much of a transient resource now: old places count as long as agents move."""
    clusters, resources = room.spec.clusters, room.spec.resources
    here = np.flatnonzero(room.spec.agents.current >= 0)
    if not resources.transient.any() or not len(here):
        return
    least = least_demand(room)
    for r in np.flatnonzero(resources.transient).tolist():
        load = np.zeros(len(clusters.ids), np.int64)
        load[room.leaves] = room.load[:, r]
        for way in room.around[1:]:
            leaf = room.position[room.spec.agents.current[here]]
            inside = way[leaf] >= 0
            # Within a cluster that holds old and new place either demand may be the one that counts.
            np.add.at(load, way[leaf[inside]], least[here[inside], r])
        for k in np.flatnonzero((load > clusters.capacity[:, r]) & (clusters.capacity[:, r] < NO_LIMIT)).tolist():
            now, most = room.amount(r, int(load[k])), room.number(r, int(clusters.capacity[k, r]))
            text = f"the agents in '{clusters.ids[k]}' use {now} now, which is above its capacity of {most}, and"
            text = f"{text} no move lowers it: a transient resource is used at old places too"
            yield Reason(("clusters", k, "capacity", resources.ids[r]), "capacity", text)


def moves(room: Room) -> Iterator[Reason]:
    """Agents that can't stay where they are, against the bounds on moves."""
    bounds = room.spec.moves
    here, may_stay = stays(room)
    gone = here[~may_stay]
    if not len(gone):
        return
    which = f"{room.people(gone)} can't stay where {'they are' if len(gone) > 1 else 'it is'}"
    if len(gone) > bounds.most:
        yield Reason(("moves", "max"), "max-moves", f"{which}, and {bounds.most} may move")
    cost = float(room.spec.agents.move_cost[gone].sum())
    if cost > bounds.max_cost * (1 + 1e-9):
        text = f"{which}, which costs {cost:.15g}, and moves may cost {bounds.max_cost:.15g}"
        yield Reason(("moves", "max_cost"), "max-move-cost", text)
