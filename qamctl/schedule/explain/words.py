"""What constraints and changes are told in: names, times and amounts as the file has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from qamctl.schedule.spec import ScheduleSpec
from qamctl.spec.quantities import as_written

#: Names that a text lists.
NAMED: Final = 4


def moment(spec: ScheduleSpec, ticks: int) -> str:
    """A point in time: a date-time where the file has an origin."""
    if spec.time.origin is not None:
        return spec.time.to_datetime(ticks).isoformat()
    return span(spec, ticks)


def span(spec: ScheduleSpec, ticks: int) -> str:
    """A length of time."""
    return f"{spec.time.to_units(ticks)} {spec.time.unit}"


def amount(spec: ScheduleSpec, resource: int, scaled: int) -> int | float:
    """A quantity of a resource as the file has it."""
    return as_written(scaled, int(spec.resources.scale[resource]))


def task(spec: ScheduleSpec, t: int) -> str:
    """A task by name."""
    return f"task '{spec.tasks.ids[t]}'"


def task_in_mode(spec: ScheduleSpec, modes: Sequence[int]) -> str:
    """A task by name, with its mode where not all of its modes are meant."""
    t = int(np.searchsorted(spec.tasks.first_mode, modes[0], "right")) - 1
    if len(modes) == spec.tasks.first_mode[t + 1] - spec.tasks.first_mode[t]:
        return task(spec, t)
    return f"{task(spec, t)} in mode {listed([str(spec.modes.ids[m]) for m in modes])}"


def tasks(spec: ScheduleSpec, some: Sequence[int]) -> str:
    """Tasks by name."""
    return f"task{'s' if len(some) > 1 else ''} {listed([spec.tasks.ids[t] for t in some])}"


def agents(spec: ScheduleSpec, some: Sequence[int]) -> str:
    """Agents by name."""
    return f"agent{'s' if len(some) > 1 else ''} {listed([spec.agents.ids[a] for a in some])}"


def listed(names: Sequence[str]) -> str:
    """Names in quotes: 'a', 'b' and 'c'."""
    quoted = [f"'{name}'" for name in names]
    if len(quoted) > NAMED:
        quoted = [*quoted[: NAMED - 1], f"{len(quoted) - NAMED + 1} more"]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def share(before: float, after: float) -> float:
    """How much of the larger of two values lies between them."""
    return abs(after - before) / max(abs(before), abs(after), 1e-9)
