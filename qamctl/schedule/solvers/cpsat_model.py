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
from typing import Any

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.cpsat_variables import YES, Point, Variables
from qamctl.schedule.spec import Ints


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


class Model:
    """The constraints of an instance in a CP-SAT model, and the way between its values and schedules.

    Attributes
    ----------
    variables
        Of CP-SAT's model, and that itself.
    start, end
        Of each task.
    there
        For each task, 1 where it is scheduled: always.
    chosen
        For each option of the instance, 1 where its task is done by it.
    """

    def __init__(self, instance: Instance, windows: Windows) -> None:
        self.instance = instance
        self.variables = Variables()
        self.start: list[Point] = []
        self.end: list[Point] = []
        self.there = [YES] * instance.n
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

    # -- tasks and precedence ----------------------------------------------------------------------

    def _add_task(self, durations: list[int], first_start: int, last_start: int, first_end: int, last_end: int) -> None:
        start = self.variables.new(first_start, last_start)
        chosen = [self.variables.choice() for _ in durations] if len(durations) > 1 else [YES]
        if len(durations) > 1:
            self.variables.one_of(chosen)
        if min(durations) == max(durations):
            end = start + durations[0]
        else:
            end = self.variables.new(first_end, last_end)
            size = sum(d * point.expression for d, point in zip(durations, chosen, strict=True))
            self.variables.cp.add(end.expression == start.expression + size)
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
            self.variables.at_most(before + lag, after)

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
            self.variables.cp.add(total <= capacity)
        elif total > capacity:
            self.variables.never()

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
            self.variables.cp.add_no_overlap(intervals)
        else:
            self.variables.cp.add_cumulative(intervals, demands, capacity)

    def _interval_of_task(self, t: int) -> Any:
        if t not in self._task_interval:
            start, shortest, longest = self.start[t].expression, self.instance.shortest[t], self.instance.longest[t]
            if shortest == longest:
                interval = self.variables.cp.new_fixed_size_interval_var(start, int(shortest), "")
            else:
                self._size[t] = self.variables.new(int(shortest), int(longest))
                interval = self.variables.cp.new_interval_var(
                    start, self._size[t].expression, self.end[t].expression, ""
                )
            self._task_interval[t] = interval
        return self._task_interval[t]

    def _interval_of_option(self, t: int, option: int) -> Any:
        if self.chosen[option].variable is None:
            return self._interval_of_task(t)
        if option not in self._option_interval:
            self._option_interval[option] = self.variables.cp.new_optional_interval_var(
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
