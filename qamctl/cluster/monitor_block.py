"""The block `clusters` of a metrics file: every cluster before and after, or, of very many, the remarkable ones."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from qamctl.cluster.monitor import (
    Flows,
    State,
    flows_of,
    fullness,
    imbalance,
    leaves_in_use,
    shares,
    state_of,
    tidy,
    units,
)
from qamctl.cluster.present import present_report, present_solution
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Ints

#: Clusters up to which each has a row of its own.
MOST_ROWS: Final = 1_000

#: Of more clusters, as many of each sort: the fullest, the emptiest, the most torn, the hottest, the most changed.
EXTREMES: Final = 10


def present_state(spec: ClusterSpec) -> State | None:
    """How the clusters stand now; None where nobody is anywhere."""
    solution = present_solution(spec)
    return None if solution is None else state_of(spec, solution.cluster, present_report(spec, solution))


def clusters_block(spec: ClusterSpec, before: State | None, after: State | None) -> dict[str, Any]:
    """The figures of all clusters together, and of each one.

    Parameters
    ----------
    before
        As agents are now; None where nobody is anywhere.
    after
        Of an answer; None where there is none.

    Returns
    -------
    dict
        `number` of clusters that agents can be in, `capacity` of all together; `before` and `after`, as `summary` gives
        them, or null; `moves`: agents `moved`, `placed` that were nowhere, `left_out`, or null; `rows`; `complete`:
        false where there are only rows of the remarkable ones.
    """
    flows = None if after is None else flows_of(spec, after.cluster)
    rows = _rows(spec, before, after, flows)
    told = None if flows is None else {"moved": flows.moved, "placed": flows.placed, "left_out": flows.left_out}
    return {
        "number": int(spec.clusters.leaf.sum()),
        "capacity": _capacities(spec),
        "before": None if before is None else summary(spec, before),
        "after": None if after is None else summary(spec, after),
        "moves": told,
        "rows": [_row(spec, k, before, after, flows) for k in rows.tolist()],
        "complete": len(spec.clusters.ids) <= MOST_ROWS,
    }


def summary(spec: ClusterSpec, state: State) -> dict[str, Any]:
    """One assignment in a few figures.

    Returns
    -------
    dict
        `in_use`: clusters that hold agents; `size`: `least`, `mean`, `most` and `imbalance` over the clusters that
        agents can be in; `unplaced` agents; `cut`, and weight of the links `inside` clusters; `load`, and how many
        clusters are `above_safe`; `violations` by kind; `resources`: of each the `use`, `headroom` and `share` of all
        clusters together, the largest and smallest share of one (`fullest`, `emptiest`), and their `imbalance`, which
        is that of their uses where nothing is limited.
    """
    counted, leaf, report = leaves_in_use(spec, state), spec.clusters.leaf, state.report
    size = state.size[counted]
    resources = {}
    for r, (name, capacity) in enumerate(zip(spec.resources.ids, _totals(spec), strict=True)):
        use, scale = int(report.use[leaf, r].sum()), int(spec.resources.scale[r])
        share = shares(spec, state, r, counted)
        limited = len(share) > 0
        resources[name] = {
            "use": units(use, scale),
            "headroom": None if capacity is None else units(capacity - use, scale),
            "share": round(use / capacity, 6) if capacity else None,
            "fullest": round(float(share.max()), 6) if limited else None,
            "emptiest": round(float(share.min()), 6) if limited else None,
            "imbalance": imbalance(share if limited else report.use[counted, r].astype(float)),
        }
    return {
        "in_use": int((state.size[leaf] > 0).sum()),
        "size": {
            "least": int(size.min(initial=NO_LIMIT)) if len(size) else 0,
            "mean": round(float(size.mean()), 6) if len(size) else 0.0,
            "most": int(size.max(initial=0)),
            "imbalance": imbalance(size),
        },
        "unplaced": int(np.sum(state.cluster < 0)),
        "cut": report.terms["cut"],
        "inside": tidy(float(state.inside[leaf].sum())),
        "load": report.terms["load"],
        "above_safe": int(np.any(report.use > spec.clusters.safe, axis=1).sum()) if len(spec.resources.ids) else 0,
        "violations": dict(report.counts),
        "resources": resources,
    }


def _totals(spec: ClusterSpec) -> list[int | None]:
    """Of each resource the capacity of all clusters together, or what they share where that is less."""
    capacity = spec.clusters.capacity[spec.clusters.leaf]
    found: list[int | None] = []
    for r, shared in enumerate(spec.resources.capacity.tolist()):
        own = [] if not len(capacity) or (capacity[:, r] >= NO_LIMIT).any() else [int(capacity[:, r].sum())]
        found.append(min([*own, shared]) if own or shared < NO_LIMIT else None)
    return found


def _capacities(spec: ClusterSpec) -> dict[str, Any]:
    columns = zip(spec.resources.ids, _totals(spec), spec.resources.scale.tolist(), strict=True)
    return {name: units(total, scale) for name, total, scale in columns if total is not None}


def _rows(spec: ClusterSpec, before: State | None, after: State | None, flows: Flows | None) -> Ints:
    """The clusters that have a row, in the order of the spec; of elastic ones, those that are or were in use."""
    states = [state for state in (before, after) if state is not None]
    there = np.ones(len(spec.clusters.ids), np.bool_)
    if spec.clusters.elastic:
        there = np.any([state.size > 0 for state in states], axis=0) if states else ~there
    if len(spec.clusters.ids) <= MOST_ROWS:
        return np.flatnonzero(there)
    leaves = np.flatnonzero(there & spec.clusters.leaf)
    chosen: set[int] = set()
    for state in states:
        full = fullness(spec, state)
        if not full.any():
            full = state.size.astype(float)
        for value in (full, -full, state.cut, state.load):
            chosen.update(_most(value, leaves))
    if flows is not None:
        chosen.update(_most(flows.arrives + flows.leaves, leaves))
    return np.array(sorted(chosen), np.int64)


def _most(value: np.ndarray, rows: Ints) -> list[int]:
    """The rows of the largest values, the first ones among equals."""
    found: list[int] = rows[np.argsort(-value[rows], kind="stable")[:EXTREMES]].tolist()
    return found


def _row(spec: ClusterSpec, k: int, before: State | None, after: State | None, flows: Flows | None) -> dict[str, Any]:
    clusters = spec.clusters
    parent = int(clusters.parent[k])

    def amounts(row: Ints, limit: Ints | None = None) -> dict[str, Any]:
        """By resource; with limits, of those that are limited."""
        told = np.ones(len(row), np.bool_) if limit is None else limit < NO_LIMIT
        columns = zip(spec.resources.ids, row.tolist(), spec.resources.scale.tolist(), told.tolist(), strict=True)
        return {name: units(value, scale) for name, value, scale, tell in columns if tell}

    def figures(state: State | None) -> dict[str, Any] | None:
        if state is None:
            return None
        use, capacity = state.report.use[k], clusters.capacity[k]
        return {
            "size": int(state.size[k]), "use": amounts(use), "headroom": amounts(capacity - use, capacity),
            "load": tidy(state.load[k]), "cut": tidy(state.cut[k]), "inside": tidy(state.inside[k]),
        }  # fmt: skip

    return {
        "id": clusters.ids[k],
        "parent": clusters.ids[parent] if parent >= 0 else None,
        "capacity": amounts(clusters.capacity[k], clusters.capacity[k]),
        "safe": amounts(clusters.safe[k], clusters.safe[k]),
        "moves_in": None if flows is None else int(flows.arrives[k]),
        "moves_out": None if flows is None else int(flows.leaves[k]),
        "before": figures(before),
        "after": figures(after),
    }
