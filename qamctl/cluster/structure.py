"""Clusters that are created, nested, divided and merged: each operation gives the data of another problem file.

What names a cluster follows it: agents that are in it or may be in it, costs, and pairs of moves. Where the number of
clusters is part of the answer, they have no rows of their own: there an operation only says who is where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qamctl.cluster.check.demand import demand_in
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Ints
from qamctl.cluster.write import amounts
from qamctl.errors import UsageError

#: What a problem file holds, as `cluster.write.to_data` gives it.
Data = Mapping[str, Any]
Row = Mapping[str, Any]


def created(data: Data, row: Row) -> Data:
    """With one more cluster.

    Raises
    ------
    UsageError
        There is one of this id, or the number of clusters is part of the answer.
    """
    rows = _rows(data, "create a cluster")
    if any(row["id"] == other["id"] for other in rows):
        raise UsageError(f"there is a cluster {row['id']} already: take another id")
    return {**data, "clusters": [*rows, dict(row)]}


def nested(data: Data, inside: str, row: Row) -> Data:
    """With one more cluster inside another one; the first one takes in who was there, and what named it.

    Raises
    ------
    UsageError
        As `created`, or there is no cluster to put it into.
    """
    rows = _rows(data, "put a cluster into another one")
    around = _row(rows, inside)
    first = not any(other.get("parent") == inside for other in rows)
    more = created(data, {"capacity": around.get("capacity", {}), **row, "parent": inside})
    return _renamed(more, [inside], row["id"]) if first else more


def assigned(data: Data, places: Mapping[str, str | None]) -> Data:
    """With agents in other clusters; None: in none.

    Raises
    ------
    UsageError
        There is no such agent.
    """
    left = dict(places)
    agents = [
        _put(agent, left.pop(agent["id"])) if agent["id"] in left else agent for agent in data["agents"]
    ]  # fmt: skip
    if left:
        raise UsageError(f"there is no agent {next(iter(left))}: name one of the structure")
    return {**data, "agents": agents}


def divided(data: Data, spec: ClusterSpec, id: str, parts: Mapping[str, Sequence[str]]) -> Data:
    """With the agents of a cluster in parts of it, the first of which is the cluster itself.

    The parts share its limits: each has what its agents need, and a like share of what is left. Other fields are those
    of the cluster.

    Parameters
    ----------
    spec
        What the data is read as.
    parts
        Agents by the id of their part.

    Raises
    ------
    UsageError
        The parts are not the cluster's agents, each once, or an id is taken.
    """
    _check_parts(data, spec, id, parts)
    moved = assigned(data, {agent: part for part, members in parts.items() for agent in members})
    if spec.clusters.elastic:
        return moved
    rows = _rows(data, "divide a cluster")
    limits = _shares(spec, id, parts)
    copies = [_said({**_row(rows, id), "id": part, **limits[part]}) for part in parts]
    kept = [copies[0] if row["id"] == id else row for row in rows]
    return _copied({**moved, "clusters": [*kept, *copies[1:]]}, id, list(parts)[1:])


def merged(data: Data, spec: ClusterSpec, ids: Sequence[str], into: str) -> Data:
    """With the agents of several clusters in one, which has the limits of all of them together.

    It has the labels that they share, and the taints that any of them has. Where several of them cost an agent
    something, the first one named says how much, `into` before all.

    Parameters
    ----------
    into
        One of them, or a new id.

    Raises
    ------
    UsageError
        They are not two or more clusters without others inside, with the same one around them, or the id is taken.
    """
    if len(set(ids)) < 2 or len(set(ids)) < len(ids):
        raise UsageError(f"merging takes two clusters or more, each once, not {', '.join(ids) or 'none'}")
    rows = [_leaf(spec, name) for name in ids]
    if len({int(spec.clusters.parent[k]) for k in rows}) > 1:
        raise UsageError(f"the clusters {', '.join(ids)} are not inside the same one: merge those that are")
    if into not in ids and (into in spec.clusters.ids or spec.clusters.elastic):
        raise UsageError(f"the clusters can't be merged into {into}: name one of them" + _or_new(spec))
    order = sorted(ids, key=lambda name: name != into)
    if spec.clusters.elastic:
        gone = {agent["id"]: into for agent in data["agents"] if agent.get("cluster") in set(ids)}
        return assigned(data, gone)
    listed = _rows(data, "merge clusters")
    first = min(listed.index(_row(listed, name)) for name in ids)
    kept = [row for row in listed if row["id"] not in set(ids)]
    at = sum(row["id"] not in set(ids) for row in listed[:first])
    whole = _said(_together(spec, rows, {**_row(listed, order[0]), "id": into}))
    return _renamed({**data, "clusters": [*kept[:at], whole, *kept[at:]]}, order, into)


def _or_new(spec: ClusterSpec) -> str:
    return "" if spec.clusters.elastic else ", or an id that is not taken"


def _rows(data: Data, what: str) -> list[Row]:
    """The clusters one by one."""
    rows = data["clusters"]
    if isinstance(rows, list):
        return rows
    raise UsageError(f"can't {what}: their number is part of the answer; assign agents, split or merge instead")


def _row(rows: Iterable[Row], id: str) -> Row:
    for row in rows:
        if row["id"] == id:
            return row
    raise UsageError(f"there is no cluster {id}: name one of the structure")


def _leaf(spec: ClusterSpec, id: str) -> int:
    if id not in spec.clusters.ids:
        raise UsageError(f"there is no cluster {id}: name one of the structure")
    k = spec.clusters.ids.index(id)
    if not spec.clusters.leaf[k]:
        raise UsageError(f"cluster {id} has clusters inside: name those")
    return k


def _said(row: Row) -> Row:
    """A row without the fields that say nothing."""
    return {name: value for name, value in row.items() if value is not None}


def _put(agent: Row, place: str | None) -> Row:
    rest = {name: value for name, value in agent.items() if name != "cluster"}
    return rest if place is None else {**rest, "cluster": place}


def _check_parts(data: Data, spec: ClusterSpec, id: str, parts: Mapping[str, Sequence[str]]) -> None:
    _leaf(spec, id)
    members = [agent for part in parts.values() for agent in part]
    there = {agent["id"] for agent in data["agents"] if agent.get("cluster") == id}
    if len(parts) < 2 or next(iter(parts)) != id:
        raise UsageError(f"cluster {id} is divided into itself, as the first part, and others: name two parts or more")
    if len(set(members)) < len(members) or set(members) != there:
        raise UsageError(f"the parts of cluster {id} must be its {len(there)} agents, each once")
    taken = set(spec.clusters.ids) if not spec.clusters.elastic else {agent.get("cluster") for agent in data["agents"]}
    for part in list(parts)[1:]:
        if part in taken:
            raise UsageError(f"there is a cluster {part} already: take another id for the part")


def _shares(spec: ClusterSpec, id: str, parts: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """The limits of each part: as much as its agents need, and a like share of the rest."""
    k, place = spec.clusters.ids.index(id), {name: i for i, name in enumerate(spec.agents.ids)}
    needs = []
    for members in parts.values():
        rows = np.array([place[name] for name in members], np.int64)
        needs.append([*demand_in(spec, rows, np.full(len(rows), k)).sum(axis=0).tolist(), len(rows)])
    sizes = [need[-1] for need in needs]
    units = np.maximum(1, spec.resources.device).tolist()
    found: dict[str, dict[str, Any]] = {}
    columns: dict[str, list[list[int]]] = {}
    for field, limits in (("capacity", spec.clusters.capacity[k]), ("safe", spec.clusters.safe[k])):
        shares = [
            _share(int(limit), [need[r] for need in needs], units[r] if field == "capacity" else 1)
            for r, limit in enumerate(limits.tolist())
        ]
        columns[field] = [list(row) for row in zip(*shares, strict=True)] or [[] for _ in parts]
    most = _share(int(spec.clusters.max_size[k]), sizes, 1)
    least = int(spec.clusters.min_size[k]) // len(parts)
    for number, part in enumerate(parts):
        found[part] = {field: amounts(spec, columns[field][number], NO_LIMIT) for field in columns}
        found[part] |= {"min_size": least, "max_size": None if most[number] >= NO_LIMIT else most[number]}
    return found


def _share(limit: int, needs: Sequence[int], unit: int) -> list[int]:
    """A limit in shares of whole units, as even as the needs let them be; in proportion where it is too small."""
    if limit >= NO_LIMIT:
        return [NO_LIMIT] * len(needs)
    have, wanted = limit // unit, [-(-need // unit) for need in needs]
    left = have - sum(wanted)
    if left < 0:
        whole = sum(wanted)
        wanted = [have * need // whole for need in wanted]
        left = have - sum(wanted)
    even, rest = divmod(left, len(needs))
    return [unit * (need + even + (number < rest)) for number, need in enumerate(wanted)]


def _together(spec: ClusterSpec, rows: Sequence[int], row: Row) -> Row:
    """The row of a cluster that stands for several."""
    clusters = spec.clusters

    def total(column: Ints) -> list[int]:
        parts = column[rows].reshape(len(rows), -1).T.tolist()
        return [NO_LIMIT if max(values) >= NO_LIMIT else sum(values) for values in parts]

    most = total(clusters.max_size)[0]
    labels = dict(set.intersection(*(set(clusters.labels[k].items()) for k in rows)))
    return {
        **{name: value for name, value in row.items() if name not in ("location", "neighbourhood")},
        "capacity": amounts(spec, total(clusters.capacity), NO_LIMIT),
        "safe": amounts(spec, total(clusters.safe), NO_LIMIT), "cost": float(clusters.cost[rows].sum()),
        "min_size": total(clusters.min_size)[0], "max_size": None if most >= NO_LIMIT else most,
        "labels": dict(sorted(labels.items())), "taints": sorted({taint for k in rows for taint in clusters.taints[k]}),
    }  # fmt: skip


def _renamed(data: Data, old: Sequence[str], new: str) -> Data:
    """With one id in place of others, wherever agents, costs and pairs of moves name them."""
    gone = set(old)

    def name(id: str) -> str:
        return new if id in gone else id

    agents = [_named(agent, lambda allowed: list(dict.fromkeys(map(name, allowed)))) for agent in data["agents"]]
    agents = [_put(agent, new) if agent.get("cluster") in gone else agent for agent in agents]
    rank = {id: number for number, id in enumerate(old)}
    costs = sorted(data.get("costs", ()), key=lambda row: rank.get(row["cluster"], 0))
    once = {(row["agent"], name(row["cluster"])): row for row in reversed(costs)}
    kept = [{**row, "cluster": cluster} for (_, cluster), row in reversed(once.items())]
    return _with_pairs({**data, "agents": agents, "costs": kept}, lambda a, b: [(name(a), name(b))])


def _copied(data: Data, old: str, more: Sequence[str]) -> Data:
    """With further ids beside one, wherever agents that may be there, costs and pairs of moves name it."""
    agents = [
        _named(agent, lambda allowed: [*allowed, *more] if old in allowed else allowed) for agent in data["agents"]
    ]
    costs = [{**row, "cluster": id} for row in data.get("costs", ()) for id in _with(row["cluster"], old, more)]

    def ways(a: str, b: str) -> list[tuple[str, str]]:
        return [(one, other) for one in _with(a, old, more) for other in _with(b, old, more)]

    return _with_pairs({**data, "agents": agents, "costs": costs}, ways)


def _with(id: str, old: str, more: Sequence[str]) -> list[str]:
    return [id, *more] if id == old else [id]


def _named(agent: Row, change: Callable[[list[str]], list[str]]) -> Row:
    """An agent that names the clusters that it may be in, with others."""
    allowed = agent.get("clusters")
    return {**agent, "clusters": change(allowed)} if isinstance(allowed, list) else agent


def _with_pairs(data: Data, ways: Callable[[str, str], list[tuple[str, str]]]) -> Data:
    """With the pairs of moves that each pair becomes; one that stands already is not taken again."""
    moves = data.get("moves", {})
    pairs: dict[tuple[str, str], Row] = {}
    for row in moves.get("pairs", ()):
        for old, new in ways(row["from"], row["to"]):
            if old != new:
                pairs.setdefault((old, new), {**row, "from": old, "to": new})
    return {**data, "moves": {**moves, "pairs": list(pairs.values())} if pairs or "pairs" in moves else moves}
