"""The native heuristic: activity-list search by the kernels, in walks that run side by side.

Serial schedule generation over precedence-feasible lists (Kolisch 1996), forward-backward justification
(Valls, Ballestin, Quintanilla 2005) and simulated annealing (Bouleimen, Lecocq 2003), extended to options,
all precedence types, deadlines, pins, consumables and lexicographic levels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from qamctl.kernels import ScheduleSearch, describe, schedule_search
from qamctl.kernels.schedule.problem import ScheduleProblem
from qamctl.schedule.bounds import level_bounds
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.list_problem import ListProblem, list_problem
from qamctl.schedule.spec import Ints
from qamctl.solver import Budget, Outcome
from qamctl.walks import Teller, drive, shares, winner

#: Violation and levels, start of each task, option (of the problem) of each task.
Found = tuple[tuple[float, ...], Ints, Ints]


@dataclass
class _Walk:
    """One search with its own seed."""

    search: ScheduleSearch
    steps: int  #: at most
    found: Found | None = None
    done: bool = False

    @property
    def value(self) -> tuple[float, ...] | None:
        """Violation and levels of the best schedule."""
        return None if self.found is None else self.found[0]

    def advance(self, seconds: float, spent: float) -> bool:
        """Run one slice; whether there is more to do."""
        if spent and self.search.steps:
            self.search.plan(int(self.search.steps / spent))
        self.search.run(self.steps - self.search.steps, seconds)
        value = tuple(self.search.best_value.tolist())
        if np.isfinite(value[0]) and (self.found is None or value != self.found[0]):
            self.found = (value, self.search.best_start, self.search.best_option)
        self.done = self.search.done
        return not self.done and self.search.steps < self.steps


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
) -> Outcome:
    """Search for a better schedule than `incumbent` (see `qamctl.solver.Solver`).

    With `budget.steps`, a step is one schedule generation pass, and the answer depends on nothing but the
    instance, the incumbent, the steps and the seed. With `budget.seconds`, every thread runs a walk.
    """
    begun = time.monotonic()
    if (np.diff(instance.first_option) == 0).any():
        return Outcome("infeasible", None, (None,) * len(instance.levels))
    bounds = level_bounds(instance)
    if instance.n == 0:
        nothing = np.zeros(0, np.int64)
        return Outcome("optimal", instance.solution(nothing, nothing), bounds)
    known = np.array([-np.inf if b is None else b for b in bounds], np.float64)
    flat = list_problem(instance, incumbent, known)
    walks = _walks(flat.problem, budget, seed)

    # A schedule that is no better than the incumbent is no news.
    known_value = None if incumbent is None else instance.value(incumbent)
    tell = Teller(walks, known_value, lambda walk: report(_solution(instance, flat, walk.found)))
    drive(walks, budget, begun, stop, tell)
    best = winner(walks)
    won = None if best is None else best.found
    info = {
        "steps": sum(w.search.steps for w in walks),
        "cycles": sum(w.search.cycles for w in walks),
        "walks": len(walks),
        "kernels": describe(),
    }
    found = None if won is None or won[0][0] > 0 else _solution(instance, flat, won)
    if incumbent is not None and (found is None or instance.value(found) > instance.value(incumbent)):
        return Outcome("feasible", incumbent, bounds, info=info)
    if found is None:
        violation = None if won is None else won[0][0]
        nearly = None if won is None else _solution(instance, flat, won)
        return Outcome("unknown", None, bounds, info=info | {"violation": violation}, nearly=nearly)
    return Outcome("optimal" if any(w.done for w in walks) else "feasible", found, bounds, info=info)


def _walks(problem: ScheduleProblem, budget: Budget, seed: int) -> list[_Walk]:
    """The searches, each with its own seed; the later ones try the starting points in another order."""
    walks = []
    for k, (own, steps) in enumerate(shares(budget, seed)):
        turned = replace(problem, keys=np.roll(problem.keys, -k, axis=0), choices=np.roll(problem.choices, -k, axis=0))
        search = schedule_search(turned, own)
        if budget.steps is not None:
            search.plan(steps)
        walks.append(_Walk(search, steps))
    return walks


def _solution(instance: Instance, flat: ListProblem, found: Found) -> Solution:
    return instance.solution(found[1], flat.option[found[2]])
