"""Every start that a task may still take: (task, option, start) after heads, tails, values and fixed tasks.

Only what cannot be part of a schedule at least as good as the incumbent is left out, so that the choices
of the whole problem hold an optimal schedule and always the incumbent itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qamctl.errors import InfeasibleError
from qamctl.schedule.beside import beside_fixed, refuse_contradictions
from qamctl.schedule.conflicts import unfit
from qamctl.schedule.held import refuse_unheld
from qamctl.schedule.instance import Instance
from qamctl.schedule.limits import Box, end_limits, serial_horizon
from qamctl.schedule.loads import Cover, Loads, cover, option_loads
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Ints
from qamctl.schedule.starts import count_raw, expand, grid_around, spans


@dataclass(frozen=True, slots=True)
class Choices:
    """The starts that are open, sorted by task, option and start.

    Attributes
    ----------
    task, option, start, end
        [c] ticks; a choice that leaves its task out stands at 0.
    first
        [T + 1] the choices of task t are first[t]:first[t + 1]; a fixed task has none.
    fixed_start, fixed_option
        [T] of tasks with one choice left, or frozen from outside; -1 where open.
    box
        The time windows behind the choices.
    cover
        Renewable supplies under the choices.
    raw
        Number of (option, start) pairs of the open tasks before anything was pruned.
    """

    task: Ints
    option: Ints
    start: Ints
    end: Ints
    first: Ints
    fixed_start: Ints
    fixed_option: Ints
    box: Box
    cover: Cover
    raw: int

    @property
    def fixed(self) -> Ints:
        """The tasks that are fixed."""
        return np.flatnonzero(self.fixed_option >= 0)


def open_choices(
    instance: Instance,
    incumbent: Solution | None,
    *,
    level: int,
    fixed_levels: Sequence[float],
    free: np.ndarray | None = None,
    near: int | None = None,
) -> Choices:
    """The choices for one objective level.

    Parameters
    ----------
    incumbent
        A feasible schedule; None leaves only the bounds of the spec.
    level, fixed_levels
        The level that is minimised, and the values of the earlier ones that must be kept.
    free
        [T] a window: other tasks stay as in the incumbent. None: the whole problem.
    near
        At most so many starts a task and option: those nearest to the incumbent among the moments at
        which something starts or ends. None: all.

    Raises
    ------
    InfeasibleError
        A task has no start left, or fixed tasks contradict each other.
    """
    refuse_unheld(instance, level)
    _refuse_no_option(instance)
    fixed_start = np.full(instance.n, -1, np.int64)
    fixed_option = np.full(instance.n, -1, np.int64)
    if free is not None:
        if incumbent is None:
            raise ValueError("a window needs an incumbent")
        fixed_start = np.where(free, -1, incumbent.start)
        fixed_option = np.where(free, -1, instance.options_of(incumbent))
    ceiling = 0 if incumbent is None else int(incumbent.end.max(initial=0))
    waits = instance.crews is not None or (instance.wishes is not None and len(instance.wishes.since) > 0)
    if free is None or waits:
        ceiling = max(ceiling, serial_horizon(instance))
    limits = [*fixed_levels[:level], np.inf if incumbent is None else instance.value(incumbent)[level]]
    grid = None if near is None or incumbent is None else grid_around(instance, incumbent, free, near)
    loads = option_loads(instance, consumable=False)
    odd = None if instance.crews is None else unfit(instance, instance.crews, fixed_option < 0)
    raw = -1
    while True:
        box = end_limits(instance, fixed_start, fixed_option, limits, ceiling)
        low, high = spans(instance, box, fixed_option)
        if raw < 0:
            raw = count_raw(instance, box, fixed_option)
        if odd is not None:
            high = np.where(odd, low - 1, high)
        task, option, start = expand(instance, box, low, high, grid)
        allowed = beside_fixed(instance, fixed_start, fixed_option, task, option, start)
        task, option, start = task[allowed], option[allowed], start[allowed]
        busy, task, option, start = _within_capacity(instance, loads, task, option, start, fixed_option, fixed_start)
        count = np.bincount(task, minlength=instance.n)
        is_open = fixed_option < 0
        if (count[is_open] == 0).any():
            name = instance.spec.tasks.ids[int(np.flatnonzero(is_open & (count == 0))[0])]
            raise InfeasibleError(f"task {name} has no start left within the horizon: no schedule of this value exists")
        single = is_open[task] & (count[task] == 1)
        if not single.any():
            if incumbent is None:
                _refuse_collisions(instance, loads, fixed_option, fixed_start)
                if instance.crews is not None:
                    refuse_contradictions(instance, instance.crews, fixed_start, fixed_option)
            first = np.searchsorted(task, np.arange(instance.n + 1)).astype(np.int64)
            end = instance.ends(start, option)
            return Choices(task, option, start, end, first, fixed_start, fixed_option, box, busy, raw)
        fixed_start[task[single]] = start[single]
        fixed_option[task[single]] = option[single]


def count_starts(
    instance: Instance, incumbent: Solution | None, *, level: int, fixed_levels: Sequence[float]
) -> tuple[int, int, int]:
    """(starts, pairs of starts of one task, moments that they cover) by the time windows alone: cheap at any size."""
    limits = [*fixed_levels[:level], np.inf if incumbent is None else instance.value(incumbent)[level]]
    refuse_unheld(instance, level)
    nobody = np.full(instance.n, -1, np.int64)
    _refuse_no_option(instance)
    ceiling = max(serial_horizon(instance), 0 if incumbent is None else int(incumbent.end.max(initial=0)))
    low, high = spans(instance, end_limits(instance, nobody, nobody, limits, ceiling), nobody)
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    room = np.maximum(high - low + 1, 0).astype(np.float64)
    size = np.bincount(task, weights=room, minlength=instance.n)
    covered = room * np.minimum(instance.option_duration, size.sum())
    return int(size.sum()), int((size * (size - 1) / 2).sum()), int(covered.sum())


def _refuse_no_option(instance: Instance) -> None:
    missing = np.flatnonzero(np.diff(instance.first_option) == 0)
    if len(missing):
        raise InfeasibleError(f"nobody can do task {instance.spec.tasks.ids[int(missing[0])]}: no schedule exists")


def _refuse_collisions(instance: Instance, loads: Loads, fixed_option: Ints, fixed_start: Ints) -> None:
    """Raise InfeasibleError where fixed tasks together need more than there is at some moment."""
    fixed, nobody = np.flatnonzero(fixed_option >= 0), np.zeros(0, np.int64)
    busy = cover(instance, loads, fixed_option[fixed], fixed_start[fixed], nobody, nobody)
    if (np.bincount(busy.moment, weights=busy.amount, minlength=len(busy.free)) > busy.free).any():
        raise InfeasibleError("the tasks that have one start left need more than there is: no such schedule exists")


def _within_capacity(
    instance: Instance,
    loads: Loads,
    task: Ints,
    option: Ints,
    start: Ints,
    fixed_option: Ints,
    fixed_start: Ints,
) -> tuple[Cover, Ints, Ints, Ints]:
    """The choices that fit beside the fixed tasks, and their cover."""
    fixed = np.flatnonzero(fixed_option >= 0)
    busy = cover(instance, loads, option, start, fixed_option[fixed], fixed_start[fixed])
    too_much = busy.amount > busy.free[busy.moment]
    if not too_much.any():
        return busy, task, option, start
    keep = np.ones(len(task), bool)
    keep[busy.choice[too_much]] = False
    stays = keep[busy.choice]
    number = np.cumsum(keep) - 1
    busy = Cover(
        busy.moment[stays], number[busy.choice[stays]], busy.amount[stays], busy.supply, busy.free, busy.last[stays]
    )
    return busy, task[keep], option[keep], start[keep]
