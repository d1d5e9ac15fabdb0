"""The native heuristic: local search over assignments by the kernels, in walks that run side by side.

Where links count, answers are bred on coarser problems first (`qamctl.cluster.solvers.multilevel`), and a walk goes on
from the best of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qamctl.cluster.bounds import level_bounds
from qamctl.cluster.construct import construct
from qamctl.cluster.instance import Instance
from qamctl.cluster.solution import Solution
from qamctl.cluster.solvers.best import Best
from qamctl.cluster.solvers.loose import simple, worthwhile
from qamctl.cluster.solvers.multilevel import LAST_HEAT, Breeding
from qamctl.cluster.spec import Index
from qamctl.kernels import AssignmentSearch, assignment_search, describe
from qamctl.solver import Budget, Outcome
from qamctl.walks import Teller, drive, shares, winner

#: The share of the time that answers are bred in where units have rules, or old places that count twice.
BREEDING = 0.3


@dataclass
class _Walk:
    """One search with its own seed, level by level of the objective."""

    found: Best
    search: AssignmentSearch
    steps: int  #: at most
    planned: bool
    done: bool = False
    level: int = 0

    def advance(self, seconds: float, spent: float) -> bool:
        """Run one slice; whether there is more to do."""
        levels = len(self.found.bounds)
        if not self.planned and spent and self.search.steps:
            self.search.plan(int(self.search.steps / spent / levels))
        # A level that has no feasible assignment yet takes the steps of the later ones.
        shared = self.planned and self.search.best_violation == 0
        end = self.steps * (self.level + 1) // levels if shared else self.steps
        self.search.run(end - self.search.steps, seconds)
        self.found.take(self.search)
        over = self.search.steps >= end or (not self.planned and spent * levels >= self.level + 1)
        if self.level + 1 < levels and self.search.best_violation == 0 and (over or self.found.met(self.level)):
            self.level += 1
            self.search.focus(self.level, np.array((self.value or ())[1 : 1 + self.level]))
            return True
        self.done = self.found.optimal()
        return not self.done and self.search.steps < self.steps

    @property
    def value(self) -> tuple[float, ...] | None:
        """Violation and levels of the best."""
        return self.found.value

    @property
    def counted(self) -> tuple[int, int]:
        """Steps and coolings."""
        return self.search.steps, self.search.cycles


class _Bred:
    """Answers are bred for the first level of the objective; a walk goes on with the best of them."""

    def __init__(self, found: Best, start: Index, seed: int, steps: int, planned: bool) -> None:
        # Breeding alone is best where there is nothing but links.
        self._share = (1.0 if simple(found.instance.problem) else BREEDING) / len(found.bounds)
        self._steps = int(steps * (1 - self._share))  # of the walk
        self.found, self._seed, self._planned = found, seed, planned
        self._breeding = Breeding(found, start, seed, steps - self._steps, planned)
        self._walk: _Walk | None = None

    def advance(self, seconds: float, spent: float) -> bool:
        """Run one slice; whether there is more to do."""
        if self._walk is not None:
            return self._walk.advance(seconds, (spent - self._share) / (1 - self._share))
        more = self._breeding.advance(seconds, min(1.0, spent / self._share))
        if self._share == 1.0 or (more and (self._planned or spent < self._share)):
            return more
        self._walk = self._begun()
        return True

    def _begun(self) -> _Walk:
        instance = self.found.instance
        assert self.found.answer is not None
        problem = replace(instance.problem, cooling=np.geomspace(*LAST_HEAT, 256))
        search = assignment_search(problem, self.found.answer[0], self._seed)
        if self._planned:
            search.plan(self._steps // len(instance.levels))
        return _Walk(self.found, search, self._steps, self._planned)

    @property
    def done(self) -> bool:
        """Whether nothing better can be found."""
        return self.found.optimal()

    @property
    def value(self) -> tuple[float, ...] | None:
        """Violation and levels of the best."""
        return self.found.value

    @property
    def counted(self) -> tuple[int, int]:
        """Steps, and cycles of breeding or coolings."""
        steps, cycles = self._breeding.steps_done, self._breeding.cycles
        more = (0, 0) if self._walk is None else self._walk.counted
        return steps + more[0], cycles + more[1]


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
    walks: list[_Walk | _Bred] = []
    bred = worthwhile(instance)
    for own, steps in shares(budget, seed):
        found = Best(instance, bounds)
        if bred:
            walks.append(_Bred(found, start, own, steps, budget.steps is not None))
            continue
        search = assignment_search(instance.problem, start, own)
        if budget.steps is not None:
            search.plan(steps // max(1, len(instance.levels)))
        walks.append(_Walk(found, search, steps, budget.steps is not None))
    known = None if incumbent is None else instance.value(incumbent)

    def solution(walk: Any) -> Solution:
        found: Solution = instance.solution(*walk.found.answer)
        return found

    drive(walks, budget, begun, stop, Teller(walks, known, lambda walk: report(solution(walk))))
    best = winner(walks)
    info = {
        "steps": sum(walk.counted[0] for walk in walks),
        "cycles": sum(walk.counted[1] for walk in walks),
        "walks": len(walks),
        "kernels": describe(),
    }
    if best is None or best.value[0] > 0 or (known is not None and best.value[1:] > known):
        if incumbent is not None:
            return Outcome("feasible", incumbent, bounds, info=info)
        return Outcome("unknown", None, bounds, info=info | {"violation": None if best is None else best.value[0]})
    return Outcome("optimal" if any(walk.done for walk in walks) else "feasible", solution(best), bounds, info=info)
