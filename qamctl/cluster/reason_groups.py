"""Groups whose rules their members can't keep, wherever they may be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.cluster.reason_room import Room, split
from qamctl.cluster.spec import NEIGHBOURHOOD, NO_LIMIT, Flags, Ints, Spread
from qamctl.spec.reason import Reason


def groups(room: Room) -> Iterator[Reason]:
    """For every group with rules, which of them can't be kept."""
    rules = room.spec.groups
    members = {g: at for g, at in split(room.spec.agents.group.astype(np.int64)) if g >= 0}
    nobody = np.zeros(0, np.int64)
    areas = Areas(room)
    for g, name in enumerate(rules.ids):
        spread, mine = rules.spread[g], members.get(g, nobody)
        if not len(mine):
            if spread and spread.least:
                text = f"group '{name}' must have members in {spread.least} values of '{spread.label}', and has none"
                yield Reason(("groups", g, "spread", "min"), "group-spread", text)
            continue
        if not (rules.apart[g] or spread or rules.near[g]):
            continue
        must = mine[room.placed[mine]]
        if rules.apart[g] and len(must):
            reach = int(np.count_nonzero(room.reach(room.kinds_of(must))))
            if len(must) > reach:
                text = f"group '{name}' has {len(must)} members, no two of which may be in one cluster, "
                yield Reason(("groups", g, "apart"), "group-apart", f"{text}and they may be in {reach}")
        if spread:
            yield from _spread(room, g, spread, mine, len(must))
        for h in rules.near[g] if len(must) else ():
            yield from _near(room, g, h, must, members.get(h, nobody), areas)


def _spread(room: Room, g: int, spread: Spread, mine: Ints, must: int) -> Iterator[Reason]:
    name, members = f"group '{room.spec.groups.ids[g]}'", len(mine)
    values, codes = room.values(spread.label)
    reached = int(np.count_nonzero(np.bincount(codes[room.reach(room.kinds_of(mine))])))
    if spread.least > min(members, reached):
        what = (
            f"has {members} member{'s' * (members > 1)}"
            if members <= reached
            else f"its members may be in {reached} of them"
        )
        text = f"{name} must have members in {spread.least} values of '{spread.label}', and {what}"
        yield Reason(("groups", g, "spread", "min"), "group-spread", text)
    if spread.max_skew == NO_LIMIT or not reached:
        return
    skew = -(-must // reached)  # a value that no member reaches has none
    if reached == len(values):
        skew = int(members // reached * reached < must)
    if skew > spread.max_skew:
        text = f"the members of {name} can't lie over the values of '{spread.label}' with a difference below {skew}"
        yield Reason(("groups", g, "spread", "max_skew"), "group-skew", f"{text}, and {spread.max_skew} is allowed")


class Areas:
    """The neighbourhoods that agents may be in; a leaf without one is one of its own."""

    def __init__(self, room: Room) -> None:
        number: dict[tuple[bool, str | int], int] = {}
        of = []
        for leaf, k in enumerate(room.leaves.tolist()):
            name = room.spec.clusters.labels[k].get(NEIGHBOURHOOD)
            of.append(number.setdefault((name is None, leaf if name is None else name), len(number)))
        self._room, self._of, self._n = room, np.array(of, np.int64), len(number)
        self._known: dict[tuple[int, ...], Flags] = {}

    def of(self, kinds: tuple[int, ...]) -> Flags:
        """Which of them agents of some kinds may be in."""
        if kinds not in self._known:
            self._known[kinds] = np.bincount(self._of[self._room.reach(kinds)], minlength=self._n) > 0
        return self._known[kinds]


def _near(room: Room, g: int, h: int, must: Ints, others: Ints, areas: Areas) -> Iterator[Reason]:
    ids = room.spec.groups.ids
    if not len(others):
        text = f"group '{ids[g]}' must be near group '{ids[h]}', which has no members"
        yield Reason(("groups", g, "near"), "group-near", text)
        return
    theirs = areas.of(room.kinds_of(others))
    for kind in room.kinds_of(must):
        mine = areas.of((kind,))
        if mine.any() and not (mine & theirs).any():
            agent = room.spec.agents.ids[int(must[(room.kinds[0][must] == kind).argmax()])]
            text = f"no member of group '{ids[h]}' may be in a neighbourhood where agent '{agent}' may be"
            yield Reason(("groups", g, "near"), "group-near", f"{text}, whose group '{ids[g]}' must be near them")
