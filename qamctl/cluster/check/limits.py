"""What clusters can hold: capacities, also of all together, sizes, and the tolerance of their balance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.checks.figures import amount
from qamctl.cluster.check.columns import Columns
from qamctl.cluster.check.demand import demand_in
from qamctl.cluster.check.inside import Inside, sums_by
from qamctl.cluster.check.report import Exact, Findings, names
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Ints

#: A tolerance is given in millionths of a per cent: this many are the whole.
_WHOLE: Final = 100 * 10**6


@dataclass(frozen=True, slots=True)
class Load:
    """What is inside every cluster.

    Attributes
    ----------
    demand
        [N, R] what each agent needs where it is, scaled; of those left out, what they need anywhere.
    size
        [K] agents inside.
    use
        [K, R] the demands of the agents inside.
    leaving
        [K + 1, R] the demands of agents that were inside and move away, of transient resources; the last row is all
        clusters together, which only those leave that are left out.
    """

    demand: Ints
    size: Ints
    use: Exact
    leaving: Exact


def load_of(spec: ClusterSpec, columns: Columns, inside: Inside) -> Load:
    """Sizes and uses of every cluster."""
    rows = np.flatnonzero(columns.placed)
    leaf = columns.cluster[rows]
    demand = demand_in(spec, np.arange(len(spec.agents.ids)), columns.cluster)
    size = inside.sums(leaf, np.ones(len(rows), np.int64))
    return Load(demand, size, inside.sums(leaf, demand[rows]), _leaving(spec, columns, inside))


def _leaving(spec: ClusterSpec, columns: Columns, inside: Inside) -> Exact:
    """A cluster that holds both the old and the new place of an agent counts it once, so it is not left."""
    k, transient = len(spec.clusters.ids), spec.resources.transient
    rows = np.flatnonzero(columns.moved(spec)) if transient.any() else np.zeros(0, np.int64)
    old, new = spec.agents.current[rows].astype(np.int64), columns.cluster[rows]
    demand = demand_in(spec, rows, old)
    demand[:, ~transient] = 0
    everywhere = np.full(len(rows), k)
    ways = [*zip(inside.levels(old), inside.levels(new), strict=True), (everywhere, np.where(new >= 0, k, -1))]
    total: Exact = np.zeros((k + 1, len(spec.resources.ids)), np.int64)
    for before, after in ways:
        left = (before >= 0) & (before != after)
        total = total + sums_by(before[left], demand[left], k + 1)
    return total


def check_limits(spec: ClusterSpec, columns: Columns, load: Load, inside: Inside, findings: Findings) -> None:
    """Note every cluster that holds too much or too little."""
    _capacities(spec, columns, load, inside, findings)
    _shared(spec, columns, load, findings)
    _sizes(spec, columns, load, inside, findings)
    _balance(spec, columns, load, findings)


def _capacities(spec: ClusterSpec, columns: Columns, load: Load, inside: Inside, findings: Findings) -> None:
    total, limit = load.use + load.leaving[:-1], spec.clusters.capacity
    over = (total > limit) & (limit < NO_LIMIT)
    where = np.argwhere(over)

    def note(place: int) -> None:
        k, r = where[place].tolist()
        resource, scale = spec.resources.ids[r], int(spec.resources.scale[r])
        used, have = int(total[k, r]), int(limit[k, r])
        mine, away = np.flatnonzero(_within(columns.cluster, k, inside) & (load.demand[:, r] > 0)), ""
        if load.leaving[k, r]:
            gone = _within(spec.agents.current.astype(np.int64), k, inside) & columns.moved(spec)
            mine = np.concatenate([mine, np.flatnonzero(gone & ~_within(columns.cluster, k, inside))])
            away = f" ({amount(int(load.leaving[k, r]), scale)} of it by agents that move away)"
        text = (
            f"cluster {spec.clusters.ids[k]}: {amount(used, scale)} of {resource} used{away}, "
            f"{amount(used - have, scale)} more than its capacity, {amount(have, scale)} ({names(spec, mine)})"
        )
        findings.add("capacity", text, cluster=spec.clusters.ids[k], resource=resource, rows=mine)

    findings.add_each("capacity", range(len(where)), note)


def _within(cluster: Ints, k: int, inside: Inside) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of these places lie inside cluster k."""
    within: np.ndarray[tuple[int], np.dtype[np.bool_]] = inside.levels(cluster)[int(inside.depth[k])] == k
    return within


def _shared(spec: ClusterSpec, columns: Columns, load: Load, findings: Findings) -> None:
    rows = np.flatnonzero(columns.placed)
    total = sums_by(np.zeros(len(rows), np.int64), load.demand[rows], 1)[0] + load.leaving[-1]
    limit = spec.resources.capacity

    def note(r: int) -> None:
        resource, scale = spec.resources.ids[r], int(spec.resources.scale[r])
        used, have = int(total[r]), int(limit[r])
        mine = rows[load.demand[rows, r] > 0]
        leaving = amount(int(load.leaving[-1, r]), scale)
        away = f" ({leaving} of it by agents that are left out now)" if leaving else ""
        text = (
            f"all clusters together: {amount(used, scale)} of {resource} used{away}, {amount(used - have, scale)} more "
            f"than there is, {amount(have, scale)} ({names(spec, mine)})"
        )
        findings.add("shared-capacity", text, resource=resource, rows=mine)

    over = (total > limit) & (limit < NO_LIMIT)
    findings.add_each("shared-capacity", np.flatnonzero(over).tolist(), note)


def _sizes(spec: ClusterSpec, columns: Columns, load: Load, inside: Inside, findings: Findings) -> None:
    clusters, size = spec.clusters, load.size

    def note(k: int, constraint: str, limit: Ints, off: str) -> None:
        mine = np.flatnonzero(_within(columns.cluster, k, inside))
        text = f"cluster {clusters.ids[k]}: {size[k]} agents, {abs(int(size[k] - limit[k]))} {off} size, {limit[k]}"
        named = f"{text} ({names(spec, mine)})" if len(mine) else text
        findings.add(constraint, named, cluster=clusters.ids[k], rows=mine)

    # Where the number of clusters is part of the answer, an empty one is none.
    few = np.flatnonzero((size < clusters.min_size) & ((size > 0) | (not clusters.elastic)))
    many = np.flatnonzero(size > clusters.max_size)
    least, most = clusters.min_size, clusters.max_size
    findings.add_each("min-size", few.tolist(), lambda k: note(k, "min-size", least, "fewer than its smallest"))
    findings.add_each("max-size", many.tolist(), lambda k: note(k, "max-size", most, "more than its largest"))


def _balance(spec: ClusterSpec, columns: Columns, load: Load, findings: Findings) -> None:
    def used(leaf: int, resource: int | None) -> int:
        return int(load.size[leaf] if resource is None else load.use[leaf, resource])

    broken = [place for place in tolerated(spec) if used(*place[:2]) > place[2]]

    def note(place: int) -> None:
        leaf, resource, limit = broken[place]
        scale = 1 if resource is None else int(spec.resources.scale[resource])
        total = used(leaf, resource)
        name = None if resource is None else spec.resources.ids[resource]
        mine = np.flatnonzero(columns.cluster == leaf)
        text = (
            f"cluster {spec.clusters.ids[leaf]}: {amount(total, scale)} {'agents' if name is None else f'of {name}'}, "
            f"{amount(total - limit, scale)} more than the balance tolerates, {amount(limit, scale)} "
            f"({names(spec, mine)})"
        )
        findings.add("balance", text, cluster=spec.clusters.ids[leaf], resource=name, rows=mine)

    findings.add_each("balance", range(len(broken)), note)


def tolerated(spec: ClusterSpec) -> Iterator[tuple[int, int | None, int]]:
    """Leaf, resource (None: number of agents) and the most that the tolerance of `Balance` lets be in it."""
    tolerance = spec.balance.tolerance_millionths
    if tolerance is None:
        return
    leaves = np.flatnonzero(spec.clusters.leaf).tolist()
    agents = len(spec.agents.ids)
    totals = sums_by(np.zeros(agents, np.int64), spec.agents.demand, 1)[0].tolist()
    for resource, total in enumerate(totals) if any(totals) else [(None, agents)]:
        if total == 0:
            continue
        capacity = [NO_LIMIT if resource is None else int(spec.clusters.capacity[leaf, resource]) for leaf in leaves]
        held = [0 if limit == NO_LIMIT else limit for limit in capacity]
        everywhere, free = sum(held), min(capacity, default=0) == NO_LIMIT
        for leaf, own in zip(leaves, held, strict=True):
            share, whole = (1, len(leaves)) if free else (own, everywhere)
            fair = -(-total * share // whole) if whole else 0
            yield leaf, resource, (_WHOLE + tolerance) * fair // _WHOLE
