"""How late tasks can end in schedules worth looking for: what makes CP-SAT's variables finite and short."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, Floats, Ints


def latest_ends(instance: Instance, incumbent: Solution | None, least: Floats) -> Ints:
    """[T] ticks by which the tasks of some optimal schedule end, if there is a schedule.

    Parameters
    ----------
    incumbent
        A feasible schedule: only schedules at least as good in the first level are looked for, and the
        incumbent itself stays within the result.
    least
        [6] a lower bound on each term, as in `bounds.term_bounds`.
    """
    latest = np.full(instance.n, _long_enough(instance), np.int64)
    if incumbent is None:
        return latest
    # A term, or a task's share of one, exceeds its own bound by at most what the whole level does.
    makespan, tardiness, _, flow = instance.levels[0, :4]
    value = instance.value(incumbent)[0]
    slack = max(0.0, value - float(instance.levels[0] @ least)) + 1e-9 * abs(value)
    _, end = instance.earliest
    if makespan > 0:
        latest = np.minimum(latest, _ticks((least[0] + slack / makespan) / instance.unit))
    for rate, base in ((tardiness, np.maximum(end, instance.due)), (flow, end)):
        weight = rate * instance.weight * instance.unit
        some = (weight > 0) & (base < NEVER)
        latest[some] = np.minimum(latest[some], base[some] + _ticks(slack / weight[some]))
    return np.maximum(latest, incumbent.end)


def _ticks(amount: Floats | float) -> Ints:
    """Whole ticks, float noise forgiven."""
    return np.floor(np.minimum(np.asarray(amount) * (1 + 1e-9) + 1e-3, 2.0**61)).astype(np.int64)


def _long_enough(instance: Instance) -> int:
    """Ticks in which every schedule ends whose tasks can't start earlier one by one.

    Some optimal schedule is such a one, since no objective term grows when a task starts earlier, but `reasoning`
    where a preferred time begins. Its tasks start at a release, a pinned start, such a beginning, or where a
    predecessor (plus lag) or another task ends.
    """
    graph = instance.graph
    lag = np.zeros(instance.n, np.int64)
    succ = np.repeat(np.arange(instance.n), np.diff(graph.pred_start))
    np.maximum.at(lag, succ, graph.pred_lag)
    first = max(0, int(instance.release.max()), int(instance.pinned_start.max()))
    if instance.wishes is not None:
        first = max(first, instance.wishes.last_drop)
    return first + int(instance.longest.sum()) + int(lag.sum())
