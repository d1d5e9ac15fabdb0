"""What differs between two readings of a fleet."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from cluster.specs import make_spec
from hypothesis import given
from hypothesis import strategies as st
from support.random_clusters import tiny_cluster

from qamctl.cluster.drift import NAMED, Change, Drift, drift_of
from qamctl.cluster.read import cluster_from_data
from qamctl.cluster.spec import ClusterSpec

AGENTS: list[dict[str, Any]] = [
    {"id": "a", "demand": {"cpu": 1.5}, "cluster": "x", "group": "g"},
    {"id": "b", "demand": {"cpu": 2}, "cluster": "y", "requires": {"zone": "n"}},
    {"id": "c", "demand": {"cpu": 1}, "clusters": ["x"]},
]
CLUSTERS: list[dict[str, Any]] = [{"id": "x", "capacity": {"cpu": 4}}, {"id": "y", "capacity": {"cpu": 4}}]
LINKS: list[tuple[Any, ...]] = [("a", "b", 2), ("b", "c")]


def fleet(
    agents: list[dict[str, Any]] = AGENTS,
    clusters: list[dict[str, Any]] = CLUSTERS,
    links: list[tuple[Any, ...]] = LINKS,
    **more: Any,
) -> ClusterSpec:
    return make_spec(agents=agents, clusters=clusters, links=links, **more)


def other(at: int, **fields: Any) -> list[dict[str, Any]]:
    """The agents, one of them with other fields."""
    return [row | fields if i == at else row for i, row in enumerate(AGENTS)]


def test_the_same_file_in_another_order_and_scale_has_not_changed() -> None:
    """Rows are told by their ids, quantities by their values in units."""
    links = [("c", "b"), ("b", "a", 2)]
    agents = [AGENTS[2], AGENTS[0] | {"demand": {"cpu": 1.50, "ram": 0}}, AGENTS[1]]
    turned = fleet(agents, CLUSTERS[::-1], links, resources=[{"id": "cpu", "scale": 1000}, "ram"])
    assert drift_of(fleet(), turned) == Drift()
    assert drift_of(turned, fleet()).data() == {
        "joined": 0, "left": 0, "moved": 0, "changed": 0, "clusters": 0, "links": 0, "ids": {},
    }  # fmt: skip


def test_agents_that_join_and_leave() -> None:
    """With their links."""
    found = drift_of(
        fleet(), fleet([AGENTS[0], AGENTS[1], {"id": "d"}, {"id": "e"}], links=[("a", "b", 2), ("a", "d")])
    )
    assert (found.joined, found.left) == (Change(2, ("d", "e")), Change(1, ("c",)))
    assert (found.moved.count, found.changed.count, found.links) == (0, 0, 2)


def test_agents_that_moved() -> None:
    """To another cluster, into none, out of none, and into a cluster that is new."""
    assert drift_of(fleet(), fleet(other(0, cluster="y"))).moved == Change(1, ("a",))
    assert drift_of(fleet(), fleet(other(1, cluster=None))).moved == Change(1, ("b",))
    assert drift_of(fleet(), fleet(other(2, cluster="x"))).moved == Change(1, ("c",))
    new = fleet(other(0, cluster="z"), [*CLUSTERS, {"id": "z", "capacity": {"cpu": 1}}])
    found = drift_of(fleet(), new)
    assert (found.moved, found.clusters) == (Change(1, ("a",)), Change(1, ("z",)))
    assert drift_of(new, fleet()).moved == Change(1, ("a",))


def test_whatever_else_of_an_agent_changes() -> None:
    """Every field of it."""
    fields: list[dict[str, Any]] = [
        {"demand": {"cpu": 1.6}}, {"move_cost": 2}, {"group": "h"}, {"group": None}, {"requires": {"zone": "s"}},
        {"tolerates": ["hot"]}, {"clusters": ["y"]}, {"optional": True}, {"optional": True, "reward": 3},
    ]  # fmt: skip
    for change in fields:
        found = drift_of(fleet(), fleet(other(0, **change)))
        assert (found.changed, found.moved.count) == (Change(1, ("a",)), 0), change
    assert drift_of(fleet(), fleet(other(2, clusters=["x", "y"]))).changed == Change(1, ("c",))


def test_clusters_that_change() -> None:
    """New and gone ones, and those with other limits, sizes, labels, costs or parents; a finer scale is none."""
    more: list[dict[str, Any]] = [
        {"capacity": {"cpu": 5}}, {"safe": {"cpu": 3}}, {"min_size": 1}, {"max_size": 9}, {"cost": 1},
        {"taints": ["t"]}, {"labels": {"zone": "n"}}, {"neighbourhood": "q"},
    ]  # fmt: skip
    for change in more:
        found = drift_of(fleet(), fleet(clusters=[CLUSTERS[0] | change, CLUSTERS[1]]))
        assert found.clusters == Change(1, ("x",)), change
    lone = fleet(agents=[], clusters=CLUSTERS[:1], links=[])
    assert drift_of(fleet(agents=[], links=[]), lone).clusters == Change(1, ("y",))
    fine = fleet(resources=[{"id": "cpu", "scale": 100}])
    assert drift_of(fleet(), fine).clusters == Change()


def test_links_that_change() -> None:
    """New, gone, and of another weight, in whatever order."""
    assert drift_of(fleet(), fleet(links=[("a", "b", 3), ("b", "c")])).links == 1
    assert drift_of(fleet(), fleet(links=[("a", "b", 2)])).links == 1
    assert drift_of(fleet(), fleet(links=[("a", "c"), ("b", "c", 9), ("a", "b", 2)])).links == 2
    assert drift_of(fleet(links=[]), fleet()).links == 2


def test_of_many_changes_the_first_are_named() -> None:
    """And all of them counted."""
    many = [{"id": f"n{k}"} for k in range(NAMED + 5)]
    found = drift_of(fleet(), fleet([*AGENTS, *many]))
    assert (found.joined.count, len(found.joined.ids)) == (NAMED + 5, NAMED)
    assert found.data()["ids"]["joined"][0] == "n0"


@given(st.integers(0, 10**9))
def test_a_reading_is_the_same_as_itself(seed: int) -> None:
    """On random specs; and one agent that moves is all that changes."""
    spec = cluster_from_data(tiny_cluster(Random(seed)))
    assert drift_of(spec, spec) == Drift()
    leaf = int(np.flatnonzero(spec.clusters.leaf)[0]) if spec.clusters.leaf.any() else -1
    where = spec.agents.current.copy()
    where[0] = -1 if where[0] >= 0 else leaf
    moved = drift_of(spec, replace(spec, agents=replace(spec.agents, current=where)))
    count = int(where[0] != spec.agents.current[0])
    assert moved == Drift(moved=Change(count, spec.agents.ids[:count]))
