"""Agents of a cluster spec: what they use, where they are, and where they may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.cluster.read_clusters import ReadClusters
from qamctl.cluster.read_resources import check_whole
from qamctl.cluster.spec import Agents, Flags, Floats, Index, Resources
from qamctl.spec.cells import (
    read_flag,
    read_labels,
    read_levels,
    read_name,
    read_names,
    read_requirements,
)
from qamctl.spec.cluster_fields import AGENTS
from qamctl.spec.decode import Coded, check_names, coded, ids, inner_rows, integers, names, numbers, rationals
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.intervals import check_intervals
from qamctl.spec.moments import Clock
from qamctl.spec.quantities import Amounts, Measures
from qamctl.spec.references import references
from qamctl.spec.rows import Rows

#: None: anywhere; else these clusters.
Places = tuple[int, ...] | None


@dataclass(slots=True)
class Ids:
    """Who the agents are.

    Attributes
    ----------
    index
        Row of each agent; None where the list could not be read.
    present
        Ids of the clusters that some agent names as its own.
    group
        The group that each agent names, None where none.
    """

    rows: Rows
    ids: tuple[str, ...]
    index: Mapping[str, int] | None
    present: set[str]
    group: Coded[str | None]

    @property
    def count(self) -> int | None:
        """How many there are; None where the list could not be read."""
        return None if self.index is None else len(self.ids)


def read_ids(rows: Rows, readable: bool, given: bool, clock: Clock, faults: Faults) -> Ids:
    """Decode what clusters and groups need to know of the agents; `given` says whether the spec has a list."""
    check_names(rows, AGENTS, faults)
    check_intervals(rows, AGENTS["calendar"], clock, faults)
    own, index = ids(rows, AGENTS["id"], faults)
    if given and readable and not rows.n:
        faults.add(("agents",), "there is no agent", "list one at least")
    column = rows.columns.get("cluster")
    present = {cell for cell in column.cells if type(cell) is str} if column is not None else set()
    group = coded(rows, AGENTS["group"], read_name, None, faults)
    return Ids(rows, own, index if readable and rows.n else None, present, group)


@dataclass(slots=True)
class ReadAgents:
    """The agents while their demands are not yet integers."""

    rows: Rows
    ids: tuple[str, ...]
    demand: Coded[Amounts]
    current: Index
    move_cost: Floats
    requires: Sequence[Mapping[str, tuple[str, ...]]]
    tolerates: Sequence[frozenset[str]]
    allowed: Sequence[Places]
    optional: Flags
    reward: Floats

    def finish(self, measures: Measures, resources: Resources, group: Index, faults: Faults) -> Agents:
        """The agents, once every quantity has been seen."""
        demand = measures.matrix(self.demand, 0, self.rows, AGENTS["demand"], faults)
        check_whole(demand, 1, resources, lambda row: self.rows.path(row, "demand"), faults)
        return Agents(
            ids=self.ids,
            demand=demand,
            current=self.current,
            move_cost=self.move_cost,
            group=group,
            requires=self.requires,
            tolerates=self.tolerates,
            allowed=self.allowed,
            optional=self.optional,
            reward=self.reward,
        )


def read_agents(agents: Ids, clusters: ReadClusters, measures: Measures, faults: Faults) -> ReadAgents:
    """Decode the agents."""
    rows = agents.rows
    _check_the_rest(rows, measures, faults)
    current = references(rows, AGENTS["cluster"], clusters.index, "cluster", faults)
    clusters.check_leaves(rows, "cluster", current, faults)
    none: Mapping[str, tuple[str, ...]] = {}
    known = None if clusters.index is None else clusters.known
    anywhere: Places = None
    no_taint: frozenset[str] = frozenset()
    return ReadAgents(
        rows=rows,
        ids=agents.ids,
        demand=measures.maps(rows, AGENTS["demand"], faults),
        current=current,
        move_cost=numbers(rows, AGENTS["move_cost"], faults),
        requires=coded(rows, AGENTS["requires"], _requirements(known), none, faults).list(),
        tolerates=coded(rows, AGENTS["tolerates"], _taints, no_taint, faults).list(),
        allowed=coded(rows, AGENTS["clusters"], _places(clusters), anywhere, faults).list(),
        optional=np.array(coded(rows, AGENTS["optional"], read_flag, False, faults).list(), bool),
        reward=numbers(rows, AGENTS["reward"], faults),
    )


def _check_the_rest(rows: Rows, measures: Measures, faults: Faults) -> None:
    """Refuse bad values of fields that say nothing here, which one table has for specs of other kinds."""
    measures.aside().maps(rows, AGENTS["capacity"], faults)
    integers(rows, AGENTS["slots"], faults)
    rationals(rows, AGENTS["speed"], faults)
    names(rows, AGENTS["location"], faults)
    no_levels: Mapping[str, float] = {}
    no_labels: Mapping[str, str] = {}
    no_names: tuple[str, ...] = ()
    coded(rows, AGENTS["skills"], read_levels, no_levels, faults)
    coded(rows, AGENTS["labels"], read_labels, no_labels, faults)
    coded(rows, AGENTS["taints"], read_names, no_names, faults)
    cost = AGENTS["cost"]
    priced, _ = inner_rows(rows, cost, faults)
    check_names(priced, cost, faults)
    for field in cost.fields:
        numbers(priced, field, faults)


def _taints(cell: Any, text: bool) -> frozenset[str]:
    return frozenset(read_names(cell, text))


def _requirements(known: set[str] | None) -> Callable[[Any, bool], Mapping[str, tuple[str, ...]]]:
    """Reads labels with their values; `known` are those that clusters carry, None where that can't be told."""

    def read(cell: Any, text: bool) -> Mapping[str, tuple[str, ...]]:
        wanted = read_requirements(cell, text)
        for label in wanted:
            if known is not None and label not in known:
                raise Refusal(f"no cluster carries the label {show(label)}", nearest(label, known), (label,))
        return wanted

    return read


def _places(clusters: ReadClusters) -> Callable[[Any, bool], Places]:
    """Reads `any` or a list of clusters that hold no others."""
    index, leaf = clusters.index, clusters.leaf

    def read(cell: Any, text: bool) -> Places:
        if cell == "any":
            return None
        if not text and not isinstance(cell, list):
            raise Refusal(f"must be any or a list of clusters, found {show(cell)}")
        found = set()
        for i, name in enumerate(read_names(cell, text)):
            if index is None:
                continue
            if name not in index:
                raise Refusal(f"unknown cluster {show(name)}", nearest(name, index), (i,))
            if not leaf[index[name]]:
                message, hint = clusters.not_a_leaf(index[name])
                raise Refusal(message, hint, (i,))
            found.add(index[name])
        if not found and index is not None:
            raise Refusal("must name a cluster", "write any where it may be in each")
        return tuple(sorted(found))

    return read
