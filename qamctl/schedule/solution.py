"""A schedule as columns, and the rows of a result file that say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qamctl.schedule.gaps import gaps_of, pieces
from qamctl.schedule.spec import Index, Ints, ScheduleSpec


@dataclass(frozen=True, slots=True)
class Solution:
    """When, how and by whom every task is done; arrays over the spec's tasks.

    Attributes
    ----------
    start, end
        [T] ticks; 0 of a task that is left out.
    mode
        [T] index into `spec.modes`; -1 of a task that is left out.
    agent
        [T] index into `spec.agents`, -1 where no agent is needed; the first one where several are.
    others
        The further agents, ascending, by task.
    """

    start: Ints
    end: Ints
    mode: Index
    agent: Index
    others: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def crew(self, task: int) -> tuple[int, ...]:
        """The agents of a task, ascending."""
        first = int(self.agent[task])
        return (first, *self.others.get(task, ())) if first >= 0 else ()

    def crews(self) -> list[tuple[int, ...]]:
        """[T] the agents of every task, ascending."""
        out: list[tuple[int, ...]] = [(agent,) if agent >= 0 else () for agent in self.agent.tolist()]
        for task, further in self.others.items():
            out[task] += further
        return out

    def seats(self) -> tuple[Ints, Ints]:
        """([s], [s]) each task with each agent of it: those that come first, then the further ones."""
        task = np.flatnonzero(self.agent >= 0)
        further = [(t, agent) for t, crew in self.others.items() for agent in crew]
        more = np.array(further, np.int64).reshape(-1, 2)
        return np.concatenate([task, more[:, 0]]), np.concatenate([self.agent[task].astype(np.int64), more[:, 1]])


def segments_of(spec: ScheduleSpec, solution: Solution, task: int) -> list[tuple[int, int]] | None:
    """The pieces in which a task is worked on, in ticks; None where it never pauses."""
    start, end, mode = int(solution.start[task]), int(solution.end[task]), int(solution.mode[task])
    if not spec.tasks.preemptible[task] or mode < 0:
        return None
    found = pieces(gaps_of(spec, mode, solution.crew(task)), start, end)
    return found if len(found) > 1 else None


def to_rows(spec: ScheduleSpec, solution: Solution) -> list[dict[str, Any]]:
    """The assignments of a result file, task by task; times are numbers in the spec's unit."""
    names, modes = spec.agents.ids, spec.modes.ids
    starts, ends = solution.start.tolist(), solution.end.tolist()
    times = spec.time.to_units_each(starts), spec.time.to_units_each(ends)
    columns = (*times, solution.mode.tolist(), solution.agent.tolist())
    rows: list[dict[str, Any]] = [
        {
            "task": task, "agents": [names[agent]] if agent >= 0 else [], "mode": modes[mode], "start": start,
            "end": end, "segments": None,
        }
        for task, start, end, mode, agent in zip(spec.tasks.ids, *columns, strict=True)
    ]  # fmt: skip
    for task, further in solution.others.items():
        rows[task]["agents"] += [names[agent] for agent in further]
    for task in np.flatnonzero(spec.tasks.preemptible).tolist():
        worked = segments_of(spec, solution, task)
        if worked is not None:
            rows[task]["segments"] = [[spec.time.to_units(tick) for tick in piece] for piece in worked]
    if spec.time.origin is not None:
        told = {tick: spec.time.to_datetime(tick).isoformat() for tick in {*starts, *ends}}
        for row, start, end in zip(rows, starts, ends, strict=True):
            row["start_time"], row["end_time"] = told[start], told[end]
    left_out = set(np.flatnonzero(solution.mode < 0).tolist())
    return [row for task, row in enumerate(rows) if task not in left_out] if left_out else rows


def to_block(spec: ScheduleSpec, solution: Solution) -> dict[str, Any]:
    """The block `solution` of a result file, with every row in it; `table.set_aside` takes out very long lists."""
    unscheduled = [spec.tasks.ids[task] for task in np.flatnonzero(solution.mode < 0).tolist()]
    return {"assignments": to_rows(spec, solution), "unscheduled": unscheduled}
