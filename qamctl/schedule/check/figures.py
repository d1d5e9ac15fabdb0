"""The objective terms of a schedule, exact: sums of integers over a common decimal wherever data are decimals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from qamctl.checks.figures import dot
from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.reasoning import reasoning_value
from qamctl.schedule.spec import NEVER, ScheduleSpec


def term_values(spec: ScheduleSpec, columns: Columns, staffed: Flags) -> dict[str, Fraction]:
    """Every term before weights, in the spec's unit; a task adds to a term what its row makes known.

    `reasoning`, which has no unit, is there where the objective weighs it.
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
        "cost": _cost(spec, columns, staffed),
    }
    if any("reasoning" in level for level in spec.objective):
        terms["reasoning"] = reasoning_value(spec, columns)
    return terms


def _cost(spec: ScheduleSpec, columns: Columns, staffed: Flags) -> Fraction:
    modes = columns.mode[columns.moded]
    led = np.flatnonzero(staffed & (columns.agent >= 0))
    used = np.unique(columns.agent[led])
    worked = led[columns.timed[led]]
    busy = columns.end[worked] - columns.start[worked]
    return (
        dot(spec.modes.cost[modes], np.ones(len(modes), np.int64))
        + dot(spec.agents.cost_fixed[used], np.ones(len(used), np.int64))
        + dot(spec.agents.cost_per_time[columns.agent[worked]], busy) * spec.time.resolution
    )
