"""Where pods may be: selectors, node affinity, taints, and the pods that stay where they are."""

from __future__ import annotations

from typing import Any

import pytest
from support.kubernetes import (
    HOST,
    PREFERRED,
    ZONE,
    agents,
    imported,
    near,
    node,
    on_nodes,
    pod,
    replicas,
    rule,
    term,
)

from qamctl.errors import SpecError

NODES = [
    node("a", "z1", disk="ssd", cores="16"),
    node("b", "z1", disk="hdd", cores="8", **{"node-role.kubernetes.io/edge": ""}),
    node("c", "z2", disk="ssd", cores="many"),
]


def where(**spec: Any) -> tuple[dict[str, Any], list[str]]:
    """What the agent of a waiting pod says about its place."""
    data, warnings = imported([*NODES, pod("p", **spec), pod("other", "a")])
    row = agents(data).get("p", {})
    return {key: row[key] for key in ("requires", "clusters", "tolerates") if key in row}, warnings


def terms(*rules: dict[str, Any]) -> dict[str, Any]:
    return on_nodes({"matchExpressions": list(rules)})


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({}, {}),
        ({"nodeSelector": {"disk": "ssd"}}, {"requires": {"disk": "ssd"}}),
        ({"affinity": terms(rule("disk", "In", "ssd", "nvme"))}, {"requires": {"disk": ["ssd", "nvme"]}}),
        (
            {
                "nodeSelector": {"disk": "ssd"},
                "affinity": terms(rule("disk", "In", "ssd", "hdd"), rule(ZONE, "In", "z2")),
            },
            {"requires": {"disk": "ssd", ZONE: "z2"}},
        ),
        # More than labels can say: the nodes by name.
        ({"affinity": terms(rule("disk", "NotIn", "hdd"))}, {"clusters": ["a", "c"]}),
        ({"affinity": terms(rule("disk", "Exists"))}, {}),
        ({"affinity": terms(rule("gpu", "DoesNotExist"))}, {}),
        ({"affinity": terms(rule("gpu", "NotIn", "a100"))}, {}),
        ({"affinity": terms(rule("cores", "Gt", "8"))}, {"clusters": ["a"]}),
        ({"affinity": terms(rule("cores", "Lt", "16"))}, {"clusters": ["b"]}),
        ({"affinity": terms(rule("node-role.kubernetes.io/edge", "DoesNotExist"))}, {"clusters": ["a", "c"]}),
        ({"nodeSelector": {"node-role.kubernetes.io/edge": ""}}, {"clusters": ["b"]}),
        (
            {
                "affinity": on_nodes(
                    {"matchExpressions": [rule("disk", "In", "hdd")]}, {"matchExpressions": [rule(ZONE, "In", "z2")]}
                )
            },
            {"clusters": ["b", "c"]},
        ),
        (
            {
                "affinity": on_nodes({"matchFields": [rule("metadata.name", "In", "c")]}),
                "nodeSelector": {"disk": "ssd"},
            },
            {"clusters": ["c"]},
        ),
        ({"affinity": on_nodes({}, {"matchExpressions": [rule("disk", "In", "hdd")]})}, {"clusters": ["b"]}),
    ],
)
def test_selectors_and_affinity_say_where_a_pod_may_be(spec: dict[str, Any], place: dict[str, Any]) -> None:
    """Labels where each is one of some values, else the nodes that are as the pod asks; all of them are no word."""
    assert where(**spec) == (place, [])


@pytest.mark.parametrize(
    "affinity", [terms(rule("disk", "In", "tape")), on_nodes({}), on_nodes(), terms(rule("cores", "Gt", "99"))]
)
def test_a_waiting_pod_that_no_node_takes_is_left_out(affinity: dict[str, Any]) -> None:
    """It is told, because nothing in the problem could place it."""
    place, warnings = where(affinity=affinity)
    assert place == {}
    assert warnings == ["spec.affinity of default/p: no node is as a waiting pod asks: the pod is left out"]


def test_a_running_pod_that_no_node_takes_stays() -> None:
    """What is required while scheduling is ignored during execution."""
    tainted = node("a", taints=["k=v:NoSchedule"])
    data, warnings = imported([tainted, node("b"), pod("p", "a", nodeSelector={"disk": "tape"})])
    (row,) = data["agents"]
    assert (row["clusters"], row["tolerates"]) == (["a"], ["k=v:NoSchedule"])
    assert warnings == ["spec.affinity of default/p: no node is as it asks: it stays where it is"]


@pytest.mark.parametrize(
    ("affinity", "words"),
    [
        (terms(rule("disk", "Like", "ssd")), "`Like` is no operator here"),
        (terms(rule("disk", "In")), "`values` is empty"),
        (terms(rule("disk", "Exists", "ssd")), "Exists takes no `values`"),
        (terms(rule("cores", "Gt", "four")), "Gt takes one whole number"),
        (terms({"operator": "Exists"}), "`key` is missing"),
        (near({"topologyKey": ZONE, "labelSelector": {"matchExpressions": [rule("n", "Gt", "4")]}}), "no operator"),
        (near({"labelSelector": {}}), "`topologyKey` is missing"),
    ],
)
def test_rules_of_another_form_are_refused(affinity: dict[str, Any], words: str) -> None:
    """An operator that is none, or values that it has no use for."""
    with pytest.raises(SpecError, match=words):
        where(affinity=affinity)


def tolerating(*rows: dict[str, str]) -> list[str]:
    """The taints that a pod with some tolerations tolerates, of four."""
    taints = ["k=v:NoSchedule", "k:NoExecute", "other=x:NoExecute"]
    data, _ = imported([node("a", taints=taints), node("b"), pod("p", tolerations=list(rows))])
    found: list[str] = data["agents"][0].get("tolerates", [])
    return found


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, ["k=v:NoSchedule", "k:NoExecute", "other=x:NoExecute"]),
        ({"operator": "Exists", "effect": "NoExecute"}, ["k:NoExecute", "other=x:NoExecute"]),
        ({"key": "k", "operator": "Exists"}, ["k=v:NoSchedule", "k:NoExecute"]),
        ({"key": "k", "operator": "Equal", "value": "v"}, ["k=v:NoSchedule"]),
        ({"key": "k", "value": "v", "effect": "NoSchedule"}, ["k=v:NoSchedule"]),
        ({"key": "k"}, ["k:NoExecute"]),
        ({"key": "k", "value": "w"}, []),
        ({"key": "other", "value": "x", "effect": "NoSchedule"}, []),
    ],
)
def test_tolerations_become_the_taints_that_they_cover(toleration: dict[str, str], tolerated: list[str]) -> None:
    """`Exists` and `Equal`, every key, every effect."""
    assert tolerating(toleration) == tolerated


def test_a_cordon_is_a_taint_once() -> None:
    """Whether or not the node controller has put its taint there already."""
    cordoned = node("a")
    cordoned["spec"]["unschedulable"] = True
    text = "node.kubernetes.io/unschedulable:NoSchedule"
    data, warnings = imported([cordoned, node("b"), pod("p", "a"), pod("q", "b")])
    assert data["clusters"][0]["taints"] == [text]
    assert warnings == ["spec.nodeName of default/p: its node would not take it again: it has to leave"]
    cordoned["spec"]["taints"] = [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
    assert imported([cordoned, node("b"), pod("p", "a")])[0]["clusters"][0]["taints"] == [text]


def test_a_soft_taint_is_told() -> None:
    """PreferNoSchedule keeps nobody out."""
    data, warnings = imported([node("a", taints=["k=v:PreferNoSchedule"]), pod("p", "a")])
    assert "taints" not in data["clusters"][0]
    assert warnings == ["spec.taints of a: a taint that pods would rather avoid has no place in a problem file"]


def test_some_pods_stay_where_they_are() -> None:
    """Those of DaemonSets, static ones, and those that are being deleted; their node's taints do not matter."""
    tainted = node("a", taints=["k=v:NoExecute"])
    daemon, static = pod("daemon", "a", owner="DaemonSet/agent"), pod("static", "a", owner="Node/a")
    mirror, leaving, plain = pod("mirror", "a"), pod("leaving", "a"), pod("plain", "b")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "4711"}
    leaving["metadata"]["deletionTimestamp"] = "2026-11-20T20:00:00Z"
    rows = agents(imported([tainted, node("b"), daemon, static, mirror, leaving, plain])[0])
    for name in ("daemon", "static", "mirror", "leaving"):
        assert (rows[name]["clusters"], rows[name]["tolerates"]) == (["a"], ["k=v:NoExecute"])
    assert rows["daemon"]["group"] == "default/DaemonSet/agent"
    assert "group" not in rows["static"]
    assert "clusters" not in rows["plain"]


def test_some_pods_are_no_agents() -> None:
    """Those that are over, those that are deleted before they had a node, and those behind a gate."""
    done, failed, gone = pod("done", "a"), pod("failed", "a"), pod("gone")
    done["status"]["phase"], failed["status"]["phase"] = "Succeeded", "Failed"
    gone["metadata"]["deletionTimestamp"] = "2026-11-20T20:00:00Z"
    gated = pod("gated", schedulingGates=[{"name": "quota"}])
    data, warnings = imported([node("a"), done, failed, gone, gated, pod("p", "a")])
    assert list(agents(data)) == ["p"]
    assert warnings == ["spec.schedulingGates of default/gated: a pod behind a gate is left out"]


def test_what_nothing_stands_for_is_told_once_for_all() -> None:
    """Preferences, claims and volumes, with a few of the pods; those of pods that stay do not matter."""
    wishes = {
        "affinity": {
            "nodeAffinity": {PREFERRED: [{"weight": 1, "preference": {}}]},
            "podAffinity": {PREFERRED: [{"weight": 1, "podAffinityTerm": term("x")}]},
        },
        "resourceClaims": [{"name": "gpu"}],
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "data", "persistentVolumeClaim": {"claimName": "d"}}],
    }
    data, warnings = imported(
        [node("a"), *replicas("web", ["a"] * 5, **wishes), pod("d", "a", owner="DaemonSet/d", **wishes)]
    )
    assert len(data["agents"]) == 6
    whose = "of default/web-0, default/web-1, default/web-2 and 2 more:"
    assert warnings == [
        f"spec.affinity.nodeAffinity.{PREFERRED} {whose} preferences of this kind are left out",
        f"spec.affinity.podAffinity.{PREFERRED} {whose} preferences of this kind are left out",
        f"spec.resourceClaims {whose} claims of devices are left out",
        f"spec.volumes {whose} a volume may tie its pod to nodes, which the pod does not say",
    ]


def test_many_nodes_get_a_label_in_place_of_their_names() -> None:
    """A thousand pods do not each name a thousand nodes."""
    many = [node(f"n{k}", disk="hdd" if k % 50 == 0 else "ssd") for k in range(100)]
    data, _ = imported([*many, *replicas("web", ["n1", "n2"], affinity=terms(rule("disk", "NotIn", "hdd")))])
    assert [row["requires"] for row in data["agents"]] == [{"eligible-nodes/1": "in"}] * 2
    marked = [row["id"] for row in data["clusters"] if row["labels"].get("eligible-nodes/1") == "in"]
    assert marked == [f"n{k}" for k in range(100) if k % 50]


def test_a_label_that_a_problem_file_means_otherwise_is_asked_at_import() -> None:
    """A node's own label `neighbourhood` gives way to that of `near`."""
    nodes = [node("a", "z1", neighbourhood="east"), node("b", "z1", neighbourhood="west")]
    web = replicas("web", ["a"], affinity=near(term("db", ZONE)), nodeSelector={"neighbourhood": "east"})
    data, _ = imported([*nodes, *web, *replicas("db", ["b"])])
    assert agents(data)["web-0"]["clusters"] == ["a"]
    assert [row["neighbourhood"] for row in data["clusters"]] == ["z1", "z1"]
    assert set(data["clusters"][0]["labels"]) == {HOST, ZONE}
