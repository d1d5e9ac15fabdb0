"""What of a task's time is work: all of it but the pauses, which are the gaps of calendars that it lies across."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.check.calendars import joined, met
from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.supply import supplied, takers
from qamctl.schedule.spec import Ints, ScheduleSpec


@dataclass(frozen=True, slots=True)
class Work:
    """The pauses that follow from the start and end that a schedule claims.

    Attributes
    ----------
    ticks
        [T] how long each task is worked on: from its start to its end, less its pauses.
    task, start, end
        [P] the pauses, by task and time: within its start and end, none touching another.
    """

    ticks: Ints
    task: Ints
    start: Ints
    end: Ints

    def pieces(self, columns: Columns, rows: Ints) -> tuple[Ints, Ints, Ints]:
        """(task, start, end) of the pieces of work of some tasks, given ascending; by task and time."""
        mine = np.isin(self.task, rows)
        if not mine.any():
            return rows, columns.start[rows], columns.end[rows]
        # Work begins where the task does or a pause ends, and ends where the next pause begins or the task ends.
        task, start = np.concatenate([rows, self.task[mine]]), np.concatenate([columns.start[rows], self.end[mine]])
        order = np.lexsort((start, task))
        task, start = task[order], start[order]
        last = np.append(task[1:] != task[:-1], True)
        end = np.empty(len(task), np.int64)
        end[last] = columns.end[rows]
        end[~last] = self.start[mine]
        some = end > start
        return task[some], start[some], end[some]


def work_of(spec: ScheduleSpec, columns: Columns, staffed: Flags) -> Work:
    """The work and the pauses of all tasks; pauses only of those whose mode, agents and times are known."""
    ticks = columns.end - columns.start
    pausing = staffed & columns.timed & spec.tasks.preemptible & (ticks > 0)
    if not pausing.any():
        nothing = np.zeros(0, np.int64)
        return Work(ticks, nothing, nothing, nothing)
    changing = np.flatnonzero(np.diff(spec.resources.calendar.first)).tolist()
    found = [_absences(spec, columns, pausing), *(_shortages(spec, columns, pausing, r) for r in changing)]
    task, start, end = joined(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    np.subtract.at(ticks, task, end - start)
    return Work(ticks, task, start, end)


def _absences(spec: ScheduleSpec, columns: Columns, some: Flags) -> tuple[Ints, Ints, Ints]:
    """(task, start, end) of absences of the agents of tasks, within the tasks."""
    crews, away = columns.crews, spec.agents.away
    entries = np.flatnonzero(some[crews.task])
    task = crews.task[entries]
    which, interval = met(away, crews.agent[entries], columns.start[task], columns.end[task])
    return _within(columns, task[which], away.start[interval], away.end[interval])


def _shortages(spec: ScheduleSpec, columns: Columns, some: Flags, resource: int) -> tuple[Ints, Ints, Ints]:
    """(task, start, end) of periods in which the pool has less than a task needs of it, within the tasks."""
    calendar = spec.resources.calendar
    _, pooled = supplied(spec, columns, takers(spec, columns, some, resource), resource)
    rows = np.flatnonzero(pooled)
    which, period = met(calendar, np.full(len(rows), resource), columns.start[rows], columns.end[rows])
    short = calendar.capacity[period] < spec.modes.demand[columns.mode[rows[which]], resource]
    which, period = which[short], period[short]
    return _within(columns, rows[which], calendar.start[period], calendar.end[period])


def _within(columns: Columns, task: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    return task, np.maximum(start, columns.start[task]), np.minimum(end, columns.end[task])
