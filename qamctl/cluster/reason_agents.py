"""Agents that fit into no cluster: who, and what is short where they would fit best."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.cluster.reason_room import Room, fitting, split
from qamctl.cluster.spec import Flags, Ints
from qamctl.spec.reason import Reason
from qamctl.spec.source import Path_


def nowhere(room: Room, fits: Flags) -> Iterator[Reason]:
    """For every agent that can't be left out and does not fit anywhere, why."""
    for i in np.flatnonzero(room.placed & ~fits).tolist():
        yield _why(room, i)


def fits_somewhere(room: Room) -> Flags:
    """[N] whether some leaf can hold the agent, were it alone there."""
    count = np.zeros(len(room.demand), np.int64)
    entry = room.entry
    for kind, agents in split(room.kinds[0]):
        most = entry[room.may(kind)]
        if len(agents) < len(most):
            count[agents] = fitting(room.demand[agents], most)
        else:
            demand, back = np.unique(room.demand[agents], axis=0, return_inverse=True)
            count[agents] = fitting(demand, most)[back.reshape(-1)]
    owner, leaf, own = room.own
    if len(owner):
        may = room.allowed_pairs(owner, leaf)
        one_more = may & (own <= entry[leaf]).all(axis=1)
        one_less = may & (room.demand[owner] <= entry[leaf]).all(axis=1)
        np.add.at(count, owner, one_more.astype(np.int64) - one_less)
    if (room.load > 0).any():
        here = np.flatnonzero(room.spec.agents.current >= 0)
        leaf_now = room.position[room.spec.agents.current[here]]
        demand, may = room.demand_at(here, leaf_now), room.allowed_pairs(here, leaf_now)
        count[here] += may & (demand <= room.most[leaf_now]).all(axis=1)
        count[here] -= may & (demand <= entry[leaf_now]).all(axis=1)
    return count > 0


def stays(room: Room) -> tuple[Ints, Flags]:
    """Agents that are in a cluster now, and whether each could stay there, were it alone."""
    here = np.flatnonzero(room.spec.agents.current >= 0)
    leaf = room.position[room.spec.agents.current[here]]
    return here, room.allowed_pairs(here, leaf) & (room.demand_at(here, leaf) <= room.most[leaf]).all(axis=1)


def _why(room: Room, i: int) -> Reason:
    agents, clusters = room.spec.agents, room.spec.clusters
    path: Path_ = ("agents", i)
    open_to = room.named(i)
    whose = "cluster" if agents.allowed[i] is None else "cluster that it may be in"
    who = f"agent '{agents.ids[i]}'"
    for label, values in agents.requires[i].items():
        found = open_to & room.carrying(i, label)
        if not found.any():
            wanted = " or ".join(f"{label}={value}" for value in values)
            return Reason((*path, "requires", label), "requires", f"{who} requires {wanted}, which no {whose} carries")
    for label in agents.requires[i]:
        open_to = open_to & room.carrying(i, label)
    if not open_to.any():
        return Reason((*path, "requires"), "requires", f"{who} requires labels that no {whose} carries together")
    tolerable = open_to & room.tolerable(i)
    if not tolerable.any():
        first = int(room.leaves[int(open_to.argmax())])
        taint = min(clusters.taints[first] - agents.tolerates[i])
        others = int(np.count_nonzero(open_to)) - 1
        more = f", nor those of the {others} other{'s' * (others > 1)} that it could be in" if others else ""
        text = f"{who} does not tolerate the taint '{taint}' of '{clusters.ids[first]}'{more}"
        return Reason((*path, "tolerates"), "taint", text)
    return _short(room, i, who, np.flatnonzero(tolerable))


def _short(room: Room, i: int, who: str, leaves: Ints) -> Reason:
    """The leaf that comes nearest to holding an agent, and what it lacks."""
    agents, clusters = room.spec.agents, room.spec.clusters
    demand = room.demand_at(np.full(len(leaves), i), leaves)
    here = agents.current[i] == room.leaves[leaves]
    limit = np.where(here[:, None], room.most[leaves], room.entry[leaves])
    lacking = np.maximum(demand - limit, 0) / np.maximum(demand, 1)
    best = int(np.lexsort((lacking.sum(axis=1), np.count_nonzero(lacking, axis=1)))[0])
    r, leaf = int(lacking[best].argmax()), int(leaves[best])
    place = clusters.ids[room.leaves[leaf]]
    has, needs = int(limit[best, r]), int(demand[best, r])
    constraint, where = _limit(room, leaf, r, has)
    if r == len(room.spec.resources.ids):
        text = f"{who} fits nowhere: '{place}', where least is short, takes no agent{where}"
        return Reason(("agents", i), "max-size" if constraint == "capacity" else constraint, text)
    field: Path_ = ("agents", i, "demand", room.spec.resources.ids[r])
    text = f"{who} fits nowhere: it demands {room.amount(r, needs)}, and '{place}', where least is short, has room for"
    return Reason(field, constraint, f"{text} {room.number(r, has)}{where}")


def _limit(room: Room, leaf: int, r: int, has: int) -> tuple[str, str]:
    """The constraint that leaves no more room in a leaf, and where it stands unless that is the leaf's capacity."""
    clusters, k = room.spec.clusters, int(room.leaves[leaf])
    if has < room.most[leaf, r]:
        return "capacity", " while agents that move use their old places too"
    for way in room.around:
        k = int(way[leaf])
        if k >= 0 and room.limit[k, r] == has:
            break
    own = clusters.max_size[k] if r == len(room.spec.resources.ids) else clusters.capacity[k, r]
    if own > has:
        return "balance", " by the tolerance of its balance"
    return "capacity", f" by the limit of '{clusters.ids[k]}' around it" if k != room.leaves[leaf] else ""
