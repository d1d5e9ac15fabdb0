"""The objective of a schedule for CP-SAT: every level as an exact sum of variables of the model.

Where a task is left out, its start and its end are the least that they can be, so that what it would add is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.cpsat_loads import add_loads
from qamctl.schedule.solvers.cpsat_sums import Sum, combined, exact
from qamctl.schedule.solvers.cpsat_variables import YES, Point, Variables
from qamctl.schedule.spec import NEVER, TERMS, Ints


class Modelled(Protocol):
    """The constraints of an instance over CP-SAT's variables.

    Attributes
    ----------
    start, end
        Of each task.
    there
        For each task, 1 where it is scheduled.
    chosen
        For each option of the instance, 1 where its task is done by it.
    """

    instance: Instance
    variables: Variables
    start: list[Point]
    end: list[Point]
    there: list[Point]
    chosen: list[Point]

    def schedule(self, values: Sequence[int]) -> Solution:
        """The schedule where variable i has values[i]."""
        ...

    def values(self, start: Ints, option: Ints) -> dict[int, int]:
        """The variables by index in the schedule with these starts and options."""
        ...


class FurtherTerms(Protocol):
    """Terms that not every problem has."""

    def build(self, name: str) -> Sum:
        """One term; adds the variables that it needs."""
        ...

    def values(self, start: Ints, option: Ints) -> Iterable[tuple[Point, int]]:
        """The added variables in the schedule with these starts and options."""
        ...


class Objective:
    """The levels of an instance over the variables of its model; adds the variables that its terms need.

    Attributes
    ----------
    levels
        The exact sum of each.
    has_loads
        The makespan is tied to the choices of tasks by linear rows.
    """

    def __init__(self, model: Modelled, further: FurtherTerms | None = None) -> None:
        self.model, self.instance, self.variables = model, model.instance, model.variables
        self._further = further
        self.has_loads = False
        self._makespan: Point | None = None
        self._late: dict[int, Point] = {}
        self._tardy: dict[int, Point] = {}
        self._used: dict[int, Point] = {}
        self._piece: dict[tuple[int, int], Point] = {}
        wanted = (self.instance.levels != 0).any(axis=0)
        build = {
            "makespan": self._add_makespan,
            "tardiness": self._add_tardiness,
            "tardy": self._add_tardy,
            "flow": self._add_flow,
            "cost": self._add_cost,
            "reasoning": self._add_reasoning,
        }

        def built(name: str) -> Sum:
            if name in build:
                return build[name]()
            return Sum() if further is None else further.build(name)

        terms = [built(name) if want else Sum() for name, want in zip(TERMS, wanted, strict=True)]
        self.levels = [combined(terms, [exact(weight) for weight in level]) for level in self.instance.levels]

    def schedule(self, values: Sequence[int]) -> Solution:
        """The schedule where variable i has values[i]."""
        return self.model.schedule(values)

    @cached_property
    def _crews(self) -> list[tuple[tuple[int, int], ...]]:
        """[O] (holder, number of its agents) of all agents that do an option."""
        crews = self.instance.crews
        if crews is not None:
            return [crews.of(o) for o in range(len(crews.out))]
        return [((holder, 1),) if holder else () for holder in self.instance.option_holder.tolist()]

    def _add_makespan(self) -> Sum:
        model, variables, last = self.model, self.variables, _last_tasks(self.instance)
        highest = max(variables.highest(model.end[t]) for t in last)
        certain = [variables.lowest(model.end[t]) for t in last if model.there[t].surely]
        lowest = max(makespan_bound(self.instance), *certain, 0)
        if lowest > highest:
            variables.never()
        self._makespan = variables.new(min(lowest, highest), highest)
        for t in last:
            variables.at_most(model.end[t], self._makespan, model.there[t])
        self.has_loads = add_loads(variables, self.instance, model.chosen, self._makespan)
        out = Sum()
        out.add(self._makespan, self.instance.spec.time.resolution)
        return out

    def _add_tardiness(self) -> Sum:
        out = Sum()
        unit = self.instance.spec.time.resolution
        for t, weight in self._with_due():
            due, end = int(self.instance.due[t]), self.model.end[t]
            if self.variables.lowest(end) >= due:
                self._add_if_there(out, t, end + -due, weight * unit)
            elif self.variables.highest(end) > due:
                self._late[t] = self.variables.new(0, self.variables.highest(end) - due)
                self.variables.at_most(end + -due, self._late[t])
                out.add(self._late[t], weight * unit)
        return out

    def _add_tardy(self) -> Sum:
        out = Sum()
        for t, weight in self._with_due():
            due, end = int(self.instance.due[t]), self.model.end[t]
            if self.variables.lowest(end) > due:
                out.add(self.model.there[t], weight)
            elif self.variables.highest(end) > due:
                self._tardy[t] = late = self.variables.choice()
                self.variables.unless(late, end, due)
                out.add(late, weight)
        return out

    def _with_due(self) -> list[tuple[int, Fraction]]:
        instance = self.instance
        tasks = np.flatnonzero((instance.due < NEVER) & (instance.weight > 0))
        return [(t, exact(instance.weight[t])) for t in tasks.tolist()]

    def _add_flow(self) -> Sum:
        out = Sum()
        unit = self.instance.spec.time.resolution
        columns = zip(self.model.end, self.instance.release.tolist(), self.instance.weight.tolist(), strict=True)
        for t, (end, release, weight) in enumerate(columns):
            self._add_if_there(out, t, end + -release, exact(weight) * unit)
        return out

    def _add_if_there(self, out: Sum, t: int, amount: Point, weight: Fraction) -> None:
        """Adds weight * amount where a task is scheduled; where it is not, the amount is the least that it can be."""
        least = self.variables.lowest(amount)
        out.add(amount + -least, weight)
        out.add(self.model.there[t], weight * least)

    def _add_cost(self) -> Sum:
        instance, out = self.instance, Sum()
        unit, agents = instance.spec.time.resolution, instance.spec.agents
        mode_cost = np.append(instance.spec.modes.cost, 0.0)[instance.option_mode].tolist()
        rate = [
            exact(agents.cost_per_time[members[0]]) if len(members) else Fraction(0) for members in instance.members
        ]
        rates = {crew: sum((rate[h] * number for h, number in crew), Fraction(0)) for crew in set(self._crews)}
        columns = (mode_cost, self._crews, instance.option_duration.tolist(), self.model.chosen)
        for cost, crew, duration, point in zip(*columns, strict=True):
            out.add(point, _option_cost(cost, rates[crew], duration * unit))
        costly = set(np.flatnonzero(instance.fixed_cost).tolist())
        fixed = [(o, h) for o, crew in enumerate(self._crews) for h, _ in crew if h in costly]
        certain = {h for o, h in fixed if self.model.chosen[o].surely}
        for o, h in fixed:
            if h not in self._used:
                self._used[h] = YES if h in certain else self.variables.choice()
            self.variables.at_most(self.model.chosen[o], self._used[h])
        for h, used in self._used.items():
            out.add(used, exact(instance.fixed_cost[h]))
        return out

    def _add_reasoning(self) -> Sum:
        instance, out = self.instance, Sum()
        for point, price in zip(self.model.chosen, instance.option_reasoning.tolist(), strict=True):
            out.add(point, exact(price))
        wishes = instance.wishes
        for t in [] if wishes is None else np.flatnonzero(wishes.timed).tolist():
            self._add_pieces(out, t)
        return out

    def _add_pieces(self, out: Sum, t: int) -> None:
        """The price of the start of a task: a choice for each span of time with a price of its own."""
        wishes, start, there = self.instance.wishes, self.model.start[t], self.model.there[t]
        assert wishes is not None
        if there.never:
            return
        low, high = self.variables.lowest(start), self.variables.highest(start)
        mine = range(int(wishes.first[t]), int(wishes.first[t + 1]))
        until = {k: int(wishes.since[k + 1]) - 1 if k + 1 < mine.stop else NEVER for k in mine}
        reached = [k for k in mine if int(wishes.since[k]) <= high and until[k] >= low]
        if len(reached) < 2:
            for k in reached:
                out.add(there, exact(wishes.price[k]))
            return
        for k in reached:
            self._piece[t, k] = piece = self.variables.choice()
            self.variables.only_where(piece, start, [(max(low, int(wishes.since[k])), min(high, until[k]))])
            out.add(piece, exact(wishes.price[k]))
        self.variables.one_of_if([self._piece[t, k] for k in reached], there)

    def values(self, start: Ints, option: Ints) -> dict[int, int]:
        """The variables of model and objective by index in the schedule with these starts and options."""
        out = self.model.values(start, option)
        for point, amount in self._derived(start, option):
            if point.variable is not None:
                out[point.variable.index] = amount - point.offset
        return out

    def _derived(self, start: Ints, option: Ints) -> Iterator[tuple[Point, int]]:
        instance, crews = self.instance, self.instance.crews
        end = instance.ends(start, option)
        there = np.ones(instance.n, bool) if crews is None else ~crews.out[option]
        late = {t: max(0, int(end[t] - instance.due[t])) if there[t] else 0 for t in (*self._late, *self._tardy)}
        yield from ((point, late[t]) for t, point in self._late.items())
        yield from ((point, int(late[t] > 0)) for t, point in self._tardy.items())
        if self._used:
            used = {h for o in option.tolist() for h, _ in self._crews[o]}
            yield from ((point, int(h in used)) for h, point in self._used.items())
        if self._makespan is not None:
            yield self._makespan, int(end[there].max(initial=0))
        wishes = instance.wishes
        if wishes is not None:
            for (t, k), point in self._piece.items():
                after = k + 1 < wishes.first[t + 1] and wishes.since[k + 1] <= start[t]
                yield point, int(there[t] and wishes.since[k] <= start[t] and not after)
        if self._further is not None:
            yield from self._further.values(start, option)


def _last_tasks(instance: Instance) -> list[int]:
    """The tasks that no other one is certain to end after, if they are scheduled at all."""
    graph = instance.tails
    pred = np.repeat(np.arange(instance.n), np.diff(graph.succ_start))
    outlived = ((graph.succ_kind == 0) | (graph.succ_kind == 2)) & (graph.succ_lag >= 0)
    last = np.ones(instance.n, bool)
    last[pred[outlived]] = False
    return np.flatnonzero(last).tolist()


@lru_cache(maxsize=1 << 16)
def _option_cost(cost: float, rate: Fraction, units: Fraction) -> Fraction:
    return exact(cost) + rate * units
