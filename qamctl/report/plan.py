"""A schedule as a report shows it: its rows, and what only the problem file tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qamctl.report.order import natural

#: The name of the line of tasks that nobody in particular does.
SHARED = "(shared)"


@dataclass(frozen=True, slots=True)
class Profile:
    """What is used of a resource that all share, over time.

    Attributes
    ----------
    steps
        (time, use): from each time, in the unit, to the next one so much is used; nothing from the last one on.
    limits
        (time, capacity): what there is from each time on; empty where nothing limits it.
    """

    name: str
    steps: Sequence[tuple[float, float]]
    limits: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What the problem file tells of a schedule.

    Attributes
    ----------
    late
        By how much tasks end after they are due, in the unit.
    pinned
        Tasks whose agent or start is fixed.
    critical
        Tasks on an unbroken chain to the last end.
    uses
        The shared resources that each task uses.
    profiles
        Of these resources.
    """

    late: Mapping[str, float] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    critical: frozenset[str] = frozenset()
    uses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    profiles: Sequence[Profile] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule.

    Attributes
    ----------
    rows
        As a result file has them inline.
    left_out
        Tasks that are not done.
    unit
        Of times; empty where it is not known.
    known
        What the problem file tells; None where it is not at hand.
    """

    rows: Sequence[Mapping[str, Any]]
    left_out: Sequence[str] = ()
    unit: str = ""
    known: Known | None = None

    @property
    def end(self) -> float:
        """When the last task ends."""
        last: float = max((row["end"] for row in self.rows), default=0)
        return last

    @property
    def staffed(self) -> bool:
        """Whether agents do the tasks, or some of them."""
        return any(row["agents"] for row in self.rows)

    def groups(self) -> dict[str, list[int]]:
        """Places of rows by who does them, or, where there are no agents, by what they use; in the order of names."""
        uses, staffed = {} if self.known is None else self.known.uses, self.staffed
        found: dict[str, list[int]] = {}
        for place, row in enumerate(self.rows):
            names = row["agents"] if staffed else uses.get(row["task"], ())
            for name in names or (SHARED,):
                found.setdefault(name, []).append(place)
        return {name: found[name] for name in sorted(found, key=natural)}

    def marks(self, task: str) -> list[str]:
        """What there is to mark of a task: late, pinned, critical."""
        if self.known is None:
            return []
        told = (("late", self.known.late), ("pinned", self.known.pinned), ("critical", self.known.critical))
        return [word for word, tasks in told if task in tasks]

    def time(self, value: float) -> str:
        """A time as people read it."""
        figure = f"{value:,}" if isinstance(value, int) else f"{value:,.8g}"
        return f"{figure} {self.unit}".rstrip()
