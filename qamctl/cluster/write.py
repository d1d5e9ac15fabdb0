"""A cluster spec as plain data again: what a problem file would hold that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Spread


def to_data(spec: ClusterSpec) -> dict[str, Any]:
    """The data of a problem file that is read as the same columns, row by row.

    Parameters
    ----------
    spec
        As the reader makes it: clusters whose number is part of the answer are alike, and called c0, c1, ...
    """
    resources, agents, groups, costs = spec.resources, spec.agents, spec.groups, spec.costs
    places = (*spec.clusters.ids, None)
    services = (*groups.ids, None)
    data: dict[str, Any] = {"kind": "cluster", "version": 1, "name": spec.name}
    data["resources"] = [
        _without_none(
            {
                "id": name, "capacity": _units(spec, r, int(resources.capacity[r])),
                "weight": float(resources.weight[r]), "transient": bool(resources.transient[r]),
                "device": _units(spec, r, int(resources.device[r])) if resources.device[r] else None,
            }
        )
        for r, name in enumerate(resources.ids)
    ]  # fmt: skip
    data["agents"] = [
        _without_none(
            {
                "id": name, "demand": amounts(spec, agents.demand[i], 0), "cluster": places[agents.current[i]],
                "move_cost": float(agents.move_cost[i]), "group": services[agents.group[i]],
                "requires": {label: list(values) for label, values in agents.requires[i].items()},
                "tolerates": sorted(agents.tolerates[i]), "clusters": _allowed(spec, i),
                "optional": bool(agents.optional[i]), "reward": float(agents.reward[i]),
            }
        )
        for i, name in enumerate(agents.ids)
    ]  # fmt: skip
    data["clusters"] = _sized(spec) if spec.clusters.elastic else _listed(spec)
    data["links"] = _links(spec)
    data["groups"] = [
        _without_none(
            {
                "id": name, "apart": bool(groups.apart[g]), "spread": _spread(groups.spread[g]),
                "near": [groups.ids[other] for other in groups.near[g]],
            }
        )
        for g, name in enumerate(groups.ids)
    ]  # fmt: skip
    data |= _balance(spec)
    data["costs"] = [
        {"agent": agents.ids[agent], "cluster": spec.clusters.ids[cluster], "cost": cost}
        | ({"demand": amounts(spec, demand, 0)} if own else {})
        for agent, cluster, cost, own, demand in zip(
            costs.agent.tolist(), costs.cluster.tolist(), costs.cost.tolist(), costs.own_demand.tolist(), costs.demand,
            strict=True,
        )
    ]  # fmt: skip
    data["moves"] = _moves(spec)
    data["objective"] = [dict(level) for level in spec.objective]
    data["solver"] = dict(spec.solver)
    return data


def amounts(spec: ClusterSpec, row: Sequence[int] | np.ndarray, absent: int) -> dict[str, int | float]:
    """[R] scaled quantities by resource, in units as written, without those that have the value of an absent one."""
    named = ((r, name, int(row[r])) for r, name in enumerate(spec.resources.ids))
    found = {name: _units(spec, r, value) for r, name, value in named if value != absent}
    return {name: value for name, value in found.items() if value is not None}


def _units(spec: ClusterSpec, resource: int, value: int) -> int | float | None:
    if value == NO_LIMIT:
        return None
    whole, rest = divmod(value, int(spec.resources.scale[resource]))
    return whole if rest == 0 else value / int(spec.resources.scale[resource])


def _without_none(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None and value != [] and value != {}}


def _allowed(spec: ClusterSpec, agent: int) -> list[str] | None:
    allowed = spec.agents.allowed[agent]
    return None if allowed is None else [spec.clusters.ids[k] for k in allowed]


def _listed(spec: ClusterSpec) -> list[dict[str, Any]]:
    clusters = spec.clusters
    names = (*clusters.ids, None)
    return [
        _without_none(
            {
                "id": name, "parent": names[clusters.parent[k]],
                "capacity": amounts(spec, clusters.capacity[k], NO_LIMIT),
                "safe": amounts(spec, clusters.safe[k], NO_LIMIT), "labels": dict(clusters.labels[k]),
                "taints": sorted(clusters.taints[k]), "cost": float(clusters.cost[k]),
                "min_size": int(clusters.min_size[k]), "max_size": _limit(int(clusters.max_size[k])),
            }
        )
        for k, name in enumerate(clusters.ids)
    ]  # fmt: skip


def _sized(spec: ClusterSpec) -> dict[str, Any]:
    clusters = spec.clusters
    size = {
        "target": clusters.target or None,
        "min": int(clusters.min_size[0]),
        "max": _limit(int(clusters.max_size[0])),
    }
    return _without_none(
        {
            "size": _without_none(size), "split_above": _limit(clusters.split_above),
            "merge_below": clusters.merge_below, "capacity": amounts(spec, clusters.capacity[0], NO_LIMIT),
            "safe": amounts(spec, clusters.safe[0], NO_LIMIT),
        }
    )  # fmt: skip


def _limit(value: int) -> int | None:
    return None if value >= NO_LIMIT else value


def _links(spec: ClusterSpec) -> list[dict[str, Any]]:
    links, ids = spec.links, spec.agents.ids
    rows: list[dict[str, Any]] = [
        {"a": ids[a], "b": ids[b], "weight": weight}
        for a, b, weight in zip(links.cut_a.tolist(), links.cut_b.tolist(), links.cut_weight.tolist(), strict=True)
    ]
    for kind, left, right in (
        ("together", links.together_a, links.together_b), ("apart", links.apart_a, links.apart_b)
    ):  # fmt: skip
        rows += [{"a": ids[a], "b": ids[b], "kind": kind} for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    return rows


def _spread(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    skew = _limit(spread.max_skew)
    return _without_none({"label": spread.label, "min": spread.least, "max_skew": skew, "weight": spread.weight})


def _balance(spec: ClusterSpec) -> dict[str, Any]:
    balance, ids = spec.balance, spec.resources.ids
    tolerance = None if balance.tolerance_millionths is None else balance.tolerance_millionths / 1_000_000
    ratios = [
        {"resource": ids[ratio.resource], "other": ids[ratio.other], "ratio": ratio.ratio, "weight": ratio.weight}
        for ratio in balance.ratios
    ]
    found = _without_none({"tolerance": tolerance, "ratios": ratios})
    return {"balance": found} if found else {}


def _moves(spec: ClusterSpec) -> dict[str, Any]:
    moves, ids = spec.moves, spec.clusters.ids
    columns = (moves.pair_from.tolist(), moves.pair_to.tolist(), moves.pair_cost.tolist())
    return _without_none(
        {
            "max": _limit(moves.most), "max_cost": None if moves.max_cost == np.inf else moves.max_cost,
            "per_agent": moves.per_agent, "per_group": moves.per_group, "per_pair": moves.per_pair,
            "pairs": [{"from": ids[a], "to": ids[b], "cost": cost} for a, b, cost in zip(*columns, strict=True)],
        }
    )  # fmt: skip
