"""What differs between two readings of a fleet: agents, clusters and links, by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import numpy as np

from qamctl.cluster.spec import NO_LIMIT, Agents, Clusters, ClusterSpec, Flags, Index, Ints, Resources

#: Ids of each sort of change that are told.
NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Change:
    """How many of a sort have changed in one way, and the first of them by id."""

    count: int = 0
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What changed from one reading to the next.

    Attributes
    ----------
    joined, left
        Agents that are new, and that are gone.
    moved
        Agents that are in another cluster than before, or in none any more.
    changed
        Agents of whom anything else is different: a demand, a requirement, a group.
    clusters
        Clusters that are new, gone, or have other limits, labels, costs or places in the hierarchy.
    links
        Pairs with a cut link that is new, gone, or weighs something else; links of agents that joined or left count.
    """

    joined: Change = Change()
    left: Change = Change()
    moved: Change = Change()
    changed: Change = Change()
    clusters: Change = Change()
    links: int = 0

    def counts(self) -> dict[str, int]:
        """Of each sort how many."""
        sorts = ("joined", "left", "moved", "changed", "clusters")
        return {sort: getattr(self, sort).count for sort in sorts} | {"links": self.links}

    def data(self) -> dict[str, Any]:
        """As a program reads it: how many of each sort, and the first ids."""
        sorts = ("joined", "left", "moved", "changed", "clusters")
        ids = {sort: list(getattr(self, sort).ids) for sort in sorts if getattr(self, sort).ids}
        return {**self.counts(), "ids": ids}


def drift_of(old: ClusterSpec, new: ClusterSpec) -> Drift:
    """What is different in `new`."""
    before = _rows(old.agents.ids, new.agents.ids)
    stay = np.flatnonzero(before >= 0)
    was = before[stay]
    place = np.append(_rows(old.clusters.ids, new.clusters.ids), -1)  # the last one is for agents in no cluster
    # A cluster that the old reading did not have is another place than all that it had.
    elsewhere = np.where(place[new.agents.current[stay]] >= 0, place[new.agents.current[stay]], -2)
    now = np.where(new.agents.current[stay] >= 0, elsewhere, -1)
    moved = now != old.agents.current[was]
    changed = _changed_agents(old, new, was, stay)
    gone = np.ones(len(old.agents.ids), np.bool_)
    gone[was] = False
    return Drift(
        _change(new.agents.ids, np.flatnonzero(before < 0)),
        _change(old.agents.ids, np.flatnonzero(gone)),
        _change(new.agents.ids, stay[moved]),
        _change(new.agents.ids, stay[changed]),
        _changed_clusters(old, new),
        _changed_links(old, new, before),
    )


def _rows(old: Sequence[str], new: Sequence[str]) -> Ints:
    """[new] the row that each id had; -1 where it is new."""
    index = dict(zip(old, range(len(old)), strict=True))
    return np.fromiter(map(index.get, new, repeat(-1)), np.int64, len(new))


def _change(ids: Sequence[str], rows: Ints) -> Change:
    return Change(len(rows), tuple(ids[row] for row in rows[:NAMED].tolist()))


def _amounts(resources: Resources, scaled: Ints, names: Sequence[str]) -> np.ndarray:
    """[n, names] quantities in units, whatever they were scaled by; 0 of resources that there are not."""
    column = {name: r for r, name in enumerate(resources.ids)}
    found = np.zeros((len(scaled), len(names)))
    for at, name in enumerate(names):
        if name in column:
            found[:, at] = scaled[:, column[name]] / resources.scale[column[name]]
    return found


def _changed_agents(old: ClusterSpec, new: ClusterSpec, was: Ints, stay: Ints) -> Flags:
    """[stay] whether anything but the place of an agent is different."""
    one, other = old.agents, new.agents
    names = list(dict.fromkeys((*old.resources.ids, *new.resources.ids)))
    demands = _amounts(old.resources, one.demand[was], names), _amounts(new.resources, other.demand[stay], names)
    changed: Flags = (demands[0] != demands[1]).any(axis=1)
    for key in ("move_cost", "optional", "reward"):
        changed |= getattr(one, key)[was] != getattr(other, key)[stay]
    changed |= _different(_groups(old), _groups(new), was, stay)
    texts = ((one.requires, other.requires), (one.tolerates, other.tolerates), (_allowed(old), _allowed(new)))
    for mine, yours in texts:
        changed |= _different(mine, yours, was, stay)
    return changed


def _different(old: Sequence[Any], new: Sequence[Any], was: Ints, stay: Ints) -> Flags:
    pairs = zip(was.tolist(), stay.tolist(), strict=True)
    return np.fromiter((old[i] != new[j] for i, j in pairs), np.bool_, len(was))


def _groups(spec: ClusterSpec) -> list[str | None]:
    names = (*spec.groups.ids, None)
    return [names[group] for group in spec.agents.group.tolist()]


def _allowed(spec: ClusterSpec) -> list[frozenset[str] | None]:
    """By agent the ids of the clusters that it may be in."""
    agents: Agents = spec.agents
    known: dict[tuple[int, ...], frozenset[str]] = {}
    found: list[frozenset[str] | None] = []
    for rows in agents.allowed:
        if rows is not None and rows not in known:
            known[rows] = frozenset(spec.clusters.ids[row] for row in rows)
        found.append(None if rows is None else known[rows])
    return found


def _changed_clusters(old: ClusterSpec, new: ClusterSpec) -> Change:
    before, after = _described(old), _described(new)
    ids: Iterable[str] = dict.fromkeys((*after, *before))
    different = [name for name in ids if before.get(name) != after.get(name)]
    return Change(len(different), tuple(different[:NAMED]))


def _described(spec: ClusterSpec) -> Mapping[str, Any]:
    """Everything about each cluster that can change, by id."""
    clusters: Clusters = spec.clusters
    ids = (*clusters.ids, None)
    columns = zip(
        clusters.ids, (ids[row] for row in clusters.parent.tolist()), _limits(spec, clusters.capacity),
        _limits(spec, clusters.safe), clusters.min_size.tolist(), clusters.max_size.tolist(), clusters.cost.tolist(),
        clusters.labels, clusters.taints, strict=True,
    )  # fmt: skip
    return {name: rest for name, *rest in columns}


def _limits(spec: ClusterSpec, limits: Ints) -> list[dict[str, float]]:
    """By cluster what is limited, in units."""
    amounts = _amounts(spec.resources, limits, spec.resources.ids).tolist()
    told = (limits < NO_LIMIT).tolist()
    return [
        {name: value for name, value, limited in zip(spec.resources.ids, row, mine, strict=True) if limited}
        for row, mine in zip(amounts, told, strict=True)
    ]


def _changed_links(old: ClusterSpec, new: ClusterSpec, before: Ints) -> int:
    """Pairs whose cut link is not the same; `before` is the old row of each new agent."""
    links, n = new.links, len(old.agents.ids)
    known = (before[links.cut_a] >= 0) & (before[links.cut_b] >= 0)
    strangers = int((~known).sum())
    now = _keys(before[links.cut_a[known]], before[links.cut_b[known]], n)
    then = _keys(old.links.cut_a, old.links.cut_b, n)
    weights = links.cut_weight[known], old.links.cut_weight
    if np.array_equal(now, then):  # the same rows in the same order, as a file has them that was written again
        return strangers + int((weights[0] != weights[1]).sum())
    _, mine, yours = np.intersect1d(now, then, return_indices=True)
    other = int((weights[0][mine] != weights[1][yours]).sum())
    return strangers + (len(now) - len(mine)) + (len(then) - len(yours)) + other


def _keys(a: Ints | Index, b: Ints | Index, n: int) -> Ints:
    """One number for each pair, whichever way round."""
    one, other = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    return one * max(1, n) + other
