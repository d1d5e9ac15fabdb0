"""All nodes and all pods at once: which nodes a pod may be on, and which pods a selector takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qamctl.formats.kubernetes.affinity import Neighbours
from qamctl.formats.kubernetes.nodes import Node, Taint
from qamctl.formats.kubernetes.pods import Pod
from qamctl.formats.kubernetes.selectors import NodeTerm, Selector


@dataclass(frozen=True, slots=True)
class Fleet:
    """The nodes. Pods of one owner ask the same, so what was asked is kept."""

    nodes: Sequence[Node]
    index: Mapping[str, int]  #: row of each node
    taints: Sequence[Taint]  #: every one that some node has
    _values: dict[str, list[str | None]] = field(default_factory=dict)
    _eligible: dict[tuple[Selector, tuple[NodeTerm, ...] | None], frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Sequence[Node]) -> Fleet:
        """The fleet of some nodes."""
        taints = dict.fromkeys(taint for node in nodes for taint in node.taints)
        return cls(nodes, {node.name: k for k, node in enumerate(nodes)}, tuple(taints))

    def eligible(self, pod: Pod) -> frozenset[int]:
        """The nodes that are as a pod's selector and affinity ask; taints are not looked at."""
        question = (pod.wants, pod.terms)
        if question not in self._eligible:
            self._eligible[question] = frozenset(
                k
                for k, node in enumerate(self.nodes)
                if all(rule.holds(node.labels) for rule in pod.wants)
                and (pod.terms is None or any(term.holds(node.labels, node.name) for term in pod.terms))
            )
        return self._eligible[question]

    def tolerated(self, pod: Pod) -> tuple[Taint, ...]:
        """The taints that do not keep a pod out."""
        return tuple(taint for taint in self.taints if any(mercy.covers(taint) for mercy in pod.tolerations))

    def values(self, key: str) -> list[str | None]:
        """The value of a label on each node; None where it is absent."""
        if key not in self._values:
            self._values[key] = [node.labels.get(key) for node in self.nodes]
        return self._values[key]

    def is_one_each(self, key: str) -> bool:
        """Whether a label tells every node from every other, as the host's name does."""
        values = self.values(key)
        return None not in values and len(set(values)) == len(values)


@dataclass(frozen=True, slots=True)
class Crowd:
    """The pods by label, so that a selector is asked once, and only of pods that may fit."""

    pods: Sequence[Pod]
    _labelled: Mapping[tuple[str, str], frozenset[int]]
    _ports: Mapping[tuple[str, int], Mapping[str, frozenset[int]]]
    _found: dict[tuple[Selector, frozenset[str] | None], frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, pods: Sequence[Pod]) -> Crowd:
        """The crowd of some pods."""
        labelled: dict[tuple[str, str], list[int]] = {}
        ports: dict[tuple[str, int], dict[str, frozenset[int]]] = {}
        for i, pod in enumerate(pods):
            for label in pod.labels.items():
                labelled.setdefault(label, []).append(i)
            for protocol, number, address in pod.ports:
                here = ports.setdefault((protocol, number), {})
                here[address] = here.get(address, frozenset()) | {i}
        return cls(pods, {label: frozenset(rows) for label, rows in labelled.items()}, ports)

    def selected(self, selector: Selector | None, namespaces: frozenset[str] | None) -> frozenset[int]:
        """The pods that a selector takes in some namespaces, None for all of them."""
        if selector is None:
            return frozenset()
        question = (selector, namespaces)
        if question not in self._found:
            sure = [rule for rule in selector if rule.operator == "In" and len(rule.values) == 1]
            labelled = [self._labelled.get((rule.key, rule.values[0]), frozenset()) for rule in sure]
            rows = frozenset.intersection(*labelled) if labelled else frozenset(range(len(self.pods)))
            self._found[question] = frozenset(
                i
                for i in rows
                if (namespaces is None or self.pods[i].namespace in namespaces)
                and all(rule.holds(self.pods[i].labels) for rule in selector)
            )
        return self._found[question]

    def at_port(self, port: tuple[str, int, str]) -> frozenset[int]:
        """The pods that take a port of their node for themselves, at an address or at all of them."""
        protocol, number, address = port
        here = self._ports[protocol, number]
        return frozenset().union(*here.values()) if not address else here[address] | here.get("", frozenset())

    def meant(self, term: Neighbours) -> frozenset[int]:
        """The pods that an affinity term is about."""
        return self.selected(term.selector, term.namespaces)
