"""How late tasks can end in schedules worth looking for: what makes CP-SAT's variables finite and short."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, Floats, Ints, transfer_ticks


def latest_ends(instance: Instance, incumbent: Solution | None, least: Floats) -> Ints:
    """[T] ticks by which the tasks of some optimal schedule end, if there is a schedule.

    Parameters
    ----------
    incumbent
        A feasible schedule: only schedules at least as good in the first level are looked for, and the
        incumbent itself stays within the result.
    least
        [11] a lower bound on each term, as in `bounds.term_bounds`.
    """
    latest = np.full(instance.n, long_enough(instance), np.int64)
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


def long_enough(instance: Instance) -> int:
    """Ticks in which every schedule ends whose tasks can't start earlier one by one.

    Some optimal schedule is such a one, since no objective term grows when a task starts earlier, but `reasoning`
    where a preferred time begins. Its tasks start at a release, a pinned start, such a beginning, or where a
    predecessor (plus lag) or another task ends.
    """
    if instance.crews is not None:
        return _long_enough_with_crews(instance)
    graph = instance.graph
    lag = np.zeros(instance.n, np.int64)
    succ = np.repeat(np.arange(instance.n), np.diff(graph.pred_start))
    np.maximum.at(lag, succ, graph.pred_lag)
    first = max(0, int(instance.release.max()), int(instance.pinned_start.max()))
    if instance.wishes is not None:
        first = max(first, instance.wishes.last_drop)
    return first + int(instance.longest.sum()) + int(lag.sum())


def _long_enough_with_crews(instance: Instance) -> int:
    """Ticks in which some optimal schedule ends, if there is any.

    After the last moment that anything names, what comes behind a stretch in which no task is at work can move forward
    together, as far as the lags, delays and setups of its tasks let it, and no objective term grows. Tasks with
    families keep a tick of it, so that none changes places with another one that takes no time.
    """
    spec, graph = instance.spec, instance.graph
    named = [instance.release, instance.pinned_start, spec.agents.away.end, spec.resources.calendar.end]
    if spec.earlier is not None:
        named.append(spec.earlier.start)
    first = max(0, *(int(moments.max(initial=0)) for moments in named))
    if instance.wishes is not None:
        first = max(first, instance.wishes.last_drop)
    wait = np.zeros(instance.n, np.int64)
    succ = np.repeat(np.arange(instance.n), np.diff(graph.pred_start))
    lag = np.maximum(graph.pred_lag, 0)
    if spec.transfers is not None:
        sent = spec.transfers
        speeds = list(zip(sent.bandwidth.tolist(), sent.latency.tolist(), strict=True))
        slowest = {
            data: max(transfer_ticks(data, *speed, spec.time.resolution) for speed in speeds)
            for data in np.unique(graph.pred_data).tolist()
        }
        lag = lag + np.array([slowest[data] for data in graph.pred_data.tolist()], np.int64)
    np.maximum.at(wait, succ, lag)
    if spec.setups is not None:
        longest = np.maximum(spec.setups.time.max(axis=(0, 1)), 1)
        some = spec.tasks.family >= 0
        wait[some] = np.maximum(wait[some], longest[spec.tasks.family[some]])
    return first + int(instance.longest.sum()) + int(wait.sum())
