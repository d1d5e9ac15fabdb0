"""A spec without the tasks that may be left out: as feasible as the whole one, and much less to search."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Index, Ints, Rule, ScheduleSpec, Setups

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
    old, modes = spec.tasks, spec.modes
    place = np.full(len(old.ids), -1, np.int64)
    place[tasks] = np.arange(len(tasks))
    count = np.diff(old.first_mode)[tasks]
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    ways = np.repeat(old.first_mode[:-1][tasks] - first[:-1], count) + np.arange(first[-1])
    pinned = old.pinned_mode[tasks].astype(np.int64)
    pinned = np.where(pinned >= 0, pinned - old.first_mode[:-1][tasks] + first[:-1], -1)
    columns = (
        "release", "deadline", "due", "weight", "pinned_agent", "pinned_start", "optional", "reward", "family",
        "preemptible",
    )  # fmt: skip
    known, gang = np.unique(old.gang[tasks], return_inverse=True)  # gangs without any task are none
    after, keep = spec.after, (place[spec.after.pred] >= 0) & (place[spec.after.succ] >= 0)
    data = after.data[keep]
    families = old.family[tasks]
    return replace(
        spec,
        tasks=replace(
            old, ids=tuple(old.ids[t] for t in tasks.tolist()), first_mode=first, pinned_mode=pinned.astype(np.int32),
            gang=(gang - int((known < 0).sum())).astype(np.int32),
            pinned_crew={int(place[t]): crew for t, crew in old.pinned_crew.items() if place[t] >= 0},
            **{name: getattr(old, name)[tasks] for name in columns},
        ),
        modes=replace(
            modes, duration=modes.duration[ways], demand=modes.demand[ways], count=modes.count[ways],
            cost=modes.cost[ways],
            **{
                name: [getattr(modes, name)[m] for m in ways.tolist()]
                for name in ("ids", "agents", "skills", "labels", "tolerates")
            },
        ),
        after=replace(
            after, pred=place[after.pred[keep]].astype(np.int32), succ=place[after.succ[keep]].astype(np.int32),
            kind=after.kind[keep], lag=after.lag[keep], data=data,
        ),
        rules=tuple(_rule(rule, place) for rule in spec.rules if (place[list(rule.tasks)] >= 0).any()),
        setups=spec.setups if (families >= 0).any() else None,
        transfers=spec.transfers if (data > 0).any() else None,
        objective=({},), earlier=None, reasoning=None,
    )  # fmt: skip


def _rule(rule: Rule, place: Ints) -> Rule:
    return replace(rule, tasks=tuple(int(place[t]) for t in rule.tasks if place[t] >= 0))


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
