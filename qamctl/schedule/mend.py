"""How the sample of a window becomes a schedule again, however broken it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qamctl.levels import better
from qamctl.qubo.feasible import feasible
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel
from qamctl.schedule.place import place
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Ints

#: A schedule of lists: (keys, options, starts) as in `given_lists.best_of_lists`.
Placed = Callable[[np.ndarray, np.ndarray, np.ndarray], Solution | None]


def repaired(built: ScheduleModel, incumbent: Solution, sample: np.ndarray, kept: np.ndarray | None) -> Solution | None:
    """The schedule of a sample, however broken: its starts give the order in which tasks are placed.

    A task with several starts takes its first, one without any keeps the incumbent's. None where the order
    leads to no feasible schedule.
    """
    choices, exact = built.choices, built.exact
    start, option = incumbent.start.copy(), exact.options_of(incumbent)
    taken = _latest_first(built, sample)
    start[choices.task[taken]] = choices.start[taken] * built.slot
    option[choices.task[taken]] = choices.option[taken]
    return _placed(exact, start, option, kept)


def transplanted(
    instance: Instance, built: ScheduleModel, sample: np.ndarray, onto: Solution, kept: np.ndarray | None
) -> Solution | None:
    """The sample of a window in a schedule that differs from the one that the window was opened around."""
    choices, part = built.choices, built.exact
    start, option = onto.start.copy(), instance.options_of(onto)
    for k in np.flatnonzero(np.asarray(sample)[: len(choices.task)])[::-1].tolist():
        task, own = int(choices.task[k]), int(choices.option[k])
        start[task], option[task] = choices.start[k] * built.slot, _same(instance, part, task, own)
    return _placed(instance, start, option, kept)


def mended_window(
    instance: Instance, built: ScheduleModel, sample: np.ndarray, onto: Solution, placed: Placed, *, as_it_is: bool
) -> Solution | None:
    """The sample of a window of a problem with crews: as it is where that is feasible, or in the order of its starts.

    Parameters
    ----------
    onto
        The schedule that the window was opened around, or one that differs from it outside the window.
    as_it_is
        Only as it is, where that is feasible: placing all tasks anew takes long.
    """
    found = _as_sampled(built, sample, onto)
    if found is not None and as_it_is:
        return found
    choices, part = built.choices, built.exact
    start, option = onto.start.copy(), instance.options_of(onto)
    for k in _latest_first(built, sample).tolist():
        task = int(choices.task[k])
        start[task], option[task] = choices.start[k], _same(instance, part, task, int(choices.option[k]))
    # Its own options may need more of a stock than there is, or break a rule: then only its order counts.
    anew = placed(np.array([start, start]), np.array([option, np.full(len(option), -1)]), np.array([start, start]))
    if found is None or anew is None:
        return anew if found is None else found
    return anew if better(instance.value(anew), instance.value(found)) else found


def _latest_first(built: ScheduleModel, sample: np.ndarray) -> Ints:
    """The choices that a sample takes, those of later starts first, so that the first start of a task is the last."""
    taken = np.flatnonzero(np.asarray(sample)[: len(built.choices.task)])[::-1]
    return taken[np.argsort(-built.choices.start[taken], kind="stable")]


def _same(instance: Instance, part: Instance, task: int, own: int) -> int:
    """The option of the whole problem that is an option of a part."""
    first, end = int(instance.first_option[task]), int(instance.first_option[task + 1])
    alike = (instance.option_mode[first:end] == part.option_mode[own]) & (
        instance.option_holder[first:end] == part.option_holder[own]
    )
    if instance.crews is None or part.crews is None:
        return first + int(np.argmax(alike))
    crew = part.crews.of(own)
    return next(o for o in (first + np.flatnonzero(alike)).tolist() if instance.crews.of(o) == crew)


def _as_sampled(built: ScheduleModel, sample: np.ndarray, onto: Solution) -> Solution | None:
    """The schedule of a sample that keeps every row, other tasks being as they were in the window; else None."""
    choices, found = built.choices, built.decode(sample)
    still = choices.fixed
    if found is None or (found.start[still] != onto.start[still]).any():
        return None
    return found if feasible(built.model, built.encode(found)[None, :])[0] else None


def _placed(instance: Instance, start: Ints, option: Ints, kept: np.ndarray | None) -> Solution | None:
    """The schedule with the tasks in the order of `start`, each as early as possible and as late as preferred."""
    waits = instance.not_before(start)
    placed = None if waits is None else place(instance, start, option, kept=kept, not_before=waits)
    if placed is None:  # the order alone, where waiting misses a deadline
        placed = place(instance, start, option, kept=kept)
    return None if placed is None else instance.solution(placed, option)
