"""A first assignment, one unit after the other: the largest first, each where it breaks least and costs least."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.instance import Instance
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Index
from qamctl.kernels.assignment.problem import AssignmentProblem


def construct(instance: Instance) -> Index:
    """[n] leaves of units to start from: where their agents are now, else one by one where there is room.

    It need not keep every rule: the search goes on from it, and mends.
    """
    problem = instance.problem
    leaf = np.full(problem.n, problem.k, np.int32)
    who = owners(problem.home_first)
    order = np.lexsort((problem.home_count, who))
    at_home = problem.allowed[problem.kind[who[order]], problem.home_leaf[order]] > 0
    leaf[who[order][at_home]] = problem.home_leaf[order][at_home]  # the leaf of most of them is the last one written
    if problem.k:
        _place(problem, leaf)
    return leaf


def _place(problem: AssignmentProblem, leaf: Index) -> None:
    """Put units that are nowhere where there is room: spread out, or packed where some may be left out."""
    size = (problem.demand * problem.over.astype(float)).sum(axis=1)
    use = np.zeros((problem.k, problem.r), np.int64)
    placed = leaf < problem.k
    np.add.at(use, leaf[placed], problem.demand[placed])
    capacity = problem.capacity[: problem.k]
    whole = np.maximum(1, problem.demand.sum(axis=0))
    scale = np.where(capacity < NO_LIMIT, np.maximum(1, capacity), whole).astype(float)
    # A resource that cannot run out says nothing about how full a cluster is, unless no other one can.
    tight = capacity.sum(axis=0, dtype=float) < 16.0 * whole
    telling = np.flatnonzero(tight) if tight.any() else np.arange(problem.r)
    fill = use / scale
    packed = bool(problem.optional.any())
    lists = np.split(problem.allowed_leaf, problem.allowed_first[1:-1])
    for u in np.lexsort((np.arange(problem.n), -size)).tolist():
        leaves = lists[problem.kind[u]]
        if leaf[u] < problem.k or not len(leaves):
            continue
        demand = problem.demand[u]
        room = ((use[leaves] + demand) <= capacity[leaves]).all(axis=1)
        if room.any():
            leaves = leaves[room]
            after = (fill[leaves][:, telling] + demand[telling] / scale[leaves][:, telling]).max(axis=1)
            to = leaves[after.argmax() if packed else after.argmin()]
        elif problem.optional[u]:
            continue
        else:  # where it breaks least
            to = leaves[(np.maximum(0, use[leaves] + demand - capacity[leaves]) / scale[leaves]).sum(axis=1).argmin()]
        leaf[u] = to
        use[to] += demand
        fill[to] = use[to] / scale[to]
