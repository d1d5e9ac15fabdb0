"""The state of a Kubernetes cluster, as `kubectl get nodes,pods -A -o json` prints it, as a cluster problem.

Nodes are clusters, pods are agents in the cluster of their node; rules of the scheduler are rules of the problem
where they mean exactly the same (kubernetes.io/docs/concepts/scheduling-eviction), and warnings where they do not.

A node is as the scheduler sees it: a pod that runs on a node which would not take it again has to leave. Pods of
DaemonSets, static pods and pods that are being deleted stay where they are. A pod that waits for a node may be left
out: having it placed comes before everything else, and the more its priority is, the more so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qamctl.errors import SpecError
from qamctl.formats.faults import fault, problem_name, shown
from qamctl.formats.kubernetes.affinity import Namespaces
from qamctl.formats.kubernetes.amounts import Unit, unit_of
from qamctl.formats.kubernetes.documents import COMMAND, WHAT, Entry, all_objects
from qamctl.formats.kubernetes.fleet import Fleet
from qamctl.formats.kubernetes.groups import Rules, rules_of
from qamctl.formats.kubernetes.nodes import Node, read_node
from qamctl.formats.kubernetes.placement import NEIGHBOURHOOD, Marks, fields_of, may_wait
from qamctl.formats.kubernetes.pods import Pod, read_pod
from qamctl.formats.kubernetes.untold import Untold
from qamctl.formats.remarks import Remarks


def read(text: str, *, name: str, more: Sequence[tuple[str, str]], remarks: Remarks) -> dict[str, Any]:
    """The problem file's data: nodes keep their names, a pod is `namespace/name`, its group `namespace/kind/owner`.

    Parameters
    ----------
    more
        Name and text of further files with objects of the same cluster.
    remarks
        Takes units, and what the objects say and a problem file can't.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    untold = Untold()
    nodes, pods = _objects([(name, text), *more], untold)
    fleet = Fleet.of(nodes)
    for pod in pods:
        if pod.node is not None and pod.node not in fleet.index:
            place = pod.entry.at("spec").at("nodeName")
            raise place.fault(f"the node {shown(pod.node)} is not in the list", hint=COMMAND)
    pods = [pod for pod in pods if may_wait(pod, fleet, untold)]
    if not pods:
        raise fault(name, 1, 1, "there is no pod that runs or waits", what=WHAT, hint=COMMAND)
    rules = rules_of(pods, fleet, untold)
    units = _units(nodes, pods)
    marks = Marks()
    agents = [
        _agent(pod, units, rules.group[i], fields_of(pod, fleet, rules.needs.get(i, frozenset()), marks, untold))
        for i, pod in enumerate(pods)
    ]
    data = {
        "kind": "cluster",
        "version": 1,
        "name": problem_name(name),
        "objective": _objective(pods, rules),
        "resources": [_resource(id_, nodes, pods, untold) for id_ in units],
        "clusters": [_cluster(node, marks.labels(k), units, rules.neighbourhood) for k, node in enumerate(nodes)],
        **({"groups": rules.groups} if rules.groups else {}),
        "agents": agents,
        **({"links": rules.links} if rules.links else {}),
    }
    remarks.comments.extend(f"{id_} in {unit.name}" for id_, unit in units.items() if unit.name)
    remarks.warnings.extend(untold.lines())
    remarks.warnings.extend(
        f"{id_} is counted in whole {unit.name}, requests rounded up, offers down: its figures are too long to be exact"
        for id_, unit in units.items()
        if not unit.exact
    )
    return data


def _objects(files: Sequence[tuple[str, str]], untold: Untold) -> tuple[list[Node], list[Pod]]:
    """Nodes and pods in the order of the files; other kinds are told."""
    objects = list(all_objects(files))
    found = {kind: _once(kind, objects) for kind in ("Node", "Pod", "Namespace")}
    for kind, entry in objects:
        if kind not in found:
            untold.note("the object", f"objects of kind {kind} are not read", entry.at("metadata").at("name").text("?"))
    if not found["Node"]:
        message = "there is no node in the list"
        raise fault(files[0][0], 1, 1, message, what=WHAT, hint=COMMAND)
    labels = {
        entry.at("metadata").at("name").text(): entry.at("metadata").at("labels").labels()
        for entry in found["Namespace"]
    }
    listed = bool(labels)
    for entry in found["Pod"]:
        labels.setdefault(entry.at("metadata").at("namespace").text("default"), {})
    namespaces = Namespaces(labels, listed)
    pods = (read_pod(entry, untold, namespaces) for entry in found["Pod"])
    return [read_node(entry, untold) for entry in found["Node"]], [pod for pod in pods if pod is not None]


def _once(kind: str, objects: Iterable[tuple[str, Entry]]) -> list[Entry]:
    """The objects of a kind, each of which must have a name of its own."""
    known: set[tuple[str, str]] = set()
    found = []
    for other, entry in objects:
        if other != kind:
            continue
        metadata = entry.at("metadata")
        id_ = (metadata.at("namespace").text(""), metadata.at("name").text())
        if id_ in known:
            raise _twice(kind, metadata)
        known.add(id_)
        found.append(entry)
    return found


def _twice(kind: str, metadata: Entry) -> SpecError:
    name = metadata.at("name")
    return name.fault(f"the {kind.lower()} {shown(name.text())} stands in the list twice")


def _units(nodes: Sequence[Node], pods: Sequence[Pod]) -> dict[str, Unit]:
    """The unit of every resource that a node offers or a pod asks for."""
    seen: dict[str, list[int]] = {}
    for amounts in [*(node.offers for node in nodes), *(pod.asks for pod in pods)]:
        for resource, value in amounts.items():
            if value:
                seen.setdefault(resource, []).append(value)
    return {resource: unit_of(resource, values) for resource, values in seen.items()}


def _resource(id_: str, nodes: Sequence[Node], pods: Sequence[Pod], untold: Untold) -> dict[str, Any]:
    """A resource; one that no node offers is not there for anybody."""
    if any(node.offers.get(id_) for node in nodes):
        return {"id": id_}
    for pod in pods:
        if id_ in pod.asks:
            untold.note(f"the request for {id_}", "no node offers it", pod.id)
    return {"id": id_, "capacity": 0}


def _cluster(node: Node, marks: dict[str, str], units: Mapping[str, Unit], neighbourhood: str | None) -> dict[str, Any]:
    place = node.labels.get(neighbourhood) if neighbourhood is not None else None
    hidden = NEIGHBOURHOOD if neighbourhood is not None else ""
    labels = {key: value for key, value in node.labels.items() if value and key != hidden} | marks
    return {
        "id": node.name,
        "capacity": {id_: units[id_].written(value, up=False) for id_, value in node.offers.items() if value},
        **({"max_size": node.pods} if node.pods is not None else {}),
        **({"labels": labels} if labels else {}),
        **({"taints": [taint.text for taint in node.taints]} if node.taints else {}),
        **({"neighbourhood": place} if place else {}),
    }


def _agent(pod: Pod, units: Mapping[str, Unit], group: str | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    demand = {id_: unit.written(pod.asks[id_], up=True) for id_, unit in units.items() if id_ in pod.asks}
    return {
        "id": pod.id,
        **({"demand": demand} if demand else {}),
        **({"cluster": pod.node} if pod.node is not None else {}),
        **({"group": group} if group is not None else {}),
        **fields,
        **({"optional": True, "reward": 1 + max(0, pod.priority)} if pod.node is None else {}),
    }


def _objective(pods: Sequence[Pod], rules: Rules) -> Any:
    """First everybody has a place, then soft spreads, then few moves."""
    levels = [{"unplaced": 1}] if any(pod.node is None for pod in pods) else []
    if any(row.get("spread", {}).get("weight") for row in rules.groups):
        levels.append({"spread": 1})
    levels.append({"move": 1})
    return levels if len(levels) > 1 else levels[0]
