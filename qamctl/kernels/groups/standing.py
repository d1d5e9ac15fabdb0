"""Where a search over blocks stands, in plain Python: the state, its fields and rows, and what a move changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from qamctl.kernels.groups.problem import GroupProblem

#: (block, the member that leaves, the member that enters)
Move = tuple[int, int, int]


@dataclass
class State:
    """The member of each block that is on, the objective, and the violation summed over the rows."""

    choice: list[int] = field(default_factory=list)
    objective: float = 0.0
    violation: int = 0

    def better(self, other: State) -> bool:
        """The least violation decides, then the objective."""
        return (self.violation, self.objective) < (other.violation, other.objective)

    def copy(self) -> State:
        return State(list(self.choice), self.objective, self.violation)


class Standing:
    """A state with everything that makes the change by a move cheap to tell.

    Attributes
    ----------
    field
        [n] linear plus the weights of the partners that are on.
    activity, excess
        [R] of each row, and by how much it is outside its bounds.
    broken
        Rows outside their bounds, in an order that only depends on the moves; `broken_at` is where each stands.
    seated
        [places] the blocks at each place; `seat` is where each block stands there.
    time
        Attempts so far in this sweep, set by the search; `broken_time` is how many of them each row was broken in,
        `kept_time` how many no row was.
    """

    def __init__(self, p: GroupProblem) -> None:
        self.problem = p
        self.linear: list[float] = p.linear.tolist()
        self.n, self.blocks, self.rows = len(p.linear), len(p.block_first) - 1, len(p.low)
        self.partners = _rows(p.first, p.other, p.weight)
        self.entries = _rows(p.entry_first, p.entry_row, p.entry_coef)
        self.low: list[int] = p.low.tolist()
        self.high: list[int] = p.high.tolist()
        self.place: list[int] = p.place.tolist()
        self.start(p.block_first[:-1].tolist())

    def start(self, choice: list[int]) -> None:
        """Stand at a state from now on."""
        self.state = State(choice)
        self.field: list[float] = list(self.linear)
        self.activity = [0] * self.rows
        self.excess = [0] * self.rows
        self.broken: list[int] = []
        self.broken_at = [0] * self.rows
        self.seated: list[list[int]] = [[] for _ in range(self.problem.places)]
        self.seat = [0] * self.blocks
        self.time = self.kept_since = self.kept_time = 0
        self.broken_since, self.broken_time = [0] * self.rows, [0] * self.rows
        for b, v in enumerate(choice):
            self.state.objective += self.field[v]
            self._spread(v, 1.0)
            self._seat(b)
            for r, coef in self.entries[v]:
                self.activity[r] += coef
        for r in range(self.rows):
            self._set_broken(r, self._outside(r, self.activity[r]))

    def evaluate(self, moves: list[Move], weights: list[float], objective: float) -> float:
        """What one or two moves add to objective * (the objective) + weights . (violations); kept for `apply`."""
        self.moves, self.change = moves, 0.0
        self.delta: dict[int, int] = {}  # by row, in the order in which they are met
        for _, off, on in moves:
            self.change += self.field[on] - self.field[off]
            for v, sign in ((off, -1), (on, 1)):
                for r, coef in self.entries[v]:
                    self.delta[r] = self.delta.get(r, 0) + sign * coef
        if len(moves) == 2:
            (_, o, k), (_, p, q) = moves
            self.change += self._coupling(k, q) + self._coupling(o, p) - self._coupling(k, p) - self._coupling(o, q)
        rise, self.worse = objective * self.change, 0
        for r, delta in self.delta.items():
            more = self._outside(r, self.activity[r] + delta) - self.excess[r]
            self.worse += more
            rise += weights[r] * float(more)
        return rise

    def apply(self) -> None:
        """Make the moves that were evaluated last."""
        was = not self.broken
        self.state.objective += self.change
        for b, off, on in self.moves:
            self._spread(off, -1.0)
            self._spread(on, 1.0)
            self._unseat(b)
            self.state.choice[b] = on
            self._seat(b)
        for r, delta in self.delta.items():
            self.activity[r] += delta
            self._set_broken(r, self._outside(r, self.activity[r]))
        if not self.broken and not was:
            self.kept_since = self.time
        if was and self.broken:
            self.kept_time += self.time - self.kept_since

    def end_sweep(self) -> tuple[int, list[int]]:
        """Attempts of the sweep in which no row was broken, and in which each row was; the next sweep begins."""
        if not self.broken:
            self.kept_time += self.time - self.kept_since
        for r in self.broken:
            self.broken_time[r] += self.time - self.broken_since[r]
            self.broken_since[r] = 0
        times = self.kept_time, self.broken_time
        self.broken_time = [0] * self.rows
        self.time = self.kept_since = self.kept_time = 0
        return times

    def _coupling(self, a: int, b: int) -> float:
        p = self.problem
        begin, end = int(p.first[a]), int(p.first[a + 1])
        at = begin + int(np.searchsorted(p.other[begin:end], b))
        return float(p.weight[at]) if at < end and p.other[at] == b else 0.0

    def _outside(self, r: int, activity: int) -> int:
        return max(0, activity - self.high[r], self.low[r] - activity)

    def _spread(self, v: int, sign: float) -> None:
        for u, weight in self.partners[v]:
            self.field[u] += sign * weight

    def _seat(self, b: int) -> None:
        place = self.place[self.state.choice[b]]
        if place >= 0:
            self.seat[b] = len(self.seated[place])
            self.seated[place].append(b)

    def _unseat(self, b: int) -> None:
        place = self.place[self.state.choice[b]]
        if place >= 0:
            there = self.seated[place]
            last = there[-1]
            there[self.seat[b]] = last
            self.seat[last] = self.seat[b]
            there.pop()

    def _set_broken(self, r: int, now: int) -> None:
        before = self.excess[r]
        self.state.violation += now - before
        self.excess[r] = now
        if now and not before:
            self.broken_at[r] = len(self.broken)
            self.broken.append(r)
            self.broken_since[r] = self.time
        elif before and not now:
            last = self.broken[-1]
            self.broken[self.broken_at[r]] = last
            self.broken_at[last] = self.broken_at[r]
            self.broken.pop()
            self.broken_time[r] += self.time - self.broken_since[r]


def _rows(first: np.ndarray, column: np.ndarray, value: np.ndarray) -> list[list[tuple[int, Any]]]:
    """(column, value) of each compressed row."""
    pairs = list(zip(column.tolist(), value.tolist(), strict=True))
    bounds = first.tolist()
    return [pairs[a:b] for a, b in pairwise(bounds)]
