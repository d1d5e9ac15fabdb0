"""Large schedules: divided, the parts solved side by side, put together, and improved across the seams."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.levels import reached
from qamctl.schedule.bounds import level_bounds
from qamctl.schedule.hierarchy.division import Division, divide
from qamctl.schedule.hierarchy.parts import Parts, Solve, solve_part
from qamctl.schedule.hierarchy.seams import improved
from qamctl.schedule.hierarchy.urgency import forgiving
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import list_search
from qamctl.solver import Budget, Outcome

#: Share of the time, and of the steps, for the first schedule of all parts.
FIRST: Final = 0.6

#: Windows that may mend broken deadlines, at least, where steps are counted.
MENDING: Final = 200

#: Parts of which metrics.json has a row each.
ROWS: Final = 1_000


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
    *,
    division: Division | None = None,
    solve_with: Solve = solve_part,
) -> Outcome:
    """Search for a better schedule than `incumbent` (see `qamctl.solver.Solver`), and besides:

    Parameters
    ----------
    division
        Who works on what; None: as `divide` has it.
    solve_with
        What solves a part.

    Raises
    ------
    UnsupportedError
        The problem has no agents to divide.
    """
    if not len(instance.spec.agents.ids):
        raise UnsupportedError("hierarchical divides the agents of a fleet, and this problem has none")
    begun = time.monotonic()
    if (np.diff(instance.first_option) == 0).any():
        return Outcome("infeasible", None, (None,) * len(instance.levels))
    bounds = level_bounds(instance)
    if instance.n == 0:
        nothing = np.zeros(0, np.int64)
        return Outcome("optimal", instance.solution(nothing, nothing), bounds)
    info: dict[str, Any] = {}
    best = incumbent
    if best is None:
        division = divide(instance) if division is None else division
        work = Parts(instance, division, seed, stop, solve_with)
        best = work.run(_left(budget, begun), FIRST)
        rows = work.rows
        info = {
            "groups": division.groups, "waves": division.waves, "steps": sum(row.steps for row in rows),
            "parts": [asdict(row) for row in rows[:ROWS]],
            "fallbacks": sum(row.fallback is not None for row in rows),
        }  # fmt: skip
        if best is None:
            return Outcome("unknown", None, bounds, info=info)
        if (best.end > instance.deadline).any():
            best, info["deadlines"] = improved(
                forgiving(instance, best), best, (0.0,), budget, begun, seed, stop, lambda solution: None, MENDING
            )
        if late := int((best.end > instance.deadline).sum()):
            return Outcome("unknown", None, bounds, info=info | {"late": late})
        report(best)
    best, seams = improved(instance, best, bounds, budget, begun, seed, stop, report)
    met = all(map(reached, instance.value(best), bounds))
    if not met and instance.complete and budget.seconds is not None and (left := _left(budget, begun)).seconds:
        # Windows have nothing more to give: the rest of the time is for the whole.
        found = list_search.solve(instance, best, left, seed, stop, report)
        best = best if found.solution is None else found.solution
        met = found.status == "optimal"
    return Outcome("optimal" if met else "feasible", best, bounds, info=info | {"seams": seams})


def _left(budget: Budget, begun: float) -> Budget:
    """What is left of a budget that began then."""
    if budget.seconds is None:
        return budget
    return replace(budget, seconds=max(0.0, budget.seconds - (time.monotonic() - begun)))
