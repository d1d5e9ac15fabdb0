"""The interval model of a schedule problem: what CP-SAT is told, variable by variable.

A task has a start; its end is the start plus a constant where all its options take equally long, else a
variable of its own. A task with several options has a Boolean for each, exactly one true. Only options
that use different supplies, or take different times or amounts of one, need intervals of their own;
everything else is one interval a task. A supply of a renewable resource is a no-overlap or a cumulative,
one of a consumable a linear sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Ints

if TYPE_CHECKING:
    from ortools.sat.python import cp_model


@dataclass(frozen=True, slots=True)
class Windows:
    """[T] the ticks between which every task starts and ends."""

    first_start: Ints
    last_start: Ints
    first_end: Ints
    last_end: Ints


def windows(instance: Instance, latest: Ints) -> Windows | None:
    """The windows by precedence, releases, pins and deadlines if task t ends by latest[t]; None where one is empty."""
    first_start, first_end = instance.earliest
    first_start = np.maximum(first_start, instance.release)
    end = np.minimum(latest, instance.deadline)
    last_start, last_end = instance.graph.latest(end, instance.pinned_start, instance.shortest, instance.longest)
    pinned = instance.pinned_start >= 0
    first_start[pinned] = np.maximum(first_start, instance.pinned_start)[pinned]
    if (first_start > last_start).any() or (first_end > last_end).any():
        return None
    return Windows(first_start, last_start, first_end, last_end)


@dataclass(frozen=True, slots=True)
class Point:
    """A moment, an amount or a choice: variable + offset; the variable is None where it is a constant."""

    variable: cp_model.IntVar | None
    offset: int = 0

    def __add__(self, ticks: int) -> Point:
        return Point(self.variable, self.offset + ticks)

    @property
    def expression(self) -> Any:
        """What CP-SAT's constraints take."""
        if self.variable is None:
            return self.offset
        return self.variable + self.offset if self.offset else self.variable

    def of(self, values: Sequence[int]) -> int:
        """Its value where variable i has values[i]."""
        return self.offset + (0 if self.variable is None else values[self.variable.index])


class Model:
    """The constraints of an instance in a CP-SAT model, and the way between its values and schedules.

    Attributes
    ----------
    cp
        CP-SAT's model.
    variables
        By index: the variable and its bounds.
    start, end
        Of each task.
    chosen
        For each option of the instance, 1 where its task is done by it.
    """

    def __init__(self, instance: Instance, windows: Windows) -> None:
        from ortools.sat.python import cp_model

        self.instance = instance
        self.cp = cp_model.CpModel()
        self.variables: dict[int, tuple[cp_model.IntVar, int, int]] = {}
        self.start: list[Point] = []
        self.end: list[Point] = []
        self.chosen: list[Point] = []
        self._size: dict[int, Point] = {}
        self._task_interval: dict[int, Any] = {}
        self._option_interval: dict[int, Any] = {}
        first = instance.first_option.tolist()
        ranges = (c.tolist() for c in (windows.first_start, windows.last_start, windows.first_end, windows.last_end))
        for t, window in enumerate(zip(*ranges, strict=True)):
            self._add_task(instance.option_duration[first[t] : first[t + 1]].tolist(), *window)
        self._add_precedence()
        for k in range(instance.demand.shape[1]):
            self._add_column(k)

    def variable(self, low: int, high: int) -> Point:
        """A new integer variable, or a constant where it can't vary."""
        return Point(None, low) if low == high else self._keep(self.cp.new_int_var(low, high, ""), low, high)

    def choice(self) -> Point:
        """A new Boolean variable."""
        return self._keep(self.cp.new_bool_var(""), 0, 1)

    def unless(self, choice: Point, end: Point, due: int) -> None:
        """Adds end <= due unless the choice is 1."""
        assert choice.variable is not None
        self.cp.add(end.expression <= due).only_enforce_if(~choice.variable)

    def only_where(self, choice: Point, moment: Point, low: int, high: int) -> None:
        """Adds low <= moment <= high if the choice is 1."""
        assert choice.variable is not None
        self.cp.add_linear_constraint(moment.expression, low, high).only_enforce_if(choice.variable)

    def one_of(self, choices: Sequence[Point]) -> None:
        """Adds that exactly one of the choices is 1."""
        self.cp.add_exactly_one(point.expression for point in choices)

    def _keep(self, variable: cp_model.IntVar, low: int, high: int) -> Point:
        self.variables[variable.index] = variable, low, high
        return Point(variable)

    # -- tasks and precedence ----------------------------------------------------------------------

    def _add_task(self, durations: list[int], first_start: int, last_start: int, first_end: int, last_end: int) -> None:
        start = self.variable(first_start, last_start)
        chosen = [self.choice() for _ in durations] if len(durations) > 1 else [Point(None, 1)]
        if len(durations) > 1:
            self.cp.add_exactly_one(point.expression for point in chosen)
        if min(durations) == max(durations):
            end = start + durations[0]
        else:
            end = self.variable(first_end, last_end)
            size = sum(d * point.expression for d, point in zip(durations, chosen, strict=True))
            self.cp.add(end.expression == start.expression + size)
        self.start.append(start)
        self.end.append(end)
        self.chosen += chosen

    def _add_precedence(self) -> None:
        graph = self.instance.graph
        pred = np.repeat(np.arange(self.instance.n), np.diff(graph.succ_start)).tolist()
        columns = (graph.succ_task.tolist(), graph.succ_kind.tolist(), graph.succ_lag.tolist())
        for i, j, kind, lag in zip(pred, *columns, strict=True):
            before = self.end[i] if kind in (0, 2) else self.start[i]
            after = self.start[j] if kind in (0, 1) else self.end[j]
            self.at_most(before + lag, after)

    def at_most(self, less: Point, more: Point) -> None:
        """Adds less <= more, unless the bounds of the variables say so already."""
        if self.highest(less) > self.lowest(more):
            if less.variable is None and more.variable is None:
                self.never()
            else:
                self.cp.add(less.expression <= more.expression)

    def never(self) -> None:
        """Makes the model infeasible."""
        self.cp.add_bool_or([])

    def lowest(self, point: Point) -> int:
        """The least value that the bounds allow."""
        return point.offset + (0 if point.variable is None else self.variables[point.variable.index][1])

    def highest(self, point: Point) -> int:
        """The greatest value that the bounds allow."""
        return point.offset + (0 if point.variable is None else self.variables[point.variable.index][2])

    # -- supplies ----------------------------------------------------------------------------------

    def _add_column(self, k: int) -> None:
        """The constraints of one capacity column: one for each holder that supplies it."""
        instance = self.instance
        need = instance.demand[instance.option_mode, k]
        counts = need > 0
        if not instance.consumable[k]:
            counts = counts & (instance.option_duration > 0)
        held = instance.capacity[:, k] >= 0
        supplier = np.where(held[instance.option_holder], instance.option_holder, 0)
        options = np.flatnonzero(counts)
        options = options[np.argsort(supplier[options], kind="stable")]
        cuts = np.flatnonzero(np.diff(supplier[options], prepend=-1, append=-1))
        for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            h = int(supplier[options[a]])
            capacity = int(instance.capacity[h, k])
            mine = options[a:b]
            if instance.consumable[k]:
                self._add_stock(mine, need[mine], capacity)
            elif not self._never_binds(h, k, mine, int(need[mine].max())):
                self._add_supply(mine, need[mine], capacity)

    def _never_binds(self, h: int, k: int, options: Ints, most: int) -> bool:
        """Whether the slots, or the number of tasks, keep this column within its capacity anyway."""
        capacity = self.instance.capacity
        if k > 0 and capacity[h, 0] >= 0 and most * int(capacity[h, 0]) <= capacity[h, k]:
            return True
        tasks = len(np.unique(np.searchsorted(self.instance.first_option, options, "right")))
        return tasks * most <= int(capacity[h, k])

    def _add_stock(self, options: Ints, need: Ints, capacity: int) -> None:
        terms = [self.chosen[o].expression * d for o, d in zip(options.tolist(), need.tolist(), strict=True)]
        total = sum(terms)
        if not isinstance(total, int):
            self.cp.add(total <= capacity)
        elif total > capacity:
            self.never()

    def _add_supply(self, options: Ints, need: Ints, capacity: int) -> None:
        first = self.instance.first_option
        task = np.searchsorted(first, options, "right") - 1
        intervals, demands = [], []
        cuts = np.flatnonzero(np.diff(task, prepend=-1, append=-1))
        for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            t = int(task[a])
            if b - a == first[t + 1] - first[t] and (need[a:b] == need[a]).all():
                intervals.append(self._interval_of_task(t))
                demands.append(int(need[a]))
                continue
            intervals += [self._interval_of_option(t, o) for o in options[a:b].tolist()]
            demands += need[a:b].tolist()
        if 2 * min(demands) > capacity:
            self.cp.add_no_overlap(intervals)
        else:
            self.cp.add_cumulative(intervals, demands, capacity)

    def _interval_of_task(self, t: int) -> Any:
        if t not in self._task_interval:
            start, shortest, longest = self.start[t].expression, self.instance.shortest[t], self.instance.longest[t]
            if shortest == longest:
                interval = self.cp.new_fixed_size_interval_var(start, int(shortest), "")
            else:
                self._size[t] = self.variable(int(shortest), int(longest))
                interval = self.cp.new_interval_var(start, self._size[t].expression, self.end[t].expression, "")
            self._task_interval[t] = interval
        return self._task_interval[t]

    def _interval_of_option(self, t: int, option: int) -> Any:
        if self.chosen[option].variable is None:
            return self._interval_of_task(t)
        if option not in self._option_interval:
            self._option_interval[option] = self.cp.new_optional_interval_var(
                self.start[t].expression,
                int(self.instance.option_duration[option]),
                self.end[t].expression,
                self.chosen[option].expression,
                "",
            )
        return self._option_interval[option]

    # -- values ------------------------------------------------------------------------------------

    def schedule(self, values: Sequence[int]) -> Solution:
        """The schedule where variable i of the model has values[i]."""
        start = np.array([point.of(values) for point in self.start], np.int64)
        chosen = np.array([point.of(values) for point in self.chosen], bool)
        return self.instance.solution(start, np.flatnonzero(chosen))

    def values(self, start: Ints, option: Ints) -> dict[int, int]:
        """The variables of this model by index in the schedule with these starts and options."""
        out: dict[int, int] = {}
        chosen = np.zeros(len(self.chosen), np.int64)
        chosen[option] = 1
        duration = self.instance.option_duration[option]
        for points, amounts in ((self.start, start), (self.end, start + duration), (self.chosen, chosen)):
            for point, amount in zip(points, amounts.tolist(), strict=True):
                if point.variable is not None:
                    out[point.variable.index] = amount - point.offset
        for t, point in self._size.items():
            if point.variable is not None:
                out[point.variable.index] = int(duration[t])
        return out
