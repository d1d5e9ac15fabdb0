"""Local search inside the linear engine: over the problem as it is, or guided by a relaxation."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from qamctl.cluster.solvers.programs.choice import Guide
from qamctl.cluster.solvers.programs.guided import narrowed, softened
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.kernels import AssignmentSearch, assignment_search
from qamctl.kernels.assignment.problem import AssignmentProblem
from qamctl.walks import ENDLESS, SLICE

#: Stages of a guided search: what a unit of capacity too much costs, in prices of the relaxation (0: capacities are
#: limits); share of the search; first and last temperature, in units of the mean worsening of a move. Measured on
#: generalised assignment with costs and demands that are at odds.
STAGES: Final = ((2.5, 0.6, 0.02, 0.005), (10.0, 0.25, 0.003, 0.0008), (0.0, 0.15, 0.01, 0.001))
#: Places of a unit in a guided search: from, to, by the seed.
PLACES: Final = (3, 5)


@dataclass(frozen=True, eq=False)
class Walked:
    """Where local search came to: [n] leaves, [pieces] devices, and the violation that is left."""

    leaf: Index
    mask: Ints
    violation: int
    steps: int


@dataclass(eq=False)
class Walking:
    """A stretch of local search, planned over so many steps, or over so many seconds.

    Attributes
    ----------
    leaf
        [n] where it begins.
    level, held
        The objective level that counts, and the values that those before it may not exceed.
    guide
        Keeps the search to few places, and lets it through full leaves; None: it goes anywhere.
    """

    problem: AssignmentProblem
    leaf: Index
    seed: int
    steps: int | None
    seconds: float
    level: int
    held: Floats
    guide: Guide | None = None
    _stopped: bool = False

    def stop(self) -> None:
        """End it."""
        self._stopped = True

    def solve(self) -> Walked:
        """Search."""
        if self.guide is None:
            return self._walk(self.problem, self.leaf, 1.0)
        places = PLACES[0] + self.seed % (PLACES[1] - PLACES[0] + 1)
        narrow = narrowed(self.problem, self.guide, self.leaf, places)
        leaf, steps, left = self.leaf, 0, 1.0
        found: Walked | None = None
        for price, share, hot, cold in STAGES:
            stage = softened(narrow, self.guide, self.level, price) if price else narrow
            if stage is None:
                continue
            cooled = replace(stage, cooling=np.geomspace(hot, cold, len(stage.cooling)))
            found = self._walk(cooled, leaf, share if price else left)
            leaf, steps, left = found.leaf, steps + found.steps, left - share
        assert found is not None
        return replace(found, steps=steps)

    def _walk(self, problem: AssignmentProblem, leaf: Index, share: float) -> Walked:
        """One search, for a share of the whole."""
        search = assignment_search(problem, leaf, self.seed)
        if self.level:
            search.focus(self.level, self.held)
        steps = None if self.steps is None else max(1, int(share * self.steps))
        if steps is not None:
            search.plan(steps)
        seconds, begun = share * self.seconds, time.monotonic()
        while not self._stopped:
            spent = time.monotonic() - begun
            left = SLICE if steps is not None else min(SLICE, seconds - spent)
            more = ENDLESS if steps is None else steps - search.steps
            if left <= 0 or more <= 0:
                break
            search.run(more, left)
            if steps is None:
                self._plan(search, seconds, time.monotonic() - begun)
        return Walked(search.best, search.best_mask, search.best_violation, search.steps)

    @staticmethod
    def _plan(search: AssignmentSearch, seconds: float, spent: float) -> None:
        search.plan(max(1, int(search.steps * seconds / max(1e-3, spent))))
