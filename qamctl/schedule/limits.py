"""How late every task may end, given what a schedule may be worth: heads, tails and objective values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.schedule.crew_costs import add_crew_terms, least_crew_terms
from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import holders_of
from qamctl.schedule.solvers.cpsat_window import long_enough
from qamctl.schedule.spec import NEVER, TERMS, Floats, Ints


@dataclass(frozen=True, slots=True)
class Box:
    """Time windows of tasks, in ticks, and the options that a schedule can pay for.

    Attributes
    ----------
    start_low, end_low, start_high, end_high
        [T] earliest and latest start and end, where the task is not left out.
    affordable
        [O] the option does not alone cost more than the limits allow.
    ceiling
        No task ends after it.
    first_end
        The earliest moment at which all that is surely done can have ended.
    """

    start_low: Ints
    end_low: Ints
    start_high: Ints
    end_high: Ints
    affordable: np.ndarray
    ceiling: int
    first_end: int


def serial_horizon(instance: Instance) -> int:
    """A tick by which some optimal schedule of every objective has ended.

    All terms but `reasoning` are regular, and that one falls only where a preferred time begins, so some optimal
    schedule is semi-active: each start is a release, a pin, the beginning of a preferred time, or
    touches another task's start or end (plus a lag). Following such contacts back visits each task at
    most once, and each step is at most a duration and a positive lag long. With crews see `long_enough`.
    """
    if instance.crews is not None:
        return long_enough(instance)
    graph = instance.graph
    lag = np.zeros(instance.n, np.int64)
    task = np.repeat(np.arange(instance.n), np.diff(graph.pred_start))
    np.maximum.at(lag, task, graph.pred_lag)
    base = max(int(instance.release.max(initial=0)), int(instance.pinned_start.max(initial=0)))
    if instance.wishes is not None:  # a task may wait for a time that is preferred
        base = max(base, instance.wishes.last_drop)
    return base + int(instance.longest.sum() + lag.sum())


def end_limits(instance: Instance, fixed_start: Ints, fixed_option: Ints, limits: Sequence[float], ceiling: int) -> Box:
    """The windows of all tasks when level k of the objective may not exceed limits[k].

    Parameters
    ----------
    fixed_start, fixed_option
        [T] tasks that are settled, -1 where open.
    limits
        A value for each of the first levels; inf where nothing is known.
    ceiling
        A tick that no task needs to end after.
    """
    refuse_negative(instance, len(limits))
    is_fixed = fixed_option >= 0
    surely = instance.sure | is_fixed
    length = _lengths(instance, fixed_start, fixed_option)
    short = np.where(is_fixed, length, instance.shortest)
    long = np.where(is_fixed, length, instance.longest)
    pins = np.where(is_fixed, fixed_start, instance.pinned_start)
    start_low, end_low = instance.heads.earliest(instance.release, pins, short, long)
    end = np.minimum(instance.deadline, ceiling)
    first_end = int(end_low.max(initial=0, where=surely))
    if instance.crews is None:
        extra = _extra_cost(instance, fixed_option)
        least = _least_terms(instance, start_low, end_low, fixed_start, fixed_option)
    else:
        extra, least = _least_with_crews(instance, instance.crews, start_low, end_low, fixed_start, fixed_option)
    least[0] = first_end * instance.unit
    affordable = np.ones(len(instance.option_mode), bool)
    for weights, limit in zip(instance.levels, limits, strict=False):
        if not np.isfinite(limit):
            continue
        spare = limit - float(weights @ least) + 1e-9 * max(1.0, abs(limit))
        end = np.minimum(end, _latest_ends(instance, weights, spare, least[0], end_low, surely))
        if instance.crews is not None:
            affordable &= weights @ extra <= spare
        elif weights[4] > 0:
            affordable &= weights[4] * extra <= spare
    start_high, end_high = instance.tails.latest(end, pins, short, long)
    return Box(start_low, end_low, start_high, end_high, affordable, int(end.max(initial=0)), first_end)


def _lengths(instance: Instance, fixed_start: Ints, fixed_option: Ints) -> Ints:
    """[T] ticks from start to end of the tasks that are settled; anything of the others."""
    if not len(instance.option_duration):
        return np.zeros(instance.n, np.int64)
    if instance.crews is None:
        return instance.option_duration[fixed_option]
    start, option = np.maximum(fixed_start, 0), np.maximum(fixed_option, 0)
    return instance.ends(start, option) - start


def refuse_negative(instance: Instance, levels: int) -> None:
    """Raise UnsupportedError for a weight below zero: rewards for being late have no bound to prune by."""
    for weights in instance.levels[:levels]:
        for term, weight in zip(TERMS, weights, strict=True):
            if weight < 0:
                raise UnsupportedError(f"objective term {term} has the negative weight {weight:g}, which no QUBO holds")
    if (instance.fixed_cost < 0).any():
        raise UnsupportedError("objective term cost has a negative fixed cost, which no QUBO holds")
    if (instance.weight < 0).any():
        raise UnsupportedError("a task has a negative weight, which no QUBO holds")


def task_terms(instance: Instance, task: Ints, option: Ints, start: Ints, end: Ints) -> Floats:
    """[11, c] what doing `task` from `start` to `end` by `option` adds to each term that is a sum over tasks.

    The makespan, the fixed costs of agents and what tasks send each other are no such sums: their rows hold nothing
    of them.
    """
    due, weight = instance.due[task], instance.weight[task]
    late = np.where(due < NEVER, np.maximum(0, end - due), 0)
    out = np.zeros((len(TERMS), len(task)))
    out[1] = weight * late * instance.unit
    out[2] = weight * (late > 0)
    out[3] = weight * (end - instance.release[task]) * instance.unit
    out[4] = instance.option_cost[option]
    if instance.wishes is not None:
        out[5] = instance.reasoning_of(task, option, start)
    if instance.crews is not None:
        add_crew_terms(out, instance, instance.crews, task, option, start)
    return out


def least_reasoning(instance: Instance, start_low: Ints, start_high: Ints, option: Ints | None = None) -> Floats:
    """[T] the least that each task can add to the term `reasoning`.

    Parameters
    ----------
    start_low, start_high
        [T] between which it starts.
    option
        [T] the option that it uses, -1 where that is open; None: open everywhere.
    """
    if instance.wishes is None:
        return np.zeros(instance.n)
    out = np.zeros(instance.n)
    some = instance.first_option[:-1] < instance.first_option[1:]
    if some.any():
        out[some] = np.minimum.reduceat(instance.option_reasoning, instance.first_option[:-1][some])
    if option is not None:
        out = np.where(option >= 0, instance.option_reasoning[option], out)
    return out + instance.wishes.least(start_low, start_high)


def _least_terms(instance: Instance, start_low: Ints, end_low: Ints, fixed_start: Ints, fixed_option: Ints) -> Floats:
    """[11] a lower bound of each term but the makespan."""
    cheapest = _cheapest(instance, fixed_option)
    parts = task_terms(instance, np.arange(instance.n), cheapest, end_low - instance.option_duration[cheapest], end_low)
    least: Floats = parts.sum(axis=1)
    used = np.unique(instance.option_holder[fixed_option[fixed_option >= 0]])
    least[4] += instance.fixed_cost[used].sum()
    if instance.wishes is not None:
        start_low, start_high = (np.where(fixed_option >= 0, fixed_start, limit) for limit in (start_low, NEVER))
        least[5] = least_reasoning(instance, start_low, start_high, fixed_option).sum()
    return least


def _least_with_crews(
    instance: Instance, crews: Crews, start_low: Ints, end_low: Ints, fixed_start: Ints, fixed_option: Ints
) -> tuple[Floats, Floats]:
    """([11, O], [11]) what each option adds above the least of its task, and a lower bound of each term."""
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    begin, option = start_low[task], np.arange(len(task))
    adds = task_terms(instance, task, option, begin, np.maximum(end_low[task], begin + instance.option_duration))
    least_crew_terms(adds, instance, crews, start_low)
    shares = np.minimum.reduceat(adds, instance.first_option[:-1], axis=1)
    fixed = np.flatnonzero(fixed_option >= 0)
    settled, start = fixed_option[fixed], fixed_start[fixed]
    shares[:, fixed] = task_terms(instance, fixed, settled, start, instance.ends(start, settled))
    least: Floats = shares.sum(axis=1)
    least[4] += instance.fixed_cost[np.unique(holders_of(instance, settled)[1])].sum()
    return adds - shares[:, task], least


def _cheapest(instance: Instance, fixed_option: Ints) -> Ints:
    """[T] the fixed option, else the option of least cost."""
    by_cost = np.lexsort((instance.option_cost, np.repeat(np.arange(instance.n), np.diff(instance.first_option))))
    return np.where(fixed_option >= 0, fixed_option, by_cost[instance.first_option[:-1]])


def _extra_cost(instance: Instance, fixed_option: Ints) -> Floats:
    """[O] what an option costs above the cheapest of its task."""
    if len(instance.option_cost) == 0:
        return np.zeros(0)
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    extra: Floats = instance.option_cost - instance.option_cost[_cheapest(instance, np.full(instance.n, -1))][task]
    return extra


def _latest_ends(
    instance: Instance, weights: Floats, spare: float, least_makespan: float, end_low: Ints, surely: np.ndarray
) -> Ints:
    """[T] how late each task may end when its level can still grow by `spare`; it counts already where it is sure."""
    unit = instance.unit
    end = np.full(instance.n, NEVER)
    if weights[0] > 0:
        end = np.minimum(end, _floor((least_makespan + spare / weights[0]) / unit))
    has_due = (instance.due < NEVER) & (instance.weight > 0)
    if weights[1] > 0:
        late = np.where(surely, np.maximum(end_low - instance.due, 0), 0)[has_due]
        room = _floor(spare / (weights[1] * instance.weight[has_due] * unit))
        end[has_due] = np.minimum(end[has_due], instance.due[has_due] + late + room)
    if weights[2] > 0:
        on_time = has_due & (~surely | (end_low <= instance.due)) & (weights[2] * instance.weight > spare)
        end[on_time] = np.minimum(end[on_time], instance.due[on_time])
    if weights[3] > 0:
        counts = instance.weight > 0
        room = _floor(spare / (weights[3] * instance.weight[counts] * unit))
        base = np.where(surely, end_low, instance.release)[counts]
        end[counts] = np.minimum(end[counts], base + room)
    latest: Ints = np.maximum(end, end_low)
    return latest


def _floor(ticks: Floats | float) -> Ints:
    """Whole ticks below, forgiving the rounding of the division."""
    whole: Ints = np.floor(np.minimum(np.asarray(ticks, np.float64) + 1e-6, float(NEVER // 4))).astype(np.int64)
    return whole
