"""The native heuristic: local search over assignments by the kernels, in walks that run side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.cluster.bounds import level_bounds
from qamctl.cluster.construct import construct
from qamctl.cluster.instance import Instance
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import Index, Ints
from qamctl.kernels import AssignmentSearch, assignment_search, describe
from qamctl.levels import same
from qamctl.solver import Budget, Outcome
from qamctl.walks import Teller, drive, shares, winner


@dataclass
class _Walk:
    """One search with its own seed, level by level of the objective."""

    instance: Instance
    search: AssignmentSearch
    steps: int  #: at most
    bounds: tuple[float | None, ...]
    planned: bool
    value: tuple[float, ...] | None = None
    best: tuple[Index, Ints] | None = None
    done: bool = False
    level: int = 0

    def advance(self, seconds: float, spent: float) -> bool:
        """Run one slice; whether there is more to do."""
        levels = len(self.instance.levels)
        if not self.planned and spent and self.search.steps:
            self.search.plan(int(self.search.steps / spent / levels))
        # A level that has no feasible assignment yet takes the steps of the later ones.
        shared = self.planned and self.search.best_violation == 0
        end = self.steps * (self.level + 1) // levels if shared else self.steps
        self.search.run(end - self.search.steps, seconds)
        self._take()
        over = self.search.steps >= end or (not self.planned and spent * levels >= self.level + 1)
        if self.level + 1 < levels and self.search.best_violation == 0 and (over or self._met(self.level)):
            self.level += 1
            self.search.focus(self.level, np.array((self.value or ())[1 : 1 + self.level]))
            return True
        self.done = self.search.best_violation == 0 and all(map(self._met, range(levels)))
        return not self.done and self.search.steps < self.steps

    def _take(self) -> None:
        value = (float(self.search.best_violation), *(self.instance.levels @ self.search.best_term).tolist())
        if self.value is None or value < self.value:
            self.value, self.best = value, (self.search.best, self.search.best_mask)

    def _met(self, level: int) -> bool:
        bound = self.bounds[level]
        if self.value is None or bound is None:
            return False
        return self.value[1 + level] <= bound or same(self.value[1 + level], bound)


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
) -> Outcome:
    """Search for a better assignment than `incumbent` (see `qamctl.solver.Solver`).

    With `budget.steps`, a step is one proposal of a move, and the answer depends on nothing but the instance, the
    incumbent, the steps and the seed. With `budget.seconds`, every thread runs a walk.
    """
    begun = time.monotonic()
    bounds = level_bounds(instance)
    start = construct(instance) if incumbent is None else instance.leaves_of(incumbent)
    walks = []
    for own, steps in shares(budget, seed):
        search = assignment_search(instance.problem, start, own)
        if budget.steps is not None:
            search.plan(steps // max(1, len(instance.levels)))
        walks.append(_Walk(instance, search, steps, bounds, budget.steps is not None))
    known = None if incumbent is None else instance.value(incumbent)

    def solution(walk: Any) -> Solution:
        found: Solution = instance.solution(*walk.best)
        return found

    drive(walks, budget, begun, stop, Teller(walks, known, lambda walk: report(solution(walk))))
    best = winner(walks)
    info = {
        "steps": sum(walk.search.steps for walk in walks),
        "cycles": sum(walk.search.cycles for walk in walks),
        "walks": len(walks),
        "kernels": describe(),
    }
    if best is None or best.value[0] > 0 or (known is not None and best.value[1:] > known):
        if incumbent is not None:
            return Outcome("feasible", incumbent, bounds, info=info)
        return Outcome("unknown", None, bounds, info=info | {"violation": None if best is None else best.value[0]})
    return Outcome("optimal" if any(walk.done for walk in walks) else "feasible", solution(best), bounds, info=info)
