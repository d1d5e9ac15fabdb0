"""A schedule problem on a coarser time grid: everything in slots of several ticks, rounded to the safe side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.schedule.held import refuse_unheld
from qamctl.schedule.instance import Instance
from qamctl.schedule.place import place
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, Ints


def on_grid(
    instance: Instance, incumbent: Solution | None, fixed_levels: Sequence[float], slot: int
) -> tuple[Instance, Solution | None, Sequence[float]]:
    """Problem, incumbent and kept values in slots; a value that the rounded incumbent misses gives way to it."""
    if slot == 1:
        return instance, incumbent, fixed_levels
    refuse_unheld(instance, slot=slot)
    coarse, moved = coarsen(instance, incumbent, slot)
    if moved is None:
        return coarse, None, fixed_levels
    return coarse, moved, [max(kept, now) for kept, now in zip(fixed_levels, coarse.value(moved), strict=False)]


def coarsen(instance: Instance, incumbent: Solution | None, slot: int) -> tuple[Instance, Solution | None]:
    """The problem in slots of `slot` ticks, and the incumbent moved to them.

    Durations, lags and releases round up, deadlines and due times down. A pinned task keeps every slot
    that it touches busy. Where the incumbent, shifted to slots, ends after a deadline, that deadline is
    put off to its end: the exact schedule that is decoded later has the last word.

    Raises
    ------
    UnsupportedError
        The slot is so long that the incumbent cannot be moved to the grid.
    """
    coarse = _in_slots(instance, slot)
    if incumbent is None:
        return coarse, None
    moved = in_slots(instance, coarse, incumbent, slot)
    return replace(coarse, deadline=np.maximum(coarse.deadline, moved.end)), moved


def in_slots(exact: Instance, coarse: Instance, solution: Solution, slot: int) -> Solution:
    """A schedule of the exact problem, shifted right to slots in the order of its starts."""
    option = exact.options_of(solution)
    waits = exact.not_before(solution.start)
    start = place(
        coarse, solution.start, option, deadlines=False, not_before=None if waits is None else _up(waits, slot)
    )
    if start is None:
        raise UnsupportedError(f"a slot of {slot} ticks is too long for the pinned tasks: choose a shorter solver.slot")
    return coarse.solution(start, option)


def _in_slots(instance: Instance, slot: int) -> Instance:
    spec, graph = instance.spec, instance.graph
    pinned = instance.pinned_start
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    # The slots that a pinned task touches: from the one it starts in to the one it ends in.
    offset = np.where(pinned >= 0, pinned % slot, 0)[task]
    duration = _up(instance.option_duration + np.where(instance.option_duration > 0, offset, 0), slot)
    rate = np.zeros(len(instance.members))
    for h, members in enumerate(instance.members):
        if len(members):
            rate[h] = spec.agents.cost_per_time[members[0]]
    longer = (duration * slot - instance.option_duration) * instance.unit
    return replace(
        instance,
        spec=replace(spec, time=replace(spec.time, resolution=spec.time.resolution * slot)),
        option_duration=duration,
        option_cost=instance.option_cost + rate[instance.option_holder] * longer,
        release=_up(instance.release, slot),
        deadline=_down(instance.deadline, slot),
        due=_down(instance.due, slot),
        pinned_start=np.where(pinned >= 0, pinned // slot, -1),
        wishes=None if instance.wishes is None else instance.wishes.in_slots(slot),
        graph=replace(graph, pred_lag=_up(graph.pred_lag, slot), succ_lag=_up(graph.succ_lag, slot)),
    )


def _up(ticks: Ints, slot: int) -> Ints:
    return -(-ticks // slot)


def _down(ticks: Ints, slot: int) -> Ints:
    return np.where(ticks < NEVER, ticks // slot, NEVER)
