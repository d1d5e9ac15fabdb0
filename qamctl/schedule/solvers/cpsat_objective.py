"""The objective of a schedule for CP-SAT: exact sums of model variables, and their scaling to integers.

CP-SAT minimises integers. Weights, costs and the tick are decimal fractions, so a level is multiplied by
the least number that makes all its coefficients integers; where these would be too large for exact
arithmetic they are rounded down, and what CP-SAT proves is then a bound and no optimum.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np

from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_model import Model, Point
from qamctl.schedule.spec import NEVER, TERMS, Ints

#: Largest objective value: below it CP-SAT's figures, which pass through float64, are exact.
LARGEST: Final = 2**53


@dataclass
class Sum:
    """A sum of variables with exact coefficients, all at least 0, in objective units."""

    coefficients: dict[int, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)

    def add(self, point: Point, weight: Fraction) -> None:
        """Adds weight * point."""
        self.constant += weight * point.offset
        if point.variable is not None and weight:
            i = point.variable.index
            self.coefficients[i] = self.coefficients.get(i, Fraction(0)) + weight

    def value(self, values: Mapping[int, int]) -> Fraction:
        """The sum where variable i has values[i], without the constant."""
        return sum((weight * values[i] for i, weight in self.coefficients.items()), Fraction(0))


@dataclass(frozen=True)
class Scaled:
    """A sum times `scale`, in integers: never above the true sum, and equal to it where `exact`."""

    coefficients: dict[int, int]
    scale: Fraction
    exact: bool


def scaled(total: Sum, model: Model) -> Scaled:
    """The sum in the smallest integers that hold it exactly, else rounded down to what float64 holds."""
    weights = total.coefficients
    if not weights:
        return Scaled({}, Fraction(1), True)
    largest = sum(weight * model.variables[i][2] for i, weight in weights.items())
    common = math.lcm(*(weight.denominator for weight in weights.values()))
    scale = Fraction(common, math.gcd(*(int(weight * common) for weight in weights.values())))
    if largest * scale <= LARGEST:
        return Scaled({i: int(weight * scale) for i, weight in weights.items()}, scale, True)
    scale = Fraction(LARGEST) / largest
    return Scaled({i: math.floor(weight * scale) for i, weight in weights.items()}, scale, False)


def rounded_down(number: Fraction) -> float:
    """The greatest float that is not above the number."""
    near = float(number)
    return near if Fraction(near) <= number else math.nextafter(near, -math.inf)


class Objective:
    """The levels of an instance over the variables of its model; adds the variables that its terms need."""

    def __init__(self, model: Model) -> None:
        self.model, self.instance = model, model.instance
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
        terms = [build[name]() if want else Sum() for name, want in zip(TERMS, wanted, strict=True)]
        self.levels = [_combined(terms, [_exact(weight) for weight in level]) for level in self.instance.levels]

    def _add_makespan(self) -> Sum:
        model = self.model
        ends = [model.end[t] for t in _last_tasks(self.instance)]
        highest = max(model.highest(end) for end in ends)
        lowest = max(makespan_bound(self.instance), *(model.lowest(end) for end in ends))
        if lowest > highest:
            model.never()
        self._makespan = model.variable(min(lowest, highest), highest)
        for end in ends:
            model.at_most(end, self._makespan)
        out = Sum()
        out.add(self._makespan, self.instance.spec.time.resolution)
        return out

    def _add_tardiness(self) -> Sum:
        out = Sum()
        unit = self.instance.spec.time.resolution
        for t, weight in self._with_due():
            due, end = int(self.instance.due[t]), self.model.end[t]
            if self.model.lowest(end) >= due:
                out.add(end + -due, weight * unit)
            elif self.model.highest(end) > due:
                self._late[t] = self.model.variable(0, self.model.highest(end) - due)
                self.model.at_most(end + -due, self._late[t])
                out.add(self._late[t], weight * unit)
        return out

    def _add_tardy(self) -> Sum:
        out = Sum()
        for t, weight in self._with_due():
            due, end = int(self.instance.due[t]), self.model.end[t]
            if self.model.lowest(end) > due:
                out.constant += weight
            elif self.model.highest(end) > due:
                self._tardy[t] = late = self.model.choice()
                self.model.unless(late, end, due)
                out.add(late, weight)
        return out

    def _with_due(self) -> list[tuple[int, Fraction]]:
        instance = self.instance
        tasks = np.flatnonzero((instance.due < NEVER) & (instance.weight > 0))
        return [(t, _exact(instance.weight[t])) for t in tasks.tolist()]

    def _add_flow(self) -> Sum:
        out = Sum()
        unit = self.instance.spec.time.resolution
        for end, release, weight in zip(
            self.model.end, self.instance.release.tolist(), self.instance.weight.tolist(), strict=True
        ):
            out.add(end + -release, _exact(weight) * unit)
        return out

    def _add_cost(self) -> Sum:
        instance, out = self.instance, Sum()
        unit, agents = instance.spec.time.resolution, instance.spec.agents
        mode_cost = instance.spec.modes.cost[instance.option_mode].tolist()
        rate = [float(agents.cost_per_time[members[0]]) if len(members) else 0.0 for members in instance.members]
        columns = (mode_cost, instance.option_holder.tolist(), instance.option_duration.tolist())
        for point, cost, h, duration in zip(self.model.chosen, *columns, strict=True):
            out.add(point, _option_cost(cost, rate[h], duration * unit))
        costly = np.flatnonzero(instance.fixed_cost[instance.option_holder])
        certain = {int(instance.option_holder[o]) for o in costly if self.model.chosen[o].variable is None}
        for o in costly.tolist():
            h = int(instance.option_holder[o])
            if h not in self._used:
                self._used[h] = Point(None, 1) if h in certain else self.model.choice()
            self.model.at_most(self.model.chosen[o], self._used[h])
        for h, used in self._used.items():
            out.add(used, _exact(instance.fixed_cost[h]))
        return out

    def _add_reasoning(self) -> Sum:
        instance, out = self.instance, Sum()
        for point, price in zip(self.model.chosen, instance.option_reasoning.tolist(), strict=True):
            out.add(point, _exact(price))
        wishes = instance.wishes
        for t in [] if wishes is None else np.flatnonzero(wishes.timed).tolist():
            self._add_pieces(out, t)
        return out

    def _add_pieces(self, out: Sum, t: int) -> None:
        """The price of the start of a task: a choice for each span of time with a price of its own."""
        wishes, start = self.instance.wishes, self.model.start[t]
        assert wishes is not None
        low, high = self.model.lowest(start), self.model.highest(start)
        mine = range(int(wishes.first[t]), int(wishes.first[t + 1]))
        until = {k: int(wishes.since[k + 1]) - 1 if k + 1 < mine.stop else NEVER for k in mine}
        reached = [k for k in mine if int(wishes.since[k]) <= high and until[k] >= low]
        if len(reached) < 2:
            for k in reached:
                out.constant += _exact(wishes.price[k])
            return
        for k in reached:
            self._piece[t, k] = self.model.choice()
            self.model.only_where(self._piece[t, k], start, max(low, int(wishes.since[k])), min(high, until[k]))
            out.add(self._piece[t, k], _exact(wishes.price[k]))
        self.model.one_of([self._piece[t, k] for k in reached])

    def values(self, start: Ints, option: Ints) -> dict[int, int]:
        """The variables of model and objective by index in the schedule with these starts and options."""
        out = self.model.values(start, option)
        end = start + self.instance.option_duration[option]
        late = {t: max(0, int(end[t] - self.instance.due[t])) for t in (*self._late, *self._tardy)}
        used = set(self.instance.option_holder[option].tolist())
        derived = [(point, late[t]) for t, point in self._late.items()]
        derived += [(point, int(late[t] > 0)) for t, point in self._tardy.items()]
        derived += [(point, int(h in used)) for h, point in self._used.items()]
        wishes = self.instance.wishes
        if wishes is not None:
            for (t, k), point in self._piece.items():
                after = k + 1 < wishes.first[t + 1] and wishes.since[k + 1] <= start[t]
                derived.append((point, int(wishes.since[k] <= start[t] and not after)))
        if self._makespan is not None:
            derived.append((self._makespan, int(end.max())))
        for point, amount in derived:
            if point.variable is not None:
                out[point.variable.index] = amount - point.offset
        return out


def _last_tasks(instance: Instance) -> list[int]:
    """The tasks that no other task is certain to end after."""
    graph = instance.graph
    pred = np.repeat(np.arange(instance.n), np.diff(graph.succ_start))
    outlived = ((graph.succ_kind == 0) | (graph.succ_kind == 2)) & (graph.succ_lag >= 0)
    last = np.ones(instance.n, bool)
    last[pred[outlived]] = False
    return np.flatnonzero(last).tolist()


def _combined(terms: list[Sum], weights: list[Fraction]) -> Sum:
    out = Sum()
    for term, weight in zip(terms, weights, strict=True):
        out.constant += weight * term.constant
        for i, coefficient in term.coefficients.items():
            if weight:
                out.coefficients[i] = out.coefficients.get(i, Fraction(0)) + weight * coefficient
    return out


@lru_cache(maxsize=1 << 16)
def _option_cost(cost: float, rate: float, units: Fraction) -> Fraction:
    return _exact(cost) + _exact(rate) * units


@lru_cache(maxsize=1 << 16)
def _exact(number: float) -> Fraction:
    """The decimal that the number was written as."""
    return Fraction(repr(float(number)))
