"""What the threads of the linear engine do: a relaxation, a stretch of local search, a part decided anew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qamctl.cluster.solvers.linear_choice import Guide, guide_of
from qamctl.cluster.solvers.linear_lp import Relax, rounded
from qamctl.cluster.solvers.linear_mip import Found, Run
from qamctl.cluster.solvers.linear_model import draw
from qamctl.cluster.solvers.linear_part import Frame, Part, everywhere, part_of
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.kernels import assignment_search

#: Pairs of units and leaves up to which a relaxation has the rules between units too.
RULED: Final = 20_000
#: Wall seconds between two looks at whether to end.
SLICE: Final = 0.05


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


@dataclass(frozen=True, eq=False)
class Walked:
    """Where local search came to: [n] leaves, [pieces] devices, and the violation that is left."""

    leaf: Index
    mask: Ints
    violation: int
    steps: int


@dataclass(eq=False)
class Walking:
    """A stretch of local search, planned over so many steps, or over so many seconds."""

    problem: Any
    leaf: Index
    seed: int
    steps: int | None
    seconds: float
    level: int
    held: Floats
    _stopped: bool = False

    def stop(self) -> None:
        """End it."""
        self._stopped = True

    def solve(self) -> Walked:
        """Search."""
        search = assignment_search(self.problem, self.leaf, self.seed)
        if self.level:
            search.focus(self.level, self.held)
        if self.steps is not None:
            search.plan(self.steps)
        spent = 0.0
        while not self._stopped:
            left = self.seconds - spent if self.steps is None else SLICE
            todo = 2**62 if self.steps is None else self.steps - search.steps
            if left <= 0 or todo <= 0:
                break
            begun = time.monotonic()
            search.run(todo, min(SLICE, left))
            spent += time.monotonic() - begun
            if self.steps is None:
                search.plan(int(search.steps * self.seconds / max(1e-3, spent)))
        return Walked(search.best, search.best_mask, search.best_violation, search.steps)


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
