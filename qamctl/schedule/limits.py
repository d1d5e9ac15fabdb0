"""How late every task may end, given what a schedule may be worth: heads, tails and objective values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.schedule.instance import Instance
from qamctl.schedule.spec import NEVER, TERMS, Floats, Ints


@dataclass(frozen=True, slots=True)
class Box:
    """Time windows of tasks, in ticks, and the options that a schedule can pay for.

    Attributes
    ----------
    start_low, end_low, start_high, end_high
        [T] earliest and latest start and end.
    affordable
        [O] the option does not alone cost more than the limits allow.
    ceiling
        No task ends after it.
    """

    start_low: Ints
    end_low: Ints
    start_high: Ints
    end_high: Ints
    affordable: np.ndarray
    ceiling: int


def serial_horizon(instance: Instance) -> int:
    """A tick by which some optimal schedule of every objective has ended.

    All terms but `reasoning` are regular, and that one falls only where a preferred time begins, so some optimal
    schedule is semi-active: each start is a release, a pin, the beginning of a preferred time, or
    touches another task's start or end (plus a lag). Following such contacts back visits each task at
    most once, and each step is at most a duration and a positive lag long.
    """
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
    length = instance.option_duration[fixed_option] if len(instance.option_duration) else np.zeros(instance.n, np.int64)
    short = np.where(is_fixed, length, instance.shortest)
    long = np.where(is_fixed, length, instance.longest)
    pins = np.where(is_fixed, fixed_start, instance.pinned_start)
    start_low, end_low = instance.graph.earliest(instance.release, pins, short, long)
    end = np.minimum(instance.deadline, ceiling)
    extra = _extra_cost(instance, fixed_option)
    affordable = np.ones(len(extra), bool)
    least = _least_terms(instance, start_low, end_low, fixed_start, fixed_option)
    for weights, limit in zip(instance.levels, limits, strict=False):
        if not np.isfinite(limit):
            continue
        spare = limit - float(weights @ least) + 1e-9 * max(1.0, abs(limit))
        end = np.minimum(end, _latest_ends(instance, weights, spare, least[0], end_low))
        if weights[4] > 0:
            affordable &= weights[4] * extra <= spare
    start_high, end_high = instance.graph.latest(end, pins, short, long)
    return Box(start_low, end_low, start_high, end_high, affordable, int(end.max(initial=0)))


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


def task_terms(instance: Instance, task: Ints, option: Ints, end: Ints) -> Floats:
    """[6, c] what ending `task` at `end` by `option` adds to each term that is a sum over tasks.

    The makespan and the fixed costs of agents are no such sums: their rows hold nothing of them.
    """
    due, weight = instance.due[task], instance.weight[task]
    late = np.where(due < NEVER, np.maximum(0, end - due), 0)
    out = np.zeros((len(TERMS), len(task)))
    out[1] = weight * late * instance.unit
    out[2] = weight * (late > 0)
    out[3] = weight * (end - instance.release[task]) * instance.unit
    out[4] = instance.option_cost[option]
    if instance.wishes is not None:
        out[5] = instance.reasoning_of(task, option, end - instance.option_duration[option])
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
    """[6] a lower bound of each term."""
    everyone = np.arange(instance.n)
    cheapest = _cheapest(instance, fixed_option)
    parts = task_terms(instance, everyone, cheapest, end_low)
    least: Floats = parts.sum(axis=1)
    least[0] = end_low.max(initial=0) * instance.unit
    used = np.unique(instance.option_holder[fixed_option[fixed_option >= 0]])
    least[4] += instance.fixed_cost[used].sum()
    if instance.wishes is not None:
        start_low, start_high = (np.where(fixed_option >= 0, fixed_start, limit) for limit in (start_low, NEVER))
        least[5] = least_reasoning(instance, start_low, start_high, fixed_option).sum()
    return least


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


def _latest_ends(instance: Instance, weights: Floats, spare: float, least_makespan: float, end_low: Ints) -> Ints:
    """[T] how late each task may end when its level can still grow by `spare`."""
    unit = instance.unit
    end = np.full(instance.n, NEVER)
    if weights[0] > 0:
        end = np.minimum(end, _floor((least_makespan + spare / weights[0]) / unit))
    has_due = (instance.due < NEVER) & (instance.weight > 0)
    if weights[1] > 0:
        late = np.maximum(end_low[has_due] - instance.due[has_due], 0)
        room = _floor(spare / (weights[1] * instance.weight[has_due] * unit))
        end[has_due] = np.minimum(end[has_due], instance.due[has_due] + late + room)
    if weights[2] > 0:
        on_time = has_due & (end_low <= instance.due) & (weights[2] * instance.weight > spare)
        end[on_time] = np.minimum(end[on_time], instance.due[on_time])
    if weights[3] > 0:
        counts = instance.weight > 0
        room = _floor(spare / (weights[3] * instance.weight[counts] * unit))
        end[counts] = np.minimum(end[counts], end_low[counts] + room)
    latest: Ints = np.maximum(end, end_low)
    return latest


def _floor(ticks: Floats | float) -> Ints:
    """Whole ticks below, forgiving the rounding of the division."""
    whole: Ints = np.floor(np.minimum(np.asarray(ticks, np.float64) + 1e-6, float(NEVER // 4))).astype(np.int64)
    return whole
