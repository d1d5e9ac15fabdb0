"""A schedule as columns, and the rows of a result file that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qamctl.schedule.spec import Index, Ints, ScheduleSpec


@dataclass(frozen=True, slots=True)
class Solution:
    """When, how and by whom every task is done; arrays over the spec's tasks.

    Attributes
    ----------
    start, end
        [T] ticks.
    mode
        [T] index into `spec.modes`.
    agent
        [T] index into `spec.agents`, -1 where no agent is needed.
    """

    start: Ints
    end: Ints
    mode: Index
    agent: Index


def to_rows(spec: ScheduleSpec, solution: Solution) -> list[dict[str, Any]]:
    """The assignments of a result file, task by task; times are numbers in the spec's unit."""
    units = spec.time.to_units
    rows = []
    columns = (solution.start.tolist(), solution.end.tolist(), solution.mode.tolist(), solution.agent.tolist())
    for task, start, end, mode, agent in zip(spec.tasks.ids, *columns, strict=True):
        row: dict[str, Any] = {
            "task": task,
            "agents": [spec.agents.ids[agent]] if agent >= 0 else [],
            "mode": spec.modes.ids[mode],
            "start": units(start),
            "end": units(end),
            "segments": None,
        }
        if spec.time.origin is not None:
            row["start_time"] = spec.time.to_datetime(start).isoformat()
            row["end_time"] = spec.time.to_datetime(end).isoformat()
        rows.append(row)
    return rows


def same(a: float, b: float) -> bool:
    """Whether two figures differ by nothing but rounding; whole numbers that floats hold exactly do not round."""
    if max(abs(a), abs(b)) <= 2**53 and float(a).is_integer() and float(b).is_integer():
        return a == b
    return abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))


def better(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether objective `a` beats `b`, level by level, differences of rounding apart."""
    for x, y in zip(a, b, strict=True):
        if not same(x, y):
            return x < y
    return False
