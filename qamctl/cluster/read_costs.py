"""Costs of agents in clusters, and what changes against the present state cost and how many there may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qamctl.cluster.read_clusters import ReadClusters
from qamctl.cluster.spec import NO_LIMIT, Agents, Costs, Flags, Floats, Index, Ints, Moves, Resources
from qamctl.spec.cluster_fields import COSTS, MOVES
from qamctl.spec.decode import ABSENT, Coded, check_names, inner_rows, integers, numbers, present
from qamctl.spec.faults import Faults, show
from qamctl.spec.quantities import Amounts, Measures, as_written
from qamctl.spec.references import first_rows, references
from qamctl.spec.rows import Rows
from qamctl.spec.table import Tables, read_rows

_PAIRS = MOVES["pairs"]


@dataclass(slots=True)
class ReadCosts:
    """The costs while demands are not yet integers; `kept` are the rows without a fault."""

    rows: Rows
    kept: Ints
    agent: Index
    cluster: Index
    cost: Floats
    own: Flags
    demand: Coded[Amounts]

    def finish(self, measures: Measures, resources: Resources, agents: Agents, faults: Faults) -> Costs:
        """The costs, once every quantity has been seen."""
        kept = self.kept
        demand = measures.matrix(self.demand, ABSENT, self.rows, COSTS["demand"], faults)
        self._keep_devices(demand, resources, agents, faults)
        demand = np.maximum(demand, 0)
        return Costs(self.agent[kept], self.cluster[kept], self.cost[kept], self.own[kept], demand[kept])

    def _keep_devices(self, demand: Ints, resources: Resources, agents: Agents, faults: Faults) -> None:
        """An agent takes the same devices everywhere: fill in those that its demands leave out, refuse others."""
        rows = self.kept[self.own[self.kept]]
        right = not faults.count  # else the agent's own demand may not be what the file says
        for r in np.flatnonzero(resources.device > 0).tolist():
            usual, here = agents.demand[self.agent[rows], r], demand[rows, r]
            for i in np.flatnonzero(right & (here != usual) & (here != ABSENT)).tolist():
                name, scale = resources.ids[r], int(resources.scale[r])
                told, own = as_written(int(here[i]), scale), as_written(int(usual[i]), scale)
                message = f"{told} of `{name}` here, and {own} in the agent's own demand: devices do not differ"
                faults.add((*self.rows.path(int(rows[i]), "demand"), name), message, f"leave out {name} here")
            demand[rows, r] = usual


def read_costs(
    rows: Rows, agents: Mapping[str, int] | None, clusters: ReadClusters, measures: Measures, faults: Faults
) -> ReadCosts:  # fmt: skip
    """Decode the costs; a pair of agent and cluster that stands twice is a fault."""
    check_names(rows, COSTS, faults)
    agent = references(rows, COSTS["agent"], agents, "agent", faults)
    cluster = references(rows, COSTS["cluster"], clusters.index, "cluster", faults)
    clusters.check_leaves(rows, "cluster", cluster, faults)
    return ReadCosts(
        rows=rows,
        kept=_once(rows, agent, cluster, len(clusters.ids), ("agent", "cluster"), faults),
        agent=agent,
        cluster=cluster,
        cost=numbers(rows, COSTS["cost"], faults),
        own=present(rows, "demand"),
        demand=measures.maps(rows, COSTS["demand"], faults),
    )


def _once(rows: Rows, left: Index, right: Index, n: int, names: tuple[str, str], faults: Faults) -> Ints:
    """The rows whose pair is known; one that stands twice is a fault."""
    known = np.flatnonzero((left >= 0) & (right >= 0))
    first = known[first_rows(left[known].astype(np.int64) * n + right[known])]
    for i in np.flatnonzero(first != known).tolist():
        row, before = int(known[i]), int(first[i])
        cells = " and ".join(f"`{name}` {show(rows.columns[name].cells[row])}" for name in names)
        message = f"the row of {cells} stands here a second time, first as row {before + 1}"
        faults.add(rows.at(row), message, "keep one of the two rows")
    return known


def read_moves(root: Rows, clusters: ReadClusters, base: Path, tables: Tables, faults: Faults) -> Moves:
    """Decode the bounds on changes and their weights; the pairs may stand in a table of their own."""
    rows, _ = inner_rows(root, MOVES, faults)
    check_names(rows, MOVES, faults)
    column = rows.columns.get("pairs")
    value = column.cells[0] if column is not None else None
    pairs = read_rows(value, ("moves", "pairs"), base, tables, faults)
    check_names(pairs, _PAIRS, faults)
    ends = []
    for name in ("from", "to"):
        ends.append(references(pairs, _PAIRS[name], clusters.index, "cluster", faults))
        clusters.check_leaves(pairs, name, ends[-1], faults)
    for row in np.flatnonzero((ends[0] == ends[1]) & (ends[0] >= 0)).tolist():
        message = f"goes from {show(clusters.ids[ends[0][row]])} to itself, which is no move"
        faults.add(pairs.at(row), message, "remove the row")
    kept = _once(pairs, ends[0], ends[1], len(clusters.ids), ("from", "to"), faults)
    if not rows.n:
        rows = Rows(1, {}, lambda row: ("moves",))
    most, max_cost = int(integers(rows, MOVES["max"], faults)[0]), float(numbers(rows, MOVES["max_cost"], faults)[0])
    return Moves(
        most=NO_LIMIT if most == ABSENT else most,
        max_cost=float("inf") if np.isnan(max_cost) else max_cost,
        per_agent=float(numbers(rows, MOVES["per_agent"], faults)[0]),
        per_group=float(numbers(rows, MOVES["per_group"], faults)[0]),
        per_pair=float(numbers(rows, MOVES["per_pair"], faults)[0]),
        pair_from=ends[0][kept],
        pair_to=ends[1][kept],
        pair_cost=numbers(pairs, _PAIRS["cost"], faults)[kept],
    )
