"""Reasons for infeasibility that need no search: in words, and with the way to the field."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.cluster_reading import read
from support.shared import shared_path

from qamctl.cluster.check import CONSTRAINTS
from qamctl.cluster.read import load_cluster
from qamctl.cluster.reasons import MOST, reasons
from qamctl.spec.reason import Reason
from qamctl.validation import validate


def found(**fields: Any) -> list[Reason]:
    return reasons(read(**fields))


CPU = [{"id": "cpu"}]
TWO = [{"id": "x", "capacity": {"cpu": 4}}, {"id": "y", "capacity": {"cpu": 2.5}}]
ABC = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
ZONES = [
    {"id": "x", "labels": {"zone": "n"}},
    {"id": "y", "labels": {"zone": "s"}},
    {"id": "z", "labels": {"zone": "s"}},
]


def together(*pairs: str) -> list[dict[str, str]]:
    return [{"a": pair[0], "b": pair[1], "kind": "together"} for pair in pairs]


CASES: list[tuple[str, dict[str, Any], tuple[Any, ...], str, str]] = [
    (
        "no cluster carries the value",
        {"agents": [{"id": "a", "requires": {"zone": ["w", "e"]}}], "clusters": ZONES},
        ("agents", 0, "requires", "zone"), "requires",
        "agent 'a' requires zone=w or zone=e, which no cluster carries",
    ),
    (
        "none of those named carries the value",
        {"agents": [{"id": "a", "requires": {"zone": "s"}, "clusters": ["x"]}], "clusters": ZONES},
        ("agents", 0, "requires", "zone"), "requires",
        "agent 'a' requires zone=s, which no cluster that it may be in carries",
    ),
    (
        "no cluster carries both",
        {"agents": [{"id": "a", "requires": {"p": "1", "q": "1"}}], "clusters": [{"id": "x", "labels": {"p": "1"}}, {"id": "y", "labels": {"q": "1"}}]},
        ("agents", 0, "requires"), "requires",
        "agent 'a' requires labels that no cluster carries together",
    ),
    (
        "the one taint",
        {"agents": [{"id": "a", "tolerates": ["t"]}], "clusters": [{"id": "x", "taints": ["t", "u"]}]},
        ("agents", 0, "tolerates"), "taint",
        "agent 'a' does not tolerate the taint 'u' of 'x'",
    ),
    (
        "every taint",
        {"agents": [{"id": "a"}], "clusters": [{"id": "x", "taints": ["t"]}, {"id": "y", "taints": ["u"]}, {"id": "z", "taints": ["u"]}]},
        ("agents", 0, "tolerates"), "taint",
        "agent 'a' does not tolerate the taint 't' of 'x', nor those of the 2 others that it could be in",
    ),
    (
        "too large for each",
        {"resources": CPU, "agents": [{"id": "a"}, {"id": "b", "demand": {"cpu": 5.5}}], "clusters": TWO},
        ("agents", 1, "demand", "cpu"), "capacity",
        "agent 'b' fits nowhere: it demands 5.5 of 'cpu', and 'x', where least is short, has room for 4",
    ),
    (
        "too large for what is around each",
        {"resources": CPU, "agents": [{"id": "a", "demand": {"cpu": 2}}], "clusters": [{"id": "eu", "capacity": {"cpu": 1}}, {"id": "x", "parent": "eu"}]},
        ("agents", 0, "demand", "cpu"), "capacity",
        "agent 'a' fits nowhere: it demands 2 of 'cpu', and 'x', where least is short, has room for 1 by the limit of 'eu' around it",
    ),
    (
        "the tolerance",
        {"resources": CPU, "agents": [{"id": "a", "demand": {"cpu": 8}}, {"id": "b", "demand": {"cpu": 2}}], "balance": 10},
        ("agents", 0, "demand", "cpu"), "balance",
        "agent 'a' fits nowhere: it demands 8 of 'cpu', and 'x', where least is short, has room for 5 by the tolerance of its balance",
    ),
    (
        "no size",
        {"agents": [{"id": "a", "clusters": ["x"]}], "clusters": [{"id": "x", "max_size": 0}, {"id": "y"}]},
        ("agents", 0), "max-size",
        "agent 'a' fits nowhere: 'x', where least is short, takes no agent",
    ),
    (
        "an own demand in every cluster",
        {
            "resources": CPU, "agents": [{"id": "a", "demand": {"cpu": 1}}], "clusters": TWO,
            "costs": [{"agent": "a", "cluster": "x", "demand": {"cpu": 5}}, {"agent": "a", "cluster": "y", "demand": {"cpu": 3}}],
        },
        ("agents", 0, "demand", "cpu"), "capacity",
        "agent 'a' fits nowhere: it demands 3 of 'cpu', and 'y', where least is short, has room for 2.5",
    ),
    (
        "old places of those that move",
        {
            "resources": [{"id": "cpu", "transient": True}], "clusters": TWO,
            "agents": [{"id": "a", "demand": {"cpu": 3}, "cluster": "x"}, {"id": "b", "demand": {"cpu": 2}, "clusters": ["x"]}],
        },
        ("agents", 1, "demand", "cpu"), "capacity",
        "agent 'b' fits nowhere: it demands 2 of 'cpu', and 'x', where least is short, has room for 1 while agents that move use their old places too",
    ),
    (
        "together and apart",
        {"links": [*together("ab", "bc"), {"a": "a", "b": "c", "kind": "apart"}]},
        ("links",), "apart",
        "'a', 'b' and 'c' must be together, but 'a' and 'c' apart",
    ),
    (
        "together and members of a group that is apart",
        {"agents": [{"id": "a", "group": "g"}, {"id": "b"}, {"id": "c", "group": "g"}], "links": together("ab", "bc"), "groups": [{"id": "g", "apart": True}]},
        ("groups", 0, "apart"), "group-apart",
        "'a', 'b' and 'c' must be together, but 'a' and 'c' apart as members of group 'g'",
    ),
    (
        "together and one that can't be left out",
        {"agents": [{"id": "a", "optional": True}, {"id": "b", "optional": True}, {"id": "c"}], "links": [*together("ab", "bc"), {"a": "a", "b": "b", "kind": "apart"}]},
        ("links",), "apart",
        "'a' and 'b' must be together, but 'a' and 'b' apart",
    ),
    (
        "together and too large",
        {
            "resources": CPU, "agents": [{"id": n, "demand": {"cpu": 2}} for n in "abc"], "links": together("ab", "ac"),
            "clusters": [{"id": "x", "capacity": {"cpu": 5}}, {"id": "y", "capacity": {"cpu": 4}}],
        },
        ("links",), "together",
        "'a', 'b' and 'c' must be together, and fit nowhere: they demand 6 of 'cpu', and 'x', where least is short, has room for 5",
    ),
    (
        "together and too many",
        {"links": together("ab", "ac"), "clusters": {"count": 3, "max_size": 2}},
        ("links",), "together",
        "'a', 'b' and 'c' must be together, and fit nowhere: they are 3 agents, and 'c0', where least is short, has room for 2",
    ),
    (
        "together and nowhere allowed",
        {"agents": [{"id": "a", "clusters": ["x"]}, {"id": "b", "clusters": ["y"]}], "links": together("ab")},
        ("links",), "together",
        "'a' and 'b' must be together, and fit nowhere: no cluster is one where each of them may be",
    ),
    (
        "together with own demands",
        {
            "resources": CPU, "agents": [{"id": "a", "demand": {"cpu": 1}}, {"id": "b", "demand": {"cpu": 1}}], "links": together("ab"),
            "clusters": [{"id": "x", "capacity": {"cpu": 2}}], "costs": [{"agent": "b", "cluster": "x", "demand": {"cpu": 2}}],
        },
        ("links",), "together",
        "'a' and 'b' must be together, and fit nowhere: they demand 3 of 'cpu', and 'x', where least is short, has room for 2",
    ),
    (
        "more than the fleet may use",
        {"resources": [{"id": "cpu", "capacity": 5}], "agents": [{"id": n, "demand": {"cpu": 2}} for n in "abc"]},
        ("resources", 0, "capacity"), "shared-capacity",
        "the agents demand 6 of 'cpu', of which there is 5",
    ),
    (
        "more than all clusters hold",
        {"resources": CPU, "agents": [{"id": n, "demand": {"cpu": 2.5}} for n in "abc"], "clusters": TWO},
        ("resources", 0), "capacity",
        "the agents demand 7.5 of 'cpu', and all clusters together have room for 6.5",
    ),
    (
        "more than what is around holds",
        {"resources": CPU, "agents": [{"id": n, "demand": {"cpu": 1}} for n in "abc"], "clusters": [{"id": "eu", "capacity": {"cpu": 2}}, {"id": "x", "parent": "eu"}, {"id": "y", "parent": "eu"}]},
        ("resources", 0), "capacity",
        "the agents demand 3 of 'cpu', and all clusters together have room for 2",
    ),
    (
        "more agents than places",
        {"clusters": {"count": 2, "max_size": 1}},
        ("clusters",), "max-size",
        "3 agents can't be left out, and all clusters together have room for 2",
    ),
    (
        "some clusters are too small for those that need them",
        {"resources": CPU, "agents": [{"id": n, "demand": {"cpu": 2.5}, "requires": {"zone": "n"}} for n in "ab"], "clusters": [{**row, "capacity": {"cpu": 4}} for row in ZONES]},
        ("agents", 0), "capacity",
        "'a' and 'b' may only be in 'x' and demand 5 of 'cpu', for which there is room for 4",
    ),
    (
        "some clusters are too few for those that need them",
        {"agents": [{"id": n, "requires": {"zone": "s"}} for n in "abcde"], "clusters": [{**row, "max_size": 2} for row in ZONES]},
        ("agents", 0), "max-size",
        "'a', 'b', 'c', 'd' and 'e' may only be in 'y', 'z' and are 5, for which there is room for 4",
    ),
    (
        "devices that are not shared",
        {
            "resources": [{"id": "gpu", "device": 2}], "agents": [{"id": n, "demand": {"gpu": 1.5}} for n in "abc"] + [{"id": "d", "demand": {"gpu": 4}}],
            "clusters": [{"id": "x", "capacity": {"gpu": 4}}, {"id": "y", "capacity": {"gpu": 4}}, {"id": "z"}],
        },
        ("resources", 0, "device"), "device-capacity",
        "the agents need 5 devices of 'gpu' that no two of them share, and there are 4",
    ),
    (
        "smallest sizes above the number of agents",
        {"clusters": [{"id": "x", "min_size": 2}, {"id": "y", "min_size": 2}]},
        ("clusters",), "min-size",
        "the clusters must hold 4 agents at least, and there are 3",
    ),
    (
        "a smallest size above the largest",
        {"clusters": [{"id": "x", "min_size": 2, "max_size": 1}, {"id": "y"}]},
        ("clusters", 0, "min_size"), "min-size",
        "'x' must hold 2 agents at least, and can hold 1",
    ),
    (
        "a smallest size above what is inside",
        {"clusters": [{"id": "eu", "min_size": 3}, {"id": "x", "parent": "eu", "max_size": 2}, {"id": "y"}]},
        ("clusters", 0, "min_size"), "min-size",
        "'eu' must hold 3 agents at least, and can hold 2",
    ),
    (
        "a smallest size above the agents that may be there",
        {"agents": [{"id": "a"}, {"id": "b", "clusters": ["y"]}], "clusters": [{"id": "x", "min_size": 2}, {"id": "y"}]},
        ("clusters", 0, "min_size"), "min-size",
        "'x' must hold 2 agents at least, and 1 may be there",
    ),
    (
        "no number of clusters",
        {"agents": [{"id": f"a{i}"} for i in range(7)], "clusters": {"size": {"min": 4, "max": 5}}},
        ("clusters", "size"), "min-size",
        "no number of clusters, each of 4 agents at least and 5 at most, holds 7 agents",
    ),
    (
        "no number of clusters of those that may be left out",
        {"agents": [*ABC, {"id": "d", "optional": True}], "clusters": {"size": {"min": 5}}},
        ("clusters", "size"), "min-size",
        "no number of clusters, each of 5 agents at least, holds 3 to 4 agents",
    ),
    (
        "more members than clusters",
        {"agents": [{"id": n, "group": "g"} for n in "abc"], "groups": [{"id": "g", "apart": True}]},
        ("groups", 0, "apart"), "group-apart",
        "group 'g' has 3 members, no two of which may be in one cluster, and they may be in 2",
    ),
    (
        "more values than there are",
        {"agents": [{"id": n, "group": "g"} for n in "abc"], "clusters": ZONES, "groups": [{"id": "g", "spread": {"label": "zone", "min": 3}}]},
        ("groups", 0, "spread", "min"), "group-spread",
        "group 'g' must have members in 3 values of 'zone', and its members may be in 2 of them",
    ),
    (
        "no members at all",
        {"clusters": ZONES, "groups": [{"id": "g", "spread": {"label": "zone", "min": 1}}]},
        ("groups", 0, "spread", "min"), "group-spread",
        "group 'g' must have members in 1 values of 'zone', and has none",
    ),
    (
        "more values than members",
        {"agents": [{"id": "a", "group": "g"}], "clusters": ZONES, "groups": [{"id": "g", "spread": {"label": "zone", "min": 2}}]},
        ("groups", 0, "spread", "min"), "group-spread",
        "group 'g' must have members in 2 values of 'zone', and has 1 member",
    ),
    (
        "a difference that can't be",
        {"agents": [{"id": n, "group": "g"} for n in "abc"], "clusters": ZONES, "groups": [{"id": "g", "spread": {"label": "zone", "max_skew": 0}}]},
        ("groups", 0, "spread", "max_skew"), "group-skew",
        "the members of group 'g' can't lie over the values of 'zone' with a difference below 1, and 0 is allowed",
    ),
    (
        "a value that nobody reaches",
        {"agents": [{"id": n, "group": "g", "clusters": ["x"]} for n in "abc"], "clusters": ZONES, "groups": [{"id": "g", "spread": {"label": "zone", "max_skew": 2}}]},
        ("groups", 0, "spread", "max_skew"), "group-skew",
        "the members of group 'g' can't lie over the values of 'zone' with a difference below 3, and 2 is allowed",
    ),
    (
        "near a group without members",
        {"agents": [{"id": "a", "group": "g"}], "groups": [{"id": "g", "near": ["h"]}, {"id": "h"}]},
        ("groups", 0, "near"), "group-near",
        "group 'g' must be near group 'h', which has no members",
    ),
    (
        "near a group that may not be there",
        {
            "agents": [{"id": "a", "group": "g", "clusters": ["x"]}, {"id": "b", "group": "h", "clusters": ["y", "z"]}],
            "clusters": [{"id": "x", "neighbourhood": "n"}, {"id": "y", "neighbourhood": "s"}, {"id": "z"}], "groups": [{"id": "g", "near": ["h"]}],
        },
        ("groups", 0, "near"), "group-near",
        "no member of group 'h' may be in a neighbourhood where agent 'a' may be, whose group 'g' must be near them",
    ),
    (
        "a transient load above the capacity",
        {"resources": [{"id": "cpu", "transient": True}], "agents": [{"id": n, "demand": {"cpu": 1.5}, "cluster": "y"} for n in "ab"], "clusters": TWO},
        ("clusters", 1, "capacity", "cpu"), "capacity",
        "the agents in 'y' use 3 of 'cpu' now, which is above its capacity of 2.5, and no move lowers it: a transient resource is used at old places too",
    ),
    (
        "a transient load above what is around",
        {
            "resources": [{"id": "cpu", "transient": True}], "agents": [{"id": n, "demand": {"cpu": 2}, "cluster": c} for n, c in ("ax", "by")],
            "clusters": [{"id": "x", "parent": "eu"}, {"id": "y", "parent": "eu"}, {"id": "eu", "capacity": {"cpu": 3}}, {"id": "us"}],
        },
        ("clusters", 2, "capacity", "cpu"), "capacity",
        "the agents in 'eu' use 4 of 'cpu' now, which is above its capacity of 3, and no move lowers it: a transient resource is used at old places too",
    ),
    (
        "more must move than may",
        {"agents": [{"id": n, "cluster": "x", "clusters": ["y"]} for n in "ab"], "moves": {"max": 1}},
        ("moves", "max"), "max-moves",
        "'a' and 'b' can't stay where they are, and 1 may move",
    ),
    (
        "what must move costs too much",
        {"agents": [{"id": "a", "cluster": "x", "clusters": ["y"], "move_cost": 2.5}], "moves": {"max_cost": 2}},
        ("moves", "max_cost"), "max-move-cost",
        "'a' can't stay where it is, which costs 2.5, and moves may cost 2",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "path", "constraint", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_reason(fields: dict[str, Any], path: tuple[Any, ...], constraint: str, text: str) -> None:
    """Each sort of fault is told by the checker's name for it, its field, and a sentence with names and numbers."""
    why = found(**fields)
    assert Reason(path, constraint, text) in why, why
    assert {reason.constraint for reason in why} <= set(CONSTRAINTS)


FEASIBLE: list[dict[str, Any]] = [
    {},
    {"links": [*together("ab"), {"a": "a", "b": "c", "kind": "apart"}]},
    {"agents": [{"id": n, "optional": True, "demand": {"cpu": 9}} for n in "abc"], "resources": CPU, "clusters": TWO},
    {"agents": [{"id": n, "optional": True} for n in "ab"], "links": [*together("ab"), {"a": "a", "b": "b", "kind": "apart"}]},
    {"agents": [{"id": n, "demand": {"cpu": 9}} for n in "a"], "resources": CPU, "clusters": TWO, "costs": [{"agent": "a", "cluster": "y", "demand": {}}]},
    {"agents": [{"id": "a", "group": "g"}], "groups": [{"id": "g", "apart": True}, {"id": "h", "spread": {"label": "zone", "max_skew": 0}, "near": ["g"]}], "clusters": ZONES},
    {"agents": [{"id": n, "group": "g"} for n in "abcd"], "clusters": ZONES, "groups": [{"id": "g", "spread": {"label": "zone", "min": 2, "max_skew": 0}, "apart": False}]},
    {"agents": [{"id": n, "group": "g", "optional": n == "a"} for n in "abc"], "clusters": ZONES, "groups": [{"id": "g", "spread": {"label": "zone", "max_skew": 0}}]},
    {"agents": [{"id": f"a{i}"} for i in range(8)], "clusters": {"size": {"min": 4, "max": 5}}},
    {"agents": [{"id": "a", "optional": True}], "clusters": {"size": {"min": 4}}},
    {"resources": [{"id": "cpu", "transient": True}], "agents": [{"id": "a", "demand": {"cpu": 4}, "cluster": "x"}], "clusters": TWO},
    {"agents": [{"id": "a", "cluster": "x", "clusters": ["y"]}], "moves": {"max": 1, "max_cost": 1}},
    {"agents": [{"id": "a", "group": "g", "optional": True}], "groups": [{"id": "g", "near": ["h"]}, {"id": "h"}]},
]  # fmt: skip


@pytest.mark.parametrize("fields", FEASIBLE)
def test_nothing_to_say(fields: dict[str, Any]) -> None:
    """Problems that can be solved have no reasons, agents that may be left out being left out."""
    assert found(**fields) == []


def test_a_way_that_is_long_is_told_in_part() -> None:
    """A contradiction over many agents names those at its ends; there are not more than can be read."""
    agents = [{"id": f"a{i}"} for i in range(30)]
    links = [{"a": f"a{i}", "b": f"a{i + 1}", "kind": "together"} for i in range(29)]
    apart = [{"a": "a0", "b": f"a{i}", "kind": "apart"} for i in range(1, 30)]
    why = [reason.text for reason in found(agents=agents, links=links + apart[-1:])]
    assert why == ["'a0', 'a1', 'a2', 'a3', ... and 'a29' must be together, but 'a0' and 'a29' apart"]
    assert len(found(agents=agents, links=links + apart)) == 20


def test_not_more_than_can_be_read() -> None:
    """Of each sort at most `MOST` reasons are given."""
    agents = [{"id": f"a{i}", "requires": {"zone": f"w{i}"}} for i in range(MOST + 20)]
    assert len(found(agents=agents, clusters=ZONES)) == MOST


def test_many_different_sets_of_clusters_are_not_compared() -> None:
    """Where agents are restricted in too many ways, the sets are not looked at one by one."""
    clusters = [{"id": f"m{k}", "max_size": 1} for k in range(70)]
    agents = [{"id": f"a{i}", "clusters": [f"m{i % 70}"]} for i in range(71)]
    assert [reason.constraint for reason in found(agents=agents, clusters=clusters)] == ["max-size"]
    assert found(agents=agents[:70], clusters=clusters) == []


def test_sums_beyond_64_bits_are_exact() -> None:
    """Demands and capacities at their limit, of many agents in many clusters, are added without loss."""
    most = 10**12
    agents = [{"id": f"a{i}", "demand": {"r": most}} for i in range(3000)]
    clusters = [{"id": f"m{k}", "capacity": {"r": most}} for k in range(3000)]
    assert found(resources=[{"id": "r"}], agents=agents, clusters=clusters) == []
    clusters[0] = {"id": "m0", "capacity": {"r": most - 1}}
    (why,) = found(resources=[{"id": "r"}], agents=agents, clusters=clusters)
    assert (
        why.text == f"the agents demand {3000 * most} of 'r', and all clusters together have room for {3000 * most - 1}"
    )


def test_reasons_have_places_in_files(tmp_path: Path) -> None:
    """`validate` tells faults with exit status invalid, reasons with status infeasible, each with line and column."""
    plan = "kind: cluster\nversion: 1\nresources: [{id: cpu}]\nagents: {table: agents.csv}\nclusters: {count: 2, capacity: {cpu: 3}}\n"
    (tmp_path / "plan.yaml").write_text(plan)
    (tmp_path / "agents.csv").write_text("id,demand\na,cpu=1\nb,cpu=4\n")
    (verdict,) = validate([str(tmp_path / "plan.yaml")])
    assert verdict.status == "infeasible"
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in verdict.faults] == [
        "agents.csv:3:2: capacity: agent 'b' fits nowhere: it demands 4 of 'cpu', and 'c0', where least is short, has room for 3"
    ]
    (tmp_path / "plan.yaml").write_text(plan + "objectve: {}\n")
    (verdict,) = validate([str(tmp_path / "plan.yaml")])
    assert (verdict.status, str(verdict.faults[0].location)) == ("invalid", f"{tmp_path}/plan.yaml:6:1")
    (tmp_path / "plan.yaml").write_text(plan.replace("cpu: 3", "cpu: 4"))
    assert [verdict.status for verdict in validate([str(tmp_path / "plan.yaml")])] == ["valid"]


@pytest.mark.slow
def test_large_problems_are_looked_at_in_good_time(tmp_path: Path) -> None:
    """A generated problem with tens of thousands of agents has no reason, and one agent too many has one."""
    import subprocess
    import sys

    generator = shared_path("generators", "links.py")
    sizes = ["--agents", "30000", "--clusters", "300", "--links", "60000"]
    subprocess.run([sys.executable, str(generator), *sizes, "--out", str(tmp_path)], check=True, capture_output=True)
    assert reasons(load_cluster(tmp_path / "cluster.yaml")) == []
    with (tmp_path / "agents.csv").open("a") as file:
        file.write("whale,cpu=100000,,\n")
    assert reasons(load_cluster(tmp_path / "cluster.yaml"))[0].path == (
        "agents",
        30000,
        "demand",
        "cpu",
    )
