"""What pods say about each other, as rules of groups and links: apart, together, near, spread.

Pods of one owner are a group. A rule is taken where its meaning is exactly that of the rule in a problem file, for
the pods that are there; every other one is told and left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from qamctl.formats.kubernetes.fleet import Crowd, Fleet
from qamctl.formats.kubernetes.pods import Pod
from qamctl.formats.kubernetes.spreading import spread_of
from qamctl.formats.kubernetes.untold import Untold

#: Pairs of pods that are written one by one.
MOST_PAIRS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Rules:
    """What is between pods.

    Attributes
    ----------
    groups
        Rows of groups that have a rule.
    group
        Of each pod; None where it has no owner and no rule.
    links
        Rows of links.
    neighbourhood
        The label of nodes that `near` is about; None where nothing is near.
    needs
        Labels that a pod's node must have, by pod.
    """

    groups: list[dict[str, Any]]
    group: list[str | None]
    links: list[dict[str, Any]]
    neighbourhood: str | None
    needs: Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Near:
    """A group that wants another one around each of its members."""

    group: str
    other: str
    key: str
    field: str


@dataclass(frozen=True, slots=True)
class _Room:
    """Everything that the rules are made of."""

    pods: Sequence[Pod]
    fleet: Fleet
    crowd: Crowd
    names: Sequence[str]  #: of each pod's group, that of a pod without owner among them
    members: Mapping[str, frozenset[int]]
    untold: Untold
    links: dict[tuple[int, int, str], None] = field(default_factory=dict)  #: two pods and what they are to be


def rules_of(pods: Sequence[Pod], fleet: Fleet, untold: Untold) -> Rules:
    """The rules between pods.

    Parameters
    ----------
    untold
        Takes the rules that have no place in a problem file.
    """
    names = _names(pods)
    members: dict[str, set[int]] = {}
    for i, name in enumerate(names):
        members.setdefault(name, set()).add(i)
    crowd = Crowd.of(pods)
    room = _Room(pods, fleet, crowd, names, {name: frozenset(rows) for name, rows in members.items()}, untold)
    rows: dict[str, dict[str, Any]] = {name: {"id": name} for name in room.members}
    for name in _apart(room):
        rows[name]["apart"] = True
    for name, group in room.members.items():
        spread = spread_of([pods[i] for i in sorted(group)], group, fleet, crowd, untold)
        if spread is not None:
            rows[name]["spread"] = spread
    wishes = [wish for name in room.members for wish in _near(room, name)]
    key = Counter(wish.key for wish in wishes).most_common(1)[0][0] if wishes else None
    needs: dict[int, frozenset[str]] = {}
    named: set[str] = set()
    for wish in wishes:
        if wish.key != key:
            reason = f"only one label can make the neighbourhoods, and that is {key}: it is left out"
            untold.note(f"{wish.field} ({wish.key})", reason, wish.group)
            continue
        near = rows[wish.group].setdefault("near", [])
        if wish.other not in near:
            near.append(wish.other)
        needs |= dict.fromkeys(room.members[wish.group], frozenset({wish.key}))
        named.add(wish.other)
    named |= {name for name, row in rows.items() if len(row) > 1}
    links = [{"a": pods[i].id, "b": pods[j].id, "kind": kind} for i, j, kind in room.links]
    return Rules(
        [row for row in rows.values() if len(row) > 1],
        [name if _owned(pods[i]) or name in named else None for i, name in enumerate(names)],
        links,
        key,
        needs,
    )


def _owned(pod: Pod) -> bool:
    return pod.owner is not None and pod.owner[0] != "Node"  # a node owns its static pods, which makes them no group


def _names(pods: Sequence[Pod]) -> list[str]:
    """The group of each pod: its owner, or itself; owners of one name are told apart by their uid."""
    names: list[str] = []
    taken: dict[str, str] = {}
    for pod in pods:
        kind, name, uid = pod.owner if pod.owner is not None and _owned(pod) else ("Pod", pod.name, "")
        id_ = f"{pod.namespace}/{kind}/{name}"
        if taken.setdefault(id_, uid) != uid:
            id_ = f"{id_}/{uid}"
        names.append(id_)
    return names


def _apart(room: _Room) -> list[str]:
    """The groups of which no two members may share a node; other pairs of pods become links."""
    foes = [list(_foes(room, i)) for i in range(len(room.pods))]
    apart = [
        name
        for name, group in room.members.items()
        if len(group) > 1 and all(group <= frozenset({i}).union(*foes[i]) for i in group)
    ]
    inside = set(apart)
    for i, pod in enumerate(room.pods):
        for j in sorted(frozenset().union(*foes[i])):
            other = room.pods[j]
            if j == i or (room.names[i] == room.names[j] and room.names[i] in inside) or (pod.fixed and other.fixed):
                continue
            if len(room.links) >= MOST_PAIRS:
                field = "spec.affinity.podAntiAffinity or a hostPort"
                room.untold.note(field, f"it makes more than {MOST_PAIRS} pairs, the others are left out", pod.id)
                break
            room.links[min(i, j), max(i, j), "apart"] = None
    return apart


def _foes(room: _Room, i: int) -> Iterable[frozenset[int]]:
    """The pods that may not be on the node of pod i."""
    pod = room.pods[i]
    for term in pod.away:
        if not term.weight and room.fleet.is_one_each(term.key):
            yield room.crowd.meant(term)
    for port in pod.ports:
        yield room.crowd.at_port(port)


def _near(room: _Room, name: str) -> Iterable[_Near]:
    """The groups that a group wants around it; a group that wants itself is kept together."""
    group = room.members[name]
    moving = [room.pods[i] for i in sorted(group) if not room.pods[i].fixed]
    if not moving:
        return
    for term in dict.fromkeys(term for pod in moving for term in pod.near):
        field = f"{term.field} ({term.key})"
        if not all(term in pod.near for pod in moving):
            room.untold.note(field, "not all pods of the owner say it: it is left out", moving[0].id)
            continue
        meant = room.crowd.meant(term)
        names = {room.names[i] for i in meant}
        if len(names) != 1 or meant != room.members[min(names)]:
            what = "no pod that is there" if not meant else "something else than all pods of one owner"
            room.untold.note(field, f"it selects {what}, and is left out", moving[0].id)
        elif name not in names:
            yield _Near(name, min(names), term.key, term.field)
        elif room.fleet.is_one_each(term.key):
            room.links.update(dict.fromkeys((i, j, "together") for i, j in pairwise(sorted(group))))
        else:
            reason = "a group that is to be in one place has a rule for nodes only: it is left out"
            room.untold.note(field, reason, moving[0].id)
