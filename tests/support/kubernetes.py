"""Nodes and pods of Kubernetes as objects, small enough to be read in a test, and what the importer makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qamctl.cluster.read import cluster_from_data
from qamctl.formats import read
from qamctl.formats.remarks import Remarks

HOST = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"

Object = dict[str, Any]


def node(name: str, zone: str | None = None, *, taints: Sequence[str] = (), **labels: str) -> Object:
    """A node with 4 cores and 8 GiB; taints are `key=value:effect`."""
    rows = []
    for taint in taints:
        key, _, effect = taint.partition(":")
        key, _, value = key.partition("=")
        rows.append({"key": key, "effect": effect} | ({"value": value} if value else {}))
    zones = {ZONE: zone} if zone is not None else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {HOST: name, **zones, **labels}},
        "spec": {"taints": rows} if rows else {},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    }


def pod(
    name: str,
    on: str | None = None,
    *,
    owner: str | None = None,
    labels: Mapping[str, str] | None = None,
    namespace: str = "default",
    requests: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Object:
    """A pod with one container; its owner is `kind/name`, without it nobody made it."""
    metadata: Object = {"name": name, "namespace": namespace, "labels": dict(labels or {})}
    if owner is not None:
        kind, _, maker = owner.partition("/")
        uid = f"uid-of-{namespace}-{maker}"
        metadata["ownerReferences"] = [{"kind": kind, "name": maker, "uid": uid, "controller": True}]
    containers = [{"name": "main", "resources": {"requests": dict(requests or {"cpu": "100m"})}}]
    where = {"nodeName": on} if on is not None else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": containers, **where, **spec},
        "status": {"phase": "Running" if on is not None else "Pending"},
    }


def replicas(app: str, nodes: Sequence[str | None], **more: Any) -> list[Object]:
    """Pods `<app>-<k>` of one ReplicaSet with the label `app`, one for each of some nodes."""
    return [pod(f"{app}-{k}", on, owner=f"ReplicaSet/{app}", labels={"app": app}, **more) for k, on in enumerate(nodes)]


def term(app: str, key: str = HOST, **more: Any) -> Object:
    """A term of an affinity to pods with a label `app`."""
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}


def away(*terms: Object) -> Object:
    """An affinity that keeps pods apart."""
    return {"podAntiAffinity": {REQUIRED: list(terms)}}


def near(*terms: Object) -> Object:
    """An affinity that wants pods around."""
    return {"podAffinity": {REQUIRED: list(terms)}}


def on_nodes(*terms: Object) -> Object:
    """A node affinity with some alternatives."""
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}


def rule(key: str, operator: str, *values: str) -> Object:
    """A requirement of a selector."""
    return {"key": key, "operator": operator} | ({"values": list(values)} if values else {})


def listed(objects: Sequence[Object]) -> str:
    """The objects as kubectl prints them."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}, indent=4)


def imported(objects: Sequence[Object]) -> tuple[Object, list[str]]:
    """The spec, which the reader takes, and the warnings."""
    remarks = Remarks()
    data = read("kubernetes", listed(objects), name="now.json", remarks=remarks)
    cluster_from_data(data)
    return data, remarks.warnings


def agents(data: Object) -> dict[str, Object]:
    """The agents by the name of their pod, without the namespace `default`."""
    return {row["id"].removeprefix("default/"): row for row in data["agents"]}


def links(data: Object) -> set[tuple[str, str, str]]:
    """Kind and the two pods of every link."""
    short = {row["id"]: row["id"].removeprefix("default/") for row in data["agents"]}
    return {(row["kind"], short[row["a"]], short[row["b"]]) for row in data.get("links", [])}
