"""What the checker says: violations by a fixed list of kinds, and the figures it recomputed."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Final

from qamctl.schedule.spec import ScheduleSpec

#: Every kind of violation; part of the public contract.
CONSTRAINTS: Final = (
    "malformed", "unknown-task", "duplicate-task", "missing-task", "not-on-tick", "unknown-mode", "unknown-agent",
    "agent-missing", "agent-not-allowed", "skill", "label", "pinned-agent", "start-negative", "duration",
    "release", "deadline", "horizon", "pinned-start", "precedence-FS", "precedence-SS", "precedence-FF",
    "precedence-SF", "slots", "agent-capacity", "shared-capacity", "agent-consumable", "shared-consumable",
)  # fmt: skip

#: Violations of one kind that a report keeps; all of them are counted.
KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint that a schedule breaks.

    Attributes
    ----------
    constraint
        One of `CONSTRAINTS`.
    task, agent, resource
        Ids of what is concerned, None where it is none in particular.
    text
        What is wrong, where, at which instant in the spec's unit, and by how much.
    """

    constraint: str
    task: str | None
    agent: str | None
    resource: str | None
    text: str

    def data(self) -> dict[str, str | None]:
        """The violation as a result file holds it."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.constraint}: {self.text}"


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on a schedule.

    Attributes
    ----------
    violations
        At most `KEPT` of each kind, in the order of `CONSTRAINTS`; none means feasible.
    terms
        Every objective term before weights, in the spec's unit: an int where it is integral. Tasks without
        a valid row add nothing.
    levels
        The value of each objective level.
    counts
        How many violations of each kind there are; kinds without any are left out.
    """

    violations: tuple[Violation, ...]
    terms: dict[str, float | int]
    levels: tuple[float | int, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def feasible(self) -> bool:
        """Whether no constraint is broken."""
        return not self.violations


#: Cuts long texts and lists, and deep ones, so that no value makes a sentence long or slow.
_SHORT: Final = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlevel = 2


class Findings:
    """Violations as they are found; keeps the first of each kind and counts the others."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Violation]] = {}
        self._count: dict[str, int] = {}

    def add(
        self,
        constraint: str,
        text: str,
        *,
        task: str | None = None,
        agent: str | None = None,
        resource: str | None = None,
    ) -> None:
        """Note one violation."""
        self._count[constraint] = self._count.get(constraint, 0) + 1
        kept = self._kept.setdefault(constraint, [])
        if len(kept) < KEPT:
            kept.append(Violation(constraint, task, agent, resource, text))

    def add_each(self, constraint: str, where: Iterable[int], note: Callable[[int], None]) -> None:
        """Call `note`, which adds one violation, for the first places; count the rest without a text."""
        places = list(where)
        room = max(0, KEPT - self._count.get(constraint, 0))
        for place in places[:room]:
            note(place)
        if len(places) > room:
            self._count[constraint] = self._count.get(constraint, 0) + len(places) - room

    def violations(self) -> tuple[Violation, ...]:
        """What was kept, kind by kind."""
        return tuple(v for constraint in CONSTRAINTS for v in self._kept.get(constraint, ()))

    def counts(self) -> dict[str, int]:
        """How many there were, kind by kind."""
        return {constraint: self._count[constraint] for constraint in CONSTRAINTS if constraint in self._count}


def number(value: Fraction) -> int | float:
    """An exact value as a plain number: an int where it is integral, else the nearest float."""
    return value.numerator if value.denominator == 1 else float(value)


def moment(spec: ScheduleSpec, ticks: int) -> str:
    """Ticks as text in the spec's unit."""
    return f"{spec.time.to_units(ticks)} {spec.time.unit}"


def shown(value: object) -> str:
    """A value that a file holds, short enough for a sentence."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # Python writes no number of thousands of digits
        return "a value with a number far too long"
