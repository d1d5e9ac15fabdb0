"""The search over blocks in plain Python: the specification of groups.cpp, its oracle, and what runs without it."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from itertools import pairwise

import numpy as np

from qamctl.kernels.couplings import Floats, Index, Ints
from qamctl.kernels.groups.problem import GroupProblem
from qamctl.kernels.groups.standing import Move, Standing

LOOK = 32  # attempts between two looks at the clock
LOOKS = 16  # entries of a row that a partner is looked for in
KEPT_LOW, KEPT_HIGH = 0.08, 0.25  # shares of a sweep in which no row is broken
LIGHTEST, HEAVIEST = 2.0**-100, 2.0**100


class GroupSearch:
    """Simulated annealing by shifts, swaps and ejections, under rows whose weights adapt.

    A shift takes another member of a block. Where another block stands at that member's place, it mostly gives
    way: to where the first one came from (a swap), or elsewhere (an ejection; Yagiura, Ibaraki and Glover 2004,
    "An ejection chain approach for the generalized assignment problem", whose chains are of such steps). Rows
    may be broken at the price of their weights, which rise and fall so that no row is broken in 8 to 25 % of the
    time: strategic oscillation (Glover 1977).

    See `qamctl.kernels.groups.GroupSearch` for the interface; groups.cpp takes the same decisions one by one.
    """

    def __init__(self, problem: GroupProblem, seed: int) -> None:
        self.block_first: list[int] = problem.block_first.tolist()
        size = np.diff(problem.block_first)
        self.n, self.blocks = len(problem.linear), len(size)
        self.block_of: list[int] = np.repeat(np.arange(self.blocks), size).tolist()
        self.movable: list[int] = np.flatnonzero(size > 1).tolist()
        first, columns = problem.row_first.tolist(), problem.row_variable.tolist()
        entries: list[tuple[int, int]] = list(zip(columns, problem.row_coef.tolist(), strict=True))
        self.row_entries = [entries[a:b] for a, b in pairwise(first)]
        self.surprise: list[float] = problem.surprise.tolist()
        self.row_weight = [1.0] * len(problem.low)
        self.visited = [0] * self.n
        self.candidates: list[list[int]] = []
        self.temperatures = [0.0]
        self.objective_weight = self.raise_by = self.lower_by = 1.0
        self.temperature, self.pending = 0.0, False
        self.random, self.running = seed, False
        self.sweeps = 0  # that ended
        self.climbs = 0  # moves accepted although they cost something
        self.planned_at = 0
        self.at = Standing(problem)
        self.best = self.at.state.copy()

    # ------------------------------------------------------------------------------------- interface

    def start(self, choice: np.ndarray) -> None:
        """Go on from the state in which the variables choice[b] are on."""
        if len(choice) != self.blocks:
            raise ValueError("a choice has one member for each block")
        members = [int(v) for v in choice]
        if any(not 0 <= v < self.n or self.block_of[v] != b for b, v in enumerate(members)):
            raise ValueError("a choice names a variable of another block")
        if self.pending:
            self._keep()
        self.at.start(members)
        if self.at.state.better(self.best):
            self._keep()

    def plan(self, temperatures: np.ndarray, objective: float = 1.0, raise_by: float = 1.05,
             lower_by: float = 0.96) -> None:  # fmt: skip
        """Lay out the sweeps from now on: their temperatures, and how fast the weights of rows adapt."""
        if len(temperatures) == 0:
            raise ValueError("a plan has a temperature")
        self.temperatures = [float(t) for t in temperatures]
        self.objective_weight, self.raise_by, self.lower_by = objective, raise_by, lower_by
        self.planned_at = self.sweeps

    def set_candidates(self, first: np.ndarray, member: np.ndarray) -> None:
        """Let blocks of three members and more mostly take one of member[first[b]:first[b + 1]]."""
        bounds, members = [int(i) for i in first], [int(v) for v in member]
        right = len(bounds) == self.blocks + 1 and bounds[0] == 0 and bounds[-1] == len(members)
        lists = [members[a:b] for a, b in pairwise(bounds)]
        if not right or any(
            not chosen or min(chosen) < self.block_first[b] or max(chosen) >= self.block_first[b + 1]
            for b, chosen in enumerate(lists)
        ):
            raise ValueError("every block has candidates, all of them its own members")
        self.candidates = lists

    def set_weights(self, weights: np.ndarray) -> None:
        """[R] what a violation by 1 costs."""
        if len(weights) != len(self.row_weight):
            raise ValueError("every row has a weight")
        self.row_weight = [float(w) for w in weights]

    def run(self, sweeps: int, seconds: float) -> int:
        """Carry on for at most `sweeps` sweeps of n attempts and about `seconds`; the sweeps that ended."""
        if self.running:
            raise RuntimeError("this GroupSearch is already running in another thread")
        self.running = True
        try:
            until, before = time.monotonic() + seconds, self.sweeps
            while self.sweeps - before < sweeps:
                self.temperature = self.temperatures[min(self.sweeps - self.planned_at, len(self.temperatures) - 1)]
                stop = min(self.n, self.at.time + LOOK) if self.movable else self.n
                while self.at.time < stop and self.movable:
                    self._attempt()
                    self.at.time += 1
                self.at.time = stop
                if stop == self.n:
                    self._end_sweep()
                if time.monotonic() >= until:
                    break
            if self.pending:
                self._keep()
            return self.sweeps - before
        finally:
            self.running = False

    @property
    def weights(self) -> Floats:
        """[R] what a violation by 1 costs now."""
        return np.array(self.row_weight, np.float64)

    @property
    def visits(self) -> Ints:
        """[n] sweeps at whose end each variable was on."""
        return np.array(self.visited, np.int64)

    @property
    def best_objective(self) -> float:
        """Of the best state: the least violation decides, then the objective."""
        return self.best.objective

    @property
    def best_violation(self) -> int:
        """Of the best state; 0 where it is feasible."""
        return self.best.violation

    @property
    def best_choice(self) -> Index:
        """[B] the variables that are on in the best state."""
        return np.array(self.best.choice, np.int32)

    @property
    def objective(self) -> float:
        """Of the current state."""
        return self.at.state.objective

    @property
    def violation(self) -> int:
        """Of the current state."""
        return self.at.state.violation

    @property
    def choice(self) -> Index:
        """[B] of the current state."""
        return np.array(self.at.state.choice, np.int32)

    # ------------------------------------------------------------------------------------- proposals

    def _attempt(self) -> None:
        dice = self._draw()
        mend = bool(self.at.broken) and dice & 15 == 0
        moves = self._repair() if mend else self._shift(dice)
        if not moves:
            return
        rise = self.at.evaluate(moves, self.row_weight, self.objective_weight)
        if rise > 0 and rise > self.temperature * self.surprise[(dice >> 8) & (len(self.surprise) - 1)]:
            return
        if self.pending and (self.at.worse, self.at.change) > (0, 0.0):
            self._keep()
        self.climbs += rise > 0
        self.at.apply()
        self.pending = self.at.state.better(self.best)

    def _shift(self, dice: int) -> list[Move]:
        """A block takes another member; mostly one that stands there gives way, often to where the first came from."""
        b = self.movable[(dice >> 32) * len(self.movable) >> 32]
        off, on = self.at.state.choice[b], self._pick(b)
        if on == off:
            return []
        if dice & 48 == 0:
            return [(b, off, on)]
        c = self._partner(b, on)
        if c < 0:
            return [(b, off, on)]
        p = self.at.state.choice[c]
        q = self._member_at(c, self.at.place[off]) if dice & 192 else -1
        if q < 0:
            q = self._pick(c)
        return [(b, off, on), (c, p, q)] if q != p else []

    def _repair(self) -> list[Move]:
        """A change of one block that lessens what a random broken row is violated by, if an entry of it allows one."""
        r = self.at.broken[self._below(len(self.at.broken))]
        v, coef = self.row_entries[r][self._below(len(self.row_entries[r]))]
        b = self.block_of[v]
        off = self.at.state.choice[b]
        enter = (coef > 0) == (self.at.activity[r] < self.at.low[r])
        if enter == (off == v):
            return []
        on = v if enter else self._pick(b)
        return [(b, off, on)] if on != off else []

    def _partner(self, b: int, on: int) -> int:
        """A block that stands where `on` is, or, where places say nothing, one that is on in a row of `on`; else -1."""
        if self.at.place[on] >= 0:
            there = self.at.seated[self.at.place[on]]
            if not there:
                return -1
            c = there[self._below(len(there))]
            return -1 if c == b else c
        entries = self.at.entries[on]
        if not entries:
            return -1
        row = self.row_entries[entries[self._below(len(entries))][0]]
        begin = self._below(len(row))
        for i in range(min(len(row), LOOKS)):
            v: int = row[(begin + i) % len(row)][0]
            c = self.block_of[v]
            if c != b and self.at.state.choice[c] == v:
                return c
        return -1

    def _pick(self, b: int) -> int:
        """Some member of a block: of two the other one, else mostly a candidate."""
        begin, size = self.block_first[b], self.block_first[b + 1] - self.block_first[b]
        if size == 2:
            return 2 * begin + 1 - self.at.state.choice[b]
        dice = self._draw()
        if self.candidates and dice & 15:
            return self.candidates[b][(dice >> 32) * len(self.candidates[b]) >> 32]
        return begin + ((dice >> 32) * size >> 32)

    def _member_at(self, b: int, place: int) -> int:
        """Some member of a block that stands at a place, -1 where it has none."""
        if place < 0:
            return -1
        begin, end = self.block_first[b], self.block_first[b + 1]
        low, high = bisect_left(self.at.place, place, begin, end), bisect_right(self.at.place, place, begin, end)
        if low == high:
            return -1
        return low + (self._below(high - low) if high - low > 1 else 0)

    def _keep(self) -> None:
        self.best = self.at.state.copy()
        self.pending = False

    # ------------------------------------------------------------------------------------- sweeps

    def _end_sweep(self) -> None:
        kept, broken = self.at.end_sweep()
        if broken:
            self._adapt(kept / self.n, broken)
        for v in self.at.state.choice:
            self.visited[v] += 1
        self.sweeps += 1

    def _adapt(self, kept: float, broken: list[int]) -> None:
        """Rows that are broken more than their share weigh more; all weigh less when they are kept too well."""
        total = sum(broken)
        for r, attempts in enumerate(broken):
            if kept < KEPT_LOW and attempts * len(broken) >= total:
                self.row_weight[r] = min(self.row_weight[r] * self.raise_by, HEAVIEST)
            if kept > KEPT_HIGH:
                self.row_weight[r] = max(self.row_weight[r] * self.lower_by, LIGHTEST)

    # ------------------------------------------------------------------------------------- chance

    def _draw(self) -> int:
        """64 random bits: splitmix64 (Steele, Lea, Flood 2014)."""
        self.random = (self.random + 0x9E3779B97F4A7C15) % 2**64
        z = self.random
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    def _below(self, n: int) -> int:
        return (self._draw() >> 32) * n >> 32
