"""Coolings of the kernel over blocks: how hot, how long, from where, and what each teaches the next."""

from __future__ import annotations

import math

import numpy as np

from qamctl.kernels.couplings import Floats, Index
from qamctl.kernels.groups import GroupSearch, group_search
from qamctl.qubo.search.base import SLICE
from qamctl.qubo.search.blocks import Blocks
from qamctl.qubo.search.pool import Pool
from qamctl.qubo.search.restore import construct

#: Sweeps of the first, quick cooling, which shows the temperatures that matter; its share of the budget, and the
#: sweeps that it takes where that is less, up to a third of the budget.
PROBE, PROBE_SHARE, LEAST = 400, 0.1, 60

#: What an average entry of a row weighs at first, in units of the hottest temperature: about where weights settle.
FIRM = 10.0

#: So many times its first value, a weight has risen in vain.
VAIN = 1e6

#: Every other lineage merges so many of the best states of lineages so far, of which so many are kept: it begins at one
#: of them, this far down the ladder, and mostly tries members that are on in some.
PARENTS, ELITE, MERGE = 4, 8, 0.2

#: Under a step budget, sweeps between two looks at the best state.
OFTEN = 64

#: Seconds that the first state may take after the budget's end.
GRACE = 0.03

#: Seconds of sweeps that show how fast the kernel is.
TIMING = 0.004

#: Where a cooling begins: this share of the attempts climb. Where it ends: so often a block climbs in a sweep.
HOT, COLD = 0.02, 0.002

#: Sweeps of the first cooling: at least, at most, and the share of the budget; and how much longer each next one is.
SHORTEST, COOLING, PARTS, GROWTH = 300, 2000, 8, 1.35

#: A cooling after the first begins this far down the ladder, at the best state, and ends so many times warmer.
REHEAT, WARMER = (0.2, 0.7), (0.5, 4.0)

#: Coolings without a better state after which a new lineage begins.
PATIENCE = 2

#: Members of a block that were on in less than this share of the sweeps are seldom tried; the best few always are.
SELDOM, ALWAYS = 0.03, 3


class CoolingLane:
    """One thread's search: lineages of coolings, one after the other.

    Attributes
    ----------
    steps
        Sweeps done.
    coolings, restarts, merges
        Coolings that ended, lineages after the first, and those of them that merge earlier ones.
    hot, cold
        Temperatures where a cooling begins and ends, in units of the scaled objective; 0 before they are known.
    """

    def __init__(self, pool: Pool, blocks: Blocks, index: int, seed: int, initial: np.ndarray | None) -> None:
        self.pool, self.blocks, self.index, self.seed, self.initial = pool, blocks, index, seed, initial
        self.rng = np.random.default_rng([seed, index])
        self.first = blocks.problem.block_first
        self.block = np.repeat(np.arange(blocks.count), np.diff(self.first))
        self.steps = self.coolings = self.restarts = self.merges = 0
        self.hot = self.cold = 0.0
        self.timed, self.allowed = pool.budget.seconds is not None, pool.budget.seconds or 0.0
        self.began, self.counted = 0.0, 0  # when the sweeps that show the speed began, and how many were done then
        self.told: tuple[int, float] = (2**62, math.inf)  # violation and objective of the state told last
        self.told_at = 0.0
        self.elites: list[tuple[int, float, Index]] = []

    def run(self) -> None:
        """Until the budget is used."""
        self.kernel: GroupSearch = group_search(self.blocks.problem, self.seed)
        self.kernel.start(self._begin())
        self._tell()
        if len(self.blocks.problem.linear) == self.blocks.count:
            return  # nothing to choose
        if self._probe():
            merging = False
            while self._lineage(merging):
                self._tell()
                self.restarts += 1
                self._remember()
                merging = len(self.elites) >= PARENTS and not merging
                self.kernel = group_search(self.blocks.problem, (self.seed + self.restarts) % 2**64)
                self.told = (2**62, math.inf)
                self.kernel.set_weights(self.weights)
                self.kernel.start(self._merge() if merging else self._random())

    def _begin(self) -> Index:
        if self.initial is not None:
            return self.blocks.choice(self.initial)
        if self.index == 0:
            return construct(self.blocks.problem, self._late)
        return self._random()

    def _late(self) -> bool:
        """Whether even a first state has to wait no longer; a little late is better than one that keeps no row."""
        return self.pool.turn(0, True) is None and (
            not self.timed or self.pool.over or self.pool.elapsed > self.allowed + GRACE
        )

    def _random(self) -> Index:
        return (self.first[:-1] + self.rng.integers(0, np.diff(self.first))).astype(np.int32)

    # ------------------------------------------------------------------------------------- coolings

    def _probe(self) -> bool:
        """Cool down quickly from where everything moves to where nothing does; whether there is time for more."""
        p = self.blocks.problem
        reach = np.abs(p.linear)
        if len(p.other):
            reach = reach + np.bincount(
                np.repeat(np.arange(len(reach)), np.diff(p.first)), np.abs(p.weight), len(reach)
            )
        top = float(reach.max()) or 1.0
        bottom = 0.1 if self.blocks.whole else 1e-5 * top
        size = np.bincount(p.entry_row, np.abs(p.entry_coef), len(p.low)) / np.maximum(np.diff(p.row_first), 1)
        self.unit = FIRM * top
        self.weights = np.round(self.unit / np.maximum(size, 1.0), 9)
        self.kernel.set_weights(self.weights)
        self.began, self.counted = self.pool.elapsed, self.steps
        while self.steps == self.counted or (self.timed and self.pool.elapsed - self.began < TIMING):
            if not self._cool(np.array([top]), 1, 1.0):
                return False
        left = self._sweeps_left()
        length = int(np.clip(PROBE_SHARE * left, min(left / 3, LEAST), PROBE)) + 2
        ladder = _ladder(top, min(bottom, top), length)
        # Weights follow the temperature down, a little faster than it falls.
        pace = 1.0 + float(np.clip(2.0 * (1.0 - ladder[-1] / ladder[-2]), 0.05, 0.5))
        climbs = np.zeros(length, np.int64)
        for i, temperature in enumerate(ladder):
            before = self.kernel.climbs
            if not self._cool(np.array([temperature]), 1, 1.0, pace):
                return False
            climbs[i] = self.kernel.climbs - before
        window = np.ones(min(9, length), np.int64)
        smooth = np.convolve(climbs, window, "same") / np.convolve(np.ones(length, np.int64), window, "same")
        calm = smooth < HOT * len(p.linear)
        hot = int(np.argmax(calm)) if calm.any() else length - 1
        above = np.flatnonzero(smooth > COLD * self.blocks.count)
        cold = max(hot + 1, int(above[-1]) if len(above) else 0)
        self.hot, self.cold = float(ladder[hot]), float(ladder[min(cold, length - 1)])
        return True

    def _lineage(self, merging: bool) -> bool:
        """Coolings from one state until they bring nothing new; whether there is time for more.

        With `merging`, the members that the kernel mostly tries stay those of the elite.
        """
        kernel, stale = self.kernel, 0
        visits = np.zeros(len(self.block))
        length = float(np.clip(self._sweeps_left() / PARTS, SHORTEST, COOLING))
        choice, start, warmer = kernel.choice, MERGE if merging else 0.0, 1.0
        while stale < PATIENCE:
            before = kernel.best_violation, kernel.best_objective
            if before[0] > 0 and not self._mend(max(8, int(length / 2))):
                return False
            left = self._sweeps_left()
            sweeps = int(left if left < 1.5 * length else length)
            seen = kernel.visits
            kernel.start(choice)
            ladder = _ladder(self.hot * (self.cold / self.hot) ** start, self.cold * warmer, max(1, sweeps))
            if not self._cool(ladder, max(1, sweeps), 1.0):
                return False
            self.coolings += 1
            visits = visits / 2 + (kernel.visits - seen)
            if not merging:
                self._learn(visits)
            stale = 0 if (kernel.best_violation, kernel.best_objective) < before else stale + 1
            choice = kernel.best_choice if kernel.best_violation == 0 else kernel.choice
            start = REHEAT[0] + (REHEAT[1] - REHEAT[0]) * float(self.rng.random())
            warmer = min(
                WARMER[0] * (WARMER[1] / WARMER[0]) ** float(self.rng.random()), (self.hot / self.cold) ** (0.9 - start)
            )
            length *= GROWTH
        return True

    def _mend(self, sweeps: int) -> bool:
        """Cool down the violation alone, from the least violating state; whether there is time for more."""
        kept, even = self.kernel.weights, self.weights / self.unit
        self.kernel.set_weights(even)
        self.kernel.start(self.kernel.best_choice)
        if not self._cool(_ladder(2.0, 0.02, sweeps), sweeps, 0.0):
            return False
        # Weights that rose in vain would hold everything where it is.
        self.kernel.set_weights(kept if np.max(kept / self.weights, initial=0.0) < VAIN else self.weights)
        return True

    def _cool(self, ladder: Floats, sweeps: int, objective: float, pace: float = 0.0) -> bool:
        """Sweeps along a ladder of temperatures; whether they were done before the budget was used."""
        raise_by = pace or 1.0 + min(0.5, max(0.05, 20.0 / sweeps))
        lower_by = 1.0 / (1.0 + 0.8 * (raise_by - 1.0))
        self.kernel.plan(ladder, objective, raise_by, lower_by)
        done = 0
        while done < sweeps:
            turn = self.pool.turn(self.steps, self.index == 0)
            if turn is None:
                self._tell()
                return False
            # Under a step budget the best state is told after certain sweeps, whenever slices end.
            most = min(turn[0], sweeps - done, 2**40 if self.timed else OFTEN - self.steps % OFTEN)
            made = self.kernel.run(most, turn[1])
            done += made
            self.steps += made
            now = self.pool.elapsed if self.timed else 0.0
            if now - self.told_at >= SLICE if self.timed else made and self.steps % OFTEN == 0:
                self.told_at = now
                self._tell()
        return True

    def _sweeps_left(self) -> float:
        """Sweeps that the rest of the budget is good for."""
        budget = self.pool.budget
        if budget.steps is not None:
            return float(budget.steps - self.steps)
        rate = (self.steps - self.counted) / max(self.pool.elapsed - self.began, 1e-6)
        return max(0.0, self.allowed - self.pool.elapsed) * rate

    # ------------------------------------------------------------------------------------- learning, telling

    def _learn(self, visits: Floats) -> None:
        """Let the kernel mostly try members that were on often; the best few, and the best state's, always."""
        total = visits[self.first[0] : self.first[1]].sum()
        order = np.lexsort((-visits, self.block))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order)) - self.first[:-1][self.block[order]]
        worth = (visits > SELDOM * total) | (rank < ALWAYS)
        worth[self.kernel.best_choice] = True
        first = np.concatenate([[0], np.cumsum(np.bincount(self.block[worth], minlength=self.blocks.count))])
        self.kernel.set_candidates(first.astype(np.int64), np.flatnonzero(worth).astype(np.int32))

    def _remember(self) -> None:
        """Keep the best states of the lineages so far, no two the same."""
        k = self.kernel
        found = (k.best_violation, k.best_objective, k.best_choice)
        if not any(np.array_equal(found[2], other[2]) for other in self.elites):
            self.elites = sorted([*self.elites, found], key=lambda elite: elite[:2])[:ELITE]

    def _merge(self) -> Index:
        """Let the kernel mostly try members of some elite states; one of these to start from."""
        self.merges += 1
        parents = self.rng.choice(len(self.elites), PARENTS, replace=False)
        chosen = np.zeros(len(self.block), bool)
        for parent in parents:
            chosen[self.elites[parent][2]] = True
        first = np.concatenate([[0], np.cumsum(np.bincount(self.block[chosen], minlength=self.blocks.count))])
        self.kernel.set_candidates(first.astype(np.int64), np.flatnonzero(chosen).astype(np.int32))
        return self.elites[int(parents[0])][2]

    def _tell(self) -> None:
        """Offer the best state to the pool, once."""
        now = self.kernel.best_violation, self.kernel.best_objective
        if now < self.told:
            self.told = now
            self.pool.offer(self.blocks.sample(self.kernel.best_choice))


def _ladder(hot: float, cold: float, length: int) -> Floats:
    """[length] temperatures from hot to cold, each the same share below the one before."""
    # Rounded, because powers differ in their last digit between machines.
    step = float(f"{(cold / hot) ** (1.0 / max(1, length - 1)):.14g}")
    ladder: Floats = float(f"{hot:.12g}") * np.multiply.accumulate(np.concatenate([[1.0], np.full(length - 1, step)]))
    return ladder
