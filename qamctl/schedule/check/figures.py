"""The objective terms of a schedule, exact: sums of integers over a common decimal wherever data are decimals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from qamctl.checks.figures import dot, total
from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.reasoning import reasoning_value
from qamctl.schedule.check.setups import Changes
from qamctl.schedule.check.work import Work
from qamctl.schedule.spec import NEVER, Earlier, Ints, ScheduleSpec


def term_values(
    spec: ScheduleSpec, columns: Columns, staffed: Flags, work: Work, delays: Ints, changes: Changes
) -> dict[str, Fraction]:
    """Every term before weights, in the spec's unit; a task adds to a term what its row makes known.

    Those that not every spec can have are there where it says something of them, or its objective weighs them.
    """
    tasks, unit = spec.tasks, spec.time.resolution
    rows = np.flatnonzero(columns.timed)
    end, weight = columns.end[rows], tasks.weight[rows]
    due = tasks.due[rows]
    late = np.where(due < NEVER, np.maximum(end - due, 0), 0)
    terms = {
        "makespan": int(end.max(initial=0)) * unit,
        "tardiness": dot(weight, late) * unit,
        "tardy": dot(weight, (late > 0).astype(np.int64)),
        "flow": dot(weight, end - tasks.release[rows]) * unit,
        "cost": _cost(spec, columns, staffed, work),
    }
    further: dict[str, tuple[bool, Callable[[], Fraction]]] = {
        "unscheduled": (bool(tasks.optional.any()), lambda: total(tasks.reward[columns.left_out])),
        "setup": (spec.setups is not None, lambda: _sum(changes.time) * unit),
        "communication": (spec.transfers is not None, lambda: _sum(delays) * unit),
        "balance": (False, lambda: _balance(spec, columns, staffed, work)),
        "disruption": (spec.earlier is not None, lambda: _disruption(spec, columns, spec.earlier)),
        "reasoning": (False, lambda: reasoning_value(spec, columns)),
    }
    for name, (speaks, value) in further.items():
        if speaks or any(name in level for level in spec.objective):
            terms[name] = value()
    return terms


def _sum(ticks: Ints) -> Fraction:
    """The sum of ticks, however great."""
    return dot(np.ones(len(ticks)), ticks)


def _worked(columns: Columns, staffed: Flags) -> tuple[Ints, Ints]:
    """(task, agent) of all work whose length is known."""
    crews = columns.crews
    entries = np.flatnonzero((staffed & columns.timed)[crews.task])
    return crews.task[entries], crews.agent[entries]


def _cost(spec: ScheduleSpec, columns: Columns, staffed: Flags, work: Work) -> Fraction:
    modes = columns.mode[columns.moded]
    used = np.unique(columns.crews.agent[staffed[columns.crews.task]])
    task, agent = _worked(columns, staffed)
    busy = dot(spec.agents.cost_per_time[agent], work.ticks[task]) * spec.time.resolution
    return total(spec.modes.cost[modes]) + total(spec.agents.cost_fixed[used]) + busy


def _balance(spec: ScheduleSpec, columns: Columns, staffed: Flags, work: Work) -> Fraction:
    """By how much the busiest agent is above the mean of all."""
    agents = len(spec.agents.ids)
    if agents == 0:
        return Fraction(0)
    task, agent = _worked(columns, staffed)
    busy = [0] * agents  # Python's integers: claims may be so great that sums leave 64 bits
    for a, ticks in zip(agent.tolist(), work.ticks[task].tolist(), strict=True):
        busy[a] += ticks
    return (max(busy) - Fraction(sum(busy), agents)) * spec.time.resolution


def _disruption(spec: ScheduleSpec, columns: Columns, earlier: Earlier | None) -> Fraction:
    """What changed against an earlier schedule: agents count 1, starts as far as they moved, each times the weight."""
    if earlier is None:
        return Fraction(0)
    known, weight = earlier.start >= 0, spec.tasks.weight
    gone = np.flatnonzero(known & columns.left_out)
    kept = np.flatnonzero(known & columns.crewed)
    crews = columns.crews
    same = np.array([crews.of(t) == tuple(earlier.agents[t]) for t in kept.tolist()], bool)
    moved = kept[same & columns.timed[kept]]
    far = np.abs(columns.start[moved] - earlier.start[moved])
    return total(weight[kept[~same]]) + total(weight[gone]) + dot(weight[moved], far) * spec.time.resolution
