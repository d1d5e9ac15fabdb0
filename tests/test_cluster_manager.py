"""The plan's class for clusters: every operation is in the log, and what is replayed is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.azure_runs import SUBSCRIPTION, Cloud, cloud
from support.cluster_columns import differences

import qamctl
from qamctl import AgentCluster, AzureQuantumClient, ClusterManager
from qamctl.cluster.check import check_columns
from qamctl.cluster.read import cluster_from_data
from qamctl.errors import InfeasibleError, QamError, SpecError, UsageError

__all__ = ["cloud"]

FLEET: dict[str, Any] = {
    "kind": "cluster", "version": 1, "resources": [{"id": "cpu"}, {"id": "gpu", "device": 2}],
    "agents": [{"id": f"a{i}", "demand": {"cpu": 1 + i % 2}, "cluster": "x"} for i in range(6)]
    + [{"id": "b", "demand": {"cpu": 2, "gpu": 1}, "cluster": "y", "clusters": ["x", "y"]}],
    "clusters": [
        {"id": "x", "capacity": {"cpu": 14, "gpu": 4}, "safe": {"cpu": 10}, "labels": {"zone": "n", "disk": "ssd"}},
        {"id": "y", "capacity": {"cpu": 5, "gpu": 2}, "labels": {"zone": "n"}, "taints": [], "max_size": 3},
    ],
    "links": [{"a": f"a{i}", "b": f"a{i + 1}", "weight": 1 + 9 * (i != 2)} for i in range(5)],
    "costs": [{"agent": "a0", "cluster": "x", "cost": 2}, {"agent": "a0", "cluster": "y", "cost": 1}],
    "moves": {"per_pair": 1, "pairs": [{"from": "x", "to": "y", "cost": 3}]},
}  # fmt: skip

SIZED: dict[str, Any] = {
    "kind": "cluster", "version": 1, "agents": [{"id": f"a{i}"} for i in range(12)],
    "clusters": {"size": {"target": 4, "min": 2, "max": 9}, "split_above": 6, "merge_below": 3},
    "links": [{"a": f"a{i}", "b": f"a{i + 1}"} for i in range(11) if i % 4 != 3],
}  # fmt: skip


def clock() -> Iterator[datetime]:
    """One second after the other."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    while True:
        yield at
        at += timedelta(seconds=1)


def manager(data: dict[str, Any] = FLEET, **more: Any) -> ClusterManager:
    ticks = clock()
    return ClusterManager(data, clock=lambda: next(ticks), **more)


def places(structure: ClusterManager) -> dict[str, str | None]:
    return {row["id"]: row.get("cluster") for row in structure.data["agents"]}


def same(one: ClusterManager, other: ClusterManager) -> bool:
    """Whether two structures are the same in everything."""
    assert differences(one.spec, other.spec) == []
    return (one.data, one.log, one.runs, one.clusters) == (other.data, other.log, other.runs, other.clusters)


def test_the_plans_names_are_there_with_their_methods() -> None:
    """Importable from qamctl itself."""
    for method in ("create", "split", "merge", "add_subcluster", "requirements", "assign", "replay", "from_file"):
        assert callable(getattr(qamctl.ClusterManager, method))
    assert callable(qamctl.ClusterManager.optimize_cluster_structure)
    assert {"id", "agents", "capacity", "requirements", "clusters", "parent"} <= set(AgentCluster.__dataclass_fields__)
    for name in ("AgentCluster", "ClusterManager"):
        assert name in qamctl.__all__


def test_a_cluster_says_what_is_inside_and_what_is_left() -> None:
    """Agents, what they need, shares of the capacity and what is left of it."""
    x = manager().cluster("x")
    assert (x.agents, x.parent, x.clusters, x.size) == (tuple(f"a{i}" for i in range(6)), None, (), 6)
    assert (x.capacity, x.safe, x.requirements) == ({"cpu": 14, "gpu": 4}, {"cpu": 10}, {"cpu": 9, "gpu": 0})
    assert x.load == {"cpu": 9 / 14, "gpu": 0.0}
    assert x.headroom == {"cpu": 5, "gpu": 4}
    assert (x.min_size, x.max_size, manager().cluster("y").max_size) == (0, None, 3)
    assert manager().requirements("y") == {"cpu": 2, "gpu": 1}
    with pytest.raises(UsageError, match="there is no cluster z"):
        manager().cluster("z")


def test_what_is_used_of_nothing_is_beyond_all_bounds() -> None:
    """A cluster without any of a resource has no share of it, or an endless one."""
    structure = manager()
    structure.create("z", capacity={"cpu": 0.5})
    assert structure.cluster("z").load == {"cpu": 0.0, "gpu": 0.0}
    structure.assign(["b"], "y")
    structure.create("w", capacity={"cpu": 3.75}, agents=["a1"])
    assert structure.cluster("w").headroom == {"cpu": 1.75, "gpu": 0}
    data = FLEET | {
        "clusters": [*FLEET["clusters"], {"id": "v"}],
        "agents": [*FLEET["agents"][:-1], {"id": "b", "demand": {"gpu": 1}, "cluster": "v"}],
    }
    assert manager(data).cluster("v").load == {"cpu": 0.0, "gpu": float("inf")}


def test_clusters_nest() -> None:
    """The first one inside takes in who was there, and counts in those around it."""
    structure = manager()
    inner = structure.add_subcluster("x", "x/a")
    assert (inner.parent, inner.agents, inner.capacity) == (
        "x",
        tuple(f"a{i}" for i in range(6)),
        {"cpu": 14, "gpu": 4},
    )
    second = structure.add_subcluster("x", "x/b", agents=["a0"], capacity={"cpu": 2})
    assert (second.agents, second.capacity) == (("a0",), {"cpu": 2, "gpu": 0})
    x = structure.cluster("x")
    assert (x.clusters, x.agents, x.requirements["cpu"]) == (("x/a", "x/b"), tuple(f"a{i}" for i in range(6)), 9)
    data = structure.data
    assert data["agents"][-1]["clusters"] == ["x/a", "y"]
    assert {row["cluster"] for row in data["costs"]} == {"x/a", "y"}
    assert data["moves"]["pairs"] == [{"from": "x/a", "to": "y", "cost": 3.0}]
    with pytest.raises(SpecError, match="1 fault"):
        structure.assign("a1", "x")
    assert same(ClusterManager.replay(structure.log), structure)


def test_a_split_cuts_few_links_and_shares_the_limits() -> None:
    """The chain is cut where its link is weak; what names the cluster names both parts."""
    structure = manager()
    parts = structure.split("x", into=2, seed=1)
    assert [part.id for part in parts] == ["x", "x-2"]
    assert {frozenset(part.agents) for part in parts} == {frozenset({"a0", "a1", "a2"}), frozenset({"a3", "a4", "a5"})}
    assert sum(part.capacity["cpu"] for part in parts) == 14
    assert [part.capacity["gpu"] for part in parts] == [2, 2]
    assert sum(part.safe["cpu"] for part in parts) == 10
    assert structure.check().feasible
    data = structure.data
    assert data["agents"][-1]["clusters"] == ["x", "y", "x-2"]
    assert [(row["cluster"], row["cost"]) for row in data["costs"]] == [("x", 2.0), ("x-2", 2.0), ("y", 1.0)]
    assert [(row["from"], row["to"]) for row in data["moves"]["pairs"]] == [("x", "y"), ("x-2", "y")]
    assert data == manager(seed=1).data | {key: data[key] for key in ("agents", "clusters", "costs", "moves")}
    other = manager()
    other.split("x", into=2, seed=1)
    assert other.data == data


def test_limits_that_are_too_small_are_shared_in_proportion() -> None:
    """Where agents need more than there is, each part has its part of that; sizes are shared as well."""
    data = FLEET | {
        "clusters": [
            {**FLEET["clusters"][0], "capacity": {"cpu": 6, "gpu": 4}, "max_size": 7, "min_size": 3},
            FLEET["clusters"][1],
        ]
    }
    structure = manager(data)
    parts = structure.split("x", into={"x": ["a0", "a1", "a2", "a3"], "w": ["a4", "a5"]})
    assert [part.capacity["cpu"] for part in parts] == [4, 2]
    assert [(part.min_size, part.max_size) for part in parts] == [(1, 5), (1, 2)]


def test_a_merge_has_the_limits_of_all() -> None:
    """And the labels that they share; a merged cluster is again what a split began with."""
    structure = manager()
    whole = structure.merge(["x", "y"], into="xy")
    assert (whole.capacity, whole.size, whole.max_size) == ({"cpu": 19, "gpu": 6}, 7, None)
    (row,) = structure.data["clusters"]
    assert row["labels"] == {"zone": "n"}
    assert structure.data["agents"][-1]["clusters"] == ["xy"]
    assert structure.data["costs"] == [{"agent": "a0", "cluster": "xy", "cost": 2.0}]
    assert structure.data["moves"]["pairs"] == []
    back = manager()
    back.split("x", seed=1)
    merged = back.merge(["x-2", "x"], into="x")
    assert (merged.capacity, merged.safe, set(merged.agents)) == (
        {"cpu": 14, "gpu": 4},
        {"cpu": 10},
        set(manager().cluster("x").agents),
    )
    assert manager().merge(["y", "x"]).id == "y"


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (lambda m: m.create("x"), "there is a cluster x already"),
        (lambda m: m.create("z", capcity={}), "capcity"),
        (lambda m: m.create("z", capacity={"cpus": 1}), "cpus"),
        (lambda m: m.create("z", agents=["nobody"]), "there is no agent nobody"),
        (lambda m: m.add_subcluster("w", "z"), "there is no cluster w"),
        (lambda m: m.assign("a0", "w"), "w"),
        (lambda m: m.split("w"), "there is no cluster w"),
        (lambda m: m.split("x", into=1), "has 6 agents: it can be divided into 2 parts to as many"),
        (lambda m: m.split("x", into=7), "has 6 agents"),
        (lambda m: m.split("x", into={"x": []}), "is divided into itself, as the first part, and others"),
        (lambda m: m.split("x", into={"z": [], "x": []}), "is divided into itself, as the first part, and others"),
        (lambda m: m.split("x", into={"x": ["a0"], "z": ["b"]}), "must be its 6 agents, each once"),
        (lambda m: m.split("x", into={"x": [f"a{i}" for i in range(6)], "y": []}), "there is a cluster y already"),
        (lambda m: m.merge(["x"]), "two clusters or more, each once, not x"),
        (lambda m: m.merge([]), "not none"),
        (lambda m: m.merge(["x", "w"]), "there is no cluster w"),
        (lambda m: [m.create("z"), m.merge(["x", "y"], into="z")], "can't be merged into z: name one of them, or"),
        (lambda m: [m.add_subcluster("x", "z"), m.merge(["z", "y"])], "are not inside the same one"),
        (lambda m: [m.add_subcluster("x", "z"), m.merge(["x", "y"])], "cluster x has clusters inside"),
        (lambda m: [m.add_subcluster("x", "z"), m.split("x")], "cluster x has clusters inside"),
        (lambda m: m.optimize_cluster_structure(backend="azure:ionq.simulator"), "needs an account: give"),
        (lambda m: m.optimize_cluster_structure(backend="asignment"), "did you mean assignment"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_changes_nothing(operation: Any, says: str) -> None:
    """It is refused with a word on what to do."""
    structure = manager()
    with pytest.raises(QamError) as caught:
        operation(structure)
    told = caught.value.message + "; ".join(map(str, caught.value.diagnostics))
    assert says in told
    assert same(ClusterManager.replay(structure.log), structure)
    assert all(json.loads(line)["op"] in ("open", "create", "add_subcluster") for line in structure.log)


def test_agents_that_must_be_together_are_not_divided() -> None:
    """Fewer lots of them than parts."""
    data = FLEET | {"links": [{"a": f"a{i}", "b": f"a{i + 1}", "kind": "together"} for i in range(5)]}
    with pytest.raises(InfeasibleError, match="6 agents can't be divided into 2 parts"):
        manager(data).split("x")


@pytest.mark.parametrize("lines", [[], ['{"op":"assign"}'], ["", " "]])
def test_a_log_begins_with_what_was_opened(lines: list[str]) -> None:
    """Other lines are none of a structure."""
    with pytest.raises(UsageError, match="a log begins with the structure that was opened"):
        ClusterManager.replay(lines)
    with pytest.raises(UsageError, match="has no operation dance"):
        ClusterManager.replay([*manager().log, '{"op":"dance"}'])


def test_a_better_answer_is_taken_over_and_noted() -> None:
    """The state of the run, the moves, and the checker's verdict; a second run finds nothing better."""
    structure = manager(
        FLEET
        | {
            "objective": {"load": 1, "move": 0.1},
            "clusters": [{**FLEET["clusters"][0], "safe": {"cpu": 7}}, FLEET["clusters"][1]],
        }
    )
    before = structure.check()
    report = structure.optimize_cluster_structure(backend="assignment", max_steps=2000, seed=4)
    (state,) = structure.runs
    assert (state, state.tried, state.accepted, report.accepted) == (report.state, ("assignment",), True, True)
    assert (state.when, state.engine, state.seed) == ("2026-11-20T00:00:00+00:00", "assignment", 4)
    assert state.before == before.levels
    assert state.after is not None
    assert state.after < before.levels
    assert report.answer is not None
    assert check_columns(structure.spec, report.answer.cluster, report.answer.devices).feasible
    assert report.solution is not None
    assert {row["agent"]: row["cluster"] for row in report.solution["assignments"]} == places(structure)
    assert report.solution["moves"]
    assert report.terms["load"] == 0
    assert report.attempts[0]["backend"] == "assignment"
    again = structure.optimize_cluster_structure(backend=["assignment"], max_steps=2000)
    assert (again.accepted, len(structure.runs), structure.runs[1].when) == (False, 2, "2026-11-20T00:00:01+00:00")
    assert same(ClusterManager.replay(structure.log), structure)


def test_what_can_not_be_is_reported() -> None:
    """Nothing changes, the reasons are told, the run is noted."""
    structure = manager()
    structure.assign([f"a{i}" for i in range(6)], "y")
    structure.assign("b", None)
    structure.create("z", capacity={"cpu": 1}, min_size=9)
    report = structure.optimize_cluster_structure(backend="assignment", max_steps=10)
    assert (report.status, report.accepted, report.solution, report.bounds) == ("infeasible", False, None, ())
    assert "must hold 9 agents" in report.reasons[0]
    assert structure.runs[-1].before is None
    assert not structure.check().feasible
    assert same(ClusterManager.replay(structure.log), structure)


def test_a_structure_in_which_nobody_is_anywhere_is_filled() -> None:
    """Every engine of `auto` may be named, with a time limit too."""
    agents = [{key: row[key] for key in ("id", "demand")} for row in FLEET["agents"]]
    structure = manager(FLEET | {"agents": agents})
    assert "unplaced" in structure.check().counts
    assert structure.optimize_cluster_structure(backend="assignment", time_limit=0.2).accepted
    assert structure.check().feasible


def test_the_default_objective_follows_the_structure() -> None:
    """Where the problem does not say what counts, moves count as soon as agents are somewhere; else never."""
    bare = FLEET | {"agents": [{"id": row["id"]} for row in FLEET["agents"]]}
    structure = manager(bare)
    assert "move" not in structure.spec.objective[0]
    structure.assign("a0", "x")
    assert structure.spec.objective[0]["move"] == 1.0
    given = manager(bare | {"objective": {"cut": 1}})
    given.assign("a0", "x")
    assert given.spec.objective == ({"cut": 1.0},)
    assert ClusterManager(cluster_from_data(bare)).data["objective"]


def test_clusters_that_come_and_go_are_divided_and_dissolved() -> None:
    """Where their number is part of the answer, thresholds act; by hand they are split and merged by who is where."""
    structure = manager(SIZED)
    structure.assign([f"a{i}" for i in range(7)], "c0")
    structure.assign(["a7", "a8", "a9"], "c1")
    structure.assign(["a10", "a11"], "c2")
    report = structure.optimize_cluster_structure(backend="assignment", max_steps=20_000)
    assert report.accepted
    sizes = {cluster.id: cluster.size for cluster in structure.clusters if cluster.size}
    assert "c2" not in sizes
    assert all(3 <= size <= 6 for size in sizes.values())
    parts = structure.split(first := next(iter(sizes)), into=2)
    assert [part.id for part in parts] == [first, next(f"c{k}" for k in range(9) if f"c{k}" not in sizes)]
    merged = structure.merge([part.id for part in parts])
    assert merged.size == sizes[first]
    with pytest.raises(UsageError, match="can't create a cluster: their number is part of the answer"):
        structure.create("z")
    with pytest.raises(UsageError, match="can't put a cluster into another one"):
        structure.add_subcluster("c0", "z")
    with pytest.raises(UsageError, match=r"can't be merged into z: name one of them$"):
        structure.merge([part.id for part in parts], into="z")
    assert same(ClusterManager.replay(structure.log), structure)


def test_a_structure_comes_from_a_file(tmp_path: Path) -> None:
    """With the tables beside it."""
    (tmp_path / "agents.csv").write_text("id,demand,cluster\na,cpu=1.5,x\nb,cpu=2,\n")
    (tmp_path / "fleet.yaml").write_text(
        "kind: cluster\nversion: 1\nresources: [{id: cpu}]\nagents: {table: agents.csv}\nclusters: [{id: x}, {id: y}]\n"
    )
    structure = ClusterManager.from_file(tmp_path / "fleet.yaml", seed=5)
    assert (structure.seed, structure.cluster("x").agents, structure.requirements("x")) == (5, ("a",), {"cpu": 1.5})
    assert structure.data["name"] == "fleet"
    (tmp_path / "agents.csv").unlink()
    assert same(ClusterManager.replay(structure.log), structure)
    with pytest.raises(SpecError):
        ClusterManager.from_file(tmp_path / "fleet.yaml")


def random_operation(structure: ClusterManager, rng: Random, number: int) -> None:
    """Some operation, which need not make sense."""
    leaves = [cluster.id for cluster in structure.clusters if not cluster.clusters]
    everybody = [row["id"] for row in structure.data["agents"]]
    some = rng.sample(everybody, rng.randint(1, 3))
    kind = rng.choice(("create", "nest", "assign", "assign", "split", "parts", "merge", "optimise"))
    if kind == "create":
        limits = {
            "capacity": {"cpu": rng.choice((4, 7.5, 12)), "gpu": rng.choice((0, 2, 4))},
            "max_size": rng.randint(2, 9),
        }
        structure.create(f"n{number}", agents=rng.choice(([], some)), **(limits if rng.random() < 0.8 else {}))
    elif kind == "nest":
        structure.add_subcluster(rng.choice([*leaves, "x"]), f"n{number}")
    elif kind == "assign":
        structure.assign(some, rng.choice([*leaves, None]))
    elif kind == "split":
        structure.split(rng.choice(leaves), into=rng.randint(1, 3), seed=number)
    elif kind == "parts":
        id = rng.choice(leaves)
        members = list(structure.cluster(id).agents)
        structure.split(id, into={id: members[::2], f"p{number}": members[1::2]})
    elif kind == "merge":
        structure.merge(rng.sample(leaves, min(len(leaves), 2)), into=rng.choice((None, f"m{number}")))
    else:
        spec = structure.spec
        report = structure.optimize_cluster_structure(backend="assignment", max_steps=300, seed=number)
        if report.accepted and report.answer is not None:
            verdict = check_columns(spec, report.answer.cluster, report.answer.devices)
            assert verdict.feasible
            assert verdict.levels == report.state.after


@pytest.mark.parametrize("seed", range(25))
def test_random_operations_are_replayed_exactly(seed: int) -> None:
    """Whatever is done, in whatever order: structure, log and runs are the same; what is refused leaves no trace."""
    rng = Random(seed)
    structure, done = manager(seed=seed), 0
    for number in range(14):
        before = structure.data, structure.log, structure.runs
        try:
            random_operation(structure, rng, number)
            done += 1
        except (UsageError, SpecError):
            assert (structure.data, structure.log, structure.runs) == before
    assert done >= 4
    assert same(ClusterManager.replay(structure.log), structure)


def test_targets_of_azure_improve_a_structure(cloud: Cloud) -> None:
    """Through the account of a client: windows of the problem as jobs, and the answer is checked like any other."""
    client = AzureQuantumClient(
        endpoint=cloud.url, subscription=SUBSCRIPTION, resource_group="rg", workspace="ws", max_rounds=2, max_qubits=8,
        shots=50,
    )  # fmt: skip
    structure = manager()
    report = structure.optimize_cluster_structure(backend="azure:ionq.simulator", max_steps=50, client=client)
    assert structure.runs[0].tried == ("azure:ionq.simulator",)
    assert "azure:ionq.simulator" in [row["backend"] for row in report.attempts]
    assert report.fallback is None
    assert structure.check().feasible
    assert same(ClusterManager.replay(structure.log), structure)
