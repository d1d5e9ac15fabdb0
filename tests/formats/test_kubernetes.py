"""The importer of Kubernetes as a whole: a small cluster as kubectl prints it, forms of its files, clean faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.kubernetes import ZONE, agents, away, imported, listed, near, node, on_nodes, pod, replicas, rule, term

from qamctl.cluster.check import check_columns
from qamctl.cluster.read import cluster_from_data
from qamctl.errors import SpecError
from qamctl.formats import read
from qamctl.formats.remarks import Remarks

SHOP = Path(__file__).parent / "kubernetes" / "shop.json"
SMALL = [node("a", "z1"), node("b", "z2"), pod("p", "a"), pod("q")]
#: Says something in each of the fields that are read.
TALKATIVE = [
    node("a", "z1", taints=["k=v:NoSchedule"]),
    *replicas(
        "web",
        ["a", None],
        tolerations=[{"key": "k", "operator": "Exists"}],
        affinity=away(term("web"))
        | near(term("web", ZONE))
        | on_nodes({"matchExpressions": [rule("x", "NotIn", "y")]}),
        topologySpreadConstraints=[term("web", ZONE, maxSkew=1, whenUnsatisfiable="DoNotSchedule")],
        overhead={"memory": "1Mi"},
    ),
]


@pytest.fixture(scope="module")
def shop() -> tuple[dict[str, Any], Remarks]:
    """The cluster of the fixture, and what the importer remarks."""
    remarks = Remarks()
    data = read("kubernetes", SHOP.read_text(), name="shop.json", remarks=remarks)
    cluster_from_data(data)
    return data, remarks


def test_nodes_become_clusters(shop: tuple[dict[str, Any], Remarks]) -> None:
    """With what they offer, the number of pods, labels that are not empty, and taints; a cordon is a taint."""
    data, remarks = shop
    assert [row["id"] for row in data["clusters"]] == ["control-1", "gpu-1", "worker-a1", "worker-b1", "worker-b2"]
    assert data["resources"] == [{"id": id_} for id_ in ("cpu", "ephemeral-storage", "memory", "nvidia.com/gpu")]
    assert data["clusters"][1] == {
        "id": "gpu-1",
        "capacity": {"cpu": 15.8, "ephemeral-storage": 94477937300, "memory": 64312 * 1024, "nvidia.com/gpu": 2},
        "max_size": 110,
        "labels": {
            "accelerator": "l40s",
            "beta.kubernetes.io/arch": "amd64",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": "gpu-1",
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/region": "eu-north",
            "topology.kubernetes.io/zone": "north-a",
        },
        "taints": ["nvidia.com/gpu=present:NoSchedule"],
        "neighbourhood": "north-a",
    }
    assert data["clusters"][0]["taints"] == ["node-role.kubernetes.io/control-plane:NoSchedule"]
    assert "node-role.kubernetes.io/control-plane" not in data["clusters"][0]["labels"]
    assert data["clusters"][4]["taints"] == ["node.kubernetes.io/unschedulable:NoSchedule"]
    assert remarks.comments == ["cpu in cores", "ephemeral-storage in bytes", "memory in KiB"]


def test_pods_become_agents(shop: tuple[dict[str, Any], Remarks]) -> None:
    """With what the scheduler reserves, their node, their owner, and where else they may be; finished ones do not."""
    rows = agents(shop[0])
    assert len(rows) == 14
    assert "batch/report-28871-x2x7v" not in rows
    assert rows["kube-system/etcd-control-1"] == {
        "id": "kube-system/etcd-control-1",
        "demand": {"cpu": 0.1, "memory": 102400},
        "cluster": "control-1",
        "clusters": ["control-1"],
        "tolerates": ["node-role.kubernetes.io/control-plane:NoSchedule"],
    }
    assert rows["kube-system/node-agent-zz61p"] == {
        "id": "kube-system/node-agent-zz61p",
        "demand": {"cpu": 0.05, "memory": 65536},
        "cluster": "worker-b2",
        "group": "kube-system/DaemonSet/node-agent",
        "clusters": ["worker-b2"],
        "tolerates": ["node.kubernetes.io/unschedulable:NoSchedule"],
    }
    assert rows["ml/train-4-wq7pd"] == {
        "id": "ml/train-4-wq7pd",
        "demand": {"cpu": 8, "memory": 48 * 1024**2, "nvidia.com/gpu": 2},
        "group": "ml/Job/train-4",
        "requires": {"accelerator": "l40s"},
        "tolerates": ["nvidia.com/gpu=present:NoSchedule"],
        "optional": True,
        "reward": 1001,
    }
    assert rows["shop/cache-0"] == {
        "id": "shop/cache-0",
        "demand": {"cpu": 1, "ephemeral-storage": 2 * 10**9, "memory": 6 * 1024**2},
        "cluster": "worker-a1",
        "group": "shop/StatefulSet/cache",
        "requires": {"disk": ["ssd", "nvme"]},
    }
    # The sidecar's 100m stand beside the container's 250m, and beside the initial container's core.
    assert rows["shop/web-7c9d4-2jv8b"]["demand"] == {"cpu": 1.1, "memory": 640 * 1024}
    assert rows["shop/web-7c9d4-2jv8b"]["clusters"] == ["worker-a1", "worker-b1", "worker-b2"]


def test_rules_between_pods_become_groups(shop: tuple[dict[str, Any], Remarks]) -> None:
    """The cache's pods are apart, every api is near a cache and spread evenly, and web is spread where it can be."""
    data, _ = shop
    assert data["groups"] == [
        {
            "id": "shop/ReplicaSet/api-6c5f9",
            "spread": {"label": ZONE, "max_skew": 1, "weight": 0},
            "near": ["shop/StatefulSet/cache"],
        },
        {"id": "shop/StatefulSet/cache", "apart": True},
        {"id": "shop/ReplicaSet/web-7c9d4", "spread": {"label": ZONE, "weight": 1}},
    ]
    assert "links" not in data
    assert data["objective"] == [{"unplaced": 1}, {"spread": 1}, {"move": 1}]


def test_what_is_lost_is_told(shop: tuple[dict[str, Any], Remarks]) -> None:
    """Volumes may tie pods to nodes, and pods on a cordoned node have to leave it."""
    assert shop[1].warnings == [
        "spec.volumes of shop/cache-0, shop/cache-1: a volume may tie its pod to nodes, which the pod does not say",
        "spec.nodeName of shop/web-7c9d4-8s4qk, shop/web-7c9d4-p9w6z: "
        "its node would not take it again: it has to leave",
    ]


def test_the_rules_hold_where_they_should(shop: tuple[dict[str, Any], Remarks]) -> None:
    """With the cordoned node left and the waiting pod placed all is well; as it is now, only that is not."""
    spec = cluster_from_data(shop[0])
    now = check_columns(spec, spec.agents.current)
    assert {(found.constraint, found.agent) for found in now.violations} == {
        ("taint", "shop/web-7c9d4-8s4qk"),
        ("taint", "shop/web-7c9d4-p9w6z"),
    }
    place = [spec.clusters.ids[k] for k in spec.agents.current.tolist()]
    place[spec.agents.ids.index("ml/train-4-wq7pd")] = "gpu-1"
    for name in ("8s4qk", "p9w6z"):
        place[spec.agents.ids.index(f"shop/web-7c9d4-{name}")] = "worker-b1"
    report = check_columns(spec, [spec.clusters.ids.index(name) for name in place])
    assert report.violations == ()
    assert report.levels == (0, 1, 2)  # one pair of web in one zone, two moves


def test_lists_objects_and_yaml_are_all_the_same() -> None:
    """One list, objects one by one, typed lists without kinds inside, an array, and YAML make the same problem."""
    nodes, pods = SMALL[:2], SMALL[2:]
    bare = [{key: value for key, value in row.items() if key not in ("kind", "apiVersion")} for row in SMALL]
    forms = [
        listed(SMALL),
        "\ufeff\n" + listed(nodes) + listed(pods) + "\n",
        "\n".join(json.dumps(row) for row in SMALL),
        json.dumps({"kind": "NodeList", "items": bare[:2]}) + json.dumps({"kind": "PodList", "items": bare[2:]}),
        json.dumps(SMALL),
        yaml.safe_dump({"kind": "List", "apiVersion": "v1", "items": SMALL}),
        "---\n" + "---\n".join(yaml.safe_dump(row) for row in SMALL) + "---\n# the end\n",
    ]
    first, *others = [read("kubernetes", text, name="x.json") for text in forms]
    assert all(other == first for other in others)
    together = read("kubernetes", listed(nodes), name="x.json", more=[("pods.yaml", yaml.safe_dump_all(pods))])
    assert together == first


def test_other_kinds_are_told() -> None:
    """An object that says nothing about where pods are is left out, and named."""
    service = {"kind": "Service", "metadata": {"name": "web"}}
    _, warnings = imported([*SMALL, service])
    assert warnings == ["the object of web: objects of kind Service are not read"]


def test_owners_of_one_name_are_told_apart() -> None:
    """Two owners of one kind and name, the older one deleted, are two groups; without a controller there is none."""
    first, second, third = (pod(name, "a", owner="ReplicaSet/web") for name in "pqr")
    second["metadata"]["ownerReferences"][0]["uid"] = "younger"
    del third["metadata"]["ownerReferences"][0]["controller"]
    data, _ = imported([node("a"), first, second, third])
    groups = [row.get("group") for row in data["agents"]]
    assert groups == ["default/ReplicaSet/web", "default/ReplicaSet/web/younger", None]


def test_priorities_make_waiting_pods_dearer() -> None:
    """A pod without a node may be left out, for more the higher its priority is; one that has a node may not."""
    rows = agents(
        imported([node("a"), pod("run", "a", priority=7), pod("low", priority=-5), pod("high", priority=9)])[0]
    )
    assert [rows[name].get("reward") for name in ("run", "low", "high")] == [None, 1, 10]
    assert "optional" not in rows["run"]


def test_nothing_waits_then_moves_are_all_that_counts() -> None:
    """Without waiting pods and wishes the objective is to move little."""
    assert imported([node("a"), pod("p", "a")])[0]["objective"] == {"move": 1}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "the file is empty"),
        ("---\n---\n", (1, 1), "the file is empty"),
        ("{", (1, 2), "it is no JSON"),
        (listed(SMALL)[:-20], None, "it is no JSON"),
        ('{"kind": "Pod",\n "x": }', (2, 7), "it is no JSON: expecting value"),
        ("[" * 100_000, (1, 501), "nested too deeply"),
        ('{"kind": "Node"}\n{"n": ' + "1" * 9000 + "}", (2, 7), "too many digits"),
        ('{"items": []}', (1, 1), "`kind` is missing"),
        ('{"kind": 4}', (1, 10), "`kind` should be a text"),
        ("[4]", (1, 2), "what stands here should be a mapping"),
        ('{"kind": "List", "items": {}}', (1, 27), "`items` should be a list"),
        ('{"kind": "Status", "metadata": {}}', (1, 1), "there is no node in the list"),
        (listed(SMALL[:2]), (1, 1), "there is no pod that runs or waits"),
        ("kind: Node\nmetadata: {name: [a]}\n", (2, 12), "`name` should be a text"),
        ("kind: List\n---\nkind: Node\nmetadata:\n  labels: 5\n  name: a\n", (5, 3), "`labels` should be a mapping"),
        ("kind: *nobody\n", (1, 7), "nobody"),
        ("kind: [\n", (2, 1), "not valid YAML"),
        ("kind: 'cut", (1, 11), "not valid YAML"),
        ("kind: N\x1fode\n", (1, 1), "not valid YAML"),
    ],
)
def test_what_is_no_list_of_objects_is_refused(text: str, place: tuple[int, int] | None, words: str) -> None:
    """A text of another form, or cut off, is refused with the place where it breaks."""
    with pytest.raises(SpecError) as caught:
        read("kubernetes", text, name="bad.json")
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert found.location.file == "bad.json"
    assert place is None or (found.location.line, found.location.column) == place
    assert words in found.message


@pytest.mark.parametrize(
    ("way", "value", "line_holds", "words"),
    [
        ((0, "metadata", "name"), "", '"name": ""', "can't be `name`"),
        ((0, "metadata", "name"), "a\nb", '"name": "a\\nb"', "it needs printable characters"),
        ((1, "metadata", "name"), "a", '"name": "a"', "the node `a` stands in the list twice"),
        ((0, "metadata", "labels"), {"": "x"}, '"": "x"', "can't be a name"),
        ((0, "spec", "taints"), [{"key": "k"}], "{", "`effect` is missing"),
        ((0, "spec", "unschedulable"), "yes", '"unschedulable": "yes"', "should be true or false"),
        ((0, "status", "allocatable", "cpu"), "4 cores", '"cpu": "4 cores"', "can't be a quantity"),
        ((2, "spec", "nodeName"), "c", '"nodeName": "c"', "the node `c` is not in the list"),
        ((3, "metadata", "name"), "p", '"name": "p"', "the pod `p` stands in the list twice"),
        ((2, "spec", "containers"), {}, '"containers": {}', "`containers` should be a list"),
        ((2, "spec", "priority"), 1.5, '"priority": 1.5', "should be a whole number"),
        ((2, "spec", "priority"), 2**40, '"priority"', "is from"),
        ((2, "spec", "tolerations"), [{"operator": "Is"}], '"operator": "Is"', "Equal or Exists"),
        ((2, "spec", "nodeSelector"), {"disk": 5}, '"disk": 5', "`disk` should be a text"),
    ],
)
def test_a_fault_is_told_with_its_place(way: tuple[Any, ...], value: Any, line_holds: str, words: str) -> None:
    """A fault of content is told with the line and column of the value."""
    damaged = json.loads(json.dumps(SMALL))
    row: Any = damaged
    for step in way[:-1]:
        row = row[step]
    row[way[-1]] = value
    text = "\n\n" + listed(damaged)
    with pytest.raises(SpecError) as caught:
        read("kubernetes", text, name="bad.json")
    (found,) = caught.value.diagnostics
    assert words in found.message
    assert found.location is not None
    assert found.location.line is not None
    assert line_holds in text.split("\n")[found.location.line - 1]


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    text = data.draw(st.sampled_from([listed(SMALL), yaml.safe_dump_all(SMALL), yaml.safe_dump_all(TALKATIVE)]))
    found = read_or_fault("kubernetes", mutated(data, text))
    assert found is None or found["kind"] == "cluster"
