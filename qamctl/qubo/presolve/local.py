"""Rules that look at one variable and its partners, driven by a work list until nothing more applies.

1. First-order persistency (see `rounds.py`).
2. *Elimination* of a variable with at most two partners: its best answer costs min(0, c + a y + b z), which is
   again linear and one coupling (series reduction). With three partners the same holds when the variable has no
   field, that is when flipping everything around it mirrors its cost (star-triangle reduction; F. Liers and
   G. Pardella, "Partitioning planar graphs: a fast combinatorial approach for max-cut", 2012).
3. *Equal or opposite pairs* (M. Lewis and F. Glover, "Quadratic unconstrained binary optimization problem
   preprocessing: theory and empirical analysis", Networks 70, 2017; F. Glover, M. Lewis and G. Kochenberger,
   "Logical and inequality implications for reducing the size and difficulty of QUBO problems", EJOR 265, 2018).
   A pair may be taken for equal when each of its two unequal states is repaired, at no cost and whatever the
   other variables are, by changing one of the two.

Rows are turned into dictionaries only where a rule reaches them, so that the cost follows what changes and not
the size of the model.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import numpy as np

from qamctl.qubo.presolve.rounds import Work, persistent
from qamctl.qubo.presolve.trail import Trail

#: Variables that are looked at between two looks at the clock.
PATIENCE = 256


def reduce_locally(work: Work, trail: Trail, counts: dict[str, int], late: Callable[[], bool]) -> bool:
    """Applies the rules in place; False when `late` ended it before nothing more applied."""
    waiting = np.flatnonzero(candidates(work)).tolist()
    if not waiting:
        return True
    graph = Graph(work, trail, counts, waiting)
    finished = graph.run(late)
    graph.store()
    return finished


def candidates(work: Work) -> np.ndarray:
    """[n] variables to which some rule may apply now."""
    zero, one = persistent(work)
    negative, positive, degree = work.sums()
    found: np.ndarray = zero | one | (work.alive & (degree <= 2))
    found = found | (work.alive & (degree == 3) & (2 * work.linear + negative + positive == 0))
    # A partner whose value alone settles the variable, one way or the other, is one half of a pair rule.
    c, w, i = work.linear[work.row], work.weight, work.row
    up = np.where(w < 0, c + w + positive[i] <= 0, c + w + negative[i] >= 0)
    down = np.where(w < 0, c - w + negative[i] >= 0, c - w + positive[i] <= 0)
    half = np.flatnonzero(up | down)
    if len(half):
        key = work.row.astype(np.int64) * work.n + work.other
        back = np.searchsorted(key, work.other[half].astype(np.int64) * work.n + work.row[half])
        equal = w[half] < 0
        first = up[half] | np.where(equal, down[back], up[back])
        whole = first & (down[half] | np.where(equal, up[back], down[back]))
        found[work.row[half[whole]]] = True
    return found


class Graph:
    """The rows that rules have reached, as dictionaries from partner to weight; all others stay in the arrays."""

    def __init__(self, work: Work, trail: Trail, counts: dict[str, int], waiting: list[int]) -> None:
        self.work, self.trail, self.counts = work, trail, counts
        self.linear = work.linear.tolist()
        self.constant = work.constant
        self.first = np.concatenate([[0], np.cumsum(np.bincount(work.row, minlength=work.n))]).tolist()
        self.rows: dict[int, dict[int, float]] = {}
        self.gone = np.zeros(work.n, bool)
        self.queue = deque(waiting)
        self.queued = bytearray(work.n)
        for i in waiting:
            self.queued[i] = 1

    def run(self, late: Callable[[], bool]) -> bool:
        """Works the list off; False when `late` says so first."""
        looked = 0
        while self.queue:
            looked += 1
            if looked % PATIENCE == 0 and late():
                return False
            i = self.queue.popleft()
            self.queued[i] = 0
            if not self.gone[i]:
                self._look(i)
        return True

    def row(self, i: int) -> dict[int, float]:
        """The partners of a variable that is still there."""
        found = self.rows.get(i)
        if found is None:
            part = slice(self.first[i], self.first[i + 1])
            found = dict(zip(self.work.other[part].tolist(), self.work.weight[part].tolist(), strict=True))
            self.rows[i] = found
        return found

    def _wake(self, variables: Iterable[int]) -> None:
        for i in variables:
            if not self.queued[i]:
                self.queued[i] = 1
                self.queue.append(i)

    def _look(self, i: int) -> None:
        """Applies the first rule that fits the variable."""
        c, row = self.linear[i], self.row(i)
        negative, positive, slack = self._sums(i)
        if c + negative >= slack:
            self._fix(i, 0)
        elif c + positive <= -slack:
            self._fix(i, 1)
        elif len(row) <= 2 or (len(row) == 3 and slack == 0 and 2 * c + negative + positive == 0):
            self._eliminate(i)
        else:
            self._pair(i, row, c, negative, positive, slack)

    def _sums(self, i: int) -> tuple[float, float, float]:
        """Sum of negative weights, of positive weights, and the rounding that comparisons must allow for."""
        row = self.row(i)
        negative = sum(w for w in row.values() if w < 0)
        positive = sum(w for w in row.values() if w > 0)
        slack = self.work.tolerance * (len(row) + 3) * (abs(self.linear[i]) + positive - negative)
        return negative, positive, slack

    def _fix(self, i: int, value: int) -> None:
        self.counts["persistency"] += 1
        self.trail.one(i, 1 - 2 * value, [], [])
        row = self._take(i)
        if value:
            self.constant += self.linear[i]
            for j, w in row.items():
                self.linear[j] += w
        self._wake(row)

    def _eliminate(self, i: int) -> None:
        """Puts min(0, field) of the variable in its place."""
        c, row = self.linear[i], self._take(i)
        self.counts[f"degree {len(row)}"] += 1
        partners, weights = list(row), list(row.values())
        self.trail.one(i, c, partners, weights)
        none = min(0, c)
        alone = [min(0, c + w) for w in weights]
        self.constant += none
        for j, cost in zip(partners, alone, strict=True):
            self.linear[j] += cost - none
        for a in range(len(partners)):
            for b in range(a + 1, len(partners)):
                both = min(0, c + weights[a] + weights[b])
                self._couple(partners[a], partners[b], both - alone[a] - alone[b] + none)
        self._wake(partners)

    def _pair(self, i: int, row: dict[int, float], c: float, negative: float, positive: float, slack: float) -> None:
        """Takes the variable and one partner for equal (weight below 0) or opposite (above), where that is safe."""
        for j, w in row.items():
            # `up`: with the partner at 1 this variable has a value that suits the pair; `down`: with the partner at 0.
            if w < 0:
                up, down = c + w + positive <= -slack, c - w + negative >= slack
            else:
                up, down = c + w + negative >= slack, c - w + positive <= -slack
            if not (up or down):
                continue
            if not (up and down):
                cj = self.linear[j]
                minus, plus, room = self._sums(j)
                if w < 0:
                    safe = (up or cj - w + minus >= room) and (down or cj + w + plus <= -room)
                else:
                    safe = (up or cj + w + minus >= room) and (down or cj - w + plus <= -room)
                if not safe:
                    continue
            self.counts["pairs"] += 1
            self._merge(i, j, opposite=w > 0)
            return

    def _merge(self, i: int, j: int, *, opposite: bool) -> None:
        """Replaces x[i] by x[j], or by 1 - x[j]."""
        self.trail.one(i, -1 if opposite else 1, [j], [2 if opposite else -2])
        row = self._take(i)
        between = row.pop(j)
        if opposite:
            self.constant += self.linear[i]
            self.linear[j] -= self.linear[i]
        else:
            self.linear[j] += self.linear[i] + between
        for k, w in row.items():
            if opposite:
                self.linear[k] += w
            self._couple(j, k, -w if opposite else w)
        self._wake([j, *row])

    def _take(self, i: int) -> dict[int, float]:
        """Takes a variable out; its row."""
        row = self.row(i)
        for j in row:
            del self.row(j)[i]
        self.gone[i] = True
        self.rows[i] = {}
        return row

    def _couple(self, i: int, j: int, weight: float) -> None:
        if weight == 0:
            return
        row, back = self.row(i), self.row(j)
        total = row.get(j, 0) + weight
        if total == 0:
            del row[j], back[i]
        else:
            row[j] = back[i] = total

    def store(self) -> None:
        """Writes everything back into the arrays."""
        work = self.work
        work.linear = np.array(self.linear, work.linear.dtype)
        work.constant = self.constant
        work.alive &= ~self.gone
        reached = np.zeros(work.n, bool)
        reached[list(self.rows)] = True
        keep = ~reached[work.row]
        # Rows stay whole, so that every entry's place follows from the sizes of the rows before it.
        size = np.bincount(work.row[keep], minlength=work.n)
        size[list(self.rows)] = [len(row) for row in self.rows.values()]
        first = np.concatenate([[0], np.cumsum(size)])
        old = np.concatenate([[0], np.cumsum(np.bincount(work.row, minlength=work.n))])
        at = first[work.row[keep]] + np.flatnonzero(keep) - old[work.row[keep]]
        other, weight = np.empty(first[-1], np.int32), np.empty(first[-1], work.weight.dtype)
        other[at], weight[at] = work.other[keep], work.weight[keep]
        for i, row in self.rows.items():
            part = slice(first[i], first[i + 1])
            other[part] = sorted(row)
            weight[part] = [row[j] for j in sorted(row)]
        work.row = np.repeat(np.arange(work.n, dtype=np.int32), size)
        work.other, work.weight = other, weight
