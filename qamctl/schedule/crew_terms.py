"""Objective terms that depend on who does several tasks, or on an earlier schedule, as the search has them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Floats, Ints, ScheduleSpec, duration_on, transfer_ticks


def crew_terms(spec: ScheduleSpec, solution: Solution, work: Ints) -> tuple[float, ...]:
    """(unscheduled, setup, communication, balance, disruption) in objective units.

    Parameters
    ----------
    work
        [T] ticks of work of each task, as of `work_of`.
    """
    unit = float(spec.time.resolution)
    out = solution.mode < 0
    return (
        float(spec.tasks.reward[out].sum()),
        _setup(spec, solution) * unit,
        _communication(spec, solution) * unit,
        _balance(spec, solution, work) * unit,
        _disruption(spec, solution),
    )


def work_of(spec: ScheduleSpec, solution: Solution) -> Ints:
    """[T] ticks of work: as long as a task lasts where it can't pause, else by the slowest of its crew."""
    work = solution.end - solution.start
    for t in np.flatnonzero(spec.tasks.preemptible & (solution.mode >= 0)).tolist():
        duration = int(spec.modes.duration[solution.mode[t]])
        speeds = [(int(spec.agents.speed_num[a]), int(spec.agents.speed_den[a])) for a in solution.crew(t)]
        work[t] = max((duration_on(duration, num, den) for num, den in speeds), default=duration)
    return work


def cost_of(spec: ScheduleSpec, solution: Solution, work: Ints) -> float:
    """The term `cost` in objective units."""
    task, agent = solution.seats()
    rate, used = spec.agents.cost_per_time[agent], np.unique(agent)
    busy = work[task] * float(spec.time.resolution)
    modes = spec.modes.cost[solution.mode[solution.mode >= 0]]
    return float(modes.sum() + (rate * busy).sum() + spec.agents.cost_fixed[used].sum())


def _setup(spec: ScheduleSpec, solution: Solution) -> int:
    if spec.setups is None:
        return 0
    by_agent: dict[int, list[tuple[int, int, int]]] = {}
    for t in np.flatnonzero((spec.tasks.family >= 0) & (solution.mode >= 0)).tolist():
        for agent in solution.crew(t):
            by_agent.setdefault(agent, []).append((int(solution.start[t]), int(solution.end[t]), t))
    total, family = 0, spec.tasks.family
    for agent, tasks in by_agent.items():
        table = spec.setups.time[spec.setups.of_agent[agent]]
        total += sum(int(table[family[one], family[two]]) for (*_, one), (*_, two) in pairwise(sorted(tasks)))
    return total


def _communication(spec: ScheduleSpec, solution: Solution) -> int:
    if spec.transfers is None:
        return 0
    after, total = spec.after, 0
    for e in np.flatnonzero(after.data > 0).tolist():
        if solution.mode[after.pred[e]] >= 0 and solution.mode[after.succ[e]] >= 0:
            total += delay(spec, e, solution.crew(int(after.pred[e])), solution.crew(int(after.succ[e])))
    return total


def delay(spec: ScheduleSpec, edge: int, before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Ticks until every agent of `after` has the data of an edge, each from the agent of `before` that is quickest."""
    sent = spec.transfers
    if sent is None or not before or not after:
        return 0
    data, resolution = int(spec.after.data[edge]), spec.time.resolution

    def ticks(a: int, b: int) -> int:
        link = sent.link.get((a, b), 0)
        return transfer_ticks(data, int(sent.bandwidth[link]), int(sent.latency[link]), resolution)

    return max(min(0 if a == b else ticks(a, b) for a in before) for b in after)


def _balance(spec: ScheduleSpec, solution: Solution, work: Ints) -> float:
    agents = len(spec.agents.ids)
    if agents == 0 or not any(level.get("balance") for level in spec.objective):
        return 0.0
    task, agent = solution.seats()
    busy: Floats = np.zeros(agents)
    np.add.at(busy, agent, work[task])
    return float(busy.max() - busy.sum() / agents)


def _disruption(spec: ScheduleSpec, solution: Solution) -> float:
    earlier = spec.earlier
    if earlier is None:
        return 0.0
    others = [crew != before for crew, before in zip(solution.crews(), earlier.agents, strict=True)]
    moved = (solution.mode < 0) | np.array(others, bool)
    shift = np.abs(solution.start - earlier.start) * float(spec.time.resolution)
    known = earlier.start >= 0
    return float((spec.tasks.weight * np.where(moved, 1.0, shift))[known].sum())
