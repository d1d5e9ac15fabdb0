"""Reference of schedule generation: lists and choices decoded into schedules, forward and backward.

One task after the other, each as early as precedence and capacity allow (Kolisch 1996).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from qamctl.kernels.schedule.problem import Index, Ints, ScheduleProblem

FOREVER = 2**63 - 1  # when nothing ever fits
PLAIN = 6  # terms that problems without crews have

Needs = Sequence[tuple[int, int]]  # (column, amount)
Arcs = list[list[tuple[int, int, int]]]  # by task: (task, kind, lag)


class Profile:
    """Free capacity of one holder over time: a step function on [0, infinity)."""

    def __init__(self, capacity: list[int]) -> None:
        self.time, self.free = [0], [list(capacity)]

    def fit(self, needs: Needs, start: int, duration: int) -> int:
        """The earliest time from `start` on at which the needs are free for `duration` > 0 ticks."""
        i = bisect_right(self.time, start) - 1
        while True:
            if any(self.free[i][column] < amount for column, amount in needs):
                i += 1
                start = self.time[i]
            elif i + 1 == len(self.time) or self.time[i + 1] - start >= duration:
                return start
            else:
                i += 1

    def clear(self, needs: Needs, start: int, end: int) -> int:
        """The end of the last moment in [start, end) at which the needs are not free; `start` where they always are."""
        i = bisect_left(self.time, end) - 1
        while i >= 0 and (i + 1 == len(self.time) or self.time[i + 1] > start):
            if any(self.free[i][column] < amount for column, amount in needs):
                return FOREVER if i + 1 == len(self.time) else self.time[i + 1]
            i -= 1
        return start

    def take(self, needs: Needs, start: int, duration: int) -> None:
        """Book the needs, whether they are free or not."""
        for moment in (start, start + duration):
            i = bisect_right(self.time, moment) - 1
            if self.time[i] != moment:
                self.time.insert(i + 1, moment)
                self.free.insert(i + 1, list(self.free[i]))
        for i in range(bisect_right(self.time, start) - 1, bisect_right(self.time, start + duration) - 1):
            for column, amount in needs:
                self.free[i][column] -= amount


@dataclass
class Schedule:
    """A list with its choices (-1: auto), and what it decodes to; `value` is the violation, then the levels."""

    order: list[int]
    choice: list[int]
    start: list[int]
    end: list[int]
    option: list[int]
    value: list[float]

    def copy(self) -> Schedule:
        return Schedule(
            self.order.copy(), self.choice.copy(), self.start.copy(), self.end.copy(), self.option.copy(), self.value
        )


class Decoder:
    """Decodes schedules of one problem in place; the generators pause after every task."""

    def __init__(self, problem: ScheduleProblem) -> None:
        p = self.p = problem
        self.n = len(p.release)
        self.release: list[int] = p.release.tolist()
        self.deadline: list[int] = p.deadline.tolist()
        self.due: list[int] = p.due.tolist()
        self.weight: list[float] = p.weight.tolist()
        self.pinned: list[int] = p.pinned.tolist()
        self.tail: list[int] = p.tail.tolist()
        self.first: list[int] = p.first_option.tolist()
        self.holder: list[int] = p.option_holder.tolist()
        self.need: list[int] = p.option_need.tolist()
        self.duration: list[int] = p.option_duration.tolist()
        self.cost: list[float] = p.option_cost.tolist()
        self.reasoning: list[float] = p.option_reasoning.tolist()
        self.floor: list[int] = p.option_floor.tolist()
        pieces = list(zip(p.start_since.tolist(), p.start_price.tolist(), strict=True))
        self.pieces = [pieces[a:b] for a, b in pairwise(p.start_first.tolist())]  # by task: from when, and the price
        self.own = _table(p.own_first, p.own_column, p.own_amount)
        self.shared = _table(p.shared_first, p.shared_column, p.shared_amount)
        self.stock_use = _table(p.stock_use_first, p.stock_use_column, p.stock_use_amount)
        self.least = _table(p.least_first, p.least_column, p.least_amount)
        self.before = _arcs(p.before_first, p.before_task, p.before_kind, p.before_lag)
        self.after = _arcs(p.after_first, p.after_task, p.after_kind, p.after_lag)
        self.capacity: list[list[int]] = p.capacity.tolist()
        self.stock_weight: list[float] = p.stock_weight.tolist()
        self.fixed_cost: list[float] = p.fixed_cost.tolist()
        self.levels: list[list[float]] = p.levels.tolist()
        self.pins = [t for t in range(self.n) if self.pinned[t] >= 0]
        weights = [*self.weight, *self.cost, *(c for row in self.levels for c in row)]
        self.can_abandon = min(weights, default=0.0) >= 0
        self.profiles: list[Profile] = []
        self.stock: list[int] = []
        self.reserved: list[int] = []  # what the open tasks need of each stock at least
        self.pinned_excess = 0.0

    def forward(self, s: Schedule, limits: tuple[float, float] | None) -> Generator[None, None, bool]:
        """Decode the list and evaluate the schedule. With limits of violation and first level, give up as soon as
        one must be exceeded, and return False."""
        self.profiles = [Profile(row) for row in self.capacity]
        self.stock, self.reserved, self.pinned_excess = self.p.stock.tolist(), [0] * len(self.p.stock), 0.0
        for t in range(self.n):
            for cell, amount in self.surely(s, t):
                self.reserved[cell] += amount
        for t in self.pins:
            self._place_pinned(s, t)
        violation, share, makespan = 0.0, 0.0, 0
        for t in s.order:
            if self.pinned[t] >= 0:
                continue
            by_start, by_end = self._ready(t, self.before, s.start, s.end, self.release[t])
            self._book(s, t, *self.choose(s, t, by_start, by_end))
            if limits is not None and self.can_abandon:
                violation += float(max(0, s.end[t] - self.deadline[t]))
                makespan = max(makespan, s.start[t] + self.tail[t])
                share += self.share(s, t)
                level = self.levels[0][0] * self.p.unit * float(makespan) + share if self.levels else 0.0
                if violation > limits[0] + margin(limits[0]) or level > limits[1] + margin(limits[1]):
                    return False
            yield
        self._evaluate(s)
        return True

    def backward(self, s: Schedule, order: list[int]) -> Generator[None, None, list[int]]:
        """The starts when the tasks, in this order, are shifted as late as they go, each with its option."""
        span = max(s.end, default=0)
        self.profiles = [Profile(row) for row in self.capacity]
        start, end = [0] * self.n, [0] * self.n  # time runs backward, from the end of the schedule
        for t in self.pins:
            start[t], end[t] = span - s.end[t], span - s.start[t]
            self._take(s.option[t], start[t])
        for t in order:
            if self.pinned[t] >= 0:
                continue
            by_start, by_end = self._ready(t, self.after, start, end, max(0, span - self.deadline[t]))
            start[t] = self._earliest(s.option[t], by_start, by_end)
            end[t] = start[t] + self.duration[s.option[t]]
            self._take(s.option[t], start[t])
            yield
        return [span - e for e in end]

    def _ready(self, t: int, arcs: Arcs, start: list[int], end: list[int], by_start: int) -> tuple[int, int]:
        """A task must start at the first time or later, and end at the second or later."""
        by_end = 0
        for other, kind, lag in arcs[t]:
            moment = (end[other] if kind in (0, 2) else start[other]) + lag
            if kind < 2:
                by_start = max(by_start, moment)
            else:
                by_end = max(by_end, moment)
        return by_start, by_end

    def _earliest(self, option: int, by_start: int, by_end: int) -> int:
        duration, need = self.duration[option], self.need[option]
        start = max(by_start, by_end - duration)
        own, shared = self.own[need], self.shared[need]
        while duration:  # own holder and pool in turn, until both agree
            if own:
                start = self.profiles[self.holder[option]].fit(own, start, duration)
            both = self.profiles[0].fit(shared, start, duration) if shared else start
            if both == start or not own:
                return both
            start = both
        return start

    def choose(self, s: Schedule, t: int, by_start: int, by_end: int) -> tuple[int, int]:
        """The option and start of a task: its choice, or what ends first, then is cheaper, then stands first (the
        cheapest first where only cost counts) among what leaves the open tasks their least of every stock."""
        options = range(self.first[t], self.first[t + 1])
        choice = options[0] if len(options) == 1 else s.choice[t]
        if choice >= 0:
            return choice, self._from_floor(choice, by_start, by_end)
        best: tuple[float, float, int, int] | None = None
        for o in options:
            soonest = max(by_start + self.duration[o], by_end)
            if best is not None and self.merit(soonest, o) > best[:2]:
                continue
            if self.excess(t, o) > 0:
                continue
            start = self._from_floor(o, by_start, by_end)
            key = (*self.merit(start + self.duration[o], o), o, start)
            best = key if best is None else min(best, key)
        if best is not None:
            return best[2], best[3]
        least = min(options, key=lambda o: self.excess(t, o))
        return least, self._from_floor(least, by_start, by_end)

    def _from_floor(self, option: int, by_start: int, by_end: int) -> int:
        """The earliest start, of an option that waits for its moment."""
        return self._earliest(option, max(by_start, self.floor[option]), by_end)

    def price(self, t: int, start: int) -> float:
        """What a start adds to the term `reasoning`."""
        price = 0.0
        for since, cost in self.pieces[t]:
            if since > start:
                break
            price = cost
        return price

    def merit(self, end: int, option: int) -> tuple[float, float]:
        return (self.cost[option], end) if self.p.cheapest_first else (end, self.cost[option])

    def surely(self, s: Schedule, t: int) -> Needs:
        """What a task will take from stocks at least."""
        return self.least[t] if s.choice[t] < 0 else self.stock_use[self.need[s.choice[t]]]

    def excess(self, t: int, option: int) -> float:
        """What an option would take from stocks beyond what the other open tasks leave, as a violation."""
        total, mine = 0.0, dict(self.least[t])
        for cell, amount in self.stock_use[self.need[option]]:
            over = amount + self.reserved[cell] - mine.get(cell, 0) - self.stock[cell]
            if over > 0:
                total += float(over) * self.stock_weight[cell]
        return total

    def _take(self, option: int, start: int) -> None:
        need, duration = self.need[option], self.duration[option]
        if duration and self.own[need]:
            self.profiles[self.holder[option]].take(self.own[need], start, duration)
        if duration and self.shared[need]:
            self.profiles[0].take(self.shared[need], start, duration)

    def _book(self, s: Schedule, t: int, option: int, start: int) -> None:
        self._take(option, start)
        s.start[t], s.end[t], s.option[t] = start, start + self.duration[option], option
        for cell, amount in self.stock_use[self.need[option]]:
            self.stock[cell] -= amount
        for cell, amount in self.surely(s, t):
            self.reserved[cell] -= amount

    def _place_pinned(self, s: Schedule, t: int) -> None:
        """Where it must be, whatever it collides with; a collision is a violation."""
        pin, choice = self.pinned[t], s.choice[t]
        if choice < 0:
            options = range(self.first[t], self.first[t + 1])
            fits = (o for o in options if self._earliest(o, pin, 0) == pin and self.excess(t, o) == 0)
            choice = next(fits, options[0])
        if self._earliest(choice, pin, 0) != pin:
            self.pinned_excess += float(self.duration[choice])
        self._book(s, t, choice, pin)

    def share(self, s: Schedule, t: int) -> float:
        """What a placed task adds to the first level, makespan apart."""
        if not self.levels:
            return 0.0
        _, tardiness, tardy, flow, cost, reasoning = self.levels[0][:PLAIN]
        weight, unit, share = self.weight[t], self.p.unit, 0.0
        if s.end[t] > self.due[t]:
            share += tardiness * unit * weight * float(s.end[t] - self.due[t])
            share += tardy * weight
        share += flow * unit * weight * float(s.end[t] - self.release[t])
        share += cost * self.cost[s.option[t]]
        share += reasoning * (self.reasoning[s.option[t]] + self.price(t, s.start[t]))
        return share

    def compete(self, a: int, b: int) -> bool:
        """Whether two options take from the same column of the same holder."""
        if self.holder[a] == self.holder[b] and _columns(self.own[self.need[a]]) & _columns(self.own[self.need[b]]):
            return True
        return bool(_columns(self.shared[self.need[a]]) & _columns(self.shared[self.need[b]]))

    def _evaluate(self, s: Schedule) -> None:
        """The violation and the levels; every sum runs over the tasks in their order."""
        violation, tardiness, tardy, flow, cost, reasoning = self.pinned_excess, 0.0, 0.0, 0.0, 0.0, 0.0
        for t, (end, weight) in enumerate(zip(s.end, self.weight, strict=True)):
            if end > self.deadline[t]:
                violation += float(end - self.deadline[t])
            if end > self.due[t]:
                tardiness += weight * float(end - self.due[t])
                tardy += weight
            flow += weight * float(end - self.release[t])
            cost += self.cost[s.option[t]]
            reasoning += self.reasoning[s.option[t]] + self.price(t, s.start[t])
        for t in self.pins:
            by_start, by_end = self._ready(t, self.before, s.start, s.end, self.release[t])
            violation += float(max(0, by_start - s.start[t], by_end - s.end[t]))
        for left, weight in zip(self.stock, self.stock_weight, strict=True):
            violation += float(max(0, -left)) * weight
        for h in sorted({self.holder[o] for o in s.option}):
            cost += self.fixed_cost[h]
        unit = self.p.unit
        terms = (float(max(s.end, default=0)) * unit, tardiness * unit, tardy, flow * unit, cost, reasoning)
        s.value = [violation, *values_of(self.levels, terms)]


def values_of(levels: list[list[float]], terms: Sequence[float]) -> list[float]:
    """The value of each level; terms that are not given are 0."""
    values = []
    for row in levels:
        value = 0.0
        for coefficient, term in zip(row, terms, strict=False):
            value += coefficient * term
        values.append(value)
    return values


def margin(limit: float) -> float:
    """Covers the order of summation, which differs from that of the final value."""
    return 1e-6 * max(1.0, abs(limit))


def _table(first: Ints, column: Index, amount: Ints) -> list[Needs]:
    entries = list(zip(column.tolist(), amount.tolist(), strict=True))
    return [entries[a:b] for a, b in pairwise(first.tolist())]


def _arcs(first: Ints, task: Index, kind: np.ndarray, lag: Ints) -> Arcs:
    entries = list(zip(task.tolist(), kind.tolist(), lag.tolist(), strict=True))
    return [entries[a:b] for a, b in pairwise(first.tolist())]


def _columns(needs: Needs) -> set[int]:
    return {column % 64 for column, _ in needs}
