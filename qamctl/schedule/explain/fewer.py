"""A spec without the tasks that may be left out: as feasible as the whole one, and much less to search."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Index, Ints, ScheduleSpec, Setups
from qamctl.schedule.subspec import some_of

#: Families of setups among which every way round by a third one is looked at.
FAMILIES: Final = 200


def kept_tasks(spec: ScheduleSpec) -> Ints:
    """The tasks that must be done, and those that others may be glad of: fillers of a spread, ways round a setup."""
    keep = ~spec.tasks.optional
    for rule in spec.rules:
        if rule.kind == "spread":
            keep[list(rule.tasks)] = True
    if spec.setups is not None and _ways_round(spec.setups):
        keep = keep | (spec.tasks.family >= 0)
    return np.flatnonzero(keep)


def _ways_round(setups: Setups) -> bool:
    """Whether it may be quicker from one family to another by way of a third."""
    size = len(setups.families)
    if size > FAMILIES:
        return True
    return any((table[:, g, None] + table[g] < table).any() for table in setups.time for g in range(size))


def fewer(spec: ScheduleSpec, tasks: Ints) -> ScheduleSpec:
    """The spec with some of its tasks, given ascending, and nothing to optimise."""
    return some_of(replace(spec, objective=({},), earlier=None, reasoning=None), tasks).spec


def whole(spec: ScheduleSpec, tasks: Ints, some: Solution) -> Solution:
    """The schedule of all tasks of a spec that leaves out those which a schedule of some of them does not have."""
    start, end = np.zeros((2, len(spec.tasks.ids)), np.int64)
    mode: Index = np.full(len(spec.tasks.ids), -1, np.int32)
    agent = mode.copy()
    start[tasks], end[tasks], agent[tasks] = some.start, some.end, some.agent
    inside = some.mode.astype(np.int64)
    first = np.concatenate([[0], np.cumsum(np.diff(spec.tasks.first_mode)[tasks])])
    task = np.searchsorted(first, inside, "right") - 1
    mode[tasks] = np.where(inside >= 0, inside - first[task] + spec.tasks.first_mode[:-1][tasks][task], -1)
    others = {int(tasks[t]): crew for t, crew in some.others.items()}
    return Solution(start, end, mode, agent, others)
