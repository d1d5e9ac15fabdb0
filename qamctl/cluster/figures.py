"""What the metrics of a run say of an assignment: how full the clusters are, who moves, and the cut before."""

from __future__ import annotations

from typing import Any

import numpy as np

from qamctl.cluster.check import Report
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec


def utilisation(spec: ClusterSpec, solution: Solution, report: Report) -> dict[str, Any]:
    """Shares and sizes over the clusters that hold agents.

    Parameters
    ----------
    report
        The checker's, of `solution`.

    Returns
    -------
    dict
        `resources`: by id the share of all capacities that is used, of what the whole fleet shares where no cluster has
        a capacity of its own, None where there is no capacity; `fullest`: the largest share of one cluster;
        `clusters_used`, `size_min`, `size_mean` and `size_max` of those in use; `moved`, agents that are elsewhere now.
    """
    leaf = spec.clusters.leaf
    use, size, capacity = report.use[leaf], report.size[leaf], spec.clusters.capacity[leaf]
    resources: dict[str, float | None] = {}
    fullest: dict[str, float | None] = {}
    for r, name in enumerate(spec.resources.ids):
        limited = (capacity[:, r] > 0) & (capacity[:, r] < NO_LIMIT)
        shares = use[limited, r].astype(float) / capacity[limited, r]
        used, room = float(use[limited, r].astype(float).sum()), float(capacity[limited, r].astype(float).sum())
        if not limited.any() and 0 < spec.resources.capacity[r] < NO_LIMIT:
            used, room = float(use[:, r].astype(float).sum()), float(spec.resources.capacity[r])
        resources[name] = round(used / room, 6) if room else None
        fullest[name] = round(float(shares.max()), 6) if len(shares) else None
    held = size[size > 0]
    current = spec.agents.current
    return {
        "resources": resources,
        "fullest": fullest,
        "clusters_used": len(held),
        "size_min": int(held.min()) if len(held) else 0,
        "size_mean": round(float(held.mean()), 6) if len(held) else 0.0,
        "size_max": int(held.max()) if len(held) else 0,
        "moved": int(np.sum((current >= 0) & (solution.cluster != current))),
    }


def cut_before(spec: ClusterSpec) -> int | float | None:
    """The term `cut` as agents are now; None where nobody is anywhere."""
    if not (spec.agents.current >= 0).any():
        return None
    a, b = spec.agents.current[spec.links.cut_a], spec.agents.current[spec.links.cut_b]
    cut = float(spec.links.cut_weight[(a >= 0) & (b >= 0) & (a != b)].sum())
    return int(cut) if cut.is_integer() else cut
