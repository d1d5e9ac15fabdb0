"""All constraints of a spec: every family, and what they do together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from qamctl.schedule.explain import calendars, changeovers, doing, order, pins, staffing, supplies, times, together
from qamctl.schedule.explain.constraint import Change, Constraint, Family
from qamctl.schedule.spec import ScheduleSpec

#: Of two constraints that explain as much, that of the earlier family is told.
FAMILIES: Final[tuple[Family, ...]] = (
    times, pins, order, supplies, calendars, staffing, together, changeovers, doing
)  # fmt: skip

#: Every kind of constraint; part of the public contract.
KINDS: Final = tuple(kind for family in FAMILIES for kind in family.KINDS)

_FAMILY: Final = {kind: family for family in FAMILIES for kind in family.KINDS}


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> list[Constraint]:
    """Every constraint that some tasks meet."""
    return [constraint for family in FAMILIES for constraint in family.named(spec, tasks)] if len(tasks) else []


def must(spec: ScheduleSpec, tasks: Sequence[int]) -> list[Constraint]:
    """That these tasks must be done, where they must."""
    return list(doing.named(spec, tasks))


def without(spec: ScheduleSpec, gone: Collection[Constraint]) -> ScheduleSpec:
    """The spec where these constraints ask for nothing."""
    for family in FAMILIES:
        mine = [constraint for constraint in gone if constraint.kind in family.KINDS]
        if mine:
            spec = family.without(spec, mine)
    return spec


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """What a constraint asks for, in words."""
    return _FAMILY[constraint.kind].told(spec, constraint)


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """The ways to let go of a constraint that clashes with what some tasks need."""
    return _FAMILY[constraint.kind].changes(spec, constraint, tasks)
