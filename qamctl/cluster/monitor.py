"""What is watched of clusters: how full, how even and how torn they are, under one assignment or between two.

Everything is whole arrays over the clusters, inner ones too; sizes and uses are the checker's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qamctl.cluster.check import Report
from qamctl.cluster.check.inside import Inside
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Flags, Floats, Index, Ints


@dataclass(frozen=True, slots=True)
class State:
    """How the clusters stand under one assignment.

    Attributes
    ----------
    report
        The checker's: size and use of every cluster, terms, what is broken.
    cluster
        [N] the leaf of each agent; -1 where in none.
    load
        [K] what is used above the safe limits, weighted as in the term `load`, whose value is their sum.
    cut
        [K] weight of the cut links with one end inside the cluster and the other end in another place.
    inside
        [K] weight of the cut links with both ends inside.
    """

    report: Report
    cluster: Ints | Index
    load: Floats
    cut: Floats
    inside: Floats

    @property
    def size(self) -> Ints:
        """[K] agents inside."""
        return self.report.size


@dataclass(frozen=True, slots=True)
class Flows:
    """Who comes and goes between now and an assignment; an agent that stays within a cluster is no flow of it.

    Attributes
    ----------
    arrives, leaves
        [K] agents that come into the cluster, from another place or from nowhere, and that go out of it.
    moved
        Agents that are elsewhere than now, those that are left out among them: what `moves.max` counts.
    placed, left_out
        Agents that were nowhere and are placed; that were somewhere and are left out.
    """

    arrives: Ints
    leaves: Ints
    moved: int
    placed: int
    left_out: int


def state_of(spec: ClusterSpec, cluster: Ints | Index, report: Report) -> State:
    """How the clusters stand.

    Parameters
    ----------
    cluster
        [N] the leaf of each agent; -1 where in none.
    report
        The checker's, of that assignment.
    """
    resources, number = spec.resources, len(spec.clusters.ids)
    over = np.maximum(report.use - spec.clusters.safe, 0).astype(float)
    load = over @ (resources.weight / resources.scale) if len(resources.ids) else np.zeros(number)
    cut, inside = np.zeros(number), np.zeros(number)
    links, leaf = spec.links, cluster.astype(np.int64)
    one, other = leaf[links.cut_a], leaf[links.cut_b]
    both = (one >= 0) & (other >= 0)
    weight = links.cut_weight[both]
    around = Inside(spec)
    ends = around.levels(one[both]), around.levels(other[both])
    for left, right in zip(*ends, strict=True):
        shared = (left == right) & (left >= 0)
        inside += np.bincount(left[shared], weight[shared], number)
        for end in (left, right):
            torn = (left != right) & (end >= 0)
            cut += np.bincount(end[torn], weight[torn], number)
    return State(report, cluster, load, cut, inside)


def flows_of(spec: ClusterSpec, cluster: Ints | Index) -> Flows:
    """Who comes and goes between where agents are now and [N] leaves (-1: left out)."""
    number = len(spec.clusters.ids)
    rows = np.flatnonzero(cluster != spec.agents.current)
    old, new = spec.agents.current[rows].astype(np.int64), cluster[rows].astype(np.int64)
    around = Inside(spec)
    arrives, leaves = np.zeros(number, np.int64), np.zeros(number, np.int64)
    for before, after in zip(around.levels(old), around.levels(new), strict=True):
        crossed = before != after
        arrives += np.bincount(after[crossed & (after >= 0)], minlength=number)
        leaves += np.bincount(before[crossed & (before >= 0)], minlength=number)
    return Flows(arrives, leaves, int((old >= 0).sum()), int((old < 0).sum()), int((new < 0).sum()))


def imbalance(values: npt.ArrayLike) -> float | None:
    """By how much the largest value is above the mean, as a share of the mean; None where the mean is not above 0."""
    array = np.asarray(values, float)
    mean = float(array.mean()) if array.size else 0.0
    return round((float(array.max()) - mean) / mean, 6) if mean > 0 else None


def leaves_in_use(spec: ClusterSpec, state: State) -> Flags:
    """[K] the leaves that count: where their number is part of the answer, an empty one is none."""
    found: Flags = spec.clusters.leaf & ((state.size > 0) | (not spec.clusters.elastic))
    return found


def shares(spec: ClusterSpec, state: State, resource: int, counted: Flags) -> Floats:
    """The use of each counted cluster that has a capacity of a resource, as a share of it."""
    capacity = spec.clusters.capacity[:, resource]
    limited = counted & (capacity > 0) & (capacity < NO_LIMIT)
    found: Floats = state.report.use[limited, resource].astype(float) / capacity[limited]
    return found


def fullness(spec: ClusterSpec, state: State) -> Floats:
    """[K] the largest share of a capacity that is used; 0 where nothing is limited."""
    capacity = spec.clusters.capacity
    limited = (capacity > 0) & (capacity < NO_LIMIT)
    share = np.where(limited, state.report.use.astype(float) / np.where(limited, capacity, 1), 0.0)
    found: Floats = share.max(axis=1, initial=0.0)
    return found


@dataclass(frozen=True, slots=True)
class Excess:
    """A cluster that holds more of a resource than it can (`hard`), or than is safe; figures in units as written."""

    cluster: str
    resource: str
    use: int | float
    limit: int | float
    hard: bool


def overloads(spec: ClusterSpec, state: State) -> Iterator[Excess]:
    """What is above a capacity, then what is above a safe limit alone, the worst first by its share of the limit."""
    use, clusters, resources = state.report.use, spec.clusters, spec.resources
    beyond = (use > clusters.capacity) & (clusters.capacity < NO_LIMIT)
    warm = (use > clusters.safe) & (clusters.safe < NO_LIMIT) & ~beyond
    for hard, where, limit in ((True, beyond, clusters.capacity), (False, warm, clusters.safe)):
        rows, columns = np.nonzero(where)
        worst = -(use[rows, columns].astype(float) / np.maximum(limit[rows, columns], 1))
        for place in np.argsort(worst, kind="stable").tolist():
            k, r = int(rows[place]), int(columns[place])
            scale = int(resources.scale[r])
            yield Excess(clusters.ids[k], resources.ids[r], units(use[k, r], scale), units(limit[k, r], scale), hard)


def units(value: int, scale: int) -> int | float:
    """A scaled quantity as it is written."""
    whole, rest = divmod(int(value), scale)
    return whole if rest == 0 else int(value) / scale


def tidy(value: float) -> int | float:
    """A sum of decimals without the noise of its last bits."""
    rounded = round(float(value), 9)
    return int(rounded) if rounded.is_integer() else rounded
