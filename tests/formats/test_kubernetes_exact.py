"""An imported problem allows exactly what Kubernetes allows, wherever nothing is warned of: against a direct oracle."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.kubernetes import HOST, REQUIRED, ZONE, imported, node, on_nodes, replicas, rule, term

from qamctl.cluster.check import check_columns
from qamctl.cluster.read import cluster_from_data

Object = dict[str, Any]
KEYS = st.sampled_from([HOST, ZONE, ZONE])
APPS = st.sampled_from(["web", "db"])
MAYBE = st.integers(0, 3).map(lambda k: k == 0)


@st.composite
def nodes(draw: st.DrawFn) -> list[Object]:
    """Two or three nodes, some tainted, some cordoned, some without a zone."""
    rows = []
    for name in "abc"[: draw(st.integers(2, 3))]:
        taints = ["k=v:NoSchedule"] if draw(MAYBE) else []
        zone = draw(st.sampled_from(["z1", "z2", "z1", "z2", None]))
        row = node(name, zone, taints=taints, disk=draw(st.sampled_from(["ssd", "hdd"])))
        row["status"]["allocatable"]["pods"] = str(draw(st.sampled_from([2, 3, 110])))
        if draw(MAYBE) and name != "a":
            row["spec"]["unschedulable"] = True
        rows.append(row)
    return rows


@st.composite
def replicated(draw: st.DrawFn, app: str, names: list[str]) -> list[Object]:
    """The pods of one owner, which all say the same."""
    spec: Object = {"requests": {"cpu": draw(st.sampled_from(["500m", "1", "1.5"]))}}
    affinity: Object = {}
    if draw(MAYBE):
        affinity["podAntiAffinity"] = {REQUIRED: [term(draw(APPS), draw(KEYS))]}
    if draw(MAYBE):
        affinity["podAffinity"] = {REQUIRED: [term(draw(APPS), draw(KEYS))]}
    if draw(MAYBE):
        rules = draw(st.sampled_from([rule("disk", "In", "ssd"), rule("disk", "NotIn", "ssd"), rule(ZONE, "Exists")]))
        affinity |= on_nodes({"matchExpressions": [rules]})
    if draw(MAYBE):
        spec["nodeSelector"] = {"disk": "ssd"}
    if draw(MAYBE):
        spec["tolerations"] = [{"key": "k", "operator": "Exists"}]
    if draw(MAYBE):
        spec["topologySpreadConstraints"] = [
            term(draw(APPS), draw(KEYS), maxSkew=draw(st.integers(1, 2)), whenUnsatisfiable="DoNotSchedule")
        ]
    if draw(MAYBE):
        spec["containers"] = [{"name": "c", "ports": [{"hostPort": 80}]}]
    places = [draw(st.sampled_from(names)) for _ in range(draw(st.integers(1, 3)))]
    return replicas(app, places, affinity=affinity, **spec)


def allowed(objects: list[Object], pods: list[Object], place: dict[str, str]) -> bool:
    """Whether every pod may be where it is, by the words of the documentation of Kubernetes."""
    all_nodes = {row["metadata"]["name"]: row for row in objects}
    for name, row in all_nodes.items():
        here = [pod for pod in pods if place[pod["metadata"]["name"]] == name]
        if len(here) > int(row["status"]["allocatable"]["pods"]) or sum(map(cpu, here)) > 4:
            return False
        if sum(bool(pod["spec"]["containers"][0].get("ports")) for pod in here) > 1:
            return False
    return all(fits(all_nodes, pods, place, pod) for pod in pods)


def cpu(pod: Object) -> float:
    requests = pod["spec"]["containers"][0].get("resources", {}).get("requests", {"cpu": "0"})
    return {"0": 0, "500m": 0.5, "1": 1, "1.5": 1.5}[requests["cpu"]]


def matches(row: Object, pod: Object) -> bool:
    """Whether node selector and node affinity take a node."""
    labels = row["metadata"]["labels"]
    if any(labels.get(key) != value for key, value in pod["spec"].get("nodeSelector", {}).items()):
        return False
    terms = pod["spec"]["affinity"].get("nodeAffinity", {}).get(REQUIRED, {}).get("nodeSelectorTerms", [])
    for wanted in (expression for alternative in terms for expression in alternative["matchExpressions"]):
        value = labels.get(wanted["key"])
        holds = {
            "In": value in wanted.get("values", []),
            "NotIn": value not in wanted.get("values", []),
            "Exists": value is not None,
        }
        if not holds[wanted["operator"]]:
            return False
    return True


def fits(all_nodes: dict[str, Object], pods: list[Object], place: dict[str, str], pod: Object) -> bool:
    """Whether one pod may be where it is, beside all others."""
    mine = all_nodes[place[pod["metadata"]["name"]]]
    tolerant = bool(pod["spec"].get("tolerations"))
    if not matches(mine, pod) or (mine["spec"].get("taints") and not tolerant) or mine["spec"].get("unschedulable"):
        return False

    def domain(other: Object, key: str) -> str | None:
        return all_nodes[place[other["metadata"]["name"]]]["metadata"]["labels"].get(key)

    def meant(wanted: Object) -> list[Object]:
        app = wanted["labelSelector"]["matchLabels"]["app"]
        return [other for other in pods if other["metadata"]["labels"]["app"] == app]

    affinity = pod["spec"]["affinity"]
    for wanted in affinity.get("podAntiAffinity", {}).get(REQUIRED, []):
        here = domain(pod, wanted["topologyKey"])
        if here is not None and any(
            domain(other, wanted["topologyKey"]) == here for other in meant(wanted) if other is not pod
        ):
            return False
    for wanted in affinity.get("podAffinity", {}).get(REQUIRED, []):
        here = domain(pod, wanted["topologyKey"])
        domains = [domain(other, wanted["topologyKey"]) for other in meant(wanted)]
        # Who wants its own kind joins the first one: they are all in one place.
        good = set(domains) == {here} if pod in meant(wanted) else here in domains
        if here is None or not good:
            return False
    for wanted in pod["spec"].get("topologySpreadConstraints", []):
        key = wanted["topologyKey"]
        counted = {row["metadata"]["labels"].get(key) for row in all_nodes.values() if matches(row, pod)} - {None}
        numbers = Counter(domain(other, key) for other in meant(wanted))
        here = domain(pod, key)
        if here is None or numbers[here] - min(numbers[value] for value in counted) > wanted["maxSkew"]:
            return False
    return True


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_the_same_placements_are_allowed(data: st.DataObject) -> None:
    """Of every placement of a small cluster the checker of the imported problem says what Kubernetes would say."""
    rows = data.draw(nodes())
    names = [row["metadata"]["name"] for row in rows]
    pods = [pod for app in ("web", "db") for pod in data.draw(replicated(app, names))]
    spec_data, warnings = imported([*rows, *pods])
    assume(all("it has to leave" in line for line in warnings))
    spec = cluster_from_data(spec_data)
    ids = [pod["metadata"]["name"] for pod in pods]
    assert [agent.removeprefix("default/") for agent in spec.agents.ids] == ids
    for choice in list(product(range(len(names)), repeat=len(ids)))[:: max(1, len(names) ** len(ids) // 40)]:
        place = {name: names[k] for name, k in zip(ids, choice, strict=True)}
        report = check_columns(spec, choice)
        assert report.feasible == allowed(rows, pods, place), (place, report.violations)
