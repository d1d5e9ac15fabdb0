"""An oracle for tiny schedules: tries every start, mode and agent, in plain Python and exact fractions.

It shares nothing with the checker, the instance, the encoders or the solvers: it reads the spec's columns and
follows the definitions in the contract, slowly. A schedule here is one row for each task: (start, end, mode,
agent) in ticks and indices, agent -1 where none is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, log
from typing import NamedTuple

import numpy as np

from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import KINDS, NEVER, ScheduleSpec


class Row(NamedTuple):
    """When, how and by whom one task is done."""

    start: int
    end: int
    mode: int
    agent: int


Schedule = tuple[Row, ...]


@dataclass(frozen=True)
class Optimum:
    """The best value of each objective level (exact) and every schedule that has it, within the horizon.

    `schedules` ends at the limit that was asked for; `complete` is False where the limit was reached.
    """

    exact: tuple[Fraction, ...]
    schedules: tuple[Schedule, ...]
    complete: bool

    @cached_property
    def value(self) -> tuple[float, ...]:
        """The levels as floats."""
        return tuple(float(v) for v in self.exact)


def optimum(spec: ScheduleSpec, horizon: int | None = None, limit: int = 1_000) -> Optimum | None:
    """The lexicographically best schedules that end by `horizon` ticks; None where no schedule is feasible.

    The default horizon (see `Oracle.enough`) loses no value: every objective term but `reasoning` is regular, and
    that one changes at a few moments only, so some optimal schedule has no task that could start earlier with the
    rest unmoved, unless it waits for such a moment.
    """
    oracle = Oracle(spec)
    search = _Search(oracle, min(oracle.horizon, oracle.enough() if horizon is None else horizon), limit)
    search.place(0, tuple(0 for _ in oracle.levels), 0)
    if search.best is None:
        return None
    schedules = tuple(search.found)
    return Optimum(oracle.value(schedules[0]), schedules, search.complete)


def feasible(spec: ScheduleSpec, schedule: Sequence[Row]) -> bool:
    """Whether a whole schedule keeps every constraint of the spec."""
    return Oracle(spec).feasible(schedule)


def terms(spec: ScheduleSpec, schedule: Sequence[Row]) -> dict[str, Fraction]:
    """The exact value of every objective term in the spec's unit."""
    return Oracle(spec).terms(schedule)


def value(spec: ScheduleSpec, schedule: Sequence[Row]) -> tuple[Fraction, ...]:
    """The exact objective of each level."""
    return Oracle(spec).value(schedule)


def columns(schedule: Sequence[Row]) -> Solution:
    """A schedule as the arrays that the package works with."""
    start, end, mode, agent = zip(*schedule, strict=True) if schedule else ((), (), (), ())
    return Solution(
        np.array(start, np.int64), np.array(end, np.int64), np.array(mode, np.int32), np.array(agent, np.int32)
    )


def rows_of(solution: Solution) -> Schedule:
    """The arrays of the package as a schedule."""
    arrays = (solution.start, solution.end, solution.mode, solution.agent)
    return tuple(Row(*row) for row in zip(*(a.tolist() for a in arrays), strict=True))


class Oracle:
    """A spec in plain Python numbers, and the definitions of the contract on them."""

    def __init__(self, spec: ScheduleSpec) -> None:
        tasks, agents, modes, resources = spec.tasks, spec.agents, spec.modes, spec.resources
        self.n = len(tasks.ids)
        self.unit, self.horizon = spec.time.resolution, spec.horizon
        self.release, self.deadline = tasks.release.tolist(), tasks.deadline.tolist()
        self.due: list[int | None] = [d if d < NEVER else None for d in tasks.due.tolist()]
        self.weight = [_exact(w) for w in tasks.weight]
        self.pinned_agent, self.pinned_start = tasks.pinned_agent.tolist(), tasks.pinned_start.tolist()
        self.mode_cost, self.demand = [_exact(c) for c in modes.cost], modes.demand.tolist()
        self.slots, self.own = agents.slots.tolist(), agents.capacity.tolist()
        self.fixed, self.rate = [_exact(c) for c in agents.cost_fixed], [_exact(c) for c in agents.cost_per_time]
        self.shared, self.consumable = resources.capacity.tolist(), resources.consumable.tolist()
        edges = (spec.after.pred, spec.after.succ, spec.after.kind, spec.after.lag)
        self.edges = list(zip(*(column.tolist() for column in edges), strict=True))
        said = () if spec.reasoning is None else spec.reasoning.preferences
        self.said = [(p.task, p.agent, p.low, p.high, p.probability) for p in said]
        self.levels = [{name: _exact(w) for name, w in level.items()} for level in spec.objective]
        self.candidates = [self._candidates(spec, t) for t in range(self.n)]

    def _candidates(self, spec: ScheduleSpec, t: int) -> list[tuple[int, int, int]]:
        """Every (mode, agent, duration in ticks) in which task `t` may be done, capacities aside."""
        out = []
        for mode in range(int(spec.tasks.first_mode[t]), int(spec.tasks.first_mode[t + 1])):
            base, who = int(spec.modes.duration[mode]), spec.modes.agents[mode]
            if who == ():
                out.append((mode, -1, base))
                continue
            for agent in range(len(spec.agents.ids)) if who is None else who:
                skills, labels = spec.agents.skills[agent], spec.agents.labels[agent]
                skilled = all(k in skills and skills[k] >= least for k, least in spec.modes.skills[mode].items())
                labelled = all(k in labels and labels[k] == v for k, v in spec.modes.labels[mode].items())
                if skilled and labelled:
                    speed = Fraction(int(spec.agents.speed_num[agent]), int(spec.agents.speed_den[agent]))
                    out.append((mode, agent, -((-base / speed) // 1)))
        return [c for c in out if self.pinned_agent[t] in (-1, c[1])]

    def feasible(self, schedule: Sequence[Row]) -> bool:
        """Whether a whole schedule keeps every constraint."""
        for t, row in enumerate(schedule):
            known = (row.mode, row.agent, row.end - row.start) in self.candidates[t]
            if not known or not self.in_window(t, row):
                return False
        rows = dict(enumerate(schedule))
        return self.keeps_precedence(rows) and self.fits(list(rows.values()))

    def in_window(self, t: int, row: Row) -> bool:
        """Whether release, pinned start, deadline and horizon allow task `t` this interval."""
        pinned = self.pinned_start[t]
        late = row.end > self.deadline[t] or row.end > self.horizon
        return row.start >= max(0, self.release[t]) and pinned in (-1, row.start) and not late

    def keeps_precedence(self, rows: Mapping[int, Row]) -> bool:
        """Whether every lag between two of the tasks in `rows` is kept."""
        for i, j, kind, lag in self.edges:
            if i in rows and j in rows:
                before = rows[i].end if KINDS[kind][0] == "F" else rows[i].start
                later = rows[j].end if KINDS[kind][1] == "F" else rows[j].start
                if later - before < lag:
                    return False
        return True

    def fits(self, rows: Sequence[Row]) -> bool:
        """Whether slots and capacities bear the rows at every start, and consumables bear them in all."""
        running = ([r for r in rows if r.start <= s.start < r.end] for s in rows)
        return self._bears(rows, True) and all(self._bears(group, False) for group in running)

    def _bears(self, group: Sequence[Row], consumable: bool) -> bool:
        agents = [row.agent for row in group if row.agent >= 0]
        if not consumable and any(agents.count(a) > self.slots[a] for a in agents):
            return False
        for r, kind in enumerate(self.consumable):
            if kind != consumable:
                continue
            use: dict[int, int] = {}  # by supplier: an agent, or -1 for the shared pool
            for row in group:
                supplier = row.agent if row.agent >= 0 and self.own[row.agent][r] >= 0 else -1
                use[supplier] = use.get(supplier, 0) + self.demand[row.mode][r]
            for supplier, amount in use.items():
                if amount > max(0, self.own[supplier][r] if supplier >= 0 else self.shared[r]):
                    return False
        return True

    def terms(self, schedule: Sequence[Row]) -> dict[str, Fraction]:
        """The exact value of every objective term in the spec's unit."""
        total = dict.fromkeys(("makespan", "tardiness", "tardy", "flow", "cost"), Fraction(0))
        if any("reasoning" in level for level in self.levels):
            total["reasoning"] = sum((self.against(t, row) for t, row in enumerate(schedule)), Fraction(0))
        for t, row in enumerate(schedule):
            total["makespan"] = max(total["makespan"], row.end * self.unit)
            due = self.due[t]
            if due is not None and row.end > due:
                total["tardiness"] += self.weight[t] * (row.end - due) * self.unit
                total["tardy"] += self.weight[t]
            total["flow"] += self.weight[t] * (row.end - self.release[t]) * self.unit
            total["cost"] += self.work_cost(row)
        for a in {row.agent for row in schedule if row.agent >= 0}:
            total["cost"] += self.fixed[a]
        return total

    def against(self, t: int, row: Row) -> Fraction:
        """What task `t` adds to the term `reasoning`: by its agent, and by its start."""
        total = Fraction(0)
        for timed in (False, True):
            mine = [s for s in self.said if s[0] == t and (s[1] < 0) == timed]
            if not mine:
                continue
            rest = max(0.0, 1 - sum(p for *_, p in mine))

            def chance(choice: int, mine: list[tuple[int, int, int, int, float]] = mine, rest: float = rest) -> float:
                return rest + sum(p for _, a, low, high, p in mine if (low <= choice <= high if a < 0 else a == choice))

            moments = {0, *(m for _, _, low, high, _ in mine for m in (low, high + 1) if m > 0)}
            choices = moments if timed else {a for _, a, *_ in mine}
            here = chance(row.start if timed else row.agent)
            nats = -log((here + 1e-6) / (max(map(chance, choices)) + 1e-6))
            total += Fraction(max(0, round(nats * 10**6)), 10**6)
        return total

    def work_cost(self, row: Row) -> Fraction:
        """The cost of one row, its agent's fixed cost aside."""
        busy = (row.end - row.start) * self.unit
        return self.mode_cost[row.mode] + (self.rate[row.agent] * busy if row.agent >= 0 else 0)

    def value(self, schedule: Sequence[Row]) -> tuple[Fraction, ...]:
        """The exact objective of each level."""
        term = self.terms(schedule)
        return tuple(sum((w * term[name] for name, w in level.items()), Fraction(0)) for level in self.levels)

    def enough(self) -> int:
        """Ticks within which some optimal schedule ends, if any schedule is feasible."""
        work = sum(max((duration for _, _, duration in choice), default=0) for choice in self.candidates)
        wait = sum(max((lag for _, j, _, lag in self.edges if j == t and lag > 0), default=0) for t in range(self.n))
        wished = [moment for _, agent, low, high, _ in self.said if agent < 0 for moment in (low, high + 1)]
        latest = max([0, *self.release, *self.pinned_start, *wished]) + work + wait
        return min([latest, self.horizon, max(self.deadline, default=0)])

    def order(self) -> list[int]:
        """The tasks, predecessors first."""
        left, out = set(range(self.n)), []
        while left:
            out.append(min(t for t in left if not any(j == t and i in left for i, j, _, _ in self.edges)))
            left.remove(out[-1])
        return out


class _Search:
    """Depth first over the tasks, predecessors first; a branch ends where it can't reach the best value.

    Values are tuples of integers here: each level times a common denominator of all its coefficients.
    """

    def __init__(self, oracle: Oracle, horizon: int, limit: int) -> None:
        self.oracle, self.horizon, self.limit = oracle, horizon, limit
        self.order = oracle.order()
        self.rows: dict[int, Row] = {}
        self.best: tuple[int, ...] | None = None
        self.found: list[Schedule] = []
        self.complete = True
        self.makespan, self.late, self.tardy, self.flow, self.cost, self.fixed, self.wish = self._coefficients()
        # floor[d]: the least that the tasks from place d of the order on add to each level.
        self.floor = [(0,) * len(oracle.levels)]
        for t in reversed(self.order):
            quickest = min((c[2] for c in oracle.candidates[t]), default=0)
            self.floor.insert(0, _plus(self.floor[0], self._share(t, max(0, oracle.release[t]) + quickest)))

    def _coefficients(self) -> tuple[list[list[int]], ...]:
        """By kind of coefficient, one list a level: of the makespan, of each task, candidate or agent."""
        o, lists = self.oracle, []
        for level in o.levels:
            of = {name: level.get(name, Fraction(0)) for name in ("makespan", "tardiness", "tardy", "flow", "cost")}
            work = [o.work_cost(Row(0, d, m, a)) for choice in o.candidates for m, a, d in choice]
            exact = (
                [of["makespan"] * o.unit],
                [of["tardiness"] * w * o.unit for w in o.weight],
                [of["tardy"] * w for w in o.weight],
                [of["flow"] * w * o.unit for w in o.weight],
                [of["cost"] * c for c in work],
                [of["cost"] * c for c in o.fixed],
                [level.get("reasoning", Fraction(0)) / 10**6],
            )
            scale = lcm(1, *(c.denominator for kind in exact for c in kind))
            lists.append([[int(c * scale) for c in kind] for kind in exact])
        return tuple([kinds[k] for kinds in lists] for k in range(7))

    def place(self, depth: int, sums: tuple[int, ...], last: int) -> None:
        """Try every row for the task at this depth of the order, and go on with the next one.

        `sums` is what the rows placed so far add to each level, `last` their last end.
        """
        if depth == len(self.order):
            self._keep(sums, last)
            return
        t, oracle = self.order[depth], self.oracle
        first = sum(len(choice) for choice in oracle.candidates[:t])
        pinned = oracle.pinned_start[t]
        for c, (mode, agent, duration) in enumerate(oracle.candidates[t], first):
            price = tuple(cost[c] for cost in self.cost)
            starts = range(self.horizon - duration + 1) if pinned < 0 else (pinned,)
            for start in starts:
                row = Row(start, start + duration, mode, agent)
                if row.end > self.horizon or not oracle.in_window(t, row):
                    continue
                mine = _plus(_plus(sums, price), self._share(t, row.end))
                if self._hopeless(_plus(mine, self.floor[depth + 1]), max(last, row.end)):
                    break  # every term only grows with the start, `reasoning` apart
                millionths = int(oracle.against(t, row) * 10**6)
                mine = tuple(value + wish[0] * millionths for value, wish in zip(mine, self.wish, strict=True))
                self.rows[t] = row
                if oracle.keeps_precedence(self.rows) and oracle.fits(list(self.rows.values())):
                    self.place(depth + 1, mine, max(last, row.end))
                del self.rows[t]

    def _share(self, t: int, end: int) -> tuple[int, ...]:
        """What task `t` adds to each level by ending at `end`, makespan and costs aside."""
        o = self.oracle
        due = o.due[t]
        late = max(0, end - due) if due is not None else 0
        return tuple(
            slope[t] * late + step[t] * (late > 0) + flow[t] * (end - o.release[t])
            for slope, step, flow in zip(self.late, self.tardy, self.flow, strict=True)
        )

    def _hopeless(self, sums: tuple[int, ...], last: int) -> bool:
        least = tuple(s + m[0] * last for s, m in zip(sums, self.makespan, strict=True))
        if self.best is None:
            return False
        return least > self.best or (least == self.best and not self.complete)

    def _keep(self, sums: tuple[int, ...], last: int) -> None:
        used = {row.agent for row in self.rows.values() if row.agent >= 0}
        worth = tuple(
            s + m[0] * last + sum(fixed[a] for a in used)
            for s, m, fixed in zip(sums, self.makespan, self.fixed, strict=True)
        )
        if self.best is None or worth < self.best:
            self.best, self.found, self.complete = worth, [], True
        if worth == self.best:
            self.found.append(tuple(self.rows[t] for t in range(len(self.order))))
            self.complete = len(self.found) < self.limit


def _plus(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(left, right, strict=True))


def _exact(number: float) -> Fraction:
    return Fraction(repr(float(number)))
