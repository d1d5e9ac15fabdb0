"""What the threads of the linear engine do beside local search: a relaxation, a part decided anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from qamctl.cluster.solvers.programs.choice import Guide, guide_of
from qamctl.cluster.solvers.programs.lp import Relax, rounded
from qamctl.cluster.solvers.programs.mip import Found, Run
from qamctl.cluster.solvers.programs.model import draw
from qamctl.cluster.solvers.programs.part import Frame, Part, everywhere, part_of
from qamctl.cluster.solvers.programs.whole import Whole
from qamctl.cluster.spec import Floats

#: Pairs of units and leaves up to which a relaxation has the rules between units too.
RULED: Final = 20_000


@dataclass(frozen=True, eq=False)
class Bounded:
    """What a relaxation brought.

    Attributes
    ----------
    bound
        Nothing costs less (without links that are cut).
    least
        The same before it was rounded up to a value that the objective can have.
    guide
        None where the solver came to nothing.
    size
        Variables.
    """

    bound: float
    least: float
    guide: Guide | None
    size: int


@dataclass(eq=False)
class Bounding:
    """The relaxation of the whole problem."""

    frame: Frame
    weights: Floats
    seconds: float | None
    effort: float
    _relax: Relax | None = None
    _stopped: bool = False

    def stop(self) -> None:
        """End it."""
        self._stopped = True
        if self._relax is not None:
            self._relax.stop()

    def solve(self) -> Bounded:
        """Draw it up and solve it."""
        problem = self.frame.problem
        free = np.arange(problem.n)
        unit, to = everywhere(problem, free)
        nowhere = np.full(problem.n, problem.k, np.int32)
        part = part_of(self.frame, nowhere, free, unit, to)
        weights = self.weights.copy()
        weights[0] = 0.0  # whoever shares himself among clusters cuts nothing
        program = draw(part, weights != 0, rules=len(to) <= RULED)
        self._relax = Relax(program, weights, self.seconds, self.effort, self._stopped)
        found = self._relax.solve()
        price = np.zeros((problem.m, problem.r))
        price[program.capacity_cluster, program.capacity_resource] = np.maximum(0, -found.price[program.capacity_row])
        pairs = len(part.to)
        guide = guide_of(part, weights, found.value[:pairs], found.reduced[:pairs], price[: problem.k])
        return Bounded(
            rounded(program, weights, found.bound), found.bound, guide if found.solved else None, program.size
        )


@dataclass(eq=False)
class Deciding:
    """A part decided anew.

    Attributes
    ----------
    kind
        How it was chosen; `first`: any answer will do.
    levels, level
        [l, 7] weights of the objective levels, and the one that counts; those before it may not get worse.
    value
        Of this level, in the assignment that the part was chosen from.
    effort
        Deterministic seconds, at most.
    """

    kind: str
    part: Part
    levels: Floats
    level: int
    value: float
    effort: float
    seed: int
    _run: Run | None = None
    _stopped: bool = False

    def stop(self) -> None:
        """End it."""
        self._stopped = True
        if self._run is not None:
            self._run.stop()

    def solve(self) -> Found:
        """Draw it up and look for something better."""
        counted = (self.levels[: self.level + 1] != 0).any(axis=0)
        program = draw(self.part, counted)
        first = self.kind == "first"
        levels = self.levels[:0] if first else self.levels[: self.level]
        self._run = Run(program, self.levels[self.level], levels, self.effort, self.seed, first)
        if self._stopped:
            self._run.stop()
        return self._run.solve()


@dataclass(eq=False)
class Proving:
    """The whole problem, what can't be in a better answer left out, decided by HiGHS.

    Attributes
    ----------
    levels, level, value
        As in `Deciding`.
    until, nodes
        Limits: by `time.monotonic` (None: none) and, without it, of nodes of the search tree.
    """

    part: Part
    levels: Floats
    level: int
    value: float
    until: float | None
    nodes: int
    _run: Whole | None = None
    _stopped: bool = False

    def stop(self) -> None:
        """End it."""
        self._stopped = True
        if self._run is not None:
            self._run.stop()

    def solve(self) -> Found | ChildProcessError:
        """Draw it up and solve it; what its process died of, where it did."""
        counted = (self.levels[: self.level + 1] != 0).any(axis=0)
        nodes = self.nodes if self.until is None else 2**31 - 1
        program, weights = draw(self.part, counted), self.levels[self.level]
        self._run = Whole(program, weights, self.levels[: self.level], self.until, nodes, self._stopped)
        try:
            found = self._run.solve()
        except ChildProcessError as error:
            return error
        if not np.isfinite(found.bound):
            return found
        bound = rounded(program, weights, self.value - found.bound)
        return replace(found, bound=self.value - min(self.value, bound))
