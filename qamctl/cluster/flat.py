"""The spec as the search sees it: every agent a unit, every rule and cost a flat array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.cluster.homes import homes
from qamctl.cluster.limits import limits
from qamctl.cluster.places import kinds, places, spread_values
from qamctl.cluster.spec import TERMS, ClusterSpec, Floats, Index, Ints
from qamctl.kernels.assignment.problem import BROKEN, NO_LIMIT, AssignmentProblem

#: Temperatures of a cycle, in units of what a shift makes worse on average.
HOTTEST, COLDEST = 0.2, 0.001


@dataclass(frozen=True)
class Forest:
    """The clusters as the search numbers them: leaves first, every cluster before the one around it.

    Attributes
    ----------
    row
        [m] row in `spec.clusters`; -1 for the fleet itself, which is a cluster where all share a capacity.
    node
        [K] the way back.
    parent
        [m]
    """

    row: Index
    node: Index
    parent: Index


def forest(spec: ClusterSpec) -> Forest:
    """Number the clusters of a spec."""
    parent = spec.clusters.parent
    depth = np.zeros(len(parent), np.int64)
    around = parent.copy()
    while (around >= 0).any():
        depth += around >= 0
        around = np.where(around >= 0, parent[around], -1)
    row = np.lexsort((np.arange(len(parent)), -depth, ~spec.clusters.leaf)).astype(np.int32)
    node = np.empty(len(parent), np.int32)
    node[row] = np.arange(len(row), dtype=np.int32)
    above = np.where(parent[row] >= 0, node[parent[row]], -1).astype(np.int32)
    if (spec.resources.capacity < NO_LIMIT).any():
        above = np.append(np.where(above < 0, len(row), above), -1).astype(np.int32)
        row = np.append(row, -1).astype(np.int32)
    return Forest(row, node, above)


def flatten(spec: ClusterSpec) -> tuple[AssignmentProblem, Forest]:
    """The problem of a spec, agent by agent, and how its clusters are numbered."""
    agents, clusters, groups = spec.agents, spec.clusters, spec.groups
    trees = forest(spec)
    n, k = len(agents.ids), int(clusters.leaf.sum())
    leaves = trees.row[:k]
    demand = np.column_stack([agents.demand, np.ones(n, np.int64)])
    capacity, safe = limits(spec, trees.row)
    kind, allowed = kinds(spec, leaves)
    ruled, rule_of = _ruled(spec)
    value, values = spread_values(spec, leaves, ruled)
    place, count = places(spec, leaves)
    cost_first, cost_leaf, cost_value, cost_own, own = _costs(spec, trees)
    scale = spec.resources.scale.astype(float)
    one = np.array([ratio.resource for ratio in spec.balance.ratios], np.int32)
    other = np.array([ratio.other for ratio in spec.balance.ratios], np.int32)
    least = np.where(trees.row >= 0, clusters.min_size[trees.row], 0)
    open_cost = np.where(trees.row >= 0, clusters.cost[trees.row], 0.0)
    spreads = [groups.spread[g] for g in ruled]
    member = rule_of[agents.group] if len(rule_of) else np.full(n, -1)
    member = np.where(agents.group >= 0, member, -1)
    near_first, near_rule = _rows([[int(rule_of[h]) for h in groups.near[g]] for g in ruled])
    first, device, size = _pieces(spec)
    devices = np.flatnonzero(spec.resources.device > 0)
    problem = AssignmentProblem(
        n=n, k=k, demand=demand,
        transient=np.append(spec.resources.transient, False).astype(np.uint8),
        over=_over(agents.demand, own[:, :-1]),
        parent=trees.parent, capacity=capacity, safe=safe, least=least.astype(np.int64), elastic=clusters.elastic,
        load=np.append(spec.resources.weight / scale, 0.0),
        ratio_one=one, ratio_other=other,
        ratio_value=np.array([ratio.ratio for ratio in spec.balance.ratios]) * scale[other] / scale[one],
        ratio_weight=np.array([ratio.weight for ratio in spec.balance.ratios]) / scale[other],
        target=clusters.target, open_cost=open_cost, kind=kind, allowed=allowed, **leaf_lists(allowed),
        **_links(n, spec.links.cut_a, spec.links.cut_b, spec.links.cut_weight),
        **_apart(n, spec.links.apart_a, spec.links.apart_b),
        **homes(spec, trees.node, k, cost_first, cost_leaf, cost_own, own, demand),
        cost_first=cost_first, cost_leaf=cost_leaf, cost_value=cost_value, cost_own=cost_own, own_demand=own,
        member_first=_first(member >= 0), member_rule=member[member >= 0].astype(np.int32),
        member_count=np.ones(int((member >= 0).sum()), np.int32),
        rule_apart=groups.apart[ruled].astype(np.uint8),
        rule_value=np.array(value, np.int32).reshape(-1),
        rule_least=np.array([0 if s is None else s.least for s in spreads], np.int64),
        rule_skew=np.array([NO_LIMIT if s is None else s.max_skew for s in spreads], np.int64),
        rule_weight=np.array([0.0 if s is None else s.weight for s in spreads]),
        value=values, values=values.max(axis=1, initial=-1).astype(np.int64) + 1,
        near_first=near_first, near_rule=near_rule, place=place, places=count,
        optional=agents.optional.astype(np.uint8), reward=agents.reward,
        piece_first=first, piece_device=device, piece_size=size, device_size=spec.resources.device[devices],
        device_count=np.ascontiguousarray(clusters.capacity[leaves][:, devices] // spec.resources.device[devices]),
        levels=np.array([[level.get(term, 0.0) for term in TERMS] for level in spec.objective]).reshape(-1, len(TERMS)),
        mix=np.array([300, 316, 416, 1240, 1240]), surprise=surprise(), cooling=np.geomspace(HOTTEST, COLDEST, 256),
    )  # fmt: skip
    return problem, trees


def surprise() -> Floats:
    """Values of -log(u), u uniform in (0, 1)."""
    count = 4096
    table: Floats = -np.log((np.arange(count) + 0.5) / count)
    return table


def leaf_lists(allowed: np.ndarray) -> dict[str, Any]:
    """The leaves of each kind of unit, as lists."""
    kind, leaf = np.nonzero(allowed)
    first = np.concatenate([[0], np.cumsum(np.bincount(kind, minlength=len(allowed)))])
    return {"allowed_first": first.astype(np.int64), "allowed_leaf": leaf.astype(np.int32)}


def _over(demand: Ints, own: Ints) -> Ints:
    """[r] violation of one unit of a resource: of what an agent takes that takes some, it is about `BROKEN`."""
    usual = np.maximum(_mean(demand), _mean(own))  # one of both may be tiny beside the other
    over: Ints = np.append(np.maximum(1, BROKEN // np.maximum(1, usual)), BROKEN).astype(np.int64)
    return over


def _mean(demand: Ints) -> Ints:
    some = np.maximum(1, (demand > 0).sum(axis=0))
    mean: Ints = np.ceil(demand.astype(float).sum(axis=0) / some).astype(np.int64)
    return mean


def _first(some: np.ndarray) -> Ints:
    return np.concatenate([[0], np.cumsum(some)]).astype(np.int64)


def _rows(lists: Sequence[Sequence[int]]) -> tuple[Ints, Index]:
    first = np.concatenate([[0], np.cumsum([len(row) for row in lists])]).astype(np.int64)
    return first, np.array([entry for row in lists for entry in row], np.int32)


def _ruled(spec: ClusterSpec) -> tuple[Ints, Index]:
    """Groups that have rules, or are named in one, and the number of each among them."""
    groups = spec.groups
    some = groups.apart.copy()
    for g, (spread, near) in enumerate(zip(groups.spread, groups.near, strict=True)):
        some[g] |= spread is not None or bool(near)
        some[list(near)] = True
    ruled = np.flatnonzero(some)
    number = np.full(len(groups.ids), -1, np.int32)
    number[ruled] = np.arange(len(ruled), dtype=np.int32)
    return ruled, number


def both_ways(n: int, a: Index, b: Index) -> tuple[Ints, Index, Ints]:
    """Pairs as lists by unit: (first, other end, row of the pair)."""
    end = np.concatenate([a, b])
    order = np.argsort(end, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(end, minlength=n))]).astype(np.int64)
    return first, np.concatenate([b, a])[order].astype(np.int32), order % max(1, len(a))


def _links(n: int, a: Index, b: Index, weight: Floats) -> dict[str, Any]:
    first, to, row = both_ways(n, a, b)
    return {"link_first": first, "link_to": to, "link_weight": weight[row].astype(float)}


def _apart(n: int, a: Index, b: Index) -> dict[str, Any]:
    first, to, _ = both_ways(n, a, b)
    return {"apart_first": first, "apart_to": to}


def _costs(spec: ClusterSpec, trees: Forest) -> tuple[Ints, Index, Floats, Index, Ints]:
    costs = spec.costs
    leaf = trees.node[costs.cluster]
    order = np.lexsort((leaf, costs.agent))
    first = np.concatenate([[0], np.cumsum(np.bincount(costs.agent, minlength=len(spec.agents.ids)))])
    own = costs.own_demand[order]
    number = np.where(own, np.cumsum(own) - 1, -1).astype(np.int32)
    demand = costs.demand[order][own]
    sized = np.column_stack([demand, np.ones(len(demand), np.int64)])
    return first.astype(np.int64), leaf[order].astype(np.int32), costs.cost[order].astype(float), number, sized


def _pieces(spec: ClusterSpec) -> tuple[Ints, Index, Ints]:
    """What each agent takes of devices, largest first."""
    devices = np.flatnonzero(spec.resources.device > 0)
    wanted = spec.agents.demand[:, devices]
    agent, device = np.nonzero(wanted)
    size = wanted[agent, device]
    order = np.lexsort((device, -size, agent))
    first = np.concatenate([[0], np.cumsum(np.bincount(agent, minlength=len(wanted)))]).astype(np.int64)
    return first, device[order].astype(np.int32), size[order].astype(np.int64)
