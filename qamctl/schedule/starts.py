"""The starts that each option has within the time windows of its task, as far as calendars allow them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.limits import Box
from qamctl.schedule.loads import holders_of, ranges
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Index, Ints


@dataclass(frozen=True)
class Grid:
    """What is left of very many starts: at most `near` of an option, nearest to its task's home.

    Attributes
    ----------
    moments
        Those at which the incumbent changes, ascending: only these are left.
    home
        [T] where the incumbent starts the task, or where it may be wanted; that start is always left.
    """

    moments: Ints
    home: Ints
    near: int


def spans(instance: Instance, box: Box, fixed_option: Ints) -> tuple[Ints, Ints]:
    """[O] first and last start of every option; empty (high < low) for fixed tasks and costly options."""
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    crews, length = instance.crews, instance.option_duration
    longest = length if crews is None else length + crews.gaps.length(crews.pause)
    low = np.maximum(box.start_low[task], box.end_low[task] - longest)
    high = np.minimum(box.start_high[task], box.end_high[task] - length)
    if crews is not None:  # what is left out stands at 0
        low, high = np.where(crews.out, 0, low), np.where(crews.out, 0, high)
    high = np.where((fixed_option[task] >= 0) | ~box.affordable, low - 1, high)
    return low, high


def count_raw(instance: Instance, box: Box, fixed_option: Ints) -> int:
    """Pairs of option and start of the open tasks within the horizon, nothing else known."""
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    room = box.ceiling - instance.option_duration + 1
    if instance.crews is not None:
        room = np.where(instance.crews.out, 1, room)
    return int(np.maximum(room[fixed_option[task] < 0], 0).sum())


def grid_around(instance: Instance, incumbent: Solution, free: np.ndarray | None, near: int) -> Grid:
    """At most `near` starts of an option, nearest to the incumbent."""
    wished = np.zeros(0, np.int64) if instance.wishes is None else instance.wishes.drops
    moments = [incumbent.start, incumbent.end, instance.release, wished]
    home = incumbent.start
    if instance.crews is not None:
        spec, out = instance.spec, incumbent.mode < 0
        moments += [spec.agents.away.end, spec.resources.calendar.start, spec.resources.calendar.end]
        if instance.keeps and spec.earlier is not None:
            moments.append(np.maximum(spec.earlier.start, 0))
        if out.any():
            home = _homes(instance, incumbent, out, free)
    return Grid(np.unique(np.concatenate(moments)), home, near)


def _homes(instance: Instance, incumbent: Solution, out: np.ndarray, free: np.ndarray | None) -> Ints:
    """[T] the incumbent's starts; of what it leaves out that of the gang, else the middle of the window."""
    home, gang = incumbent.start.copy(), instance.spec.tasks.gang
    window = ~out if free is None else free & ~out
    home[out] = int(np.median(incumbent.start[window])) if window.any() else 0
    led = np.flatnonzero(~out & (gang >= 0))
    start_of = np.full(int(gang.max(initial=-1)) + 1, -1, np.int64)
    start_of[gang[led]] = incumbent.start[led]
    mates = np.flatnonzero(out & (gang >= 0))
    mates = mates[start_of[gang[mates]] >= 0]
    home[mates] = start_of[gang[mates]]
    return home


def expand(instance: Instance, box: Box, low: Ints, high: Ints, grid: Grid | None) -> tuple[Ints, Ints, Ints]:
    """(task, option, start) of every start from low to high, thinned to the grid where there are too many."""
    task, option, start = _within(instance, low, high, grid)
    if instance.crews is None:
        return task, option, start
    kept = _worked(instance, instance.crews, box, task, option, start)
    return task[kept], option[kept], start[kept]


def _within(instance: Instance, low: Ints, high: Ints, grid: Grid | None) -> tuple[Ints, Ints, Ints]:
    count = np.maximum(high - low + 1, 0)
    task_of = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    if grid is None or int(count.max(initial=0)) <= grid.near:
        option = np.repeat(np.arange(len(count)), count)
        return task_of[option], option, ranges(low, count)
    moments, near = grid.moments, grid.near
    chosen = []
    for o in np.flatnonzero(count):
        if count[o] <= near:
            chosen.append(np.arange(low[o], high[o] + 1))
            continue
        home = grid.home[task_of[o]]
        inside = moments[np.searchsorted(moments, low[o]) : np.searchsorted(moments, high[o], side="right")]
        points = np.unique(np.concatenate([inside, [low[o]], [home] if low[o] <= home <= high[o] else []]))
        nearest = points[np.argsort(np.abs(points - home), kind="stable")[:near]]
        if instance.wishes is not None:  # the beginnings of its own preferred times, however far
            wished = instance.wishes.drops_of(int(task_of[o]))
            nearest = np.union1d(nearest, wished[(wished >= low[o]) & (wished <= high[o])])
        chosen.append(np.sort(nearest).astype(np.int64))
    option = np.repeat(np.flatnonzero(count), [len(points) for points in chosen])
    start = np.concatenate(chosen) if chosen else np.zeros(0, np.int64)
    return task_of[option], option, start


def _worked(instance: Instance, crews: Crews, box: Box, task: Ints, option: Ints, start: Ints) -> np.ndarray:
    """[c] whether a start lets its task end in time, and nobody who does it is away, as far as it can't pause."""
    end = instance.ends(start, option)
    in_time = (start <= box.start_high[task]) & (end <= box.end_high[task]) & (end >= box.end_low[task])
    some = instance.option_duration[option] > 0
    pausing = instance.spec.tasks.preemptible[task]
    free = ~(some & crews.gaps.inside(crews.pause[option], start))
    held = np.flatnonzero(some & ~pausing)
    who, holder = holders_of(instance, option[held])
    free[held[who[_absent(instance, holder, start[held[who]], end[held[who]])]]] = False
    kept: np.ndarray = crews.out[option] | (in_time & free)
    return kept


def _absent(instance: Instance, holder: Index, start: Ints, end: Ints) -> np.ndarray:
    """[e] whether the agents of a holder are away at some moment of [start, end)."""
    away = instance.spec.agents.away
    if not len(away.start) or not len(holder):
        return np.zeros(len(holder), bool)
    first_of = np.array([members[0] if len(members) else 0 for members in instance.members], np.int64)
    agent, row = first_of[holder], np.repeat(np.arange(len(away.first) - 1), np.diff(away.first))
    width = int(max(away.end.max(), end.max())) + 2
    over = np.searchsorted(row * width + away.end, agent * width + start, side="right")
    begun = np.searchsorted(row * width + away.start, agent * width + end, side="left")
    absent: np.ndarray = begun > over
    return absent
