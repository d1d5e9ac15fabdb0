"""The assignment search in plain Python: the specification of the C++ kernel, its oracle, and what runs without it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np

from qamctl.kernels.assignment.chains import Company, chain
from qamctl.kernels.assignment.chase import chase
from qamctl.kernels.assignment.check import check_bounds, check_problem, check_start
from qamctl.kernels.assignment.corners import rebuild
from qamctl.kernels.assignment.problem import AssignmentProblem, Floats, Index, Ints
from qamctl.kernels.assignment.shifts import drift, shift, swap
from qamctl.kernels.assignment.walk import Walk

LOOK_EVERY = 16  # steps between two looks at the clock
FIRST_CYCLE = 200_000  # steps, where there is no plan; each cycle after it is twice as long
PRICE = 5.0  # of what is left behind, in temperatures
SAMPLES = 512  # shifts that the scale of temperatures is taken from
BUSY = "another thread is using this search"


class AssignmentSearch:
    """Simulated annealing by shifts, drifts, swaps, ejection chains, chases and rebuilt corners.

    See `qamctl.kernels.AssignmentSearch` for the interface; search.cpp takes the same decisions one by one.
    """

    def __init__(self, problem: AssignmentProblem, start: Index, seed: int) -> None:
        check_problem(problem)
        check_start(problem, start)
        self._walk = Walk(problem, start.tolist(), seed)
        self._company = Company(problem, self._walk)
        self._mix: list[int] = problem.mix.tolist()
        if self._mix[4] > self._mix[3]:
            self._walk.state.rim.trace(self._walk.state.x)
        self._cooling: list[float] = problem.cooling.tolist()
        self._steps = self._cycles = self._planned = self._begun = 0
        self._scale = 1.0
        self._driven = Lock()
        self._focus(0, [])

    # ------------------------------------------------------------------------------------- interface

    def run(self, steps: int, seconds: float) -> int:
        """Carry on for at most `steps` steps and about `seconds`; the steps done."""
        with self._alone():
            until, done = time.monotonic() + seconds, 0
            if self._walk.state.n == 0 or self._walk.state.k == 0:
                return 0
            while done < steps:
                self._cool()
                self._step()
                self._steps += 1
                done += 1
                if self._steps % LOOK_EVERY == 0 and time.monotonic() >= until:
                    break
            return done

    def plan(self, steps: int) -> None:
        """Lay the cooling out over a search of `steps` steps in all, those done included."""
        self._at_rest()
        self._planned = steps

    def focus(self, level: int, bounds: Floats) -> None:
        """Go on from the best assignment with one level of the objective; earlier ones stay within `bounds`."""
        check_bounds(self._walk.problem, level, bounds)
        with self._alone():
            self._focus(level, bounds.tolist())

    @property
    def steps(self) -> int:
        """Steps done."""
        self._at_rest()
        return self._steps

    @property
    def cycles(self) -> int:
        """Coolings finished; each began at the best assignment known."""
        self._at_rest()
        return self._cycles

    @property
    def best(self) -> Index:
        """[n] the leaf of each unit; k where in none."""
        return np.array(self._at_rest().best, np.int32)

    @property
    def best_mask(self) -> Ints:
        """[pieces] the devices that each piece takes, as bits."""
        return np.array(self._at_rest().best_mask, np.int64)

    @property
    def best_violation(self) -> int:
        """0 where every rule is kept."""
        return self._at_rest().best_violation

    @property
    def best_term(self) -> Floats:
        """[7] the terms of the best assignment."""
        return np.array(self._at_rest().best_term)

    @property
    def leaf(self) -> Index:
        """[n] of the current assignment."""
        return np.array(self._at_rest().state.x, np.int32)

    @property
    def violation(self) -> int:
        """Of the current assignment."""
        return self._at_rest().state.violation

    @property
    def term(self) -> Floats:
        """[7] of the current assignment."""
        return np.array(self._at_rest().state.term)

    def _at_rest(self) -> Walk:
        """The walk, which nobody drives at the moment."""
        if self._driven.locked():
            raise RuntimeError(BUSY)
        return self._walk

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._driven.acquire(blocking=False):
            raise RuntimeError(BUSY)
        try:
            yield
        finally:
            self._driven.release()

    # ------------------------------------------------------------------------------------- annealing

    def _focus(self, level: int, bounds: list[float]) -> None:
        """Set the level, and the unit of temperatures: what a random shift makes worse, on average."""
        walk = self._walk
        walk.level, walk.bounds = level, bounds
        walk.restart()
        total, count = 0.0, 0
        for _ in range(SAMPLES if walk.state.n and walk.state.k else 0):
            u = walk.random.below(walk.state.n)
            b = walk.target(u)
            if b < 0 or b == walk.state.x[u]:
                continue
            worse = walk.value(walk.state.peek(u, b).term, level)
            if worse > 0:
                total += worse
                count += 1
        self._scale = total / float(count) if count else 1.0
        self._begun = self._steps

    def _cool(self) -> None:
        """Lower the temperature, geometrically over a cycle; a new cycle begins at the best assignment."""
        length = max(1, self._planned) if self._planned else FIRST_CYCLE << min(self._cycles, 20)
        if self._steps - self._begun >= length:
            self._cycles += 1
            self._begun = self._steps
            self._walk.restart()
        at = min(255, (self._steps - self._begun) * 256 // length)
        self._walk.temperature = self._scale * self._cooling[at]
        self._walk.price = PRICE * self._cooling[at]

    def _step(self) -> None:
        """One proposal, of a kind that dice and mix decide."""
        dice = self._walk.random.below(4096)
        if dice < self._mix[0]:
            rebuild(self._walk)
        elif dice < self._mix[1]:
            chase(self._walk)
        elif dice < self._mix[2]:
            chain(self._walk, self._company)
        elif dice < self._mix[3]:
            swap(self._walk)
        elif dice < self._mix[4]:
            drift(self._walk)
        else:
            shift(self._walk)
