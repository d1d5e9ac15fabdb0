"""What a pod says about other pods: those that it wants near or away, and how its like are to be spread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from qamctl.formats.kubernetes.documents import Entry
from qamctl.formats.kubernetes.selectors import Requirement, Selector, label_selector
from qamctl.formats.kubernetes.untold import Untold

#: The label that every namespace has: its name.
_NAME: Final = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The namespaces that there are.

    Attributes
    ----------
    labels
        By name.
    listed
        The list has their objects, so that all labels are known; else only the names are.
    """

    labels: Mapping[str, Mapping[str, str]]
    listed: bool

    def selected(self, selector: Selector) -> frozenset[str] | None:
        """Those that a selector takes; None where its labels are not known."""
        if not self.listed and any(rule.key != _NAME for rule in selector):
            return None
        return frozenset(
            name
            for name, labels in self.labels.items()
            if all(rule.holds({_NAME: name, **labels}) for rule in selector)
        )


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Pods that a pod wants around it or away from it, within one value of a label of nodes.

    Attributes
    ----------
    field
        Where the pod says so.
    key
        The label of nodes.
    selector
        Of labels of pods; None takes none.
    namespaces
        In which the pods are; None: in all.
    weight
        Of a preference; 0 where it is a must.
    """

    field: str
    key: str
    selector: Selector | None
    namespaces: frozenset[str] | None
    weight: int = 0


@dataclass(frozen=True, slots=True)
class SpreadRule:
    """A topology spread constraint: how far the numbers of a pod's like may be apart between values of a label."""

    key: str
    selector: Selector | None
    max_skew: int
    hard: bool
    min_domains: int
    honours_affinity: bool
    honours_taints: bool


@dataclass(frozen=True, slots=True)
class Asker:
    """The pod whose words are read."""

    id: str
    namespace: str
    labels: Mapping[str, str]
    namespaces: Namespaces
    untold: Untold

    def neighbours(self, affinity: Entry, kind: str) -> Iterable[Neighbours]:
        """The terms of an affinity to pods; a preference only where pods are to be apart."""
        required, preferred = (f"{word}DuringSchedulingIgnoredDuringExecution" for word in ("required", "preferred"))
        musts = [(required, term, 0) for term in affinity.at(kind).at(required).items()]
        wishes = affinity.at(kind).at(preferred).items() if kind == "podAntiAffinity" else []
        rows = [(preferred, row.at("podAffinityTerm"), row.at("weight").integer(1, 1, 100)) for row in wishes]
        for way, term, weight in musts + rows:
            field = f"spec.affinity.{kind}.{way}"
            key = term.at("topologyKey").text()
            selected, everywhere = self._namespaces(term)
            if selected is None:
                reason = "it selects namespaces by labels, which are not in the list: it is left out"
                self.untold.note(field, reason, self.id)
            else:
                yield Neighbours(field, key, self._selector(term), None if everywhere else selected, weight)

    def spread(self, entry: Entry) -> SpreadRule:
        """A topology spread constraint."""
        when = entry.at("whenUnsatisfiable").text("") or "DoNotSchedule"
        if when not in ("DoNotSchedule", "ScheduleAnyway"):
            raise entry.at("whenUnsatisfiable").fault("whenUnsatisfiable is DoNotSchedule or ScheduleAnyway")
        return SpreadRule(
            entry.at("topologyKey").text(),
            self._selector(entry),
            entry.at("maxSkew").integer(1, 1, 10**9),
            when == "DoNotSchedule",
            entry.at("minDomains").integer(1),
            entry.at("nodeAffinityPolicy").text("") != "Ignore",
            entry.at("nodeTaintsPolicy").text("") == "Honor",
        )

    def _selector(self, entry: Entry) -> Selector | None:
        """The selector of a term, with the labels that it takes from the pod itself."""
        selector = label_selector(entry.at("labelSelector"))
        if selector is None:
            return None
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
            for key in entry.at(field).texts():
                if key in self.labels:
                    selector += (Requirement(key, operator, (self.labels[key],)),)
        return selector

    def _namespaces(self, term: Entry) -> tuple[frozenset[str] | None, bool]:
        """The namespaces of a term, None where they are not known; and whether it means all."""
        named = frozenset(term.at("namespaces").texts())
        selector = label_selector(term.at("namespaceSelector"))
        if selector is None:
            return named or frozenset({self.namespace}), False
        found = self.namespaces.selected(selector)
        return None if found is None else found | named, not selector
