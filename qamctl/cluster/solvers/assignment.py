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
from qamctl.cluster.solvers.loose import simple, worthwhile
from qamctl.cluster.solvers.multilevel import LAST_HEAT, Breeding
from qamctl.cluster.spec import Index, Ints
from qamctl.kernels import AssignmentSearch, assignment_search, describe
from qamctl.levels import same
from qamctl.solver import Budget, Outcome
from qamctl.walks import Teller, drive, shares, winner

#: The share of the time that answers are bred in where units have rules, or old places that count twice.
BREEDING = 0.3


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

    @property
    def counted(self) -> tuple[int, int]:
        """Steps and coolings."""
        return self.search.steps, self.search.cycles

    def _take(self) -> None:
        value = (float(self.search.best_violation), *(self.instance.levels @ self.search.best_term).tolist())
        if self.value is None or value < self.value:
            self.value, self.best = value, (self.search.best, self.search.best_mask)

    def _met(self, level: int) -> bool:
        bound = self.bounds[level]
        if self.value is None or bound is None:
            return False
        return self.value[1 + level] <= bound or same(self.value[1 + level], bound)


class _Bred:
    """Answers are bred for the first level of the objective; a walk goes on with the best of them."""

    def __init__(
        self, instance: Instance, start: Index, seed: int, steps: int, bounds: tuple[float | None, ...], planned: bool
    ) -> None:
        levels = len(instance.levels)
        # Breeding alone is best where there is nothing but links.
        self._share = (1.0 if simple(instance.problem) else BREEDING) / levels
        self._rest = steps - int(steps * self._share)
        self._instance, self._seed, self._bounds, self._planned = instance, seed, bounds, planned
        self._breeding = Breeding(instance, start, seed, steps - self._rest, bounds[:1], planned)
        self._walk: _Walk | None = None

    def advance(self, seconds: float, spent: float) -> bool:
        """Run one slice; whether there is more to do."""
        if self._walk is not None:
            return self._walk.advance(seconds, spent)
        breeding = self._breeding
        more = breeding.advance(seconds, min(1.0, spent / self._share))
        if self._share < 1.0 and (not more or (not self._planned and spent >= self._share)):
            assert breeding.best is not None
            problem = replace(self._instance.problem, cooling=np.geomspace(*LAST_HEAT, 256))
            search = assignment_search(problem, breeding.best[0], self._seed)
            if self._planned:
                search.plan(self._rest // len(self._instance.levels))
            self._walk = _Walk(self._instance, search, self._rest, self._bounds, self._planned)
            return self._rest > 0
        return more

    @property
    def done(self) -> bool:
        """Whether nothing better can be found."""
        return self._breeding.done if self._walk is None else self._walk.done

    @property
    def value(self) -> tuple[float, ...] | None:
        """Of the best."""
        found = [side.value for side in (self._breeding, self._walk) if side is not None and side.value is not None]
        return min(found, default=None)

    @property
    def best(self) -> tuple[Index, Ints] | None:
        """Leaves, and the devices that pieces take."""
        walk, breeding = self._walk, self._breeding
        if walk is None or walk.value is None or (breeding.value is not None and breeding.value < walk.value):
            return breeding.best
        return walk.best

    @property
    def counted(self) -> tuple[int, int]:
        """Steps, and cycles of breeding or coolings."""
        steps, cycles = self._breeding.steps_done, self._breeding.cycles
        if self._walk is None:
            return steps, cycles
        return steps + self._walk.search.steps, cycles + self._walk.search.cycles


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
        if bred:
            walks.append(_Bred(instance, start, own, steps, bounds, budget.steps is not None))
            continue
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
