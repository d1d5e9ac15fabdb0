"""Pods: what they ask for, where they are, who owns them, and what they say about nodes and each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qamctl.formats.kubernetes.affinity import Asker, Namespaces, Neighbours, SpreadRule
from qamctl.formats.kubernetes.amounts import amounts
from qamctl.formats.kubernetes.documents import Entry
from qamctl.formats.kubernetes.nodes import Taint
from qamctl.formats.kubernetes.selectors import NodeTerm, Selector, node_selector, node_terms
from qamctl.formats.kubernetes.untold import Untold


@dataclass(frozen=True, slots=True)
class Toleration:
    """Taints that do not keep a pod out; an empty key or effect means every one."""

    key: str
    operator: str
    value: str
    effect: str

    def covers(self, taint: Taint) -> bool:
        """Whether a taint is among them."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.operator == "Exists":
            return not self.key or self.key == taint.key
        return self.key == taint.key and self.value == taint.value


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that runs, or waits for a node.

    Attributes
    ----------
    node
        Where it is; None where it waits.
    asks
        By resource, in thousandths of a core, bytes, pieces.
    owner
        Kind, name and uid of what made it; None where nothing did.
    fixed
        It can't be on another node than its own.
    wants
        Labels of nodes that it names, all of which must be so.
    terms
        Alternatives of its node affinity; None where it has none.
    ports
        (protocol, number, address) on its node that it takes for itself; an empty address means all.
    """

    namespace: str
    name: str
    labels: Mapping[str, str]
    node: str | None
    priority: int
    asks: Mapping[str, int]
    owner: tuple[str, str, str] | None
    fixed: bool
    wants: Selector
    terms: tuple[NodeTerm, ...] | None
    tolerations: tuple[Toleration, ...]
    near: tuple[Neighbours, ...]
    away: tuple[Neighbours, ...]
    spread: tuple[SpreadRule, ...]
    ports: frozenset[tuple[str, int, str]]
    entry: Entry

    @property
    def id(self) -> str:
        """Namespace and name."""
        return f"{self.namespace}/{self.name}"


def read_pod(entry: Entry, untold: Untold, namespaces: Namespaces) -> Pod | None:
    """A pod from its object; None where it is over, or not to be placed yet.

    Parameters
    ----------
    untold
        Takes what has no place in a problem file.
    namespaces
        What selectors of namespaces choose from.

    Raises
    ------
    SpecError
        For an object of another form, with file, line and column.
    """
    metadata, spec, status = entry.at("metadata"), entry.at("spec"), entry.at("status")
    if status.at("phase").text("") in ("Succeeded", "Failed"):
        return None
    namespace, name = metadata.at("namespace").text("default") or "default", metadata.at("name").text()
    id_ = f"{namespace}/{name}"
    node = spec.at("nodeName").text("") or None
    if node is None and metadata.at("deletionTimestamp").value is not None:
        return None
    if node is None and spec.at("schedulingGates").items():
        untold.note("spec.schedulingGates", "a pod behind a gate is left out", id_)
        return None
    owner = _owner(metadata)
    mirror = "kubernetes.io/config.mirror" in metadata.at("annotations").labels()
    bound = owner is not None and owner[0] in ("DaemonSet", "Node")
    fixed = node is not None and (bound or mirror or metadata.at("deletionTimestamp").value is not None)
    labels = metadata.at("labels").labels()
    affinity = spec.at("affinity")
    asker = Asker(id_, namespace, labels, namespaces, untold)
    if not fixed:
        _say_what_is_lost(spec, id_, untold)
    return Pod(
        namespace,
        name,
        labels,
        node,
        spec.at("priority").integer(0, -(2**31)),
        _asks(spec),
        owner,
        fixed,
        node_selector(spec.at("nodeSelector")),
        node_terms(affinity.at("nodeAffinity").at("requiredDuringSchedulingIgnoredDuringExecution")),
        tuple(_toleration(row) for row in spec.at("tolerations").items()),
        () if fixed else tuple(asker.neighbours(affinity, "podAffinity")),
        tuple(asker.neighbours(affinity, "podAntiAffinity")),
        () if fixed else tuple(asker.spread(row) for row in spec.at("topologySpreadConstraints").items()),
        frozenset(_ports(spec)),
        entry,
    )


def _owner(metadata: Entry) -> tuple[str, str, str] | None:
    """The controller among the owners."""
    for row in metadata.at("ownerReferences").items():
        if row.at("controller").flag():
            return row.at("kind").text(), row.at("name").text(), row.at("uid").text("")
    return None


def _toleration(entry: Entry) -> Toleration:
    operator = entry.at("operator").text("") or "Equal"
    if operator not in ("Equal", "Exists"):
        raise entry.at("operator").fault("a toleration's operator is Equal or Exists")
    return Toleration(entry.at("key").text(""), operator, entry.at("value").text(""), entry.at("effect").text(""))


def _asks(spec: Entry) -> dict[str, int]:
    """What the scheduler reserves: all containers at once, or an initial one beside the sidecars before it."""
    running: dict[str, int] = {}
    for container in spec.at("containers").items():
        _add(running, _requests(container.at("resources")))
    sidecars: dict[str, int] = {}
    starting: dict[str, int] = {}
    for container in spec.at("initContainers").items():
        asks = _requests(container.at("resources"))
        if container.at("restartPolicy").text("") == "Always":
            _add(sidecars, asks)
            asks = {}
        for resource in {*asks, *sidecars}:
            now = asks.get(resource, 0) + sidecars.get(resource, 0)
            starting[resource] = max(starting.get(resource, 0), now)
    _add(running, sidecars)
    asks = {resource: max(running.get(resource, 0), starting.get(resource, 0)) for resource in running | starting}
    whole = spec.at("resources")  # of the pod, where it says so
    asks = amounts(whole.at("limits")) | asks | amounts(whole.at("requests"))
    _add(asks, amounts(spec.at("overhead")))
    return {resource: value for resource, value in asks.items() if value}


def _requests(resources: Entry) -> dict[str, int]:
    """The requests; where only a limit is given, it is the request too."""
    return amounts(resources.at("limits")) | amounts(resources.at("requests"))


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for resource, value in more.items():
        total[resource] = total.get(resource, 0) + value


def _ports(spec: Entry) -> Iterable[tuple[str, int, str]]:
    for container in [*spec.at("containers").items(), *spec.at("initContainers").items()]:
        for port in container.at("ports").items():
            number = port.at("hostPort").integer(0)
            if number:
                address = port.at("hostIP").text("")
                yield port.at("protocol").text("") or "TCP", number, "" if address in ("0.0.0.0", "::") else address


def _say_what_is_lost(spec: Entry, name: str, untold: Untold) -> None:
    """Note the fields that nothing in a problem file stands for."""
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    for kind in ("nodeAffinity", "podAffinity"):
        if spec.at("affinity").at(kind).at(preferred).items():
            untold.note(f"spec.affinity.{kind}.{preferred}", "preferences of this kind are left out", name)
    if spec.at("resourceClaims").items():
        untold.note("spec.resourceClaims", "claims of devices are left out", name)
    if any(volume.at("persistentVolumeClaim").value is not None for volume in spec.at("volumes").items()):
        untold.note("spec.volumes", "a volume may tie its pod to nodes, which the pod does not say", name)
