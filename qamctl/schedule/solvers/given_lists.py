"""Schedules of given lists: how a broken sample, or a bare rule, becomes a schedule that keeps every constraint.

One pass of serial schedule generation a list, by the kernels of the list search.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.kernels import schedule_search
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.list_problem import ListProblem, flat_problem
from qamctl.schedule.solvers.starting_points import starting_points
from qamctl.schedule.spec import Floats, Ints

#: Seconds between two returns from the kernels; lists are few, and one pass is short.
_SLICE = 1.0


def best_of_lists(
    instance: Instance, flat: ListProblem, keys: Floats, choices: Ints, starts: Ints | None = None
) -> Solution | None:
    """The best schedule that some lists lead to, None where none of them keeps every constraint.

    Parameters
    ----------
    flat
        Of `flat_problem`: no bound ends it before the last list.
    keys
        [S, T] tasks are placed by rising key, as far as precedence allows.
    choices
        [S, T] the option (of the instance) of each task. -1: the one that ends first, or is cheapest where only
        cost counts, among those that leave the tasks to come what they need of every stock.
    starts
        [S, T] when tasks should start, so that they wait for times that reasoning prefers; None: none waits.
    """
    wanted = [None] * len(choices) if starts is None else list(starts)
    numbers = [flat.numbers(instance, row, start) for row, start in zip(choices, wanted, strict=True)]
    problem = replace(
        flat.problem,
        keys=np.ascontiguousarray(keys, np.float64),
        choices=np.ascontiguousarray(numbers, np.int64).reshape(choices.shape),
    )
    search = schedule_search(problem, 0)
    while search.steps < len(keys) and not search.done:
        search.run(len(keys) - search.steps, _SLICE)
    if search.best_value[0] != 0:
        return None
    return instance.solution(search.best_start, flat.option[search.best_option])


def by_rules(instance: Instance) -> Solution | None:
    """The best schedule by the priority rules that the list search begins with; its options are the generation's."""
    flat = flat_problem(instance)
    keys, _ = starting_points(instance, None, flat.listed)
    return best_of_lists(instance, flat, keys, np.full(keys.shape, -1, np.int64))


def mended(built: ScheduleModel, flat: ListProblem, sample: np.ndarray, usual: Solution | None) -> Solution | None:
    """The schedule of a sample, however broken: tasks in the order of its starts, by its options or by better ones.

    A task with several starts takes its first. One without any is placed by its start in `usual` (None: by its
    earliest), and its option is the generation's. None where neither the sample's options nor those of the
    generation lead to a feasible schedule.
    """
    choices, instance = built.choices, built.exact
    fixed = choices.fixed_option >= 0
    key = np.where(fixed, choices.fixed_start * built.slot, instance.earliest[0] if usual is None else usual.start)
    option = choices.fixed_option.copy()
    taken = np.flatnonzero(np.asarray(sample)[: len(choices.task)])[::-1]
    late_first = taken[np.argsort(-choices.start[taken], kind="stable")]
    task = choices.task[late_first]
    key[task], option[task] = choices.start[late_first] * built.slot, choices.option[late_first]
    # Its own options may need more of a stock than there is, or miss a deadline: then only its order counts.
    keys, options = np.array([key, key]), np.array([option, np.full(len(option), -1)])
    return best_of_lists(instance, flat, keys, options, keys)
