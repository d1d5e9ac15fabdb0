"""The objective terms of a schedule, exact: sums of integers over a common decimal wherever data are decimals."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import fsum

import numpy as np

from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.report import number
from qamctl.schedule.spec import NEVER, Floats, Ints, ScheduleSpec


def term_values(spec: ScheduleSpec, columns: Columns, staffed: Flags) -> dict[str, Fraction]:
    """Every term before weights, in the spec's unit; a task adds to a term what its row makes known."""
    tasks, unit = spec.tasks, spec.time.resolution
    rows = np.flatnonzero(columns.timed)
    end, weight = columns.end[rows], tasks.weight[rows]
    due = tasks.due[rows]
    late = np.where(due < NEVER, np.maximum(end - due, 0), 0)
    return {
        "makespan": int(end.max(initial=0)) * unit,
        "tardiness": _dot(weight, late) * unit,
        "tardy": _dot(weight, (late > 0).astype(np.int64)),
        "flow": _dot(weight, end - tasks.release[rows]) * unit,
        "cost": _cost(spec, columns, staffed),
    }


def level_values(
    spec: ScheduleSpec, exact: Mapping[str, Fraction]
) -> tuple[dict[str, int | float], tuple[int | float, ...]]:
    """The terms as numbers, and the value of each objective level."""
    levels = (sum((_decimal(w) * exact[term] for term, w in level.items()), Fraction(0)) for level in spec.objective)
    return {term: number(value) for term, value in exact.items()}, tuple(number(value) for value in levels)


def _cost(spec: ScheduleSpec, columns: Columns, staffed: Flags) -> Fraction:
    modes = columns.mode[columns.moded]
    led = np.flatnonzero(staffed & (columns.agent >= 0))
    used = np.unique(columns.agent[led])
    worked = led[columns.timed[led]]
    busy = columns.end[worked] - columns.start[worked]
    return (
        _dot(spec.modes.cost[modes], np.ones(len(modes), np.int64))
        + _dot(spec.agents.cost_fixed[used], np.ones(len(used), np.int64))
        + _dot(spec.agents.cost_per_time[columns.agent[worked]], busy) * spec.time.resolution
    )


def _dot(factor: Floats, amount: Ints) -> Fraction:
    """The sum of the products: exact where the factors are decimals of at most six places, whatever the order."""
    for scale in (1, 1_000, 1_000_000):
        scaled = np.rint(factor * scale)
        if np.array_equal(scaled / scale, factor):
            greatest = float(np.abs(scaled).max(initial=0)) * float(np.abs(amount).max(initial=1))
            if greatest * max(1, len(amount)) < 2**62:
                return Fraction(int(np.dot(scaled.astype(np.int64), amount)), scale)
            pairs = zip(scaled.tolist(), amount.tolist(), strict=True)  # too great for 64 bits
            return Fraction(sum(int(s) * a for s, a in pairs), scale)
    return Fraction(fsum((factor * amount).tolist()))


def _decimal(value: float) -> Fraction:
    """A number as it was written: 0.1 is a tenth."""
    return Fraction(repr(float(value)))
