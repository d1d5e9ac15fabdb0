"""Selectors of labels and of nodes, in the one form that both have: requirements that all hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from qamctl.formats.faults import shown
from qamctl.formats.kubernetes.documents import Entry

_whole = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII).fullmatch

#: Whether a label, None where it is absent, is as an operator says.
_OPERATORS: Final[Mapping[str, Callable[[str | None, tuple[str, ...]], bool]]] = MappingProxyType(
    {
        "In": lambda label, values: label in values,
        "NotIn": lambda label, values: label not in values,
        "Exists": lambda label, values: label is not None,
        "DoesNotExist": lambda label, values: label is None,
        "Gt": lambda label, values: _number(label) is not None and int(label or 0) > int(values[0]),
        "Lt": lambda label, values: _number(label) is not None and int(label or 0) < int(values[0]),
    }
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a label must be."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels are so."""
        return _OPERATORS[self.operator](labels.get(self.key), self.values)


#: All must hold.
Selector = tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """One of the alternatives of a node affinity: what labels and fields of the node must be."""

    labels: Selector
    fields: Selector

    def holds(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether a node is so; a term that says nothing takes no node."""
        if not self.labels and not self.fields:
            return False
        fields = {"metadata.name": name}
        return all(rule.holds(labels) for rule in self.labels) and all(rule.holds(fields) for rule in self.fields)


def label_selector(entry: Entry) -> Selector | None:
    """A selector of labels; None where it is absent, which takes nothing (an empty one takes everything)."""
    if entry.value is None:
        return None
    labels = tuple(Requirement(key, "In", (value,)) for key, value in entry.at("matchLabels").labels().items())
    return labels + tuple(_requirement(rule, few=True) for rule in entry.at("matchExpressions").items())


def node_selector(entry: Entry) -> Selector:
    """The labels of `nodeSelector`."""
    return tuple(Requirement(key, "In", (value,)) for key, value in entry.labels().items())


def node_terms(entry: Entry) -> tuple[NodeTerm, ...] | None:
    """The alternatives of a node affinity that is required; None where there is none."""
    if entry.value is None:
        return None
    return tuple(node_term(term) for term in entry.at("nodeSelectorTerms").items())


def node_term(entry: Entry) -> NodeTerm:
    """One alternative."""
    return NodeTerm(
        tuple(_requirement(rule) for rule in entry.at("matchExpressions").items()),
        tuple(_requirement(rule) for rule in entry.at("matchFields").items()),
    )


def _requirement(entry: Entry, few: bool = False) -> Requirement:
    """A rule; the few operators of label selectors, or those of node selectors."""
    operator = entry.at("operator").text()
    known = [name for name in _OPERATORS if not (few and name in ("Gt", "Lt"))]
    if operator not in known:
        raise entry.at("operator").fault(f"{shown(operator)} is no operator here", hint=f"one of {', '.join(known)}")
    values = entry.at("values").texts()
    if operator in ("In", "NotIn") and not values:
        raise entry.fault(f"`values` is empty, which {operator} has no use for")
    if operator in ("Exists", "DoesNotExist") and values:
        raise entry.at("values").fault(f"{operator} takes no `values`")
    if operator in ("Gt", "Lt") and not (len(values) == 1 and _whole(values[0])):
        raise entry.fault(f"{operator} takes one whole number in `values`")
    return Requirement(entry.at("key").text(), operator, values)


def _number(label: str | None) -> str | None:
    return label if label is not None and _whole(label) else None
