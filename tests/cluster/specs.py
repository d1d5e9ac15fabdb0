"""Cluster specs for tests, made by hand: every column filled without the reader, quantities in units as written.

Example::

    make_spec(
        resources=["cpu", {"id": "disk", "transient": True}],
        agents=[{"id": "a", "demand": {"cpu": 1.5}, "cluster": "x"}, "b", "c"],
        clusters=[{"id": "x", "capacity": {"cpu": 4}, "parent": "eu"}, {"id": "y", "capacity": {"cpu": 2}}, "eu"],
        links=[("a", "b"), ("b", "c", 2.5), ("a", "c", "apart")],
    )
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import (
    LOCATION,
    NEIGHBOURHOOD,
    NO_LIMIT,
    Agents,
    Balance,
    Clusters,
    ClusterSpec,
    Costs,
    Groups,
    Links,
    Moves,
    Ratio,
    Resources,
    Spread,
)
from qamctl.spec.source import Source

Row = Mapping[str, Any]
Rows = Sequence[Row | str]

RESOURCE_KEYS = {"id", "capacity", "weight", "transient", "device", "scale"}
AGENT_KEYS = {"id", "demand", "cluster", "move_cost", "group", "requires", "tolerates", "clusters", "optional"}
AGENT_KEYS |= {"reward"}
CLUSTER_KEYS = {"id", "capacity", "safe", "labels", "taints", "location", "neighbourhood", "cost", "min_size"}
CLUSTER_KEYS |= {"max_size", "parent"}
GROUP_KEYS = {"id", "apart", "spread", "near"}
SPREAD_KEYS = {"label", "min", "max_skew", "weight"}
MOVE_KEYS = {"max", "max_cost", "per_agent", "per_group", "per_pair", "pairs"}


def make_spec(
    *,
    agents: int | Rows,
    clusters: int | Rows,
    resources: Rows = (),
    links: Sequence[tuple[Any, ...]] = (),
    groups: Rows = (),
    tolerance: float | str | None = None,
    ratios: Sequence[tuple[Any, ...]] = (),
    costs: Sequence[tuple[Any, ...]] = (),
    moves: Row | None = None,
    objective: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
    elastic: bool = False,
    target: int = 0,
    split_above: int = NO_LIMIT,
    merge_below: int = 0,
    solver: Row | None = None,
    name: str = "test",
    source: Source | None = None,
) -> ClusterSpec:
    """A `ClusterSpec` of what is given; everything else has its default.

    Parameters
    ----------
    agents
        Rows as in a problem file: id, demand, cluster, move_cost, group, requires, tolerates, clusters, optional,
        reward. A text is a row with this id alone; a number k means a0..a<k-1>.
    clusters
        Rows as in a problem file: id, capacity, safe, labels, taints, location, neighbourhood, cost, min_size,
        max_size, parent (an id of the list). A text is a row with this id; a number k means c0..c<k-1>.
    resources
        Rows: id, capacity, weight, transient, device; `scale` where another one is wanted than the decimals need.
        Resources that are only named in demands, capacities and safe limits need no row: they come behind.
    links
        (a, b), (a, b, weight), (a, b, "together") or (a, b, "apart"); a and b are ids.
    groups
        Rows: id, apart (False), spread {label, min, max_skew, weight}, near. Groups that only agents name come behind.
    ratios
        (resource, other, ratio) or (resource, other, ratio, weight), resources by id.
    costs
        (agent, cluster, cost) or (agent, cluster, cost, {resource: own demand}).
    moves
        max, max_cost, per_agent, per_group, per_pair, pairs [(from, to, cost)].
    objective
        One mapping or several levels; None: the default of the problem file's contract.
    elastic, target, split_above, merge_below
        As in `Clusters`.
    """
    people = _rows(agents, "a", AGENT_KEYS)
    places = _rows(clusters, "c", CLUSTER_KEYS)
    services = _rows(groups, "", GROUP_KEYS)
    measures = _resource_rows(resources, people, places, costs)
    scale = [_scale(row, people, places, costs) for row in measures]
    who = {row["id"]: i for i, row in enumerate(people)}
    where = {row["id"]: i for i, row in enumerate(places)}
    known = {row["id"] for row in services}
    for row in people:
        if row.get("group") is not None and row["group"] not in known:
            known.add(row["group"])
            services.append({"id": row["group"]})
    of = {row["id"]: i for i, row in enumerate(services)}
    what = {row["id"]: i for i, row in enumerate(measures)}

    def amounts(named: Row, absent: int) -> list[int]:
        return [_scaled(named[row["id"]], scale[r]) if row["id"] in named else absent for r, row in enumerate(measures)]

    built = _clusters(places, where, measures, scale, (elastic, target, split_above, merge_below))
    spec_links = _links(links, who)
    spec_balance = Balance(
        None if tolerance is None else int(Decimal(str(tolerance)) * 1_000_000),
        tuple(Ratio(what[r[0]], what[r[1]], float(r[2]), float(r[3]) if len(r) > 3 else 1.0) for r in ratios),
    )
    spec_agents = Agents(
        ids=tuple(row["id"] for row in people),
        demand=_matrix([amounts(row.get("demand", {}), 0) for row in people], len(measures)),
        current=np.array([where[row["cluster"]] if row.get("cluster") is not None else -1 for row in people], np.int32),
        move_cost=np.array([row.get("move_cost", 1) for row in people], np.float64),
        group=np.array([of[row["group"]] if row.get("group") is not None else -1 for row in people], np.int32),
        requires=tuple(
            {key: (v,) if isinstance(v, str) else tuple(v) for key, v in row.get("requires", {}).items()}
            for row in people
        ),
        tolerates=tuple(frozenset(row.get("tolerates", ())) for row in people),
        allowed=tuple(
            None if row.get("clusters") in (None, "any") else tuple(where[c] for c in row["clusters"]) for row in people
        ),
        optional=np.array([row.get("optional", False) for row in people], np.bool_),
        reward=np.array([row.get("reward", 0) for row in people], np.float64),
    )
    spec_groups = Groups(
        ids=tuple(row["id"] for row in services),
        apart=np.array([row.get("apart", False) for row in services], np.bool_),
        spread=tuple(_spread(row.get("spread")) for row in services),
        near=tuple(tuple(of[other] for other in row.get("near", ())) for row in services),
    )
    spec_resources = Resources(
        ids=tuple(row["id"] for row in measures),
        capacity=np.array(
            [_scaled(r["capacity"], s) if "capacity" in r else NO_LIMIT for r, s in zip(measures, scale, strict=True)],
            np.int64,
        ),
        scale=np.array(scale, np.int64),
        weight=np.array([row.get("weight", 1) for row in measures], np.float64),
        transient=np.array([row.get("transient", False) for row in measures], np.bool_),
        device=np.array([_scaled(r.get("device", 0), s) for r, s in zip(measures, scale, strict=True)], np.int64),
    )
    own = [len(row) > 3 and row[3] is not None for row in costs]
    spec_costs = Costs(
        agent=np.array([who[row[0]] for row in costs], np.int32),
        cluster=np.array([where[row[1]] for row in costs], np.int32),
        cost=np.array([row[2] for row in costs], np.float64),
        own_demand=np.array(own, np.bool_),
        demand=_matrix(
            [amounts(row[3] if mine else {}, 0) for row, mine in zip(costs, own, strict=True)], len(measures)
        ),
    )
    spec_moves = _moves(moves or {}, where)
    levels = (
        _default_objective(spec_agents, built, spec_links, spec_groups, spec_balance, spec_costs)
        if objective is None
        else (dict(objective),)
        if isinstance(objective, Mapping)
        else tuple(dict(level) for level in objective)
    )
    return ClusterSpec(
        name=name,
        source=source or Source("test.yaml", None, b"", "0" * 64),
        resources=spec_resources,
        agents=spec_agents,
        clusters=built,
        links=spec_links,
        groups=spec_groups,
        balance=spec_balance,
        costs=spec_costs,
        moves=spec_moves,
        objective=levels,
        solver=dict(solver or {}),
    )


def solution_of(
    spec: ClusterSpec, cluster: Sequence[str | None], devices: Mapping[str, Mapping[str, Sequence[int]]] | None = None
) -> Solution:
    """A solution by ids.

    Parameters
    ----------
    cluster
        [N] the id of each agent's cluster in the order of the spec; None where it is left out.
    devices
        Agent id -> resource id -> the devices that it takes.
    """
    where = {name: k for k, name in enumerate(spec.clusters.ids)}
    rows = np.array([-1 if name is None else where[name] for name in cluster], np.int32)
    kinds = [name for name, size in zip(spec.resources.ids, spec.resources.device.tolist(), strict=True) if size]
    bits = np.zeros((len(spec.agents.ids), len(kinds)), np.int64)
    for agent, taken in (devices or {}).items():
        for resource, numbers in taken.items():
            for number in numbers:
                bits[spec.agents.ids.index(agent), kinds.index(resource)] |= np.int64(1 << number)
    return Solution(rows, bits)


def _rows(given: int | Rows, letter: str, known: set[str]) -> list[dict[str, Any]]:
    if isinstance(given, int):
        return [{"id": f"{letter}{k}"} for k in range(given)]
    rows: list[dict[str, Any]] = [{"id": row} if isinstance(row, str) else dict(row) for row in given]
    for row in rows:
        assert row.keys() <= known, f"no such key: {row.keys() - known}"
    assert len({row["id"] for row in rows}) == len(rows), "an id stands twice"
    return rows


def _named(
    people: list[dict[str, Any]], places: list[dict[str, Any]], costs: Sequence[tuple[Any, ...]]
) -> Iterable[Row]:
    """Every {resource: amount} of the problem."""
    yield from (row.get("demand", {}) for row in people)
    yield from (row.get(key, {}) for row in places for key in ("capacity", "safe"))
    yield from (row[3] for row in costs if len(row) > 3 and row[3] is not None)


def _resource_rows(
    resources: Rows, people: list[dict[str, Any]], places: list[dict[str, Any]], costs: Sequence[tuple[Any, ...]]
) -> list[dict[str, Any]]:
    rows = _rows(resources, "", RESOURCE_KEYS)
    known = {row["id"] for row in rows}
    for named in _named(people, places, costs):
        for name in named:
            if name not in known:
                known.add(name)
                rows.append({"id": name})
    return rows


def _scale(
    row: Row, people: list[dict[str, Any]], places: list[dict[str, Any]], costs: Sequence[tuple[Any, ...]]
) -> int:
    if "scale" in row:
        return int(row["scale"])
    seen = [named[row["id"]] for named in _named(people, places, costs) if row["id"] in named]
    seen += [row[key] for key in ("capacity", "device") if key in row]
    places_needed = (-int(Decimal(str(value)).normalize().as_tuple().exponent) for value in seen)
    return int(10 ** max(0, *places_needed, 0))


def _scaled(value: Any, scale: int) -> int:
    scaled = Decimal(str(value)) * scale
    assert scaled == int(scaled), f"{value} has more decimals than the scale {scale}"
    return int(scaled)


def _matrix(rows: list[list[int]], width: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(rows, np.int64).reshape(len(rows), width)


def _clusters(
    places: list[dict[str, Any]],
    where: Mapping[str, int],
    measures: list[dict[str, Any]],
    scale: list[int],
    size: tuple[bool, int, int, int],
) -> Clusters:
    parent = [where[row["parent"]] if row.get("parent") is not None else -1 for row in places]
    leaf = [k not in parent for k in range(len(places))]
    # What some leaf names in its capacity is held by those alone that name it.
    held = {name for k, row in enumerate(places) if leaf[k] for name in row.get("capacity", {})}

    def limits(k: int, key: str) -> list[int]:
        named = places[k].get(key, {})
        return [
            _scaled(named[row["id"]], scale[r])
            if row["id"] in named
            else (0 if key == "capacity" and leaf[k] and row["id"] in held else NO_LIMIT)
            for r, row in enumerate(measures)
        ]

    labels, taints = [], []
    for k in range(len(places)):
        around = [k]
        while parent[around[-1]] >= 0:
            around.append(parent[around[-1]])
        mine: dict[str, str] = {}
        for row in (places[i] for i in reversed(around)):
            mine |= row.get("labels", {})
            mine |= {key: row[key] for key in (LOCATION, NEIGHBOURHOOD) if row.get(key) is not None}
        labels.append(mine)
        taints.append(frozenset(taint for i in around for taint in places[i].get("taints", ())))
    elastic, target, split_above, merge_below = size
    return Clusters(
        ids=tuple(row["id"] for row in places),
        parent=np.array(parent, np.int32),
        leaf=np.array(leaf, np.bool_),
        capacity=_matrix([limits(k, "capacity") for k in range(len(places))], len(measures)),
        safe=_matrix([limits(k, "safe") for k in range(len(places))], len(measures)),
        min_size=np.array([row.get("min_size", 0) for row in places], np.int64),
        max_size=np.array([row.get("max_size", NO_LIMIT) for row in places], np.int64),
        cost=np.array([row.get("cost", 0) for row in places], np.float64),
        labels=tuple(labels),
        taints=tuple(taints),
        elastic=elastic,
        target=target,
        split_above=split_above,
        merge_below=merge_below,
    )


def _links(links: Sequence[tuple[Any, ...]], who: Mapping[str, int]) -> Links:
    kept: dict[str, dict[tuple[int, int], float]] = {"cut": {}, "together": {}, "apart": {}}
    for a, b, *rest in links:
        kind = rest[0] if rest and isinstance(rest[0], str) else "cut"
        assert who[a] != who[b], f"a link of {a} to itself"
        pair = (min(who[a], who[b]), max(who[a], who[b]))
        kept[kind][pair] = float(rest[0]) if rest and kind == "cut" else 1.0

    def ends(kind: str, side: int) -> np.ndarray[Any, np.dtype[np.int32]]:
        return np.array([pair[side] for pair in kept[kind]], np.int32)

    weights = np.array(list(kept["cut"].values()), np.float64)
    together, apart = (ends("together", 0), ends("together", 1)), (ends("apart", 0), ends("apart", 1))
    return Links(ends("cut", 0), ends("cut", 1), weights, *together, *apart)


def _spread(row: Row | None) -> Spread | None:
    if row is None:
        return None
    assert row.keys() <= SPREAD_KEYS, f"no such key: {row.keys() - SPREAD_KEYS}"
    return Spread(row["label"], row.get("min", 0), row.get("max_skew", NO_LIMIT), float(row.get("weight", 1)))


def _moves(row: Row, where: Mapping[str, int]) -> Moves:
    assert row.keys() <= MOVE_KEYS, f"no such key: {row.keys() - MOVE_KEYS}"
    pairs = row.get("pairs", ())
    return Moves(
        most=row.get("max", NO_LIMIT),
        max_cost=float(row.get("max_cost", np.inf)),
        per_agent=float(row.get("per_agent", 1)),
        per_group=float(row.get("per_group", 0)),
        per_pair=float(row.get("per_pair", 0)),
        pair_from=np.array([where[pair[0]] for pair in pairs], np.int32),
        pair_to=np.array([where[pair[1]] for pair in pairs], np.int32),
        pair_cost=np.array([pair[2] for pair in pairs], np.float64),
    )


def _default_objective(
    agents: Agents, clusters: Clusters, links: Links, groups: Groups, balance: Balance, costs: Costs
) -> tuple[Mapping[str, float]]:
    soft = [spread for spread in groups.spread if spread and not spread.least and spread.max_skew == NO_LIMIT]
    present = {
        "cut": len(links.cut_a) > 0,
        "load": bool((clusters.safe < NO_LIMIT).any()),
        "balance": bool(balance.ratios) or clusters.target > 0,
        "move": bool((agents.current >= 0).any()),
        "cost": len(costs.cost) > 0 or bool(clusters.cost.any()),
        "spread": bool(soft),
        "unplaced": bool(agents.optional.any()),
    }
    return ({term: 1.0 for term, there in present.items() if there} or {"cut": 1.0},)
