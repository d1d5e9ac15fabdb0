"""Who may be where, and how much room there is: what every reason for infeasibility is told from.

Agents are looked at in kinds, which require, tolerate and name the same, and in distinct demands; clusters by distinct
room. So the work follows the number of different cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import numpy as np

from qamctl.cluster.limits import limits
from qamctl.cluster.spec import ClusterSpec, Flags, Index, Ints
from qamctl.spec.quantities import as_written

#: Cells of a comparison that are held at once, and of rows that are kept for later.
PIECE: Final = 2_000_000
KEPT: Final = 50_000_000
#: Ids that a text names.
NAMED: Final = 5


class Room:
    """A problem as the reasons look at it; the last column of every demand and limit is the number of agents.

    Attributes
    ----------
    leaves
        [L] rows of the clusters that hold no others.
    position
        [K] the way back, -1 for those that hold others.
    demand
        [N, R + 1]
    limit
        [K, R + 1] what each cluster can hold, its balance tolerance included.
    """

    def __init__(self, spec: ClusterSpec) -> None:
        self.spec = spec
        self.leaves = np.flatnonzero(spec.clusters.leaf).astype(np.int32)
        self.position = np.full(len(spec.clusters.ids), -1, np.int32)
        self.position[self.leaves] = np.arange(len(self.leaves))
        self.demand: Ints = np.column_stack([spec.agents.demand, np.ones(len(spec.agents.ids), np.int64)])
        order = np.concatenate([self.leaves, np.flatnonzero(~spec.clusters.leaf)]).astype(np.int32)
        self.limit: Ints = np.empty((len(order), self.demand.shape[1]), np.int64)
        self.limit[order] = limits(spec, order)[0]
        self._rows: dict[int, Flags] = {}

    @cached_property
    def around(self) -> list[Index]:
        """For each step upwards the cluster [L] around every leaf, itself first; -1 beyond the top."""
        ways, way = [], self.leaves
        while (way >= 0).any():
            ways.append(way)
            way = np.where(way >= 0, self.spec.clusters.parent[way], -1).astype(np.int32)
        return ways

    @cached_property
    def most(self) -> Ints:
        """[L, R + 1] what one leaf can hold, by its own limit and those around it."""
        most = self.limit[self.leaves]
        for way in self.around[1:]:
            inside = way >= 0
            most[inside] = np.minimum(most[inside], self.limit[way[inside]])
        return most

    @cached_property
    def load(self) -> Ints:
        """[L, R + 1] what the agents that are in a leaf now use of transient resources, wherever they go."""
        load = np.zeros(self.most.shape, np.int64)
        transient = np.flatnonzero(self.spec.resources.transient)
        if len(transient):
            here = np.flatnonzero(self.spec.agents.current >= 0)
            leaf = self.position[self.spec.agents.current[here]]
            for r in transient.tolist():
                np.add.at(load[:, r], leaf, self.demand_at(here, leaf)[:, r])
        return load

    @cached_property
    def entry(self) -> Ints:
        """[L, R + 1] what a leaf can hold of those that are not in it now."""
        return np.where(self.load > 0, np.minimum(self.most, self.limit[self.leaves] - self.load), self.most)

    @cached_property
    def own(self) -> tuple[Ints, Ints, Ints]:
        """Agent, leaf and demand [C, R + 1] where an agent has another demand than elsewhere, by agent and leaf."""
        costs = self.spec.costs
        rows = np.flatnonzero(costs.own_demand)
        agent, leaf = costs.agent[rows].astype(np.int64), self.position[costs.cluster[rows]].astype(np.int64)
        order = np.lexsort((leaf, agent))
        demand = np.column_stack([costs.demand[rows], np.ones(len(rows), np.int64)])
        return agent[order], leaf[order], demand[order]

    def demand_at(self, agent: Ints, leaf: Index | Ints) -> Ints:
        """[n, R + 1] what agents demand, each in a leaf."""
        demand = self.demand[agent]
        owner, place, own = self.own
        if len(owner):
            key, asked = owner * len(self.leaves) + place, agent * len(self.leaves) + leaf
            at = np.minimum(np.searchsorted(key, asked), len(key) - 1)
            named = key[at] == asked
            demand[named] = own[at[named]]
        return demand

    @cached_property
    def kinds(self) -> tuple[Ints, list[int]]:
        """([N] kind of every agent, an agent of each kind)."""
        agents = self.spec.agents
        number: dict[object, int] = {}
        shared: dict[tuple[int, int, int], int] = {}  # the reader shares equal values, so most are told by identity
        first: list[int] = []
        kind = np.empty(len(agents.ids), np.int64)
        for i, parts in enumerate(zip(agents.requires, agents.tolerates, agents.allowed, strict=True)):
            same = (id(parts[0]), id(parts[1]), id(parts[2]))
            if same not in shared:
                key = (tuple(sorted(parts[0].items())), parts[1], parts[2])
                if key not in number:
                    number[key] = len(first)
                    first.append(i)
                shared[same] = number[key]
            kind[i] = shared[same]
        return kind, first

    def may(self, kind: int) -> Flags:
        """[L] where agents of a kind may be, by labels, taints and names."""
        if kind in self._rows:
            return self._rows[kind]
        agents, i = self.spec.agents, self.kinds[1][kind]
        row = self.tolerable(i)
        for label in agents.requires[i]:
            row = row & self.carrying(i, label)
        row = row & self.named(i)
        if (len(self._rows) + 1) * len(self.leaves) <= KEPT:
            self._rows[kind] = row
        return row

    def named(self, i: int) -> Flags:
        """[L] the leaves that an agent names."""
        allowed = self.spec.agents.allowed[i]
        row = np.full(len(self.leaves), allowed is None)
        row[self.position[list(allowed or ())]] = True
        return row

    def carrying(self, i: int, label: str) -> Flags:
        """[L] the leaves that carry a label with a value that an agent requires."""
        values, codes = self.values(label)
        wanted = [values[value] for value in self.spec.agents.requires[i][label] if value in values]
        return np.isin(codes, wanted)

    def tolerable(self, i: int) -> Flags:
        """[L] the leaves whose taints an agent tolerates."""
        sets, codes = self._taints
        return np.array([taints <= self.spec.agents.tolerates[i] for taints in sets], bool)[codes]

    @cached_property
    def _taints(self) -> tuple[list[frozenset[str]], Ints]:
        number: dict[frozenset[str], int] = {}
        codes = [number.setdefault(self.spec.clusters.taints[k], len(number)) for k in self.leaves.tolist()]
        return list(number), np.array(codes, np.int64)

    def values(self, label: str) -> tuple[dict[str, int], Ints]:
        """(number of each value of a label, [L] the number at each leaf); the empty text where it is not carried."""
        if label not in self._values:
            number: dict[str, int] = {}
            labels = self.spec.clusters.labels
            codes = [number.setdefault(labels[k].get(label, ""), len(number)) for k in self.leaves.tolist()]
            self._values[label] = number, np.array(codes, np.int64)
        return self._values[label]

    @cached_property
    def _values(self) -> dict[str, tuple[dict[str, int], Ints]]:
        return {}

    def allowed_pairs(self, agent: Ints, leaf: Ints | Index) -> Flags:
        """[n] whether agents may be in leaves."""
        out = np.zeros(len(agent), bool)
        for kind, at in split(self.kinds[0][agent]):
            out[at] = self.may(kind)[leaf[at]]
        return out

    def reach(self, kinds: tuple[int, ...]) -> Flags:
        """[L] where agents of any of some kinds may be."""
        if kinds in self._reach:
            return self._reach[kinds]
        reach: Flags = np.logical_or.reduce([self.may(kind) for kind in kinds])
        if (len(self._reach) + 1) * len(reach) <= KEPT:
            self._reach[kinds] = reach
        return reach

    @cached_property
    def _reach(self) -> dict[tuple[int, ...], Flags]:
        return {}

    def kinds_of(self, agents: Ints) -> tuple[int, ...]:
        """The kinds of some agents, each once."""
        kinds = self.kinds[0][agents].tolist()
        return (kinds[0],) if len(kinds) == 1 else tuple(sorted(set(kinds)))

    @cached_property
    def together(self) -> Ints:
        """[N] the first agent of those that each must be together with, itself where there is none."""
        return joined(len(self.spec.agents.ids), self.spec.links.together_a, self.spec.links.together_b)

    @cached_property
    def placed(self) -> Flags:
        """[N] can't be left out: not optional, or together with one that is not."""
        must = ~self.spec.agents.optional
        some = np.zeros(len(must), bool)
        some[self.together[must]] = True
        return some[self.together]

    def people(self, agents: Any) -> str:
        """Agents in words: the first few by their ids."""
        named = [f"'{self.spec.agents.ids[i]}'" for i in list(agents)]
        if len(named) > NAMED:
            return f"{', '.join(named[: NAMED - 1])}, ... and {named[-1]}"
        return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))

    def amount(self, r: int, scaled: int) -> str:
        """An amount of a resource, or a number of agents, in words."""
        if r == len(self.spec.resources.ids):
            return f"{scaled} agent{'s' * (scaled != 1)}"
        return f"{self.number(r, scaled)} of '{self.spec.resources.ids[r]}'"

    def number(self, r: int, scaled: int) -> int | float:
        """An amount of a resource, or a number of agents, in the unit of the file; none where it is negative."""
        scales = self.spec.resources.scale
        return as_written(max(int(scaled), 0), int(scales[r]) if r < len(scales) else 1)


def split(keys: Ints) -> Iterator[tuple[int, Ints]]:
    """Each key, with the places where it stands."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    ends = [*(np.flatnonzero(ranked[1:] != ranked[:-1]) + 1).tolist(), len(keys)] if len(keys) else []
    start = 0
    for end in ends:
        yield int(ranked[start]), order[start:end]
        start = end


def joined(n: int, a: Index, b: Index) -> Ints:
    """[n] the first node of every node's component (Shiloach and Vishkin 1982: hook, then halve the ways)."""
    first: Ints = np.arange(n)
    while len(a):
        left, right = first[a], first[b]
        if (left == right).all():
            break
        np.minimum.at(first, np.maximum(left, right), np.minimum(left, right))
        while (first != first[first]).any():
            first = first[first]
    return first


def fitting(demand: Ints, most: Ints) -> Ints:
    """[n] how many of the limits [m, R + 1] hold each of the demands [n, R + 1]."""
    if len(most) <= len(demand):  # not worth telling equal ones apart where few are compared
        most, times = np.unique(most, axis=0, return_counts=True)
    else:
        times = np.ones(len(most), np.int64)
    count = np.zeros(len(demand), np.int64)
    step = max(1, PIECE // max(1, len(most)))
    for at in range(0, len(demand), step):
        piece = demand[at : at + step]
        held = np.ones((len(piece), len(most)), bool)
        for r in range(piece.shape[1]):
            held &= piece[:, r, None] <= most[None, :, r]
        count[at : at + step] = held @ times
    return count
