"""Nodes: what they offer, their labels, and what keeps pods out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qamctl.formats.faults import LARGEST
from qamctl.formats.kubernetes.amounts import amounts
from qamctl.formats.kubernetes.documents import Entry
from qamctl.formats.kubernetes.untold import Untold

#: The taint that a cordoned node has; the node controller puts it there, which may take a moment.
CORDON: Final = "node.kubernetes.io/unschedulable"
_HARD: Final = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Taint:
    """What keeps out the pods that do not tolerate it."""

    key: str
    value: str
    effect: str

    @property
    def text(self) -> str:
        """As kubectl writes it."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


@dataclass(frozen=True, slots=True)
class Node:
    """A node that pods may be on.

    Attributes
    ----------
    offers
        By resource, in thousandths of a core, bytes, pieces; without `pods`.
    pods
        How many it takes; None where it does not say.
    """

    name: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    offers: Mapping[str, int]
    pods: int | None


def read_node(entry: Entry, untold: Untold) -> Node:
    """A node from its object.

    Raises
    ------
    SpecError
        For an object of another form, with file, line and column.
    """
    metadata, spec = entry.at("metadata"), entry.at("spec")
    name = metadata.at("name").text()
    taints: list[Taint] = []
    for row in spec.at("taints").items():
        taint = Taint(row.at("key").text(), row.at("value").text(""), row.at("effect").text())
        if taint.effect in _HARD:
            taints.append(taint)
        else:
            untold.note("spec.taints", "a taint that pods would rather avoid has no place in a problem file", name)
    if spec.at("unschedulable").flag() and all(taint.key != CORDON for taint in taints):
        taints.append(Taint(CORDON, "", "NoSchedule"))
    allocatable = entry.at("status").at("allocatable")
    if not allocatable.value:
        allocatable = entry.at("status").at("capacity")
    offers = amounts(allocatable)
    pods = min(offers.pop("pods"), LARGEST) if "pods" in offers else None
    return Node(name, metadata.at("labels").labels(), tuple(taints), offers, pods)
