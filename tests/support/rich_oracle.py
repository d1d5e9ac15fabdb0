"""The best value of a tiny schedule spec with every feature: all modes, crews and starts are tried, task by task.

A branch is left where what is placed can't be done together, or where its value is no better than the best so far, the
other tasks being done as cheaply as each can alone. What is found is judged by the checker.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from support.rich_brute import Brute, Schedule, Way
from support.rich_figures import Figures
from support.rich_forms import columns_of

from qamctl.schedule.check import check_columns
from qamctl.schedule.spec import NEVER, ScheduleSpec

Levels = tuple[Fraction, ...]


def best(spec: ScheduleSpec) -> tuple[float | int, ...] | None:
    """The lexicographically least values of the objective levels; None where no schedule is feasible."""
    schedule = best_schedule(spec)
    if schedule is None:
        return None
    report = check_columns(spec, **columns_of(schedule))
    assert report.feasible, report.violations
    return report.levels


def best_schedule(spec: ScheduleSpec) -> Schedule | None:
    """A schedule with these values; None where none is feasible."""
    search = _Search(Brute(spec))
    search.place(0, search.rest[-1])
    return search.found


def enough(brute: Brute) -> int:
    """Ticks within which some best schedule ends, if there is any.

    After the last moment that the spec names nothing is bound to a moment any more: a stretch in which no task is at
    work, longer than all that may have to pass between two tasks, can be cut out.
    """
    spec = brute.spec
    named = [*spec.tasks.release.tolist(), *spec.tasks.pinned_start.tolist(), 0]
    named += [
        moment for column in (spec.tasks.deadline, spec.tasks.due) for moment in column.tolist() if moment < NEVER
    ]
    named += [hours.stop for rows in (*brute.away, *brute.periods) for hours, _ in rows]
    named += [] if spec.earlier is None else spec.earlier.start.tolist()
    named += [] if spec.reasoning is None else [p.high + 1 for p in spec.reasoning.preferences if p.agent < 0]
    work = [
        max((brute.needed(mode, crew) for mode in brute.modes[t] for crew in brute.crews(t, mode)), default=0)
        for t in brute.tasks
    ]
    between = [abs(lag) for *_, lag, _ in brute.arcs]
    between += [brute.delay(arc[-1], (a,), (b,)) for arc in brute.arcs for a in brute.agents for b in brute.agents]
    between += [] if spec.setups is None else [int(spec.setups.time.max())]
    return min(spec.horizon, max(named) + sum(work) + len(work) * (1 + max(between, default=0)))


class _Search:
    """Depth first over the tasks, those with the fewest ways first."""

    def __init__(self, brute: Brute) -> None:
        self.brute, self.figures, until = brute, Figures(brute), enough(brute)
        options = [self._options(t, until) for t in brute.tasks]
        self.order = sorted(brute.tasks, key=lambda t: len(options[t]))
        self.options = [options[t] for t in self.order]
        # Of the tasks from place d on, at least: rest[d], what they add, ends[d], their last end; at most: work[d].
        self.rest, self.ends, self.work = [self.figures.weighed({})], [0], [0]
        for some in reversed(self.options):
            prices = [price for price, _ in some] or [self.rest[0]]
            self.rest.insert(0, _plus(self.rest[0], [min(level) for level in zip(*prices, strict=True)]))
            self.work.insert(0, self.work[0] + max((_work(brute, way) for _, way in some), default=0))
            self.ends.insert(0, max(self.ends[0], min((way.end if way else 0 for _, way in some), default=0)))
        self.weighed = {term for level in self.figures.levels for term in level}
        self.done: dict[int, Way] = {}
        self.pairs: dict[tuple[int, Way, int, Way], bool] = {}
        self.found: list[Way | None] | None = None
        self.value: Levels | None = None

    def _options(self, task: int, until: int) -> list[tuple[Levels, Way | None]]:
        """Every way of one task that it may have, and None where it may be left out, with what it costs on its own."""
        brute = self.brute
        ways: list[Way | None] = [
            way
            for mode in brute.modes[task]
            for crew in brute.crews(task, mode)
            for start in range(until + 1)
            if (end := brute.end(task, start, mode, crew)) is not None
            and brute.alone(task, way := Way(start, end, mode, crew))
            and brute.together({task: way})
        ]
        ways += [None] if brute.spec.tasks.optional[task] else []
        priced = [(self._price(task, way), way) for way in ways]
        return sorted(priced, key=lambda option: (option[0], option[1].end if option[1] else 0))

    def _price(self, task: int, way: Way | None) -> Levels:
        """What one task adds to each level, whatever becomes of the others."""
        done, out = ({}, [task]) if way is None else ({task: way}, [])
        terms = self.figures.added(done, out)
        terms["cost"] -= self.figures.fixed_cost(done.values())
        shared = ("makespan", "setup", "communication", "balance")
        return self.figures.weighed({name: value for name, value in terms.items() if name not in shared})

    def place(self, depth: int, sums: Levels) -> None:
        """Try every way of the task at this depth, and go on; `sums` is what the tasks before cost on their own."""
        if depth == len(self.order):
            self._keep()
            return
        task = self.order[depth]
        for price, way in self.options[depth]:
            if way is not None and not all(self._pair(other, task, way) for other in self.done):
                continue
            now = _plus(sums, price)
            beside = self.done if way is None else {**self.done, task: way}
            if self.value is not None and self._bound(depth + 1, now, beside) >= self.value:
                continue
            if way is None or len(beside) < 3 or self.brute.together(beside, range(way.start, way.end)):
                before, self.done = self.done, beside
                self.place(depth + 1, now)
                self.done = before

    def _pair(self, other: int, task: int, way: Way) -> bool:
        """Whether a task can be done so beside one that is placed."""
        key = (other, self.done[other], task, way)
        if key not in self.pairs:
            pair = {other: self.done[other], task: way}
            self.pairs[key] = self.brute.together(pair, range(way.start, way.end))
        return self.pairs[key]

    def _bound(self, depth: int, sums: Levels, done: dict[int, Way]) -> Levels:
        """No schedule with these ways has a lesser value; `setup` may fall when one more task is placed."""
        brute, unit = self.brute, self.brute.unit
        shared = {"makespan": max(self.ends[depth], *(way.end for way in done.values()), 0) * unit}
        if "cost" in self.weighed:
            shared["cost"] = self.figures.fixed_cost(done.values())
        if "communication" in self.weighed:
            shared["communication"] = self.figures.communication(done)
        if "balance" in self.weighed and brute.agents:
            busy = [sum(brute.needed(w.mode, w.crew) for w in done.values() if a in w.crew) for a in brute.agents]
            ahead = max(busy) - Fraction(sum(busy) + self.work[depth], len(busy))
            shared["balance"] = max(ahead, Fraction(0)) * unit
        return _plus(_plus(sums, self.rest[depth]), self.figures.weighed(shared))

    def _keep(self) -> None:
        schedule = [self.done.get(t) for t in self.brute.tasks]
        value = self.figures.value(schedule)
        if (self.value is None or value < self.value) and self.brute.feasible(schedule):
            self.found, self.value = schedule, value


def _work(brute: Brute, way: Way | None) -> int:
    """Ticks of work of all agents."""
    return 0 if way is None else brute.needed(way.mode, way.crew) * len(way.crew)


def _plus(one: Levels, other: Sequence[Fraction]) -> Levels:
    return tuple(a + b for a, b in zip(one, other, strict=True))
