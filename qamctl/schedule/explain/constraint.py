"""A constraint by name, and the ways to let go of it: what every family of constraints is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec
from qamctl.spec.source import Path_


@dataclass(frozen=True, slots=True)
class Constraint:
    """Something that a spec asks for, and that can be left out of it.

    Attributes
    ----------
    kind
        What is asked for; where the checker has a name for a schedule that breaks it, by that name.
    rows
        What it is about, as its family counts: tasks, modes, agents, ...
    path
        The field that asks for it.
    name
        Of the skill, label or taint.
    """

    kind: str
    rows: tuple[int, ...]
    path: Path_ = field(compare=False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Another value for one field of the file; None: the field, or the entry of a list, is not there."""

    path: Path_
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Told:
    """A change in words.

    Attributes
    ----------
    text
        What to do.
    edits
        The same, field by field.
    share
        0 to 1: how much of what was asked for is let go of.
    """

    text: str
    edits: tuple[Edit, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Settled:
    """A change as one schedule needs it, to apply after all others."""

    told: Told
    edit: Callable[[ScheduleSpec], ScheduleSpec]


#: What is enough for a schedule of a spec with a change at a degree; None: nothing less than the change.
Settle = Callable[[ScheduleSpec, Solution, int], Settled | None]


@dataclass(frozen=True, slots=True)
class Change:
    """One way to let go of a constraint, by degrees: a greater degree allows all that a smaller one does.

    Attributes
    ----------
    weight
        What it costs, times 1 to 2; see `told`.
    told
        What a degree comes to.
    most
        The greatest degree; the least is 1.
    apply
        The spec with the change, rows of all its columns where they were; None: something is left out.
    leaves
        What is left out; None: the constraint.
    needed
        A degree that is enough for a schedule that keeps everything else; None: not known from it.
    settle
        How to take back what a schedule does not need of it.
    """

    constraint: Constraint
    weight: float
    told: Callable[[int], Told]
    most: int = 1
    apply: Callable[[ScheduleSpec, int], ScheduleSpec] | None = None
    leaves: Constraint | None = None
    needed: Callable[[Solution], int] | None = None
    settle: Settle | None = None


class Family(Protocol):
    """Constraints of like kind: how they are found in a spec, left out, told and changed."""

    @property
    def KINDS(self) -> tuple[str, ...]:
        """The kinds of its constraints."""
        ...

    def named(self, spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
        """The constraints that some tasks meet."""
        ...

    def without(self, spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
        """The spec where these constraints of the family ask for nothing."""
        ...

    def told(self, spec: ScheduleSpec, constraint: Constraint) -> str:
        """What one asks for, in words."""
        ...

    def changes(self, spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
        """The ways to let go of one that clashes with what some tasks need."""
        ...
