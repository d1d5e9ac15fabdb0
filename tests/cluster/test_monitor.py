"""What is watched of clusters: by hand, and against figures that are added up agent by agent and link by link."""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec
from hypothesis import given
from hypothesis import strategies as st
from support.random_clusters import tiny_cluster

from qamctl.cluster.check import check_columns
from qamctl.cluster.monitor import State, flows_of, imbalance, overloads, state_of
from qamctl.cluster.monitor_block import EXTREMES, MOST_ROWS, clusters_block, present_state, summary
from qamctl.cluster.present import present_report, present_solution
from qamctl.cluster.read import cluster_from_data
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec


def fleet() -> ClusterSpec:
    """Two zones of two hosts each; the first host is too hot."""
    cpu = {"capacity": {"cpu": 4}, "safe": {"cpu": 3}}
    return make_spec(
        resources=[{"id": "cpu", "weight": 2}, "net"],
        agents=[
            {"id": "a", "demand": {"cpu": 2.5}, "cluster": "h1"},
            {"id": "b", "demand": {"cpu": 2, "net": 1}, "cluster": "h1"},
            {"id": "c", "demand": {"cpu": 1}, "cluster": "h2"},
            {"id": "d", "demand": {"cpu": 1}, "cluster": "h3"},
            {"id": "e", "demand": {"cpu": 0.5}},
        ],
        clusters=[
            {"id": "h1", "parent": "z1", **cpu}, {"id": "h2", "parent": "z1", **cpu},
            {"id": "h3", "parent": "z2", **cpu}, {"id": "h4", "parent": "z2", **cpu},
            "z1", {"id": "z2", "safe": {"cpu": 0.5}},
        ],
        links=[("a", "b", 1), ("b", "c", 0.1), ("c", "d", 0.2), ("a", "d", 4), ("d", "e", 8)],
    )  # fmt: skip


def state(spec: ClusterSpec, names: list[str | None]) -> State:
    """The state of leaves by id."""
    leaf = np.array([-1 if name is None else spec.clusters.ids.index(name) for name in names], np.int32)
    return state_of(spec, leaf, check_columns(spec, leaf))


def test_the_present_state() -> None:
    """Sizes, uses, what is above safe, and the weight of links that leave a cluster, or stay in it, at every level."""
    spec = fleet()
    now = present_state(spec)
    assert now is not None
    ids = spec.clusters.ids
    assert dict(zip(ids, now.size.tolist(), strict=True)) == {"h1": 2, "h2": 1, "h3": 1, "h4": 0, "z1": 3, "z2": 1}
    assert dict(zip(ids, now.report.use[:, 0].tolist(), strict=True)) == {
        "h1": 45, "h2": 10, "h3": 10, "h4": 0, "z1": 55, "z2": 10,
    }  # fmt: skip
    assert dict(zip(ids, now.load.tolist(), strict=True)) == {"h1": 3.0, "h2": 0, "h3": 0, "h4": 0, "z1": 0, "z2": 1.0}
    assert now.cut.tolist() == pytest.approx([4.1, 0.3, 4.2, 0, 4.2, 4.2])  # nobody knows where e will be
    assert now.inside.tolist() == pytest.approx([1, 0, 0, 0, 1.1, 0])
    assert [(one.cluster, one.use, one.limit, one.hard) for one in overloads(spec, now)] == [
        ("h1", 4.5, 4, True),
        ("z2", 1, 0.5, False),
    ]


def test_a_summary() -> None:
    """Of the leaves together: how full, how even, how torn."""
    spec = fleet()
    now = present_state(spec)
    assert now is not None
    assert summary(spec, now) == {
        "in_use": 3,
        "size": {"least": 0, "mean": 1.0, "most": 2, "imbalance": 1.0},
        "unplaced": 1,
        "cut": 4.3,
        "inside": 1,
        "load": 4,
        "above_safe": 2,
        "violations": {"unplaced": 1, "capacity": 1},
        "resources": {
            "cpu": {
                "use": 6.5, "headroom": 9.5, "share": 0.40625, "fullest": 1.125, "emptiest": 0.0,
                "imbalance": round((1.125 - 0.40625) / 0.40625, 6),
            },
            "net": {
                "use": 1, "headroom": None, "share": None, "fullest": None, "emptiest": None, "imbalance": 3.0,
            },
        },
    }  # fmt: skip


def test_who_comes_and_goes() -> None:
    """A move within a zone is no flow of the zone; who was nowhere comes, and who is left out goes."""
    spec = fleet()
    flows = flows_of(spec, state(spec, ["h2", "h4", None, "h3", "h4"]).cluster)
    assert dict(zip(spec.clusters.ids, flows.arrives.tolist(), strict=True)) == {
        "h1": 0, "h2": 1, "h3": 0, "h4": 2, "z1": 0, "z2": 2,
    }  # fmt: skip
    assert dict(zip(spec.clusters.ids, flows.leaves.tolist(), strict=True)) == {
        "h1": 2, "h2": 1, "h3": 0, "h4": 0, "z1": 2, "z2": 0,
    }  # fmt: skip
    assert (flows.moved, flows.placed, flows.left_out) == (3, 1, 1)


def test_the_block_of_a_metrics_file() -> None:
    """A row for every cluster, with limits where there are some, before and after."""
    spec = fleet()
    after = state(spec, ["h1", "h2", "h2", "h3", "h3"])
    block = clusters_block(spec, present_state(spec), after)
    assert json.loads(json.dumps(block)) == block
    assert (block["number"], block["capacity"], block["complete"]) == (4, {"cpu": 16}, True)
    assert block["moves"] == {"moved": 1, "placed": 1, "left_out": 0}
    assert block["after"]["cut"] == pytest.approx(1 + 0.2 + 4)
    assert [row["id"] for row in block["rows"]] == list(spec.clusters.ids)
    assert block["rows"][0] == {
        "id": "h1", "parent": "z1", "capacity": {"cpu": 4}, "safe": {"cpu": 3}, "moves_in": 0, "moves_out": 1,
        "before": {"size": 2, "use": {"cpu": 4.5, "net": 1}, "headroom": {"cpu": -0.5}, "load": 3, "cut": 4.1,
                   "inside": 1},
        "after": {"size": 1, "use": {"cpu": 2.5, "net": 0}, "headroom": {"cpu": 1.5}, "load": 0, "cut": 5,
                  "inside": 0},
    }  # fmt: skip


def test_a_block_without_a_past_or_an_answer() -> None:
    """Null stands where there is nothing to tell."""
    spec = make_spec(agents=2, clusters=2)
    assert present_state(spec) is None
    block = clusters_block(spec, None, state(spec, ["c0", "c0"]))
    assert (block["before"], block["rows"][0]["before"]) == (None, None)
    assert block["rows"][0]["moves_in"] == 2
    assert block["after"]["size"] == {"least": 0, "mean": 1.0, "most": 2, "imbalance": 1.0}
    block = clusters_block(fleet(), present_state(fleet()), None)
    assert (block["after"], block["moves"], block["rows"][0]["moves_in"]) == (None, None, None)
    nothing = clusters_block(make_spec(agents=0, clusters=3, elastic=True), None, None)
    assert nothing["rows"] == []


def test_elastic_clusters_that_are_empty_do_not_count() -> None:
    """Neither in the means, nor as rows unless they were in use before."""
    people = [{"id": "a", "cluster": "c2"}, {"id": "b", "cluster": "c0"}, {"id": "c", "cluster": "c0"}]
    spec = make_spec(agents=people, clusters=4, elastic=True, target=2)
    block = clusters_block(spec, present_state(spec), state(spec, ["c0", "c0", "c0"]))
    assert [row["id"] for row in block["rows"]] == ["c0", "c2"]
    assert block["before"]["size"] == {"least": 1, "mean": 1.5, "most": 2, "imbalance": round(1 / 3, 6)}
    assert block["after"]["size"] == {"least": 3, "mean": 3.0, "most": 3, "imbalance": 0.0}
    nobody = summary(spec, state(spec, [None, None, None]))
    assert nobody["size"] == {"least": 0, "mean": 0.0, "most": 0, "imbalance": None}


def test_what_all_clusters_share_is_their_capacity() -> None:
    """Where it is less than the capacities of all, or there is none of their own."""
    clusters = [{"id": "x", "capacity": {"cpu": 4}}, {"id": "y", "capacity": {"cpu": 4}}]
    spec = make_spec(
        resources=[{"id": "cpu", "capacity": 6}, {"id": "licence", "capacity": 3}],
        agents=[{"id": "a", "demand": {"cpu": 3, "licence": 1}, "cluster": "x"}], clusters=clusters,
    )  # fmt: skip
    block = clusters_block(spec, present_state(spec), None)
    assert block["capacity"] == {"cpu": 6, "licence": 3}
    assert block["before"]["resources"]["cpu"]["headroom"] == 3
    assert block["before"]["resources"]["licence"]["share"] == pytest.approx(1 / 3, abs=1e-6)


def test_of_very_many_clusters_the_remarkable_ones() -> None:
    """The fullest, emptiest, most torn, hottest and most changed have rows; sums have them all."""
    n = MOST_ROWS + 1
    clusters = [{"id": f"c{k}", "capacity": {"cpu": 1000}, "safe": {"cpu": 1000 - k}} for k in range(n)]
    agents = [{"id": f"a{k}", "demand": {"cpu": k % 500}, "cluster": f"c{k}"} for k in range(n)]
    links = [(f"a{k}", f"a{k + 1}", 100 if k == 700 else 1) for k in range(n - 1)]
    spec = make_spec(resources=["cpu"], agents=agents, clusters=clusters, links=links)
    leaf = spec.agents.current.copy()
    leaf[300] = 301
    before = present_state(spec)
    block = clusters_block(spec, before, state_of(spec, leaf, check_columns(spec, leaf)))
    rows = {row["id"] for row in block["rows"]}
    assert not block["complete"]
    assert {"c499", "c999", "c0", "c500", "c700", "c701", "c300", "c301", "c997"} <= rows
    assert len(rows) <= 9 * EXTREMES
    assert block["before"]["in_use"] == n
    sizes = make_spec(agents=[{"id": "a", "cluster": "c7"}], clusters=n)
    assert "c7" in {row["id"] for row in clusters_block(sizes, present_state(sizes), None)["rows"]}


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 1, 1], 0.0), ([0, 4], 1.0), ([1, 2, 3], 0.5), ([0, 0], None), ([], None)]
)
def test_imbalance(values: list[float], expected: float | None) -> None:
    """By how much the largest is above the mean; nothing where the mean is 0."""
    assert imbalance(values) == expected


def test_devices_of_now_are_found() -> None:
    """The largest first, on the fullest device that has room; who finds none is told."""
    people = [
        {"id": "half", "demand": {"gpu": 0.5}, "cluster": "x"},
        {"id": "whole", "demand": {"gpu": 2}, "cluster": "x"},
        {"id": "most", "demand": {"gpu": 0.75}, "cluster": "x"},
        {"id": "bit", "demand": {"gpu": 0.25}, "cluster": "x"},
        {"id": "far", "demand": {"gpu": 1}},
    ]
    spec = make_spec(
        resources=[{"id": "gpu", "device": 1}], agents=people, clusters=[{"id": "x", "capacity": {"gpu": 4}}]
    )
    solution = present_solution(spec)
    assert solution is not None
    assert solution.devices.tolist() == [[0b1000], [0b0011], [0b0100], [0b0100], [0]]
    assert present_report(spec, solution).counts == {"unplaced": 1}
    tight = make_spec(
        resources=[{"id": "gpu", "device": 1}], agents=people[:3], clusters=[{"id": "x", "capacity": {"gpu": 3}}]
    )
    solution = present_solution(tight)
    assert solution is not None
    report = present_report(tight, solution)
    assert "agent half: cluster x has no room for it on its gpu" in {one.text for one in report.violations}
    crowd = [{"id": f"w{k}", "demand": {"gpu": 2}, "cluster": "x"} for k in range(2)]
    wide = make_spec(
        resources=[{"id": "gpu", "device": 1}], agents=crowd, clusters=[{"id": "x", "capacity": {"gpu": 3}}]
    )
    solution = present_solution(wide)
    assert solution is not None
    assert solution.devices.tolist() == [[0b011], [0]]


@given(st.integers(0, 10**9))
def test_every_figure_is_what_adding_up_gives(seed: int) -> None:
    """Against a reference without arrays, on random specs with hierarchies, devices and demands of their own."""
    rng = Random(seed)
    spec = cluster_from_data(tiny_cluster(rng))
    leaves = np.flatnonzero(spec.clusters.leaf).tolist()
    leaf = np.array([rng.choice([*leaves, -1]) for _ in spec.agents.ids], np.int32)
    devices = np.zeros((len(leaf), int((spec.resources.device > 0).sum())), np.int64)
    found = state_of(spec, leaf, check_columns(spec, leaf, devices))
    for k, expected in enumerate(slow(spec, leaf.tolist())):
        assert int(found.size[k]) == expected["size"]
        assert found.report.use[k].tolist() == expected["use"]
        assert found.load[k] == pytest.approx(expected["load"])
        assert found.cut[k] == pytest.approx(expected["cut"])
        assert found.inside[k] == pytest.approx(expected["inside"])
    assert math.fsum(found.load) == pytest.approx(found.report.terms["load"])
    flows = flows_of(spec, leaf)
    for k, (arrives, leaves_) in enumerate(slow_flows(spec, leaf.tolist())):
        assert (flows.arrives[k], flows.leaves[k]) == (arrives, leaves_)
    json.dumps(clusters_block(spec, present_state(spec), found), allow_nan=False)


def around(spec: ClusterSpec, leaf: int) -> set[int]:
    """A cluster and all around it; nothing for -1."""
    found: set[int] = set()
    while leaf >= 0:
        found.add(leaf)
        leaf = int(spec.clusters.parent[leaf])
    return found


def slow(spec: ClusterSpec, leaf: list[int]) -> list[dict[str, Any]]:
    """The figures of each cluster, one agent and one link after the other."""
    own = {
        (int(a), int(c)): demand
        for a, c, demand, named in zip(spec.costs.agent, spec.costs.cluster, spec.costs.demand, spec.costs.own_demand,
                                       strict=True)
        if named
    }  # fmt: skip
    rows = []
    for k in range(len(spec.clusters.ids)):
        mine = [i for i, place in enumerate(leaf) if k in around(spec, place)]
        use = [
            sum(int(own.get((i, leaf[i]), spec.agents.demand[i])[r]) for i in mine)
            for r in range(len(spec.resources.ids))
        ]
        load = sum(
            float(spec.resources.weight[r]) * max(0, use[r] - int(safe)) / int(spec.resources.scale[r])
            for r, safe in enumerate(spec.clusters.safe[k])
            if safe < NO_LIMIT
        )
        row: dict[str, Any] = {"size": len(mine), "use": use, "load": load, "cut": 0.0, "inside": 0.0}
        for a, b, weight in zip(spec.links.cut_a, spec.links.cut_b, spec.links.cut_weight, strict=True):
            ends = {int(a) in mine, int(b) in mine}
            if leaf[a] >= 0 and leaf[b] >= 0 and True in ends:
                row["cut" if False in ends else "inside"] += float(weight)
        rows.append(row)
    return rows


def slow_flows(spec: ClusterSpec, leaf: list[int]) -> list[tuple[int, int]]:
    """(arrives, leaves) of each cluster, one agent after the other."""
    pairs = [(around(spec, int(old)), around(spec, new)) for old, new in zip(spec.agents.current, leaf, strict=True)]
    return [
        (sum(k in new and k not in old for old, new in pairs), sum(k in old and k not in new for old, new in pairs))
        for k in range(len(spec.clusters.ids))
    ]
