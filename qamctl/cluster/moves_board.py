"""Agents on their way from where they are to where an answer has them, and the room that is left at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Index, Ints

#: Slots, each with an amount.
Amounts = list[tuple[int, int]]

#: A mover, the row of the cluster that it left, and of the one that it came to.
Shift = tuple[int, int, int]

#: Sums below this stay in 64 bits.
_FITS: Final = 2**61


@dataclass(frozen=True, eq=False)
class Grounds:
    """What does not change while agents move.

    Attributes
    ----------
    slots
        By cluster row: the slots of the cluster and of everything around it, each with its column of demands; the last
        list is that of -1.
    own
        By cluster row: its own slots alone, each with its column; the last list is that of all clusters together.
    own_keys, own_demand
        Sorted agent * K + cluster of the demands that hold in one cluster alone, and [.., R + 1] these.
    demand
        [N, R + 1] scaled; the last column counts the agents.
    """

    slots: Sequence[Amounts]
    own: Sequence[Amounts]
    own_keys: Ints
    own_demand: Ints
    demand: Ints

    @property
    def alike(self) -> bool:
        """Whether agents need the same wherever they are."""
        return not len(self.own_keys)

    def demand_in(self, agents: Ints, clusters: Ints) -> Ints:
        """[n, R + 1] what agents need in clusters."""
        needs = self.demand[agents]
        if len(self.own_keys):
            wanted = agents.astype(np.int64) * (len(self.slots) - 1) + clusters
            at = np.minimum(np.searchsorted(self.own_keys, wanted), len(self.own_keys) - 1)
            own = (self.own_keys[at] == wanted) & (clusters >= 0)
            needs[own] = self.own_demand[at[own]]
        return needs


@dataclass(eq=False)
class Board:
    """The moves of an answer, and how far they have come.

    A slot is one limited amount: of a resource, or of agents, in one cluster or in all of them together. A step may be
    made where no slot that it makes fuller gets too full. While a step lasts, transient resources are used at the old
    place too, where they were used before: that asks for nothing more.

    Attributes
    ----------
    agent
        Rows of the agents whose moves these are; a mover is a place in the lists beside it.
    first, place, target
        Rows of the clusters that each was in, is in, and should come to; -1: none.
    room, incoming
        By slot: what may still be added, negative where it is too full; and what the steps that are left add.
    adds, frees
        What each mover's step to its target makes fuller and emptier; empty once it is made.
    log
        The steps so far.
    applied
        How often anything changed, steps that were taken back included.
    need
        What each mover needs where nothing else is said.
    size
        The same in units of what movers need on average, all columns added up.
    """

    grounds: Grounds
    agent: list[int]
    first: list[int]
    target: list[int]
    room: list[int]
    place: list[int] = field(init=False)
    incoming: list[int] = field(init=False)
    adds: list[Amounts] = field(init=False)
    frees: list[Amounts] = field(init=False)
    log: list[Shift] = field(init=False, default_factory=list)
    applied: int = 0
    need: list[list[int]] = field(init=False)
    size: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.place, self.incoming = list(self.first), [0] * len(self.room)
        came, went = self._needs(self.target), self._needs(self.first)
        ways = zip(self.first, self.target, came, went, strict=True)
        both = [self._changes(*way) for way in ways]
        self.adds, self.frees = [adds for adds, _ in both], [frees for _, frees in both]
        for adds in self.adds:
            for slot, amount in adds:
                self.incoming[slot] += amount
        self.need = self.grounds.demand[self.agent].tolist()
        needs = self.grounds.demand[self.agent].astype(float)
        self.size = (needs / np.maximum(1e-9, needs.mean(axis=0))).sum(axis=1).tolist() if len(needs) else []

    def _needs(self, places: list[int]) -> list[list[int]]:
        needs: list[list[int]] = self.grounds.demand_in(np.array(self.agent, np.int64), np.array(places)).tolist()
        return needs

    def pending(self) -> list[int]:
        """The movers that are not where they should be."""
        return [m for m, (place, target) in enumerate(zip(self.place, self.target, strict=True)) if place != target]

    def parked(self, mover: int) -> bool:
        """Whether it is neither where it was nor where it should be."""
        return self.place[mover] not in (self.first[mover], self.target[mover])

    def blocking(self, mover: int) -> int | None:
        """The first slot that has no room for the mover's step to its target; None: there is room."""
        room = self.room
        for slot, amount in self.adds[mover]:
            if room[slot] < amount:
                return slot
        return None

    def fits(self, adds: Amounts) -> bool:
        """Whether there is room."""
        room = self.room
        return all(room[slot] >= amount for slot, amount in adds)

    def safe(self, mover: int) -> bool:
        """Whether what it enters has room for all that are still to come: its step is never in anybody's way."""
        room, incoming = self.room, self.incoming
        return all(room[slot] >= incoming[slot] for slot, _ in self.adds[mover])

    def needed(self, mover: int) -> bool:
        """Whether it leaves something that has too little room for all that are still to come."""
        room, incoming = self.room, self.incoming
        return any(room[slot] < incoming[slot] for slot, _ in self.frees[mover])

    def changes(self, mover: int, to: int) -> tuple[Amounts, Amounts]:
        """What a step to a cluster makes fuller, and what it makes emptier."""
        here, agent = self.place[mover], self.agent[mover]
        if self.grounds.alike:
            need = self.need[mover]
            return self._changes(here, to, need, need)
        came, went = self.grounds.demand_in(np.array([agent, agent]), np.array([to, here])).tolist()
        return self._changes(here, to, came, went)

    def _changes(self, here: int, to: int, came: Sequence[int], went: Sequence[int]) -> tuple[Amounts, Amounts]:
        slots = self.grounds.slots
        change = {slot: came[column] for slot, column in slots[to]}
        for slot, column in slots[here]:
            change[slot] = change.get(slot, 0) - went[column]
        adds = [(slot, amount) for slot, amount in change.items() if amount > 0]
        return adds, [(slot, -amount) for slot, amount in change.items() if amount < 0]

    def go(self, mover: int) -> Amounts:
        """Make a mover's step to its target, and give what it frees."""
        frees = self.frees[mover]
        self.log.append((mover, self.place[mover], self.target[mover]))
        self._apply(mover, self.target[mover], self.adds[mover], frees)
        return frees

    def park(self, mover: int, to: int) -> Amounts:
        """Make a mover's step to another cluster, and give what it frees."""
        adds, frees = self.changes(mover, to)
        self.log.append((mover, self.place[mover], to))
        self._apply(mover, to, adds, frees)
        return frees

    def undo(self, mark: int) -> None:
        """Take back all steps but the first `mark`."""
        while len(self.log) > mark:
            mover, old, _ = self.log.pop()
            self._apply(mover, old, *self.changes(mover, old))

    def _apply(self, mover: int, to: int, adds: Amounts, frees: Amounts) -> None:
        room, incoming = self.room, self.incoming
        self.applied += 1
        for slot, amount in self.adds[mover]:
            incoming[slot] -= amount
        for slot, amount in adds:
            room[slot] -= amount
        for slot, amount in frees:
            room[slot] += amount
        self.place[mover] = to
        self.adds[mover], self.frees[mover] = ([], []) if to == self.target[mover] else (
            self.changes(mover, self.target[mover])
        )  # fmt: skip
        for slot, amount in self.adds[mover]:
            incoming[slot] += amount


def open_board(spec: ClusterSpec, cluster: Index) -> Board:
    """The board before the first step.

    Parameters
    ----------
    cluster
        [N] row of each agent's cluster in the answer; -1 where it is left out.
    """
    current = spec.agents.current
    limit = np.column_stack([spec.clusters.capacity, spec.clusters.max_size])
    limit = np.concatenate([limit, [[*spec.resources.capacity.tolist(), NO_LIMIT]]])  # all clusters together
    cells = np.argwhere(limit < NO_LIMIT).tolist()
    grounds = _grounds(spec, cells)
    use = _use(grounds, spec.clusters.parent, current)
    room = [int(limit[node, column]) - int(use[node, column]) for node, column in cells]
    movers = np.flatnonzero(current != cluster)
    return Board(grounds, movers.tolist(), current[movers].tolist(), cluster[movers].tolist(), room)


def _grounds(spec: ClusterSpec, cells: Sequence[Sequence[int]]) -> Grounds:
    parent = spec.clusters.parent.tolist()
    own: list[Amounts] = [[] for _ in range(len(parent) + 1)]
    for slot, (node, column) in enumerate(cells):
        own[node].append((slot, column))
    slots: list[Amounts] = [*own[:-1], []]
    for k, above in enumerate(parent):
        while above >= 0:
            slots[k] = slots[k] + own[above]
            above = parent[above]
        slots[k] = slots[k] + own[-1]
    rows = np.flatnonzero(spec.costs.own_demand)
    keys = spec.costs.agent[rows].astype(np.int64) * len(parent) + spec.costs.cluster[rows]
    rows = rows[np.argsort(keys)]
    return Grounds(slots, own, np.sort(keys), _counted(spec.costs.demand[rows]), _counted(spec.agents.demand))


def _counted(demand: Ints) -> Ints:
    """Demands, and the one agent that each of them is of."""
    return np.column_stack([demand, np.ones(len(demand), np.int64)])


def _use(grounds: Grounds, parent: Index, current: Index) -> npt.NDArray[Any]:
    """[K + 1, R + 1] what is used now in every cluster, and in all together; of any size."""
    here = np.flatnonzero(current >= 0)
    needs = grounds.demand_in(here, current[here].astype(np.int64))
    whole = int(needs.max(initial=0)) * max(1, len(here)) >= _FITS
    use = np.zeros((len(parent) + 1, needs.shape[1]), object if whole else np.int64)
    np.add.at(use, current[here], needs)
    around = parent[current[here]]
    while (around >= 0).any():
        inside = np.flatnonzero(around >= 0)
        np.add.at(use, around[inside], needs[inside])
        around[inside] = parent[around[inside]]
    use[-1] = needs.astype(use.dtype).sum(axis=0)
    return use
