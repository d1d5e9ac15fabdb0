"""What agents and the shared pool have, as constraints of CP-SAT, for tasks of several agents that pause.

An agent keeps its slot and what it holds itself for a task from start to end; the pool is taken from only while the
task is worked on. What the pool lacks at some times, and when an agent is away, are fixed intervals that fill it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_calendars import Needs
from qamctl.schedule.solvers.cpsat_options import Options
from qamctl.schedule.solvers.cpsat_times import Times
from qamctl.schedule.solvers.cpsat_variables import Variables
from qamctl.schedule.solvers.crew_tables import takes

#: (task, option, amount)
Take = tuple[int, int, int]


class Takes:
    """What every option takes of whom: (column, holder, task, option, amount), holder 0 the pool."""

    def __init__(self, instance: Instance, crews: Crews) -> None:
        count = len(instance.option_mode)
        first, holder, column, amount = takes(instance, crews, np.arange(count), np.arange(len(instance.consumable)))
        option = np.repeat(np.arange(count), np.diff(first))
        counts = instance.consumable[column] | (instance.option_duration[option] > 0)
        task = np.searchsorted(instance.first_option, option, "right") - 1
        order = np.lexsort((option, holder, column))
        order = order[counts[order]]
        columns = (column, holder, task, option, amount)
        self.rows: list[tuple[int, int, int, int, int]] = list(
            zip(*(values[order].tolist() for values in columns), strict=True)
        )
        self._renewable = ~instance.consumable

    def of_pool(self, options: int) -> list[Needs]:
        """[O] what each option takes from the pool at every instant."""
        found: list[list[tuple[int, int]]] = [[] for _ in range(options)]
        for column, holder, _, option, amount in self.rows:
            if holder == 0 and self._renewable[column]:
                found[option].append((column, amount))
        return [tuple(needs) for needs in found]


class Supplies:
    """The constraints of every column of every holder."""

    def __init__(self, variables: Variables, instance: Instance, options: Options, times: Times, taken: Takes) -> None:
        self.variables, self.instance, self.options, self.times = variables, instance, options, times
        self._until = max((variables.highest(end) for end in times.end), default=0)
        self._pausing = {
            holder
            for t, ways in enumerate(times.ways)
            for way in ways
            if way.pauses
            for o in way.options
            for holder, _ in options.crews.of(o)
        }
        rows = [row for row in taken.rows if not options.chosen[row[3]].never]
        for (column, holder), mine in groupby(rows, lambda row: row[:2]):
            found = [(t, o, amount) for *_, t, o, amount in mine]
            if instance.consumable[column]:
                self._add_stock(found, max(0, int(instance.capacity[holder, column])))
            elif holder:
                self._add_own(holder, column, found)
            else:
                self._add_pool(column, found)

    def _add_stock(self, rows: Sequence[Take], capacity: int) -> None:
        if _most(rows) > capacity:
            total = sum(self.options.chosen[o].expression * amount for _, o, amount in rows)
            if not isinstance(total, int):
                self.variables.cp.add(total <= capacity)
            elif total > capacity:
                self.variables.never()

    def _add_own(self, holder: int, column: int, rows: Sequence[Take]) -> None:
        """Slots of a holder, or what it holds itself: taken from start to end, whatever pauses there are."""
        instance = self.instance
        capacity, slots = int(instance.capacity[holder, column]), int(instance.capacity[holder, 0])
        need = max(int(instance.demand[instance.option_mode[o], column]) for _, o, _ in rows)
        if _most(rows) <= capacity or (column and need * slots <= capacity):
            return
        intervals, demands = [], []
        for t, amount, mine in _by_task(rows):
            found = self.times.whole(t, mine)
            intervals += found
            demands += [amount] * len(found)
        if column == 0 and holder not in self._pausing:
            away = instance.spec.agents.away.of(int(instance.members[holder][0]))
            self._fill(intervals, demands, [(low, high, capacity) for low, high, _ in away])
        self._add(intervals, demands, capacity)

    def _add_pool(self, column: int, rows: Sequence[Take]) -> None:
        """What is shared: taken while there is work, and not at all times the same."""
        usual = max(0, int(self.instance.capacity[0, column]))
        periods = self.instance.spec.resources.calendar.of(column - 1)
        periods = [period for period in periods if period[0] < self._until]
        capacity = max([usual, *(there for _, _, there in periods)])
        if _most(rows) <= min([usual, *(there for _, _, there in periods)]):
            return
        way_of = {o: way for t in {t for t, _, _ in rows} for way in self.times.ways[t] for o in way.options}
        intervals, demands = [], []
        for t, amount, mine in _by_task(rows):
            steady = [o for o in mine if not way_of[o].pauses]
            found = self.times.whole(t, steady) if steady else []
            # All options of a way that pauses take the same from the pool.
            for way in {way_of[o].options: way_of[o] for o in mine if way_of[o].pauses}.values():
                found += self.times.at_work(t, way)
            intervals += found
            demands += [amount] * len(found)
        lacking = [(low, high, capacity - there) for low, high, there in periods]
        if usual < capacity:
            ends = [0, *(moment for low, high, _ in periods for moment in (low, high)), self._until]
            between = zip(ends[::2], ends[1::2], strict=True)
            lacking += [(low, high, capacity - usual) for low, high in between if low < high]
        self._fill(intervals, demands, lacking)
        self._add(intervals, demands, capacity)

    def _fill(self, intervals: list[Any], demands: list[int], taken: Sequence[Take]) -> None:
        """Adds what is taken anyway: (from, until, amount)."""
        for low, high, amount in taken:
            high = min(high, self._until)
            if low < high and amount:
                intervals.append(self.variables.cp.new_fixed_size_interval_var(low, high - low, ""))
                demands.append(amount)

    def _add(self, intervals: list[Any], demands: list[int], capacity: int) -> None:
        if 2 * min(demands) > capacity >= max(demands):
            self.variables.cp.add_no_overlap(intervals)
        else:
            self.variables.cp.add_cumulative(intervals, demands, capacity)


def _most(rows: Sequence[Take]) -> int:
    """What all tasks take together if each takes as much as it can."""
    return sum(max(amount for *_, amount in mine) for _, mine in groupby(rows, lambda row: row[0]))


def _by_task(rows: Sequence[Take]) -> list[tuple[int, int, list[int]]]:
    """(task, amount, options) of all options of a task that take the same."""
    found: dict[tuple[int, int], list[int]] = {}
    for t, o, amount in rows:
        found.setdefault((t, amount), []).append(o)
    return [(t, amount, options) for (t, amount), options in found.items()]
