"""Multilevel search for clusters of linked units: coarse answers refined level by level, and bred with each other.

Units that pull each other are joined (`qamctl.cluster.coarsen`), the coarsest problem is annealed, and what it says is
refined on each level by moves on the rim. A population of such answers is bred as in KaFFPaE (Sanders, Schulz 2012,
"Distributed evolutionary graph partitioning"): two are combined by a hierarchy that joins nothing that either of them
divides, so that a child begins as the better parent and can take over whole regions of the other.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from typing import Final, TypeAlias, TypeVar

import numpy as np

from qamctl.cluster.coarsen import coarsen, limits
from qamctl.cluster.merge import owners
from qamctl.cluster.solvers.best import Best
from qamctl.cluster.solvers.loose import coarsest, loosened, rim, simple
from qamctl.cluster.solvers.population import Answer, Population
from qamctl.cluster.spec import Index, Ints
from qamctl.kernels import AssignmentSearch, assignment_search
from qamctl.kernels.assignment.problem import AssignmentProblem

#: Shares of a leaf that a joined unit takes at most: of a new answer, and of a combined one.
NEW_SHARE: Final = 1 / 8
COMBINED_SHARE: Final = 1 / 4
#: Units of a new answer's coarsest problem: least for each leaf, and most in units of the usual number; and how often
#: they are about as many as made the best new answer, rather than any number between.
COARSER: Final = 30
FINER: Final = 12.0
LIKE_BEST: Final = 0.5
#: By how much they then differ, in the logarithm between least and most.
NEAR: Final = 0.1
#: Proposals at the coarsest level, for each unit where it is as small as can be.
START_STEPS: Final = 4000
#: Proposals for each unit on the rim: on each level, and at last with capacities as they are.
REFINE_STEPS: Final = 600
LAST_STEPS: Final = 100
#: What demand above capacity costs (see `loosened`): each cycle draws a price between these.
LOOSE_PRICE: Final = (0.2, 0.8)
#: Hottest and coldest temperatures: of starts, of levels of new answers and of combined ones, and at last.
START_HEAT: Final = (3.0, 0.15)
NEW_HEAT: Final = (0.2, 0.02)
COMBINED_HEAT: Final = (0.1, 0.02)
LAST_HEAT: Final = (0.03, 0.005)
#: Of a walk where there is no time for anything else.
WALK_HEAT: Final = (0.1, 0.0004)
#: Shares of the proposals of a cycle: of the first one, so that there is an answer soon, and below which none is begun.
FIRST_EFFORT: Final = 0.1
LEAST_EFFORT: Final = 0.02
#: Proposals that show how fast they are.
WARMING: Final = 5000
#: Cycles that the time left is divided into, as long as each gets enough of it.
CYCLES_LEFT: Final = 6

_SLICE: Final = 1 << 16  # proposals between two looks at the clock
_MOST_SEED: Final = 2**62

# Of 4,096 moves (`AssignmentProblem.mix`).
DRIFTS: Final = np.array([0, 0, 0, 0, 4096])
DRIFTS_AND_SWAPS: Final = np.array([0, 0, 0, 800, 4096])
OF_EVERY_KIND: Final = np.array([60, 60, 160, 1000, 3600])

Heat: TypeAlias = tuple[float, float]
Result = TypeVar("Result")
#: Work that is done slice by slice.
Slices: TypeAlias = Generator[None, None, Result]
#: Problems from the finest on, and the unit on the next level of each of their units.
Levels: TypeAlias = list[tuple[AssignmentProblem, Index]]


class Breeding:
    """Makes answers and breeds them, slice by slice.

    Parameters
    ----------
    found
        Takes what is found, and knows when nothing can be better at the first level of the objective.
    start
        [n] leaves of units: where agents are now, as far as anybody knows.
    steps
        Proposals of moves at most.
    planned
        Whether the steps are the budget, and not the time.
    """

    def __init__(self, found: Best, start: Index, seed: int, steps: int, planned: bool) -> None:
        problem = found.instance.problem
        self.found, self.problem = found, problem
        self.steps_done = self.cycles = 0
        self._start, self._steps, self._planned = start, steps, planned
        self._rng = np.random.default_rng(seed % 2**64)
        self._first: tuple[float, float] | None = None  # when, by the clock and by the share that was spent
        self._spent = self._until = self._gone = self._running = 0.0
        one = owners(problem.link_first)
        forward = one < problem.link_to
        self._ends = one[forward], problem.link_to[forward]
        self._price = LOOSE_PRICE[1]
        # Of a cycle with all its effort; a guess as long as there was none.
        self._cycle_steps = float(START_STEPS * coarsest(problem) + REFINE_STEPS * problem.n)
        self._population = Population()
        self._sizes = 0
        self._best_size: tuple[tuple[float, ...], float] = ((float("inf"),), 0.0)
        self._work = self._breed()

    def advance(self, seconds: float, spent: float) -> bool:
        """Run one slice; whether there is more to do."""
        now = time.monotonic()
        self._until, self._spent = now + seconds, spent
        if self._first is None:
            self._first = now, spent
        self._gone = now - self._first[0]
        return any(time.monotonic() >= self._until for _ in self._work)

    # ------------------------------------------------------------------------------------- breeding

    def _breed(self) -> Slices[None]:
        start = yield from self._look(self._start, WARMING, LAST_HEAT, DRIFTS)
        while self._left() > 0 and not self.found.met(0):
            effort, begun = self._effort(), self.steps_done
            if effort < LEAST_EFFORT:
                yield from self._rest()
                break
            if self.cycles == 0 and len(self.problem.home_leaf):  # what is there now may be hard to better
                answer = yield from self._combined(start, start, effort)
            else:
                answer = yield from self._cycle(effort)
            self.cycles += 1
            self._cycle_steps = max(1.0, (self.steps_done - begun) / effort)
            self._population.admit(answer)

    def _rest(self) -> Slices[None]:
        """What there is no time for a cycle for: a walk from the best."""
        assert self.found.answer is not None
        while self._left() > 0 and not self.found.met(0):
            steps = int(min(self._left(), _MOST_SEED)) + 1
            heat = LAST_HEAT if self.cycles else WALK_HEAT
            yield from self._look(self.found.answer[0], steps, heat, self.problem.mix)

    def _left(self) -> float:
        """Proposals that there is time for."""
        if self._planned:
            return self._steps - self.steps_done
        share = self._spent - (self._first or (0.0, 0.0))[1]
        if share <= 0:
            return float("inf") if self._spent < 1 else 0.0
        seconds = self._gone / share * max(0.0, 1 - self._spent)
        # Before the first cycle, what it takes to begin says nothing about how long steps take.
        return seconds * self.steps_done / max(1e-9, self._gone if self.cycles else self._running)

    def _effort(self) -> float:
        """The share of its proposals that the next cycle gets: all, or what there is time for."""
        cycles = self._left() / self._cycle_steps
        effort = min(1.0, max(cycles / CYCLES_LEFT, min(cycles, 0.3)))
        return min(FIRST_EFFORT, effort) if self.cycles == 0 else effort

    def _cycle(self, effort: float) -> Slices[Answer]:
        """A new answer, or one that is combined of two."""
        spent = self.steps_done / max(1, self._steps) if self._planned else self._spent
        self._price = float(np.exp(self._rng.uniform(*np.log(LOOSE_PRICE))))
        if self._population.wants(spent):
            return (yield from self._new(effort))
        one, other = self._population.parents(self._rng)
        return (yield from self._combined(one, other, effort))

    # ------------------------------------------------------------------------------------- answers

    def _new(self, effort: float) -> Slices[Answer]:
        """From a random start on the coarsest problem."""
        least_units = coarsest(self.problem)
        size = self._size()
        least = min(COARSER * self.problem.k, least_units)
        units = int(least * (FINER * least_units / least) ** size)
        problem, levels, _ = yield from self._hierarchy(None, NEW_SHARE, units)
        steps = int(START_STEPS * min(1.0, 5 * effort) * min(problem.n, least_units))
        loose = loosened(problem, self._price)
        search = yield from self._anneal(loose, self._anywhere(problem), steps, START_HEAT)
        answer = yield from self._down(problem, levels, search.best, NEW_HEAT, effort)
        if answer.value < self._best_size[0]:
            self._best_size = answer.value, size
        return answer

    def _size(self) -> float:
        """Where between the least and the most units the next coarsest problem should lie: graphs differ in that."""
        if self._sizes > 2 and self._rng.random() < LIKE_BEST:
            return float(np.clip(self._best_size[1] + NEAR * self._rng.standard_normal(), 0.0, 1.0))
        self._sizes += 1
        return float(self._sizes - 1) if self._sizes <= 2 else van_der_corput(self._sizes - 2)

    def _combined(self, one: Answer, other: Answer, effort: float) -> Slices[Answer]:
        """The first of two answers, refined by moves of whole regions that neither of them divides."""
        leaves = self.problem.k + 1
        group = one.leaf.astype(np.int64) * leaves + other.leaf
        problem, levels, group = yield from self._hierarchy(group, COMBINED_SHARE, coarsest(self.problem))
        leaf = (group // leaves).astype(np.int32)
        leaf = yield from self._refined(problem, leaf, COMBINED_HEAT, effort)
        return (yield from self._down(problem, levels, leaf, COMBINED_HEAT, effort))

    def _hierarchy(
        self, group: Ints | None, share: float, units: int
    ) -> Slices[tuple[AssignmentProblem, Levels, Ints]]:
        """A problem of about so many units, those before it, and the groups of its units."""
        problem, levels, limit = self.problem, Levels(), limits(self.problem, share)
        groups = np.zeros(problem.n, np.int64) if group is None else group
        while problem.n > units:
            joined = coarsen(problem, groups, limit, self._rng)
            if joined is None:
                break
            coarse, unit = joined
            levels.append((problem, unit))
            up = np.empty(coarse.n, np.int64)
            up[unit] = groups
            problem, groups = coarse, up
            yield
        return problem, levels, groups

    def _down(
        self, problem: AssignmentProblem, levels: Levels, leaf: Index, heat: Heat, effort: float
    ) -> Slices[Answer]:
        """From the coarsest level to the finest one, refined on each, and at last with all rules as they are."""
        for finer, unit in reversed(levels):
            problem, leaf = finer, leaf[unit]
            leaf = yield from self._refined(problem, leaf, heat, effort)
        if simple(problem):
            steps = int(LAST_STEPS * effort * rim(problem, leaf))
            answer = yield from self._look(leaf, steps, LAST_HEAT, DRIFTS_AND_SWAPS)
            if answer.value[0] == 0:
                return answer
            leaf = answer.leaf
        return (yield from self._look(leaf, int(LAST_STEPS * effort * problem.n), LAST_HEAT, OF_EVERY_KIND))

    # ------------------------------------------------------------------------------------- searching

    def _refined(self, problem: AssignmentProblem, leaf: Index, heat: Heat, effort: float) -> Slices[Index]:
        steps = int(effort * REFINE_STEPS * rim(problem, leaf))
        search = yield from self._anneal(loosened(problem, self._price), leaf, steps, heat)
        return search.best

    def _anneal(self, problem: AssignmentProblem, leaf: Index, steps: int, heat: Heat) -> Slices[AssignmentSearch]:
        search = self._search(problem, leaf, heat, DRIFTS)
        for _ in self._run(search, steps):
            yield
        return search

    def _look(self, leaf: Index, steps: int, heat: Heat, mix: Ints) -> Slices[Answer]:
        """Search for answers on the finest level."""
        search = self._search(self.problem, leaf, heat, mix)
        self.found.take(search)
        for _ in self._run(search, steps):
            self.found.take(search)
            yield
        one, other = self._ends
        return Answer(self.found.take(search), search.best, search.best[one] != search.best[other])

    def _search(self, problem: AssignmentProblem, leaf: Index, heat: Heat, mix: Ints) -> AssignmentSearch:
        cooled = replace(problem, cooling=np.geomspace(*heat, 256), mix=mix)
        return assignment_search(cooled, leaf, int(self._rng.integers(_MOST_SEED)))

    def _run(self, search: AssignmentSearch, steps: int) -> Slices[None]:
        search.plan(max(1, steps))
        left = min(steps, self._steps - self.steps_done)
        while left > 0:
            begun = time.monotonic()
            ran = search.run(min(left, _SLICE), max(0.0, self._until - begun))
            self._running += time.monotonic() - begun
            self.steps_done += ran
            left -= ran
            yield

    def _anywhere(self, problem: AssignmentProblem) -> Index:
        """[n] random leaves, each where its unit may be."""
        first, last = problem.allowed_first[problem.kind], problem.allowed_first[problem.kind + 1]
        pick = first + (self._rng.random(problem.n) * (last - first)).astype(np.int64)
        leaf = np.full(problem.n, problem.k, np.int32)
        some = last > first
        leaf[some] = problem.allowed_leaf[pick[some]]
        return leaf


def van_der_corput(number: int) -> float:
    """Numbers between 0 and 1 that fill it evenly: 1/2, 1/4, 3/4, 1/8, ... (van der Corput 1935)."""
    return int(f"{number:b}"[::-1], 2) / (1 << number.bit_length())
