"""A schedule problem as the engines race for it."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from qamctl.contest import Contest
from qamctl.schedule.bounds import level_bounds
from qamctl.schedule.check import Report, check_columns
from qamctl.schedule.hierarchy.division import divides
from qamctl.schedule.instance import Instance
from qamctl.schedule.kept import as_it_was
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.native import heuristic_name
from qamctl.schedule.solvers.random_lists import best_of_random
from qamctl.schedule.solvers.warm import repaired
from qamctl.schedule.spec import ScheduleSpec

#: CP-SAT is imported and has built its model after about so many seconds.
CPSAT_LEAST_SECONDS: Final = 1.0

#: Schedule generation passes that take about as long as a window.
WINDOW: Final = 1_000

#: Tasks that list search places before remote engines begin: some seconds at most.
PLACED, LEAST_STEPS, MOST_STEPS = 4_000_000, 500, 20_000


def contest_of(instance: Instance, *, slot: int = 1) -> Contest:
    """What the engines race for.

    Parameters
    ----------
    slot
        Ticks in a slot of QUBO windows.
    """
    empty = Solution(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0, np.int32),) * 2)
    # A step of a divided problem is one of each part.
    parts = _in_parts(instance)
    divided = parts and not instance.complete
    steps = PLACED // max(1, instance.n)
    return Contest(
        "schedule", instance, instance.value, partial(check_solution, instance.spec), partial(level_bounds, instance),
        partial(best_of_random, instance), 1 if divided else WINDOW,
        max(1, steps) if divided else max(LEAST_STEPS, min(MOST_STEPS, steps)),
        nothing=empty if instance.n == 0 else None, start=_start(instance), windows={"slot": slot},
        lead="hierarchical" if parts else None, heuristic="hierarchical" if divided else None,
        left_out=partial(_left_out, instance),
    )  # fmt: skip


def _start(instance: Instance) -> Solution | None:
    """The earlier schedule as it was, else repaired, where the checker accepts it; None where there is none."""
    for find in (as_it_was, repaired):
        found = find(instance)
        if found is not None and not check_solution(instance.spec, found).violations:
            return found
    return None


def _in_parts(instance: Instance) -> bool:
    """Whether hierarchical is a member: not on shops whose every option can be looked at, which know better moves."""
    return divides(instance) and not (instance.complete and heuristic_name(instance) == "critical-path")


def _left_out(instance: Instance, seconds: float | None) -> dict[str, str | None]:
    """One heuristic of two; none where there are too many options to look at as a whole, which are divided then."""
    found: dict[str, str | None] = dict.fromkeys({"list-search", "critical-path"} - {heuristic_name(instance)})
    if not _in_parts(instance):
        found["hierarchical"] = None
    elif not instance.complete:
        found |= {"list-search": None, "critical-path": None, "cpsat": "left out: too many agents for each task"}
    if seconds is not None and seconds < CPSAT_LEAST_SECONDS:
        found["cpsat"] = f"left out below {CPSAT_LEAST_SECONDS:g} s of time"
    return found


def check_solution(spec: ScheduleSpec, solution: Solution) -> Report:
    """The checker's verdict on a schedule."""
    return check_columns(
        spec, solution.start, solution.end, solution.mode, solution.agent, solution.others
    )  # fmt: skip
