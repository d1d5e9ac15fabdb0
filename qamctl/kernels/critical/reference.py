"""The critical-path search in plain Python: what specifies the C++ kernel, tests it, and runs where there is none."""

from __future__ import annotations

import time
from threading import Lock

import numpy as np

from qamctl.kernels.critical.moves import Move, moves
from qamctl.kernels.critical.problem import Index, Ints, ShopProblem, check_start
from qamctl.kernels.critical.shop import Shop

LOOK_EVERY = 16  # steps between two looks at the clock
MOST_PAIRS = 2**22  # pairs of tasks that are told apart in the tabu list
BUSY = "another thread is using this search"


class CriticalPathSearch:
    """Tabu search for a short makespan, by moves of tasks on a random critical path.

    See `qamctl.kernels.CriticalPathSearch` for the interface; search.cpp takes the same decisions one by one.
    """

    def __init__(self, problem: ShopProblem, order: Index, choice: Ints, seed: int) -> None:
        problem.check()
        self._problem, self._random, self._driven = problem, seed, Lock()
        self._shop = Shop(problem)
        self._pairs = min(problem.n * problem.n, MOST_PAIRS)
        self._steps = 0
        self._stuck = False
        self._begin(order, choice)

    # ------------------------------------------------------------------------------------- interface

    def run(self, steps: int, seconds: float) -> int:
        """Carry on for at most `steps` steps and about `seconds`; the steps done."""
        self._at_rest()
        with self._driven:
            until, done = time.monotonic() + seconds, 0
            while done < steps and not self._stuck:
                self._stuck = not self._step()
                if self._stuck:
                    break
                self._steps += 1
                done += 1
                if self._steps % LOOK_EVERY == 0 and time.monotonic() >= until:
                    break
            return done

    def restart(self, order: Index, choice: Ints) -> None:
        """Forget all but the number of steps and the state of chance, and go on from another schedule."""
        self._at_rest()
        self._begin(order, choice)

    @property
    def steps(self) -> int:
        """Steps done."""
        self._at_rest()
        return self._steps

    @property
    def stalled(self) -> int:
        """Steps since the best schedule was found."""
        self._at_rest()
        return self._stalled

    @property
    def stuck(self) -> bool:
        """Whether no move is left: no machine's order on the critical path can be changed."""
        self._at_rest()
        return self._stuck

    @property
    def best_span(self) -> int:
        """The makespan of the best schedule since the last start."""
        self._at_rest()
        return self._best_span

    @property
    def best_start(self) -> Ints:
        """[T] ticks."""
        self._at_rest()
        return np.array(self._best_start, np.int64)

    @property
    def best_choice(self) -> Ints:
        """[T] options."""
        self._at_rest()
        return np.array(self._best_choice, np.int64)

    @property
    def start(self) -> Ints:
        """[T] of the current schedule."""
        self._at_rest()
        return np.array(self._shop.head, np.int64)

    @property
    def choice(self) -> Ints:
        """[T] of the current schedule."""
        self._at_rest()
        return np.array(self._shop.choice, np.int64)

    def _at_rest(self) -> None:
        if self._driven.locked():
            raise RuntimeError(BUSY)

    # ------------------------------------------------------------------------------------- search

    def _begin(self, order: Index, choice: Ints) -> None:
        check_start(self._problem, order, choice)
        self._shop.begin(order, choice)
        self._stuck, self._stalled, self._time = False, 0, 0
        self._no_pair = [0] * self._pairs  # until when one task may not come before another on a machine again
        self._no_option = [0] * len(self._problem.option_machine)
        self._keep()

    def _keep(self) -> None:
        self._best_span = self._shop.span
        self._best_start, self._best_choice = list(self._shop.head), list(self._shop.choice)

    def _step(self) -> bool:
        """One move; False where there is none."""
        shop = self._shop
        self._time += 1
        move = self._choose(self._path())
        if move is None:
            return False
        until = self._time + 1 + self._problem.tenure + self._below(self._problem.spread + 1)
        option, after = shop.choice[move.task], shop.prev[move.task]
        passed = self._passed(move)
        other_option = shop.choice[move.other] if move.other >= 0 else -1
        if move.other >= 0:
            shop.insert(move.other, move.other_option, move.task)
        shop.insert(move.task, move.option, move.after)
        self._stalled += 1
        if not shop.sweep():  # a cycle by way of other machines: back, and not this way again
            if move.other >= 0:
                shop.insert(move.other, other_option, move.task)
            shop.insert(move.task, option, after)
            shop.sweep()
            if not move.within:
                self._no_option[move.option] = until
            for other in passed:
                self._no_pair[self._pair(move.task, other) if move.sooner else self._pair(other, move.task)] = until
            return True
        if not move.within:
            self._no_option[option] = until
        if move.other >= 0:
            self._no_option[other_option] = until
        for other in passed:
            self._no_pair[self._pair(other, move.task) if move.sooner else self._pair(move.task, other)] = until
        if shop.span < self._best_span:
            self._keep()
            self._stalled = 0
        return True

    def _path(self) -> list[int]:
        """A random critical path."""
        shop = self._shop
        chosen, ties = -1, 0
        for t in range(shop.n):
            if shop.end(t) == shop.span:
                ties += 1
                if self._below(ties) == 0:
                    chosen = t
        path: list[int] = []
        while chosen >= 0:
            t, chosen, ties = chosen, -1, 0
            path.append(t)
            for other, lag in shop.before[t]:
                if shop.end(other) + lag == shop.head[t]:
                    ties += 1
                    if self._below(ties) == 0:
                        chosen = other
            other = shop.prev[t]
            if other >= 0 and shop.end(other) == shop.head[t]:
                ties += 1
                if self._below(ties) == 0:
                    chosen = other
        return path[::-1]

    def _choose(self, path: list[int]) -> Move | None:
        """The move with the least estimate that is not forbidden, unless it is the best ever; else any move."""
        best: Move | None = None
        lucky: Move | None = None
        ties = count = 0
        for move in moves(self._shop, path):
            count += 1
            if self._below(count) == 0:
                lucky = move
            if (best is not None and move.estimate > best.estimate) or (
                move.estimate >= self._best_span and self._forbidden(move)
            ):
                continue
            ties = ties + 1 if best is not None and move.estimate == best.estimate else 1
            if self._below(ties) == 0:
                best = move
        return lucky if best is None else best

    def _forbidden(self, move: Move) -> bool:
        """Whether all that a move would bring back was changed not long ago."""
        if not move.within:
            back = self._no_option[move.other_option] > self._time if move.other >= 0 else False
            return back or self._no_option[move.option] > self._time
        return all(
            self._no_pair[self._pair(move.task, other) if move.sooner else self._pair(other, move.task)] > self._time
            for other in self._passed(move)
        )

    def _passed(self, move: Move) -> list[int]:
        """The tasks on its machine that a task passes."""
        found, other = [], move.first
        while other >= 0:
            found.append(other)
            other = self._shop.next[other] if other != move.last else -1
        return found

    def _pair(self, before: int, behind: int) -> int:
        return (before * self._shop.n + behind) % self._pairs

    # ------------------------------------------------------------------------------------- chance

    def _below(self, n: int) -> int:
        """An integer of 0 .. n - 1 (splitmix64)."""
        self._random = (self._random + 0x9E3779B97F4A7C15) % 2**64
        z = self._random
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        return int(((z ^ (z >> 31)) >> 32) * n >> 32)
