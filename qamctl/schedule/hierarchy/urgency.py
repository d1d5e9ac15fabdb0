"""By when tasks have to be done for what comes after them: the order in which waves are cut, and what they aim at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, TERMS, Ints, ScheduleSpec

_MAKESPAN, _TARDINESS, _TARDY = (TERMS.index(name) for name in ("makespan", "tardiness", "tardy"))


def latest_wanted(instance: Instance) -> tuple[Ints, Ints] | None:
    """([T], [T]) latest start and end of every task with which those after it are in time.

    That is by their due times and deadlines and, where the makespan counts first, by the least one that is thinkable;
    None where the first level asks for neither.
    """
    weighs, end = instance.levels[0], instance.deadline
    if weighs[_TARDINESS] > 0 or weighs[_TARDY] > 0:
        end = np.minimum(end, instance.due)
    elif weighs[_MAKESPAN] > 0:
        end = np.minimum(end, makespan_bound(instance))
    else:
        return None
    free = np.full(instance.n, -1, np.int64)
    return instance.tails.latest(np.minimum(end, NEVER // 4), free, instance.shortest, instance.longest)


def looking_ahead(instance: Instance) -> ScheduleSpec:
    """The spec with these times as due times, and lateness as its first level: no task counts alone."""
    spec, wanted = instance.spec, latest_wanted(instance)
    if wanted is None:
        return spec
    due = np.where(wanted[1] < NEVER // 8, wanted[1], NEVER)
    dated = bool(instance.levels[0, [_TARDINESS, _TARDY]].any())
    weight = spec.tasks.weight if dated else np.ones(instance.n)
    return replace(
        spec, tasks=replace(spec.tasks, due=due, weight=weight), objective=({"tardiness": 1.0}, *spec.objective)
    )


def forgiving(instance: Instance, late: Solution) -> Instance:
    """The problem with the deadlines that a schedule breaks as due times, and nothing else to be asked of it.

    No task may end later than it does there, if that is after its deadline: a schedule without lateness is one of the
    problem itself.
    """
    broken = late.end > instance.deadline
    due = np.where(broken, instance.deadline, NEVER)
    deadline, weight = np.where(broken, late.end, instance.deadline), np.ones(instance.n)
    spec = instance.spec
    tasks = replace(spec.tasks, due=due, deadline=deadline, weight=weight)
    levels = np.zeros((1, len(TERMS)))
    levels[0, _TARDINESS] = 1.0
    eased = replace(spec, tasks=tasks, horizon=NEVER, objective=({"tardiness": 1.0},))
    return replace(instance, spec=eased, due=due, deadline=deadline, weight=weight, levels=levels)
