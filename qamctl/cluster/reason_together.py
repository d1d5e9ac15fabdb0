"""Agents that must be together: where some of them must be apart as well, or where all of them fit nowhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qamctl.cluster.reason_room import Room, fitting, split
from qamctl.cluster.spec import Flags, Ints
from qamctl.spec.reason import Reason

#: Contradictions whose way is told.
TOLD = 20


@dataclass(frozen=True)
class Sets:
    """Agents that are together in one cluster, two or more a set, and that can't all be left out.

    Attributes
    ----------
    members
        Agents, set by set.
    of
        [N] set of every agent; -1 where it is in none.
    """

    members: list[Ints]
    of: Ints


def sets_of(room: Room) -> Sets:
    """The sets of a problem."""
    first = room.together
    alone = np.bincount(first, minlength=len(first))[first] < 2
    rows = np.flatnonzero(~alone & room.placed)
    of = np.full(len(first), -1, np.int64)
    members: list[Ints] = []
    for _, at in split(first[rows]):
        of[rows[at]] = len(members)
        members.append(rows[at])
    return Sets(members, of)


def contradictions(room: Room, sets: Sets) -> Iterator[Reason]:
    """Agents that links join and that an apart link, or a group whose members are apart, separates."""
    links, groups = room.spec.links, room.spec.groups
    pairs: list[tuple[int, int, int]] = []
    broken = np.flatnonzero((sets.of[links.apart_a] >= 0) & (sets.of[links.apart_a] == sets.of[links.apart_b]))
    pairs += [(int(links.apart_a[e]), int(links.apart_b[e]), -1) for e in broken[:TOLD].tolist()]
    group = room.spec.agents.group
    rows = np.flatnonzero((sets.of >= 0) & (group >= 0))
    rows = rows[groups.apart[group[rows]]]
    key = sets.of[rows] * max(1, len(groups.ids)) + group[rows]
    for _, at in split(key):
        if len(at) > 1:
            pairs.append((int(rows[at[0]]), int(rows[at[1]]), int(group[rows[at[0]]])))
    near: dict[int, dict[int, list[int]]] = {}
    for a, b, g in pairs[:TOLD]:
        number = int(sets.of[a])
        if number not in near:
            near[number] = _near(room, sets.members[number])
        way = _way(near[number], a, b)
        text = f"{room.people(way)} must be together, but {room.people([a, b])} apart"
        if g < 0:
            yield Reason(("links",), "apart", text)
        else:
            yield Reason(("groups", g, "apart"), "group-apart", f"{text} as members of group '{groups.ids[g]}'")


def _near(room: Room, members: Ints) -> dict[int, list[int]]:
    """The agents that links join to each of the members."""
    links = room.spec.links
    inside = np.flatnonzero(np.isin(links.together_a, members))
    near: dict[int, list[int]] = {}
    for left, right in zip(links.together_a[inside].tolist(), links.together_b[inside].tolist(), strict=True):
        near.setdefault(left, []).append(right)
        near.setdefault(right, []).append(left)
    return near


def _way(near: dict[int, list[int]], a: int, b: int) -> list[int]:
    """The agents on a shortest way of together links from a to b."""
    before = {b: b}
    waiting = deque([b])
    while a not in before:
        at = waiting.popleft()
        for other in near[at]:
            if other not in before:
                before[other] = at
                waiting.append(other)
    way = [a]
    while way[-1] != b:
        way.append(before[way[-1]])
    return way


def sets_nowhere(room: Room, sets: Sets, fits: Flags) -> Iterator[Reason]:
    """Sets that no cluster can hold, though it can hold each member alone.

    Parameters
    ----------
    fits
        [N] whether some cluster can hold the agent alone.
    """
    doubtful = _doubtful(room, sets)
    for number in np.flatnonzero(doubtful).tolist():
        members = sets.members[number]
        if not fits[members].all():
            continue
        leaves = np.flatnonzero(_may_all(room, room.kinds_of(members)))
        who = f"{room.people(members)} must be together, and fit nowhere"
        if not len(leaves):
            yield Reason(("links",), "together", f"{who}: no cluster is one where each of them may be")
            continue
        demand = _least(room, members, leaves)
        lacking = np.maximum(demand - room.most[leaves], 0) / np.maximum(demand, 1)
        if not lacking.any(axis=1).all():
            continue
        best = int(np.lexsort((lacking.sum(axis=1), np.count_nonzero(lacking, axis=1)))[0])
        r = int(lacking[best].argmax())
        place = room.spec.clusters.ids[room.leaves[leaves[best]]]
        needs, has = room.amount(r, int(demand[best, r])), room.number(r, int(room.most[leaves[best], r]))
        sized = r == len(room.spec.resources.ids)
        what = f"they are {needs}" if sized else f"they demand {needs}"
        text = f"{who}: {what}, and '{place}', where least is short, has room for {has}"
        yield Reason(("links",), "together", text)


def _may_all(room: Room, kinds: tuple[int, ...]) -> Flags:
    """[L] where agents of each of some kinds may be."""
    may: Flags = np.logical_and.reduce([room.may(kind) for kind in kinds])
    return may


def _doubtful(room: Room, sets: Sets) -> Flags:
    """[sets] those that fit nowhere by what their members demand in general, or that have demands of their own."""
    inside = np.flatnonzero(sets.of >= 0)
    total = np.zeros((len(sets.members), room.demand.shape[1]), np.int64)
    np.add.at(total, sets.of[inside], room.demand[inside])
    alike: dict[tuple[int, ...], list[int]] = {}
    for number, members in enumerate(sets.members):
        alike.setdefault(room.kinds_of(members), []).append(number)
    doubtful = np.zeros(len(sets.members), bool)
    for kinds, numbers in alike.items():
        doubtful[numbers] = fitting(total[numbers], room.most[_may_all(room, kinds)]) == 0
    owners = room.own[0]
    doubtful[sets.of[owners[sets.of[owners] >= 0]]] = True
    return doubtful


def _least(room: Room, members: Ints, leaves: Ints) -> Ints:
    """[l, R + 1] what the members demand in each of these leaves."""
    total = np.repeat(room.demand[members].sum(axis=0)[None], len(leaves), axis=0)
    owner, leaf, own = room.own
    mine = np.flatnonzero(np.isin(owner, members)) if len(owner) else np.zeros(0, np.int64)
    at = np.searchsorted(leaves, leaf[mine])
    there = (at < len(leaves)) & (leaves[np.minimum(at, len(leaves) - 1)] == leaf[mine])
    np.add.at(total, at[there], own[mine[there]] - room.demand[owner[mine[there]]])
    return total
