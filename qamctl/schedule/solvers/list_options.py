"""The options of the list-search kernels: those of an instance in the order to try, some of which wait for a moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.kept import same_crew
from qamctl.schedule.solvers.cpsat_window import long_enough
from qamctl.schedule.spec import Ints

#: Tasks, and options with a start of their own, of problems in which tasks may wait for any start.
SMALL_TASKS, SMALL_STARTS = 12, 3_000


@dataclass(frozen=True, eq=False)
class Listed:
    """The list of options.

    Attributes
    ----------
    option
        [O] the instance's option at each place.
    floor
        [O] the moment that it waits for.
    """

    option: Ints
    floor: Ints

    def numbers(self, option: Ints, waits: Ints | None) -> Ints:
        """[T] the place of each option in the list, -1 of -1; of those that wait the last that need not wait longer."""
        floors, order, keys = self._places
        most = np.zeros(len(option), np.int64) if waits is None else np.searchsorted(floors, waits, "right") - 1
        at = np.searchsorted(keys, option * len(floors) + np.maximum(most, 0), "right") - 1
        return np.where(option >= 0, order[np.maximum(at, 0)], -1)

    @cached_property
    def _places(self) -> tuple[Ints, Ints, Ints]:
        """The floors; places by option, then by floor; and these as one rising number."""
        floors, rank = np.unique(self.floor, return_inverse=True)
        key = self.option * len(floors) + rank
        order = np.argsort(key, kind="stable")
        return floors, order, key[order]


def tasks_of(instance: Instance) -> Ints:
    """[O] the task of each option."""
    return np.repeat(np.arange(instance.n), np.diff(instance.first_option))


def sorted_options(instance: Instance, cheapest_first: bool) -> Listed:
    """The options of each task in the order in which the kernels try them.

    A task that reasoning would have start at certain times has its options once for whenever it can start, and once
    for each time from which a start is preferred to those before; where it counts how far the schedule is from an
    earlier one, its earlier crew may wait for its earlier start.
    """
    duration, cost, task = instance.option_duration, instance.option_cost, tasks_of(instance)
    waits = _waits(instance)
    if not waits:
        whenever = np.zeros(len(duration), np.int64)
        if not cost.any():
            same = task[1:] == task[:-1]
            if not (same & (duration[1:] < duration[:-1])).any():
                return Listed(np.arange(len(duration), dtype=np.int64), whenever)
            return Listed(np.asarray(np.lexsort((duration, task)), np.int64), whenever)
        by = (duration, cost, task) if cheapest_first else (cost, duration, task)
        return Listed(np.asarray(np.lexsort(by), np.int64), whenever)
    every, floors = [np.arange(len(duration))], [np.zeros(len(duration), np.int64)]
    for mine, moment in waits:
        every.append(mine)
        floors.append(np.full(len(mine), moment, np.int64))
    option, floor = np.concatenate(every).astype(np.int64), np.concatenate(floors)
    duration, cost, task, wished = duration[option], cost[option], task[option], instance.option_reasoning[option]
    first, then = (cost, duration) if cheapest_first else (duration, cost)
    order = np.lexsort((option, floor, wished, then, first, task))
    return Listed(option[order], floor[order])


def _waits(instance: Instance) -> list[tuple[Ints, int]]:
    """Options that may wait, and for which moment."""
    free = instance.pinned_start < 0
    every = every_start(instance)
    if every is not None:
        return every
    out: list[tuple[Ints, int]] = []
    if instance.wishes is not None:
        for t in np.flatnonzero(instance.wishes.timed & free).tolist():
            mine = np.arange(instance.first_option[t], instance.first_option[t + 1])
            out += [(mine, moment) for moment in instance.wishes.drops_of(t).tolist()]
    if instance.keeps and instance.crews is not None:
        same = same_crew(instance, instance.crews)
        for t in np.flatnonzero(free & (instance.kept_start > instance.release)).tolist():
            first, last = instance.first_option[t : t + 2].tolist()
            mine = first + np.flatnonzero(same[first:last])
            out += [(mine, int(instance.kept_start[t]))] if len(mine) else []
    return out


def every_start(instance: Instance) -> list[tuple[Ints, int]] | None:
    """Each option with each start that it may wait for, where a problem with crews is small enough for all of them.

    The earliest start of each task in some list is not always part of a best schedule: gangs, setups that count, types
    of precedence other than FS, an earlier schedule may all want a task to wait. None where there would be too many.
    """
    if instance.crews is None or instance.n > SMALL_TASKS:
        return None
    low, _ = instance.earliest
    high, _ = instance.latest(long_enough(instance))
    count = np.where(instance.pinned_start < 0, np.maximum(0, high - low), 0)
    if int((count * np.diff(instance.first_option)).sum()) > SMALL_STARTS:
        return None
    starts = [(t, moment) for t in range(instance.n) for moment in range(int(low[t]) + 1, int(low[t] + count[t]) + 1)]
    return [(np.arange(instance.first_option[t], instance.first_option[t + 1]), moment) for t, moment in starts]


def draws(first: Ints, more: Ints | None = None) -> tuple[Ints, Ints]:
    """What moves that change options draw from, as `draw_first` and `draw` of `ScheduleProblem`.

    Of every task each option once, and once that it is left to the search.

    Parameters
    ----------
    more
        [O] how many times more an option is there.
    """
    times = np.ones(int(first[-1]), np.int64) if more is None else 1 + more
    sums = np.concatenate([[0], np.cumsum(times)])[first]
    none = np.full(len(first) - 1, -1, np.int64)
    return sums + np.arange(len(first)), np.insert(np.repeat(np.arange(len(times)), times), sums[1:], none)
