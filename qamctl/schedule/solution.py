"""A schedule as columns, and the rows of a result file that say the same."""

from __future__ import annotations

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


def to_block(spec: ScheduleSpec, solution: Solution) -> dict[str, Any]:
    """The block `solution` of a result file."""
    return {"assignments": to_rows(spec, solution), "unscheduled": []}
