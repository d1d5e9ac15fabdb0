"""Where one pod may be, as the fields of its agent: labels where they say it all, else the nodes by name."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any, Final

from qamctl.formats.kubernetes.fleet import Fleet
from qamctl.formats.kubernetes.pods import Pod
from qamctl.formats.kubernetes.untold import Untold

#: Nodes that are named one by one; more get a label of their own.
MOST_NAMED: Final = 64

#: The value of such a label.
MARKED: Final = "in"

#: The label of clusters that `near` is about.
NEIGHBOURHOOD: Final = "neighbourhood"


def may_wait(pod: Pod, fleet: Fleet, untold: Untold) -> bool:
    """Whether a pod can be placed at all: one that waits for a node that there is none of is left out."""
    if pod.node is not None or fleet.eligible(pod):
        return True
    untold.note("spec.affinity", "no node is as a waiting pod asks: the pod is left out", pod.id)
    return False


@dataclass(frozen=True, slots=True)
class Marks:
    """Labels that the importer gives to sets of nodes, because thousands of pods would name them all."""

    _keys: dict[frozenset[int], str] = field(default_factory=dict)

    def key(self, rows: frozenset[int]) -> str:
        """The label of a set of nodes."""
        return self._keys.setdefault(rows, f"eligible-nodes/{len(self._keys) + 1}")

    def labels(self, row: int) -> dict[str, str]:
        """The labels of a node."""
        return {key: MARKED for rows, key in self._keys.items() if row in rows}


def fields_of(pod: Pod, fleet: Fleet, needs: Set[str], marks: Marks, untold: Untold) -> dict[str, Any]:
    """`requires` or `clusters`, and `tolerates`.

    Parameters
    ----------
    needs
        Labels that its node must have, whatever their values.
    marks
        Takes the sets of nodes that are too large to be named.
    """
    taints = fleet.nodes[fleet.index[pod.node]].taints if pod.node is not None else ()
    eligible = fleet.eligible(pod)
    able = frozenset(k for k in eligible if needs <= fleet.nodes[k].labels.keys()) if needs else eligible
    if pod.node is not None and not pod.fixed and not able:
        untold.note("spec.affinity", "no node is as it asks: it stays where it is", pod.id)
    if pod.node is not None and (pod.fixed or not able):
        return {"clusters": [pod.node]} | ({"tolerates": [taint.text for taint in taints]} if taints else {})
    tolerated = fleet.tolerated(pod)
    if pod.node is not None and not (fleet.index[pod.node] in able and set(taints) <= set(tolerated)):
        untold.note("spec.nodeName", "its node would not take it again: it has to leave", pod.id)
    fields: dict[str, Any] = {}
    requires = _requires(pod)
    if requires is not None and able == eligible:
        fields |= {"requires": requires} if requires else {}
    elif len(able) == len(fleet.nodes):
        pass  # any
    elif len(able) > MOST_NAMED:
        fields["requires"] = {marks.key(able): MARKED}
    else:
        fields["clusters"] = [fleet.nodes[k].name for k in sorted(able)]
    if tolerated:
        fields["tolerates"] = [taint.text for taint in tolerated]
    return fields


def _requires(pod: Pod) -> dict[str, str | list[str]] | None:
    """The labels that the node must carry; None where the pod's words are more than that.

    A problem file has no labels with empty values, so that whoever asks for one gets its nodes by name.
    """
    rules = list(pod.wants)
    if pod.terms is not None:
        if len(pod.terms) != 1 or pod.terms[0].fields:
            return None
        rules += pod.terms[0].labels
    if any(rule.key == NEIGHBOURHOOD for rule in rules):
        return None  # in a problem file that label has a meaning of its own
    values: dict[str, list[str]] = {}
    for rule in rules:
        if rule.operator != "In":
            return None
        before = values.get(rule.key, list(rule.values))
        values[rule.key] = list(dict.fromkeys(value for value in before if value in rule.values))
    if not all(found and all(found) for found in values.values()):
        return None
    return {key: found[0] if len(found) == 1 else found for key, found in values.items()}
