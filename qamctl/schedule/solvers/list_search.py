"""The native heuristic: activity-list search by the kernels, in walks that run side by side.

Serial schedule generation over precedence-feasible lists (Kolisch 1996), forward-backward justification
(Valls, Ballestin, Quintanilla 2005) and simulated annealing (Bouleimen, Lecocq 2003), extended to options,
all precedence types, deadlines, pins, consumables and lexicographic levels.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from qamctl.kernels import ScheduleSearch, describe, schedule_search
from qamctl.kernels.schedule.problem import ScheduleProblem
from qamctl.schedule.bounds import level_bounds
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.base import Budget, Outcome
from qamctl.schedule.solvers.list_problem import ListProblem, list_problem
from qamctl.schedule.spec import Ints

#: A budget in steps is always divided among this many walks, so that the answer does not depend on the threads.
WALKS = 2

#: Seconds of the first and of the longest slice between two looks at `stop`.
FIRST_SLICE, SLICE = 0.001, 0.05

_ENDLESS = 2**62
_SEED_STEP = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: seeds of neighbouring walks share no stream

#: Violation and levels, start of each task, option (of the problem) of each task.
Found = tuple[tuple[float, ...], Ints, Ints]


@dataclass
class _Walk:
    """One search with its own seed; the thread that runs it and the one that reports share `found`."""

    search: ScheduleSearch
    steps: int  #: at most
    found: Found | None = None
    done: bool = False
    error: BaseException | None = None

    def advance(self, seconds: float) -> bool:
        """Run one slice; whether there is more to do."""
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
    """Search for a better schedule than `incumbent` (see `qamctl.schedule.solvers.base.Solver`).

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

    # The value that was last told; a schedule that is no better than the incumbent is no news.
    told: list[tuple[float, ...]] = [] if incumbent is None else [(0.0, *instance.value(incumbent))]
    told_at = -np.inf

    def tell(last: bool = False) -> None:
        nonlocal told_at
        winner = _winner(walks)
        if winner is None or winner[0][0] > 0 or (told and winner[0] >= told[-1]):
            return
        if last or time.monotonic() - told_at >= SLICE:
            told.append(winner[0])
            report(_solution(instance, flat, winner))
            told_at = time.monotonic()

    drive = _side_by_side if budget.threads > 1 else _in_turn
    drive(walks, budget, begun, stop, tell)
    tell(last=True)
    winner = _winner(walks)
    info = {
        "steps": sum(w.search.steps for w in walks),
        "cycles": sum(w.search.cycles for w in walks),
        "walks": len(walks),
        "kernels": describe(),
    }
    found = None if winner is None or winner[0][0] > 0 else _solution(instance, flat, winner)
    if incumbent is not None and (found is None or instance.value(found) > instance.value(incumbent)):
        return Outcome("feasible", incumbent, bounds, info=info)
    if found is None:
        violation = None if winner is None else winner[0][0]
        return Outcome("unknown", None, bounds, info=info | {"violation": violation})
    return Outcome("optimal" if any(w.done for w in walks) else "feasible", found, bounds, info=info)


def _walks(problem: ScheduleProblem, budget: Budget, seed: int) -> list[_Walk]:
    """The searches, each with its own seed; the later ones try the starting points in another order."""
    count = WALKS if budget.steps is not None else max(1, budget.threads)
    walks = []
    for k in range(count):
        turned = replace(problem, keys=np.roll(problem.keys, -k, axis=0), choices=np.roll(problem.choices, -k, axis=0))
        search = schedule_search(turned, seed + k * _SEED_STEP)
        steps = _ENDLESS
        if budget.steps is not None:
            steps = (budget.steps + count - 1 - k) // count
            search.plan(steps)
        walks.append(_Walk(search, steps))
    return walks


def _winner(walks: list[_Walk]) -> Found | None:
    """The best schedule over the walks; the first of them wins a tie."""
    found = [w.found for w in walks if w.found is not None]
    return min(found, key=lambda f: f[0], default=None)


def _solution(instance: Instance, flat: ListProblem, found: Found) -> Solution:
    return instance.solution(found[1], flat.option[found[2]])


def _slices(walk: _Walk, budget: Budget, begun: float, halted: Callable[[], bool]) -> Iterator[None]:
    """Runs a walk to its end; yields after every slice. The first slices are short: small problems need no more."""
    length = FIRST_SLICE
    while not halted():
        if budget.seconds is not None:
            spent = time.monotonic() - begun
            if spent >= budget.seconds:
                return
            if walk.search.steps:
                walk.search.plan(int(walk.search.steps * budget.seconds / spent))
            length = min(length, budget.seconds - spent)
        more = walk.advance(length)
        yield
        if not more:
            return
        length = min(SLICE, 2 * length)


def _in_turn(
    walks: list[_Walk], budget: Budget, begun: float, stop: Callable[[], bool], tell: Callable[[], None]
) -> None:
    for walk in walks:
        for _ in _slices(walk, budget, begun, stop):
            tell()
        if walk.done:  # the others could only tie
            return


def _side_by_side(
    walks: list[_Walk], budget: Budget, begun: float, stop: Callable[[], bool], tell: Callable[[], None]
) -> None:
    """Each walk in a thread of its own; this one watches.

    With a budget in steps a walk is only cut short by one before it, as in `_in_turn`: the answer is the same.
    """
    ended = threading.Event()

    def halted(k: int) -> bool:
        rivals = walks[:k] if budget.steps is not None else walks
        return ended.is_set() or any(w.done for w in rivals)

    def work(k: int) -> None:
        try:
            for _ in _slices(walks[k], budget, begun, lambda: halted(k)):
                pass
        except BaseException as error:  # raised again by the thread that waits
            walks[k].error = error

    threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(len(walks))]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads) and not stop():
            tell()
            next((t for t in threads if t.is_alive()), threads[0]).join(FIRST_SLICE)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    for walk in walks:
        if walk.error is not None:
            raise walk.error
