"""Kernels in plain Python and numpy: the specification, the tests' oracle, and what runs where no compiler was."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from qamctl.kernels.schedule.crews import CrewDecoder
from qamctl.kernels.schedule.generation import Arcs, Decoder, Schedule
from qamctl.kernels.schedule.problem import Floats, Index, Ints, ScheduleProblem
from qamctl.kernels.schedule.repair import repair

JUSTIFY_EVERY = 4  # evaluations
CYCLES = 3  # coolings that a planned search is divided into, for each level
FIRST_CYCLE = 2000  # steps, where there is no plan
TOLERANCE = 1e-12  # relative: less than this is no difference
NEVER = 2**62


class ScheduleSearch:
    """Simulated annealing of task lists and choices (Bouleimen, Lecocq 2003), with forward-backward justification.

    See `qamctl.kernels.ScheduleSearch` for the interface; schedule.cpp takes the same decisions one by one.
    """

    def __init__(self, problem: ScheduleProblem, seed: int) -> None:
        d = self.plain = Decoder(problem)
        self.decoder = d if problem.crews is None else CrewDecoder(d, problem.crews)
        n = self.n = d.n
        self.keys, self.choices = problem.keys.tolist(), problem.choices.tolist()
        self.rank, self.bounds = problem.rank.tolist(), problem.bounds.tolist()
        self.draws = [problem.draw[a:b].tolist() for a, b in pairwise(problem.draw_first.tolist())]
        self.surprise, self.cooling = problem.surprise.tolist(), problem.cooling.tolist()
        self.flexible = [t for t in range(n) if d.first[t + 1] - d.first[t] > 1]
        self.timed = any(any(row[:4]) for row in d.levels) or any(end < NEVER for end in d.deadline)
        self.justifies = self.timed and problem.crews is None  # nothing with crews runs backward
        self.calibration = min(100, max(10, 200000 // max(1, n)))  # evaluations that measure what a move changes

        worst = [math.inf] * (1 + len(d.levels))
        self.current = self.candidate = self.best = Schedule([0] * n, [-1] * n, [0] * n, [0] * n, [0] * n, worst)
        self.position, self.place = list(range(n)), list(range(n))  # in the lists of current and candidate
        self.steps = self.cycles = self.evaluations = self.planned = self.cycle_at = self.cycle_length = 0
        self.focus, self.threshold, self.done, self.abandoned = 0, math.inf, False, False
        self.scale = [0.0] * len(worst)
        self.changes = [(0.0, 0)] * len(worst)  # by level: sum and number of the changes seen
        self.chain: list[tuple[int, int]] | None = None
        self.random = seed
        self.running = False
        self.search = self._search()

    # ------------------------------------------------------------------------------------- interface

    def run(self, steps: int, seconds: float) -> int:
        """Carry on for at most `steps` passes and about `seconds`; the passes completed."""
        if self.running:
            raise RuntimeError("this ScheduleSearch is already running in another thread")
        self.running = True
        try:
            until, before = time.monotonic() + seconds, self.steps
            while self.steps - before < steps and not self.done:
                next(self.search)
                if time.monotonic() >= until:
                    break
            return self.steps - before
        finally:
            self.running = False

    def plan(self, steps: int) -> None:
        """Lay the cooling out over a search of `steps` passes in all."""
        self.planned = steps

    @property
    def best_value(self) -> Floats:
        """[1 + L] violation and levels of the best schedule."""
        return np.array(self.best.value)

    @property
    def best_start(self) -> Ints:
        """[T] ticks."""
        return np.array(self.best.start, np.int64)

    @property
    def best_option(self) -> Ints:
        """[T] options of the problem."""
        return np.array(self.best.option, np.int64)

    @property
    def value(self) -> Floats:
        """[1 + L] of the current schedule."""
        return np.array(self.current.value)

    @property
    def order(self) -> Index:
        """[T] the current list."""
        return np.array(self.current.order, np.int32)

    @property
    def choice(self) -> Ints:
        """[T] the current choices, -1 for auto."""
        return np.array(self.current.choice, np.int64)

    # ------------------------------------------------------------------------------------- annealing

    def _search(self) -> Iterator[None]:
        """Endless; pauses within passes and after each."""
        for seed, (key, choice) in enumerate(zip(self.keys, self.choices, strict=True), 1):
            self.candidate = self.current.copy()
            self.candidate.order = self._topological(key, self.plain.before, self.plain.after, 1)
            self.candidate.choice = choice
            yield from self._decode(justify=False, limited=False)
            if seed == len(self.keys):
                self._begin_cycle()
            yield
        while True:
            calibrating = self.evaluations < self.calibration
            self._propose()
            justify = self.justifies and self.evaluations % JUSTIFY_EVERY == 0
            surprise = self.surprise[self._draw() & (len(self.surprise) - 1)]
            if not calibrating:
                at = min(255, (self.steps - self.cycle_at) * 256 // self.cycle_length)
                self.threshold = self.scale[self.focus] * self.cooling[at] * surprise
            yield from self._decode(justify, limited=not calibrating)
            if not self.abandoned:
                self._judge(calibrating)
            self.evaluations += 1
            if self.evaluations == self.calibration:
                self.scale = [total / count if count else 0.0 for total, count in self.changes]
                self._begin_cycle()
            elif not calibrating:
                repaired = self.focus == 0 and self.best.value[0] == 0
                if repaired or self.steps - self.cycle_at >= self.cycle_length:
                    self.cycles += 1
                    self._begin_cycle()
            yield

    def _decode(self, justify: bool, limited: bool) -> Iterator[None]:
        """From the candidate's list to its schedule; `limited` gives up as soon as it can't be accepted.

        With `justify` all tasks are then shifted as late as they go, the last first; the list by the starts of
        that is often better, and takes the candidate's place (Valls, Ballestin, Quintanilla 2005).
        """
        yield from self._pass(limited and not justify)
        if not justify:
            return
        yield
        d, c = self.plain, self.candidate
        late_first = self._topological([float(-end) for end in c.end], d.after, d.before, -1)
        start = yield from d.backward(c, late_first)
        self.steps += 1
        c.order = self._topological([float(s) for s in start], d.before, d.after, 1)
        yield
        yield from self._pass(limited)

    def _pass(self, limited: bool) -> Iterator[None]:
        limits = None
        if limited:
            # The threshold is that of the level in focus; levels before it may not get worse.
            violation, *levels = self.current.value
            slack = [self.threshold if self.focus == level else 0.0 for level in (0, 1)]
            limits = (violation + slack[0], levels[0] + slack[1] if self.focus > 0 else math.inf)
        whole = yield from self.decoder.forward(self.candidate, limits)
        self.steps += 1
        self.abandoned = not whole
        if whole:
            self._keep_best()

    def _judge(self, calibrating: bool) -> None:
        """Accept the candidate, or stay: the first level that differs decides.

        Levels before the one in focus may not get worse; those behind it may.
        """
        accept = True
        for level, (new, old) in enumerate(zip(self.candidate.value, self.current.value, strict=True)):
            change = new - old
            if abs(change) <= _slack(old):
                continue
            if calibrating:
                total, count = self.changes[level]
                self.changes[level] = (total + abs(change), count + 1)
            if change > 0 and level <= self.focus:
                accept = level == self.focus and not calibrating and change <= self.threshold
            break
        if accept:
            self._adopt(self.candidate)

    def _adopt(self, schedule: Schedule) -> None:
        self.current = schedule
        for i, t in enumerate(schedule.order):
            self.position[t] = i
        self.chain = None

    def _keep_best(self) -> None:
        if math.isfinite(self.best.value[0]) and not _better(self.candidate.value, self.best.value):
            return
        self.best = self.candidate.copy()
        met = all(v <= b + _slack(v) for v, b in zip(self.best.value[1:], self.bounds, strict=True))
        self.done = self.n == 0 or (self.best.value[0] == 0 and met)

    def _begin_cycle(self) -> None:
        """Start a cooling from the best schedule.

        The focus is the violation while there is any, else the levels in turn without those that meet their bound.
        """
        self._adopt(self.best.copy())
        levels = len(self.bounds)
        if self.best.value[0] > 0 or levels == 0:
            self.focus = 0
        else:
            for _ in range(levels):
                self.focus = self.focus % levels + 1
                value = self.best.value[self.focus]
                if value > self.bounds[self.focus - 1] + _slack(value):
                    break
        self.cycle_at = self.steps
        cycles = CYCLES * max(1, levels)
        if self.planned > self.steps:
            self.cycle_length = max(FIRST_CYCLE // 10, (self.planned - self.steps) // (cycles - self.cycles % cycles))
        else:
            self.cycle_length = max(FIRST_CYCLE, self.cycle_length * 3 // 2)

    # ------------------------------------------------------------------------------------- moves

    def _propose(self) -> None:
        """One or two random changes to the current list and choices."""
        self.candidate = self.current.copy()
        self.place = self.position.copy()
        for _ in range(1 + self._below(2)):
            dice = self._below(8)
            if self.flexible and dice < 2:
                self._change_choice(self.flexible[self._below(len(self.flexible))])
                repair(self.plain, self.candidate, self.flexible, self._below)
                continue
            if dice >= 5 and self.timed:
                if self.chain is None:
                    self.chain = self._find_chain()
                if self.chain and self._reorder(*self.chain[self._below(len(self.chain))]):
                    continue
            self._shift(self._below(self.n))

    def _shift(self, t: int) -> None:
        """To a random place between its last predecessor and its first successor in the list."""
        low = max((self.place[other] + 1 for other, _, _ in self.plain.before[t]), default=0)
        high = min((self.place[other] - 1 for other, _, _ in self.plain.after[t]), default=self.n - 1)
        if high > low:
            self.candidate.order.remove(t)
            self.candidate.order.insert(low + self._below(high - low + 1), t)
            self._renumber()

    def _renumber(self) -> None:
        for i, t in enumerate(self.candidate.order):
            self.place[t] = i

    def _change_choice(self, t: int) -> None:
        draws = self.draws[t]
        self.candidate.choice[t] = draws[self._below(len(draws))]

    def _target(self) -> int:
        """A task whose end counts at the level in focus: one that is late, or the last one."""
        end, d = self.current.end, self.plain
        for _ in range(8):
            t = self._below(self.n)
            if self.focus == 0:
                counts = end[t] > d.deadline[t]
            else:
                _, tardiness, tardy, flow = d.levels[self.focus - 1][:4]
                counts = flow != 0 or ((tardiness != 0 or tardy != 0) and end[t] > d.due[t])
            if counts:
                return t
        return end.index(max(end))

    def _find_chain(self) -> list[tuple[int, int]]:
        """From a task that matters back through what it waited for: the resource links (first, second) on the way."""
        c, d, t = self.current, self.plain, self._target()
        links = []
        for _ in range(self.n):
            chosen, ties, linked = -1, 0, False
            for other, kind, lag in d.before[t]:
                moment = (c.end[other] if kind in (0, 2) else c.start[other]) + lag
                if moment == (c.start[t] if kind < 2 else c.end[t]):
                    ties += 1
                    if self._below(ties) == 0:
                        chosen = other
            for u in range(self.n):
                if (
                    c.end[u] == c.start[t]
                    and c.start[u] != c.start[t]
                    and self.decoder.compete(c.option[u], c.option[t])
                ):
                    ties += 1
                    if self._below(ties) == 0:
                        chosen, linked = u, True
            if chosen < 0:
                break
            if linked:
                links.append((chosen, t))
            t = chosen
        return links

    def _reorder(self, first: int, second: int) -> bool:
        """Bring the second task of a link before the first, or the first behind the second.

        What must come before or behind it comes along. False where precedence or the list forbids it.
        """
        low, high = self.place[first], self.place[second]
        if low > high:
            return False
        pull = self._below(2) == 0
        arcs, moved = (self.plain.after, {second}) if pull else (self.plain.before, {first})
        part = self.candidate.order[low : high + 1]
        for t in reversed(part[:-1]) if pull else part[1:]:
            if any(other in moved for other, _, _ in arcs[t]):
                moved.add(t)
        if (first if pull else second) in moved:
            return False
        mine, others = [t for t in part if t in moved], [t for t in part if t not in moved]
        self.candidate.order[low : high + 1] = mine + others if pull else others + mine
        self._renumber()
        return True

    # ------------------------------------------------------------------------------------- lists and chance

    def _topological(self, key: list[float], before: Arcs, after: Arcs, sign: int) -> list[int]:
        """The least key among the tasks whose predecessors stand in the list; rank times sign decides ties."""
        missing = [len(arcs) for arcs in before]
        heap = [(key[t], sign * self.rank[t], t) for t in range(self.n) if missing[t] == 0]
        heapq.heapify(heap)
        order = []
        while heap:
            t = heapq.heappop(heap)[2]
            order.append(t)
            for other, _, _ in after[t]:
                missing[other] -= 1
                if missing[other] == 0:
                    heapq.heappush(heap, (key[other], sign * self.rank[other], other))
        return order

    def _draw(self) -> int:
        """64 random bits: splitmix64 (Steele, Lea, Flood 2014)."""
        self.random = (self.random + 0x9E3779B97F4A7C15) % 2**64
        z = self.random
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    def _below(self, n: int) -> int:
        return (self._draw() >> 32) * n >> 32


def _better(a: list[float], b: list[float]) -> bool:
    for new, old in zip(a, b, strict=True):
        if abs(new - old) > _slack(old):
            return new < old
    return False


def _slack(value: float) -> float:
    return TOLERANCE * max(1.0, abs(value))
