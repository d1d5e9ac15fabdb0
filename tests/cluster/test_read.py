"""A cluster spec from a file or from data: what every field becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from support.cluster_reading import assert_same, cluster_data, read
from support.shared import shared_path

from qamctl.cluster.read import cluster_from_data, load_cluster
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Ratio, Spread

FULL = """\
kind: cluster
version: 1
name: fleet
time: {unit: min}
solver: {backend: [auto], time_limit: 2.5, seed: 3, max_variables: 50}
resources:
  - {id: cpu, capacity: 100, weight: 2}
  - {id: disk, transient: true, kind: consumable}
  - {id: gpu, device: 0.5}
agents:
  - {id: a1, demand: {cpu: 1.5, gpu: 0.25}, cluster: m1, move_cost: 2, group: s1, requires: {gpu: [T4, V100], zone: n}}
  - {id: a2, demand: {disk: 7}, cluster: m2, group: s1, tolerates: [spot], optional: true, reward: 2.5}
  - {id: a3, demand: {gpu: 1}, group: s3, clusters: [m2, m1]}
  - {id: a4, slots: 2, capacity: {cpu: 0.123}, skills: [plan], labels: {rack: r1}, speed: 1.5, cost: {fixed: 3},
     taints: [x], location: here, clusters: any}
clusters:
  - {id: eu, capacity: {cpu: 7}, labels: {zone: n, gpu: none}, taints: [slow], cost: 3, max_size: 9}
  - {id: m1, parent: eu, capacity: {cpu: 4, disk: 10, gpu: 2}, safe: {cpu: 3.25}, labels: {gpu: T4}, location: l1,
     neighbourhood: n1, min_size: 1}
  - {id: m2, capacity: {cpu: 8}, taints: [spot], labels: {location: l2}, cost: 0.5}
links:
  - {a: a2, b: a1, weight: 2.5}
  - {a: a1, b: a3}
  - {a: a1, b: a3, kind: together}
  - {a: a4, b: a3, kind: apart}
  - {a: a1, b: a2, weight: 2.5}
groups:
  - {id: s1, apart: true, spread: {label: location, min: 2}, near: [s3, s2]}
  - {id: s2, spread: {label: zone, max_skew: 1, weight: 3}}
balance: {tolerance: 3.25, ratios: [{resource: cpu, other: gpu, ratio: 2}]}
costs:
  - {agent: a1, cluster: m2, cost: 4}
  - {agent: a2, cluster: m1, demand: {cpu: 2}}
  - {agent: a2, cluster: m2, cost: 1, demand: {}}
moves:
  max: 3
  max_cost: 10
  per_group: 2
  per_pair: 0.5
  pairs: [{from: m1, to: m2, cost: 6}]
objective: [{load: 1, cut: 0.5}, {move: 1}]
"""


@pytest.fixture
def full(tmp_path: Path) -> ClusterSpec:
    """The spec that has everything."""
    (tmp_path / "plan.yaml").write_text(FULL)
    return load_cluster(tmp_path / "plan.yaml")


def test_the_head(full: ClusterSpec) -> None:
    """Name, solver options and levels of the objective are kept as they stand."""
    assert full.name == "fleet"
    assert full.solver == {"backend": ["auto"], "time_limit": 2.5, "seed": 3, "max_variables": 50}
    assert full.objective == ({"load": 1.0, "cut": 0.5}, {"move": 1.0})


def test_resources_become_columns(full: ClusterSpec) -> None:
    """Quantities are scaled by the decimals that any of a resource has; what is absent has no limit."""
    resources = full.resources
    assert resources.ids == ("cpu", "disk", "gpu")
    assert resources.scale.tolist() == [100, 1, 100]
    assert resources.capacity.tolist() == [10000, NO_LIMIT, NO_LIMIT]
    assert resources.weight.tolist() == [2, 1, 1]
    assert resources.transient.tolist() == [False, True, False]
    assert resources.device.tolist() == [0, 0, 50]


def test_agents_become_columns(full: ClusterSpec) -> None:
    """References are rows, and each rule is on the agent; an own capacity says nothing, nor do its decimals."""
    agents = full.agents
    assert agents.ids == ("a1", "a2", "a3", "a4")
    assert agents.demand.tolist() == [[150, 0, 25], [0, 7, 0], [0, 0, 100], [0, 0, 0]]
    assert agents.current.tolist() == [1, 2, -1, -1]
    assert agents.move_cost.tolist() == [2, 1, 1, 1]
    assert agents.group.tolist() == [0, 0, 2, -1]
    assert list(agents.requires) == [{"gpu": ("T4", "V100"), "zone": ("n",)}, {}, {}, {}]
    assert list(agents.tolerates) == [frozenset(), frozenset({"spot"}), frozenset(), frozenset()]
    assert list(agents.allowed) == [None, None, (1, 2), None]
    assert agents.optional.tolist() == [False, True, False, False]
    assert agents.reward.tolist() == [0, 2.5, 0, 0]


def test_clusters_become_columns(full: ClusterSpec) -> None:
    """Clusters hand down labels and taints; a resource that one leaf holds is 0 in those that do not name it."""
    clusters = full.clusters
    assert clusters.ids == ("eu", "m1", "m2")
    assert clusters.parent.tolist() == [-1, 0, -1]
    assert clusters.leaf.tolist() == [False, True, True]
    assert clusters.capacity.tolist() == [[700, NO_LIMIT, NO_LIMIT], [400, 10, 200], [800, 0, 0]]
    assert clusters.safe.tolist() == [[NO_LIMIT] * 3, [325, NO_LIMIT, NO_LIMIT], [NO_LIMIT] * 3]
    assert (clusters.min_size.tolist(), clusters.max_size.tolist()) == ([0, 1, 0], [9, NO_LIMIT, NO_LIMIT])
    assert clusters.cost.tolist() == [3, 0, 0.5]
    assert list(clusters.labels) == [
        {"zone": "n", "gpu": "none"},
        {"zone": "n", "gpu": "T4", "location": "l1", "neighbourhood": "n1"},
        {"location": "l2"},
    ]
    assert list(clusters.taints) == [frozenset({"slow"}), frozenset({"slow"}), frozenset({"spot"})]
    assert (clusters.elastic, clusters.target, clusters.split_above, clusters.merge_below) == (False, 0, NO_LIMIT, 0)


def test_links_and_groups(full: ClusterSpec) -> None:
    """A pair that stands twice counts once, of each kind; groups that only agents name come behind the others."""
    links, groups = full.links, full.groups
    assert [links.cut_a.tolist(), links.cut_b.tolist(), links.cut_weight.tolist()] == [[0, 0], [1, 2], [2.5, 1]]
    assert [links.together_a.tolist(), links.together_b.tolist()] == [[0], [2]]
    assert [links.apart_a.tolist(), links.apart_b.tolist()] == [[2], [3]]
    assert groups.ids == ("s1", "s2", "s3")
    assert groups.apart.tolist() == [True, False, False]
    assert list(groups.spread) == [Spread("location", 2, NO_LIMIT, 1.0), Spread("zone", 0, 1, 3.0), None]
    assert list(groups.near) == [(1, 2), (), ()]


def test_balance_costs_and_moves(full: ClusterSpec) -> None:
    """A tolerance is exact, costs and pairs are rows, an empty demand of its own is one."""
    assert full.balance.tolerance_millionths == 3_250_000
    assert full.balance.ratios == (Ratio(0, 2, 2.0, 1.0),)
    costs, moves = full.costs, full.moves
    assert [costs.agent.tolist(), costs.cluster.tolist(), costs.cost.tolist()] == [[0, 1, 1], [2, 1, 2], [4, 0, 1]]
    assert costs.own_demand.tolist() == [False, True, True]
    assert costs.demand.tolist() == [[0, 0, 0], [200, 0, 0], [0, 0, 0]]
    assert (moves.most, moves.max_cost, moves.per_agent, moves.per_group, moves.per_pair) == (3, 10, 1, 2, 0.5)
    assert [moves.pair_from.tolist(), moves.pair_to.tolist(), moves.pair_cost.tolist()] == [[1], [2], [6]]


def test_the_types_of_columns(full: ClusterSpec) -> None:
    """Rows are int32, quantities int64, weights floats, flags booleans."""
    rows = (full.agents.current, full.agents.group, full.clusters.parent, full.links.cut_a, full.links.apart_b)
    rows += (full.links.together_a, full.costs.agent, full.costs.cluster, full.moves.pair_from, full.moves.pair_to)
    assert {array.dtype for array in rows} == {np.dtype(np.int32)}
    whole = (full.agents.demand, full.clusters.capacity, full.clusters.safe, full.costs.demand, full.resources.device)
    whole += (full.clusters.min_size, full.clusters.max_size, full.resources.capacity, full.resources.scale)
    assert {array.dtype for array in whole} == {np.dtype(np.int64)}
    floats = (full.agents.move_cost, full.agents.reward, full.links.cut_weight, full.costs.cost, full.clusters.cost)
    assert {array.dtype for array in (*floats, full.moves.pair_cost)} == {np.dtype(np.float64)}
    flags = (full.agents.optional, full.clusters.leaf, full.groups.apart, full.costs.own_demand)
    assert {array.dtype for array in (*flags, full.resources.transient)} == {np.dtype(np.bool_)}


TABLES = {
    "resources": "id,capacity,weight,transient,device\ncpu,100,2,false,\ndisk,,,true,\ngpu,,,,0.5\n",
    "agents": (
        "id,demand,cluster,move_cost,group,requires,tolerates,clusters,optional,reward,slots,capacity,skills,labels,speed,"
        "cost,taints,location\n"
        "a1,cpu=1.5|gpu=0.25,m1,2,s1,gpu=T4/V100|zone=n,,,,,,,,,,,,\n"
        "a2,disk=7,m2,,s1,,spot,,true,2.5,,,,,,,,\n"
        "a3,gpu=1,,,s3,,,m2|m1,,,,,,,,,,\n"
        "a4,,,,,,,any,false,,2,cpu=0.123,plan,rack=r1,1.5,fixed=3,x,here\n"
    ),
    "clusters": (
        "id,parent,capacity,safe,labels,taints,location,neighbourhood,cost,min_size,max_size\n"
        "eu,,cpu=7,,zone=n|gpu=none,slow,,,3,,9\n"
        "m1,eu,cpu=4|disk=10|gpu=2,cpu=3.25,gpu=T4,,l1,n1,,1,\n"
        "m2,,cpu=8,,location=l2,spot,,,0.5,,\n"
    ),
    "links": "a,b,weight,kind\na2,a1,2.5,cut\na1,a3,,\na1,a3,,together\na4,a3,1,apart\na1,a2,2.5,\n",
    "groups": "id,apart,spread,near\ns1,true,label=location|min=2,s3|s2\ns2,,label=zone|max_skew=1|weight=3,\n",
    "costs": "agent,cluster,cost,demand\na1,m2,4,\na2,m1,,cpu=2\n",
    "pairs": "from,to,cost\nm1,m2,6\n",
}


def test_tables_text_and_inline_rows_give_the_same_spec(tmp_path: Path) -> None:
    """The same rows inline, as JSON, in side tables and as CSV text are the same problem, pairs of moves included."""
    data = yaml.safe_load(FULL)
    data["costs"].pop()  # a table has no way to say that a demand is there and empty
    (tmp_path / "plan.json").write_text(json.dumps(data))
    one = cluster_from_data(data)
    assert_same(one, load_cluster(tmp_path / "plan.json"))
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    for form in ("table", "csv"):
        other: dict[str, Any] = json.loads(json.dumps(data))
        for name, text in TABLES.items():
            holder = other["moves"] if name == "pairs" else other
            holder[name] = {form: f"{name}.csv" if form == "table" else text}
        (tmp_path / "tables.yaml").write_text(yaml.safe_dump(other))
        spec = load_cluster(tmp_path / "tables.yaml")
        assert_same(one, spec)
        assert sorted(spec.source.tables) == (sorted(f"{name}.csv" for name in TABLES) if form == "table" else [])


def test_defaults() -> None:
    """A minimal spec is filled in as the contract says."""
    spec = cluster_from_data(cluster_data(), name="mine")
    assert (spec.name, spec.objective, spec.solver) == ("mine", ({"cut": 1.0},), {})
    assert (spec.resources.ids, spec.groups.ids, spec.balance.tolerance_millionths) == ((), (), None)
    assert spec.agents.demand.shape == (3, 0)
    assert spec.clusters.capacity.shape == (2, 0)
    assert (spec.moves.most, spec.moves.max_cost, spec.moves.per_agent) == (NO_LIMIT, float("inf"), 1)
    assert len(spec.links.cut_a) == len(spec.costs.agent) == len(spec.moves.pair_from) == 0


ZONED = [{"id": "x", "labels": {"z": "1"}}]


@pytest.mark.parametrize(
    ("fields", "terms"),
    [
        ({"links": [{"a": "a", "b": "b"}]}, {"cut"}),
        ({"links": [{"a": "a", "b": "b", "kind": "apart"}]}, {"cut"}),
        ({"agents": [{"id": "a", "cluster": "x"}]}, {"move"}),
        ({"agents": [{"id": "a", "optional": True}]}, {"unplaced"}),
        ({"resources": [{"id": "r"}], "clusters": [{"id": "x", "safe": {"r": 1}}]}, {"load"}),
        ({"clusters": {"size": {"target": 2}}}, {"balance"}),
        ({"clusters": {"size": {"max": 2}}}, {"cut"}),
        ({"balance": 5}, {"cut"}),
        (
            {
                "resources": [{"id": "r"}],
                "clusters": [{"id": "x", "capacity": {"r": 1}}],
                "balance": [{"resource": "r", "other": "r", "ratio": 1}],
            },
            {"balance"},
        ),
        ({"clusters": [{"id": "x", "cost": 1}, {"id": "y"}]}, {"cost"}),
        ({"costs": [{"agent": "a", "cluster": "x"}]}, {"cost"}),
        ({"clusters": ZONED, "groups": [{"id": "g", "spread": {"label": "z"}}]}, {"spread"}),
        ({"clusters": ZONED, "groups": [{"id": "g", "spread": {"label": "z", "min": 1}}]}, {"cut"}),
        ({"links": [{"a": "a", "b": "b"}], "objective": {"move": 2}}, {"move"}),
    ],
)
def test_the_default_objective_counts_what_is_there(fields: dict[str, Any], terms: set[str]) -> None:
    """Each term that the spec gives a meaning counts 1; an objective that is given counts alone."""
    assert set(read(**fields).objective[0]) == terms


def test_a_number_of_clusters() -> None:
    """`count` makes equal clusters c0, c1, ..., with what limits stand beside it."""
    clusters = read(
        resources=[{"id": "r"}],
        agents=[{"id": "a", "cluster": "c1"}, {"id": "b"}, {"id": "c", "clusters": ["c0"]}],
        clusters={"count": 2, "capacity": {"r": 2}, "safe": {"r": 1.5}, "min_size": 1, "max_size": 2},
    ).clusters
    assert clusters.ids == ("c0", "c1")
    assert clusters.capacity.tolist() == [[20], [20]]
    assert clusters.safe.tolist() == [[15], [15]]
    assert (clusters.min_size.tolist(), clusters.max_size.tolist()) == ([1, 1], [2, 2])
    assert (clusters.leaf.tolist(), clusters.parent.tolist(), clusters.elastic) == ([True, True], [-1, -1], False)


@pytest.mark.parametrize(
    ("size", "agents", "number"),
    [
        ({"min": 2}, 7, 3),
        ({"min": 0, "max": 3}, 7, 7),
        ({"target": 3}, 7, 6),
        ({"target": 10}, 7, 2),
        ({"target": 3, "min": 2}, 7, 3),
        ({"min": 5, "max": 2}, 7, 4),
        ({"min": 9}, 7, 1),
    ],
)
def test_clusters_whose_number_is_part_of_the_answer(size: dict[str, int], agents: int, number: int) -> None:
    """There are as many to choose from as the sizes can make use of."""
    clusters = {"size": size, "split_above": 8, "merge_below": 1}
    spec = read(agents=[{"id": f"a{i}"} for i in range(agents)], clusters=clusters)
    assert spec.clusters.ids == tuple(f"c{k}" for k in range(number))
    assert spec.clusters.elastic
    assert (spec.clusters.target, set(spec.clusters.min_size.tolist())) == (size.get("target", 0), {size.get("min", 0)})
    assert set(spec.clusters.max_size.tolist()) == {size.get("max", NO_LIMIT)}
    assert (spec.clusters.split_above, spec.clusters.merge_below) == (8, 1)


def test_clusters_of_an_earlier_result_stay() -> None:
    """Where agents are in more clusters than the sizes now make use of, those are there too."""
    agents = [{"id": f"a{i}", "cluster": "c4" if i == 1 else "c0"} for i in range(6)]
    spec = read(agents=agents, clusters={"size": {"target": 6}})
    assert spec.clusters.ids == ("c0", "c1", "c2", "c3", "c4")
    assert spec.agents.current.tolist() == [0, 4, 0, 0, 0, 0]


def test_levels_nest_clusters_by_their_labels() -> None:
    """Clusters with a value share a cluster of that name; on lower levels its name is the way to it."""
    clusters = [
        {"id": "x", "labels": {"region": "eu", "zone": "a"}, "capacity": {"r": 2}},
        {"id": "y", "labels": {"region": "eu", "zone": "b"}},
        {"id": "z", "labels": {"region": "us", "zone": "a"}, "cost": 1},
        {"id": "w", "labels": {"region": "eu", "zone": "a"}, "taints": ["t"]},
    ]
    found = read(resources=[{"id": "r"}], clusters=clusters, levels=["region", "zone"]).clusters
    assert found.ids == ("x", "y", "z", "w", "eu", "eu/a", "eu/b", "us", "us/a")
    assert found.parent.tolist() == [5, 6, 8, 5, -1, 4, 4, -1, 7]
    assert found.leaf.tolist() == [True] * 4 + [False] * 5
    assert found.capacity[:, 0].tolist() == [2, 0, 0, 0] + [NO_LIMIT] * 5
    assert (found.cost.tolist()[2:5], found.max_size.tolist()[4]) == ([1, 0, 0], NO_LIMIT)
    assert list(found.labels)[4:6] == [{"region": "eu"}, {"region": "eu", "zone": "a"}]
    assert list(found.taints)[3:5] == [frozenset({"t"}), frozenset()]


def test_labels_are_handed_down_through_every_level() -> None:
    """A cluster has the labels and taints of all around it, and its own value goes before theirs."""
    clusters = [
        {"id": "leaf", "parent": "mid"},
        {"id": "mid", "parent": "top", "labels": {"a": "2"}, "taints": ["u"]},
        {"id": "top", "labels": {"a": "1", "b": "1"}, "taints": ["t"]},
    ]
    found = read(clusters=clusters).clusters
    assert list(found.labels) == [{"a": "2", "b": "1"}, {"a": "2", "b": "1"}, {"a": "1", "b": "1"}]
    assert list(found.taints) == [frozenset({"t", "u"}), frozenset({"t", "u"}), frozenset({"t"})]
    assert found.leaf.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("balance", "millionths", "ratios"),
    [(None, None, 0), (0, 0, 0), (3, 3_000_000, 0), (0.000001, 1, 0), ({"tolerance": 1.5}, 1_500_000, 0)],
)
def test_the_forms_of_balance(balance: Any, millionths: int | None, ratios: int) -> None:
    """A number is the tolerance, a list the ratios, a mapping holds both."""
    found = read(balance=balance).balance
    assert (found.tolerance_millionths, len(found.ratios)) == (millionths, ratios)


def test_the_name_is_the_file_s_stem(tmp_path: Path) -> None:
    """Without `name` a spec is called like its file."""
    (tmp_path / "night.json").write_text(json.dumps(cluster_data()))
    assert load_cluster(tmp_path / "night.json").name == "night"


def test_python_data_may_hold_tuples_and_numpy_numbers() -> None:
    """Callers need not convert their numbers and sequences."""
    agents = ({"id": "a", "demand": {"r": np.float64(1.5)}, "clusters": ("x",)}, {"id": "b", "reward": np.int64(3)})
    spec = read(resources=({"id": "r"},), agents=agents)
    assert (spec.agents.demand.tolist(), spec.agents.reward.tolist()) == ([[15], [0]], [0, 3])


def test_a_large_generated_problem_reads(tmp_path: Path) -> None:
    """Tables as the shared generator writes them become columns, each pair of agents once."""
    import subprocess
    import sys

    generator = shared_path("generators", "links.py")
    sizes = ["--agents", "2000", "--clusters", "20", "--links", "10000"]
    subprocess.run([sys.executable, str(generator), *sizes, "--out", str(tmp_path)], check=True, capture_output=True)
    spec = load_cluster(tmp_path / "cluster.yaml")
    rows = [line.split(",") for line in (tmp_path / "links.csv").read_text().splitlines()[1:]]
    pairs = [(int(a[1:]), int(b[1:]), float(w)) for a, b, w in rows]
    links = spec.links
    found = zip(links.cut_a.tolist(), links.cut_b.tolist(), links.cut_weight.tolist(), strict=True)
    assert list(found) == pairs
    assert (len(spec.agents.ids), len(spec.clusters.ids)) == (2000, 20)
    assert (spec.agents.current >= 0).all()


def test_a_demand_in_a_cluster_keeps_the_devices() -> None:
    """Whatever else is left out of it is not used there; devices are the agent's own."""
    spec = cluster_from_data(
        {
            "kind": "cluster",
            "version": 1,
            "resources": [{"id": "cpu"}, {"id": "mem"}, {"id": "gpu", "device": 1}],
            "agents": [{"id": "a", "demand": {"cpu": 2, "mem": 3, "gpu": 0.5}}, {"id": "b"}],
            "clusters": [{"id": "x", "capacity": {"cpu": 9, "mem": 9, "gpu": 2}}, {"id": "y"}],
            "costs": [
                {"agent": "a", "cluster": "x", "demand": {"cpu": 1}},
                {"agent": "b", "cluster": "x", "demand": {"mem": 1}},
                {"agent": "b", "cluster": "y", "cost": 1},
            ],
        }
    )
    scale = spec.resources.scale
    assert (spec.costs.demand[:2] / scale).tolist() == [[1, 0, 0.5], [0, 1, 0]]
    assert spec.costs.own_demand.tolist() == [True, True, False]
