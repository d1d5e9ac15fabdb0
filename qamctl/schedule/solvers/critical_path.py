"""Job shops and their like: tabu search on critical paths, from lists, and from what lies between good schedules.

The moves are those of the kernels (`qamctl.kernels.critical`); good schedules that are far apart are kept, and a search
that has found nothing for long goes on from a point between two of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.kernels import CriticalPathSearch, critical_path_search, describe
from qamctl.schedule.bounds import level_bounds, makespan_bound
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.elite import Elite
from qamctl.schedule.solvers.shop import Shop, shop_of
from qamctl.schedule.solvers.shop_starts import Starts
from qamctl.solver import Budget, Outcome
from qamctl.walks import Teller, drive, shares, winner

#: Steps without a better schedule after which a search goes on from elsewhere, at least and at most; between them
#: as many as look at so many tasks.
PATIENCE: Final = (500, 5_000, 2_000_000)

#: Starts in a row that leave nothing to do: then there is none.
IDLE: Final = 20


@dataclass
class _Walk:
    """One search with its own seed, and the schedules that it has met."""

    instance: Instance
    shop: Shop
    starts: Starts
    search: CriticalPathSearch
    elite: Elite
    steps: int  #: at most
    patience: int
    bound: int  #: ticks that no schedule is shorter than
    found: tuple[tuple[float, ...], Solution] | None = None
    span: int | None = None
    restarts: int = 0
    idle: int = field(default=0, repr=False)

    @property
    def value(self) -> tuple[float, ...] | None:
        """Violation and levels of the best schedule."""
        return None if self.found is None else self.found[0]

    @property
    def done(self) -> bool:
        """Whether the best schedule meets the bound."""
        return self.span is not None and self.span <= self.bound

    def advance(self, seconds: float, spent: float) -> bool:
        """Run one slice; whether there is more to do."""
        search = self.search
        before = search.steps
        search.run(min(self.steps - before, self.patience - search.stalled), seconds)
        if self.span is None or search.best_span < self.span:
            self.span = search.best_span
            solution = self.instance.solution(search.best_start, self.shop.option[search.best_choice])
            late = float(np.maximum(0, solution.end - self.instance.deadline).sum())
            self.found = ((late, *self.instance.value(solution)), solution)
        self.idle = 0 if search.steps > before else self.idle + 1
        if search.stuck or search.stalled >= self.patience:
            self._go_elsewhere()
        return not self.done and search.steps < self.steps and self.idle < IDLE

    def _go_elsewhere(self) -> None:
        search = self.search
        self.elite.add(search.best_span, search.best_start, search.best_choice)
        start = self.elite.next()
        if start is None:
            start = self.shop.start_of(self.instance, self.starts.next())
        self.restarts += 1
        search.restart(*start)


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
) -> Outcome:
    """Search for a shorter schedule than `incumbent` (see `qamctl.solver.Solver`); a step is one move.

    Raises
    ------
    UnsupportedError
        The problem is no shop.
    """
    begun = time.monotonic()
    if (np.diff(instance.first_option) == 0).any():
        return Outcome("infeasible", None, (None,) * len(instance.levels))
    shop = shop_of(instance)
    if shop is None:
        raise UnsupportedError(
            "critical-path searches shops: tasks that wait for the ends of others and for one machine each, where the "
            "makespan counts first; take list-search, cpsat or auto for this problem"
        )
    bounds = level_bounds(instance)
    walks = _walks(instance, shop, incumbent, budget, seed)
    known = None if incumbent is None else instance.value(incumbent)
    drive(walks, budget, begun, stop, Teller(walks, known, lambda walk: report(walk.found[1])))
    best = winner(walks)
    info = {
        "steps": sum(walk.search.steps for walk in walks),
        "restarts": sum(walk.restarts for walk in walks),
        "walks": len(walks),
        "kernels": describe(),
    }
    found = None if best is None or best.found[0][0] > 0 else best.found[1]
    if incumbent is not None and (found is None or instance.value(found) > instance.value(incumbent)):
        return Outcome("feasible", incumbent, bounds, info=info)
    if found is None:
        return Outcome("unknown", None, bounds, info=info)
    proved = len(instance.levels) == 1 and any(walk.done for walk in walks)
    return Outcome("optimal" if proved else "feasible", found, bounds, info=info)


def _walks(instance: Instance, shop: Shop, incumbent: Solution | None, budget: Budget, seed: int) -> list[_Walk]:
    """The searches, each with its own seed: the first begins from the incumbent where that is not longer."""
    rank = np.empty(instance.n, np.int64)
    rank[instance.graph.order] = np.arange(instance.n)
    bound, walks = makespan_bound(instance), []
    least, most, looks = PATIENCE
    for k, (own, steps) in enumerate(shares(budget, seed)):
        rng = np.random.default_rng(own % 2**64)
        starts = Starts(instance, shop, rng)
        first = starts.next()
        if k == 0 and incumbent is not None and incumbent.end.max() <= first.end.max():
            first = incumbent
        search = critical_path_search(shop.problem, *shop.start_of(instance, first), own)
        elite = Elite(shop.problem, rank, rng)
        patience = min(most, max(least, looks // instance.n))
        walks.append(_Walk(instance, shop, starts, search, elite, steps, patience, bound))
    return walks
