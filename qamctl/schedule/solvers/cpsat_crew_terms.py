"""The objective terms of CP-SAT that only problems with crews have, as exact sums of variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_options import Options
from qamctl.schedule.solvers.cpsat_precedence import Precedences
from qamctl.schedule.solvers.cpsat_setups import SetupTimes
from qamctl.schedule.solvers.cpsat_sums import Sum, exact
from qamctl.schedule.solvers.cpsat_times import Times
from qamctl.schedule.solvers.cpsat_variables import Point, Variables
from qamctl.schedule.spec import Earlier, Ints


class CrewTerms:
    """The terms unscheduled, setup, communication, balance and disruption, and the variables that they need."""

    def __init__(
        self, variables: Variables, instance: Instance, crews: Crews, options: Options, times: Times,
        precedences: Precedences, setups: SetupTimes,
    ) -> None:  # fmt: skip
        self.variables, self.instance, self.crews, self.options, self.times = variables, instance, crews, options, times
        self._precedences, self._setups = precedences, setups
        self._busiest: Point | None = None
        self._above: Point | None = None
        self._shift: dict[int, Point] = {}

    def build(self, name: str) -> Sum:
        """One term; adds the variables that it needs."""
        builders: dict[str, Callable[[], Sum]] = {
            "unscheduled": self._add_unscheduled,
            "setup": self._add_setup,
            "communication": self._add_communication,
            "balance": self._add_balance,
            "disruption": self._add_disruption,
        }
        return builders[name]()

    @property
    def _unit(self) -> Fraction:
        return self.instance.spec.time.resolution

    def _add_unscheduled(self) -> Sum:
        out = Sum()
        for t, reward in enumerate(self.instance.spec.tasks.reward.tolist()):
            out.add(self._left_out(t), exact(reward))
        return out

    def _left_out(self, t: int) -> Point:
        return self.options.some(t, [o for o in self.options.of_task[t] if self.crews.out[o]])

    def _add_setup(self) -> Sum:
        out = Sum()
        for circuit in self._setups.circuits.values():
            for arc, ticks in circuit.ticks.items():
                out.add(circuit.arc[arc], ticks * self._unit)
        return out

    def _add_communication(self) -> Sum:
        out = Sum()
        for sent in self._precedences.sent:
            before = 0
            for ticks, longer in sent.steps:
                out.add(longer, (ticks - before) * self._unit)
                before = ticks
        return out

    # -- balance -----------------------------------------------------------------------------------

    def _add_balance(self) -> Sum:
        """The busiest agent's work above the mean, as many times as there are agents: all coefficients are positive."""
        out, agents = Sum(), len(self.instance.spec.agents.ids)
        if agents == 0:
            return out
        work = self.instance.option_duration
        loads: dict[int, list[int]] = {}
        for t in range(self.instance.n):
            for holder, mine in self.options.holders(t).items():
                loads.setdefault(holder, []).extend(mine)
        sums = [sum(int(work[o]) * self.options.chosen[o].expression for o in mine) for mine in loads.values()]
        most = sum(int(work[list(self.options.of_task[t])].max(initial=0)) for t in range(self.instance.n))
        self._busiest = self.variables.new(0, most)
        self._above = self.variables.new(0, agents * most)
        for load in sums:
            self.variables.cp.add(self._busiest.expression >= load)
        self.variables.cp.add(self._above.expression + sum(sums) >= agents * self._busiest.expression)
        out.add(self._above, self._unit / agents)
        return out

    def _loads(self, option: Ints) -> list[int]:
        """Ticks of work of each holder at work; where balance counts, every agent is a holder of its own."""
        loads: dict[int, int] = {}
        for o in option.tolist():
            for holder, _ in self.crews.of(o):
                loads[holder] = loads.get(holder, 0) + int(self.instance.option_duration[o])
        return list(loads.values())

    # -- disruption --------------------------------------------------------------------------------

    def _add_disruption(self) -> Sum:
        out, earlier, weight = Sum(), self.instance.spec.earlier, self.instance.spec.tasks.weight
        for t in [] if earlier is None else np.flatnonzero(earlier.start >= 0).tolist():
            assert earlier is not None
            same = [o for o in self.options.doing(t) if self._has_crew(o, earlier, t)]
            moved = [o for o in self.options.of_task[t] if o not in set(same)]
            out.add(self.options.some(t, moved), exact(weight[t]))
            if same:
                out.add(
                    self._add_shift(t, int(earlier.start[t]), self.options.some(t, same)), exact(weight[t]) * self._unit
                )
        return out

    def _has_crew(self, option: int, earlier: Earlier, t: int) -> bool:
        """Whether an option has the crew of an earlier schedule, whose agents are holders of their own."""
        members = [self.instance.members[holder] for holder, _ in self.crews.of(option)]
        return all(len(m) == 1 for m in members) and tuple(sorted(int(m[0]) for m in members)) == earlier.agents[t]

    def _add_shift(self, t: int, before: int, same: Point) -> Point:
        """By how many ticks a task starts earlier or later than before, where its crew is the same."""
        start = self.times.start[t]
        low, high = self.variables.lowest(start), self.variables.highest(start)
        self._shift[t] = shift = self.variables.new(0, max(abs(low - before), abs(high - before)))
        self.variables.at_most(start + -before, shift, same)
        if same.variable is None:
            self.variables.cp.add(before - start.expression <= shift.expression)
        else:
            self.variables.cp.add(before - start.expression <= shift.expression).only_enforce_if(same.variable)
        return shift

    def values(self, start: Ints, option: Ints) -> Iterator[tuple[Point, int]]:
        """The variables in the schedule with these starts and options."""
        if self._busiest is not None and self._above is not None:
            loads = self._loads(option)
            most = max(loads, default=0)
            yield self._busiest, most
            yield self._above, most * len(self.instance.spec.agents.ids) - sum(loads)
        earlier = self.instance.spec.earlier
        for t, shift in self._shift.items():
            assert earlier is not None
            same = self._has_crew(int(option[t]), earlier, t) and not self.crews.out[option[t]]
            yield shift, abs(int(start[t]) - int(earlier.start[t])) if same else 0
