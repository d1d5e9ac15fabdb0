"""How the pods of one owner are spread over the values of a label: at most one rule, where it is exactly meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qamctl.formats.kubernetes.affinity import SpreadRule
from qamctl.formats.kubernetes.fleet import Crowd, Fleet
from qamctl.formats.kubernetes.pods import Pod
from qamctl.formats.kubernetes.untold import Untold

_FIELD = "spec.topologySpreadConstraints"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a group's spread could be; hard where it has a bound."""

    field: str
    label: str
    least: int = 0
    max_skew: int = 0
    weight: int = 0


def spread_of(
    members: Sequence[Pod], group: frozenset[int], fleet: Fleet, crowd: Crowd, untold: Untold
) -> dict[str, Any] | None:
    """The `spread` of a group, None where it has none.

    Parameters
    ----------
    members, group
        The pods of one owner, and their rows in the crowd.
    untold
        Takes the rules that have no place in a problem file.
    """
    moving = [pod for pod in members if not pod.fixed]
    if not moving:
        return None
    wishes = [*_constraints(moving, group, fleet, crowd, untold), *_distances(members, group, fleet, crowd, untold)]
    hard = [wish for wish in wishes if wish.least or wish.max_skew]
    chosen = (hard or wishes)[:1]
    if not chosen:
        return None
    label = chosen[0].label
    for wish in wishes:
        if wish.label != label:
            reason = f"a group spreads over one label, and that is {label}: it is left out"
            untold.note(f"{wish.field} ({wish.label})", reason, moving[0].id)
    mine = [wish for wish in wishes if wish.label == label]
    least = max(wish.least for wish in mine)
    skews = [wish.max_skew for wish in mine if wish.max_skew]
    return {
        "label": label,
        **({"min": least} if least else {}),
        **({"max_skew": min(skews)} if skews else {}),
        "weight": sum(wish.weight for wish in mine),
    }


def _constraints(
    moving: Sequence[Pod], group: frozenset[int], fleet: Fleet, crowd: Crowd, untold: Untold
) -> Iterable[_Wish]:
    """Topology spread constraints."""
    for rule in dict.fromkeys(rule for pod in moving for rule in pod.spread):
        field = f"{_FIELD} ({rule.key})"
        reason = ""
        if not all(rule in pod.spread for pod in moving):
            reason = "not all pods of the owner say it"
        elif crowd.selected(rule.selector, frozenset({moving[0].namespace})) != group:
            reason = "it counts other pods than those of the owner"
        elif not any(fleet.values(rule.key)):
            reason = "no node has the label"
        elif rule.hard:
            reason = _not_exact(rule, moving[0], fleet)
        if reason:
            untold.note(field, f"{reason}: it is left out", moving[0].id)
        elif rule.hard:
            yield _Wish(_FIELD, rule.key, max_skew=rule.max_skew)
        else:
            yield _Wish(_FIELD, rule.key, weight=1)


def _not_exact(rule: SpreadRule, pod: Pod, fleet: Fleet) -> str:
    """Why a hard constraint is not what `max_skew` means, which counts every value that a node has; else nothing."""
    values = fleet.values(rule.key)
    rows = fleet.eligible(pod) if rule.honours_affinity else frozenset(range(len(fleet.nodes)))
    if rule.honours_taints:
        mercy = set(fleet.tolerated(pod))
        rows = frozenset(k for k in rows if set(fleet.nodes[k].taints) <= mercy)
    if None in values:
        return "not every node has the label"
    counted = {values[k] for k in rows}
    if counted != set(values):
        return "some values are only on nodes that the pod may not be on"
    if len(counted) < rule.min_domains:
        return f"there are fewer values than minDomains, {rule.min_domains}"
    return ""


def _distances(
    members: Sequence[Pod], group: frozenset[int], fleet: Fleet, crowd: Crowd, untold: Untold
) -> Iterable[_Wish]:
    """Anti-affinity over labels that several nodes share, and preferences."""
    for term in dict.fromkeys(term for pod in members for term in pod.away):
        if not term.weight and fleet.is_one_each(term.key):
            continue  # pods that share no node are told apart elsewhere
        meant = crowd.meant(term)
        if len(meant | group) == 1:
            continue  # nobody else is meant
        reason = ""
        if not all(term in pod.away for pod in members):
            reason = "not all pods of the owner say it"
        elif meant != group:
            reason = "it is about other pods than those of the owner"
        elif not any(fleet.values(term.key)):
            reason = "no node has the label"
        elif not term.weight and None in fleet.values(term.key):
            reason = "not every node has the label"
        elif not term.weight and any(pod.node is None for pod in members):
            reason = "a pod that waits may be left out, and then there are fewer places than pods"
        if reason:
            untold.note(f"{term.field} ({term.key})", f"{reason}: it is left out", members[0].id)
        elif term.weight:
            yield _Wish(term.field, term.key, weight=term.weight)
        else:
            yield _Wish(term.field, term.key, least=len(group))
