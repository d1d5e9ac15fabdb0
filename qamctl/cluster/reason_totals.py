"""All agents against all clusters: more demand than there is room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.cluster.reason_room import Room, split
from qamctl.cluster.spec import MOST_DEVICES, NO_LIMIT, Flags, Ints
from qamctl.spec.reason import Reason
from qamctl.spec.source import Path_

#: Different sets of clusters that agents are restricted to, beyond which these are not looked at one by one.
MOST_SETS: Final = 64

#: Sums of amounts: Python's integers where 64 bits could be too few.
Exact = npt.NDArray[Any]


def totals(room: Room) -> Iterator[Reason]:
    """Demands of all agents that can't be left out against what the clusters hold together."""
    must = np.flatnonzero(room.placed)
    least = least_demand(room)
    wanted = _sum(least[must])
    held = room_of(room, np.ones(len(room.leaves), bool), wanted)
    resources = room.spec.resources
    told = set()
    for r, name in enumerate(resources.ids):
        if wanted[r] > resources.capacity[r]:
            text = f"the agents demand {room.amount(r, int(wanted[r]))}, of which there is"
            there = room.number(r, int(resources.capacity[r]))
            yield Reason(("resources", r, "capacity"), "shared-capacity", f"{text} {there}")
        if wanted[r] > held[r]:
            told.add(r)
            text = f"the agents demand {room.amount(r, int(wanted[r]))}, and all clusters together have room for"
            yield Reason(("resources", r), "capacity", f"{text} {room.number(r, int(held[r]))}")
        yield from _devices(room, r, name, least[must, r])
    if wanted[-1] > held[-1]:
        told.add(len(resources.ids))
        text = f"{wanted[-1]} agents can't be left out, and all clusters together have room for {held[-1]}"
        yield Reason(("clusters",), "max-size", text)
    yield from _restricted(room, must, least, told)


def least_demand(room: Room) -> Ints:
    """[N, R + 1] what each agent demands at least, wherever it is."""
    least = room.demand.copy()
    owner, leaf, own = room.own
    if len(owner):
        there = room.allowed_pairs(owner, leaf)
        owner, own = owner[there], own[there]
        number = np.array([np.count_nonzero(room.may(k)) for k in range(len(room.kinds[1]))])[room.kinds[0]]
        # Where every cluster that it may be in has a demand of its own, what it demands elsewhere says nothing.
        least[np.bincount(owner, minlength=len(least)) >= number] = NO_LIMIT
        np.minimum.at(least, owner, own)
        least = np.where(least == NO_LIMIT, room.demand, least)
    return least


def _sum(amounts: Ints) -> Exact:
    """[R + 1] exact sums of amounts [n, R + 1]."""
    fits = int(amounts.max(initial=0)) * max(1, len(amounts)) < NO_LIMIT
    total: Exact = amounts.astype(np.int64 if fits else object).sum(axis=0)
    return total


def room_of(room: Room, leaves: Flags, wanted: Exact) -> Exact:
    """[R + 1] what some leaves hold together, by the limits around them too; no more is told than is wanted and one."""
    clusters = room.spec.clusters
    limit: Exact = room.limit.copy()
    limit[room.leaves[~leaves]] = 0
    if (int(wanted.max()) + 1) * len(limit) >= NO_LIMIT:
        limit = limit.astype(object)
    limit = np.minimum(limit, wanted.astype(limit.dtype) + 1)
    inside = np.zeros_like(limit)
    for rows in reversed(by_depth(room)):
        inside[rows] = np.where(clusters.leaf[rows][:, None], limit[rows], np.minimum(limit[rows], inside[rows]))
        around = clusters.parent[rows]
        np.add.at(inside, around[around >= 0], inside[rows[around >= 0]])
    total: Exact = inside[clusters.parent < 0].sum(axis=0)
    return total


def by_depth(room: Room) -> list[Ints]:
    """The rows of clusters at the top, of those inside them, and so on."""
    parent = room.spec.clusters.parent
    depth = np.zeros(len(parent), np.int64)
    around = parent
    while (around >= 0).any():
        depth += around >= 0
        around = np.where(around >= 0, parent[around], -1)
    return [rows for _, rows in split(depth)]


def _devices(room: Room, r: int, name: str, demand: Ints) -> Iterator[Reason]:
    """Agents that share no device with each other against the devices that there are."""
    size = int(room.spec.resources.device[r])
    if not size:
        return
    alone = np.where(2 * demand > size, np.maximum(1, demand // size), 0)
    there = int((np.minimum(room.spec.clusters.capacity[room.leaves, r], MOST_DEVICES * size) // size).sum())
    if alone.sum() > there:
        text = f"the agents need {alone.sum()} devices of '{name}' that no two of them share, and there are {there}"
        yield Reason(("resources", r, "device"), "device-capacity", text)


def _restricted(room: Room, must: Ints, least: Ints, told: set[int]) -> Iterator[Reason]:
    """The same for agents that may be in some clusters only, against those clusters."""
    kind, first = room.kinds
    sets: dict[bytes, list[int]] = {}
    for k in range(len(first)):
        if room.may(k).any():
            sets.setdefault(np.packbits(room.may(k)).tobytes(), []).append(k)
        if len(sets) > MOST_SETS:
            return
    masks = [(kinds, room.may(kinds[0])) for kinds in sets.values()]
    for _, mask in masks:
        within = [k for kinds, other in masks if not (other & ~mask).any() for k in kinds]
        agents = must[np.isin(kind[must], within)]
        if mask.all() or not len(agents):
            continue
        wanted = _sum(least[agents])
        held = room_of(room, mask, wanted)
        for r in np.flatnonzero(wanted > held).tolist():
            if r in told:
                continue
            sized = r == len(room.spec.resources.ids)
            places = [f"'{room.spec.clusters.ids[k]}'" for k in room.leaves[mask].tolist()]
            where = ", ".join([*places[:3], *["..."] * (len(places) > 3)])
            what = f"are {len(agents)}" if sized else f"demand {room.amount(r, int(wanted[r]))}"
            text = f"{room.people(agents)} may only be in {where} and {what}, for which there is room for"
            path: Path_ = ("agents", int(agents[0]))
            constraint = "max-size" if sized else "capacity"
            yield Reason(path, constraint, f"{text} {room.number(r, int(held[r]))}")
