"""A problem whose options are only some of all that can be done, with those of a schedule among them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qamctl.schedule.crews import Crews, pauses
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import ranges
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Floats, Ints, duration_on


def covering(instance: Instance, solution: Solution) -> Instance:
    """The instance with the options that a schedule uses; the same one where it has them."""
    if instance.complete:
        return instance
    missing = np.flatnonzero(instance.options_of(solution) < 0)
    if not len(missing):
        return instance
    mode = solution.mode[missing].astype(np.int64)
    duration, rate = _worked(instance, solution, missing)
    agent = solution.agent[missing]
    first = np.where(agent >= 0, np.append(instance.holder_of_agent, np.int32(0))[agent], 0)
    columns: dict[str, tuple[Any, Any]] = {
        "option_holder": (instance.option_holder, first),
        "option_mode": (instance.option_mode, mode),
        "option_duration": (instance.option_duration, duration),
        "option_cost": (instance.option_cost, instance.spec.modes.cost[mode] + rate * duration * instance.unit),
    }
    joined: dict[str, Any] = {name: np.concatenate(both).astype(both[0].dtype) for name, both in columns.items()}
    task = np.concatenate([np.repeat(np.arange(instance.n), np.diff(instance.first_option)), missing])
    order = np.argsort(task, kind="stable")
    more: dict[str, Any] = {name: column[order] for name, column in joined.items()}
    if instance.crews is not None:
        crews = [instance.crew_of(solution, int(t)) for t in missing]
        more["crews"] = _with_crews(instance, instance.crews, crews, task, joined["option_mode"], order)
        more["option_holder"] = _first_holders(more["crews"])
    first_option = np.searchsorted(task[order], np.arange(instance.n + 1)).astype(np.int64)
    return replace(instance, first_option=first_option, **more)


def _worked(instance: Instance, solution: Solution, tasks: Ints) -> tuple[Ints, Floats]:
    """([m], [m]) ticks of work that the crew of each task needs, the slowest agent's, and what it costs in a tick."""
    spec, agent = instance.spec, solution.agent[tasks]
    work = spec.modes.duration[solution.mode[tasks]]
    someone = agent >= 0
    num, den = (np.append(column, 1)[agent] for column in (spec.agents.speed_num, spec.agents.speed_den))
    duration = np.where(someone, duration_on(work, num, den), work)
    rate = np.where(someone, np.append(spec.agents.cost_per_time, 0.0)[agent], 0.0)
    for k in np.flatnonzero(np.isin(tasks, list(solution.others))).tolist():
        who = np.array(solution.crew(int(tasks[k])))
        ticks = duration_on(np.full(len(who), work[k]), spec.agents.speed_num[who], spec.agents.speed_den[who])
        duration[k], rate[k] = ticks.max(), spec.agents.cost_per_time[who].sum()
    return duration, rate


def _with_crews(
    instance: Instance, old: Crews, new: list[tuple[tuple[int, int], ...]], task: Ints, mode: Ints, order: Ints
) -> Crews:
    """The crews of all options in their order, those of new ones behind those of old ones until then."""
    count = np.concatenate([np.diff(old.first), [len(crew) for crew in new]]).astype(np.int64)
    pairs = np.array([pair for crew in new for pair in crew], np.int32).reshape(-1, 2)
    begin = np.cumsum(count) - count
    entry = ranges(begin[order], count[order])
    first = np.concatenate([[0], np.cumsum(count[order])]).astype(np.int64)
    holder = np.concatenate([old.holder, pairs[:, 0]])[entry]
    pause, gaps = pauses(instance.spec, instance.members, task[order], mode[order].astype(np.int64), first, holder)
    return Crews(
        first=first, holder=holder, number=np.concatenate([old.number, pairs[:, 1]])[entry],
        out=np.concatenate([old.out, np.zeros(len(new), bool)])[order], pause=pause, gaps=gaps,
    )  # fmt: skip


def _first_holders(crews: Crews) -> Any:
    """[O] the first holder of each crew, 0 of nobody."""
    begins = np.append(crews.holder, np.int32(0))[np.minimum(crews.first[:-1], len(crews.holder))]
    return np.where(np.diff(crews.first) > 0, begins, 0).astype(np.int32)
