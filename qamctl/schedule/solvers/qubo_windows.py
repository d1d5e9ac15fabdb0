"""Schedules by a QUBO engine: windows around the incumbent, compiled, sampled, decoded, repaired, compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from qamctl.qubo.window import Sampler
from qamctl.schedule.bounds import level_bounds
from qamctl.schedule.covering import covering
from qamctl.schedule.held import refuse_unheld
from qamctl.schedule.instance import Instance
from qamctl.schedule.place import place
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.given_lists import best_of_lists, by_rules
from qamctl.schedule.solvers.list_problem import flat_problem
from qamctl.schedule.spec import NEVER
from qamctl.schedule.windows import ScheduleWindows
from qamctl.solver import Budget, Outcome
from qamctl.windowed import OpenLevels, improve_windows


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
    *,
    sample: Sampler,
    max_variables: int | None = None,
    slot: int = 1,
    exact: bool = False,
    batch: int = 1,
    **loop: Any,
) -> Outcome:
    """Improve a schedule window by window; follows `qamctl.solver.Solver`, and besides:

    Parameters
    ----------
    sample
        The engine: `sample(compiled, seed=, initial=, seconds= | reads=, sweeps=)`.
    max_variables
        Bits that it takes, None without a limit.
    slot
        Ticks in a slot of the model.
    exact
        Its answers are proved least. The whole problem, where it fits, then proves its levels.
    batch
        Windows that the engine samples side by side.
    loop
        As in `windowed.improve_windows`.

    Raises
    ------
    UnsupportedError
        The objective cannot be held by a QUBO.
    """
    refuse_unheld(instance, slot=slot)
    bounds = list(level_bounds(instance))
    if incumbent is None:
        incumbent = first_schedule(instance)
        if incumbent is None:
            return Outcome("unknown", None, tuple(bounds), info={"reason": "no feasible schedule to start from"})
        report(incumbent)
    instance = covering(instance, incumbent)
    levels = OpenLevels(bounds)
    windows = ScheduleWindows(instance, max_variables, slot, levels, exact, together=batch > 1)
    if instance.crews is not None:
        windows.placed = partial(best_of_lists, instance, flat_problem(instance))
    return improve_windows(
        windows, levels, incumbent, budget, seed, stop, report, sample=sample, batch=batch, **loop
    )  # fmt: skip


def first_schedule(instance: Instance) -> Solution | None:
    """A schedule by latest starts with each task's shortest option; by other rules and options where that is none.

    None where no rule keeps every constraint. It is the same each time: compiled files depend on it.
    """
    if (np.diff(instance.first_option) == 0).any():
        return None
    if instance.crews is not None:
        return by_rules(instance)
    by_length = np.lexsort((instance.option_duration, np.repeat(np.arange(instance.n), np.diff(instance.first_option))))
    option = by_length[instance.first_option[:-1]].astype(np.int64)
    latest, _ = instance.latest(NEVER // 4)
    start = place(instance, latest, option)
    # The shortest options together may need more of a stock than there is, or all want the same agent.
    return by_rules(instance) if start is None else instance.solution(start, option)
