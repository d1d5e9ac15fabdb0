"""Setups as constraints of CP-SAT: what passes between two tasks with families that an agent does one after the other.

The tasks of an agent are ordered by start, end and number. Where no way round between two families is shorter, it is
enough that of any two tasks one is first, and that finds makespans quickly. Else, and where setups have a term of their
own, the order is a circuit through the tasks that the agent does, by way of nothing: an arc says that one follows the
other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise, permutations

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_options import Options
from qamctl.schedule.solvers.cpsat_times import Times
from qamctl.schedule.solvers.cpsat_variables import Point, Variables
from qamctl.schedule.spec import Ints, Setups


@dataclass(frozen=True)
class Circuit:
    """The order on one agent.

    Attributes
    ----------
    arc
        1 where the second task is next to the first; task -1 is nothing, before the first one and behind the last.
        A task that follows itself is none of the agent's.
    ticks
        The setup on an arc between two tasks.
    """

    tasks: tuple[int, ...]
    arc: dict[tuple[int, int], Point] = field(default_factory=dict)
    ticks: dict[tuple[int, int], int] = field(default_factory=dict)


class SetupTimes:
    """The constraints of all agents.

    Parameters
    ----------
    weighed
        Setups have a term of their own.

    Attributes
    ----------
    circuits
        By holder, where the order is one.
    """

    def __init__(
        self, variables: Variables, instance: Instance, options: Options, times: Times, *, weighed: bool
    ) -> None:
        self.variables, self.instance, self.options, self.times = variables, instance, options, times
        self.circuits: dict[int, Circuit] = {}
        self._first: list[tuple[Point, int, int, int]] = []
        setups = instance.spec.setups
        if setups is None:
            return
        tasks_of = _tasks_of_holders(instance, options)
        pairs: dict[tuple[int, int], list[int]] = {}
        for holder, tasks in tasks_of.items():
            straight = self._straight(setups, holder, tasks)
            if weighed or not straight:
                self._add_circuit(setups, holder, tasks)
            if straight:
                for pair in combinations(tasks, 2):
                    pairs.setdefault(pair, []).append(holder)
        for (i, j), holders in pairs.items():
            self._add_pair(setups, i, j, holders)

    def _ticks(self, setups: Setups, holder: int, i: int, j: int) -> int:
        family = self.instance.spec.tasks.family
        table = setups.time[setups.of_agent[self.instance.members[holder][0]]]
        return int(table[family[i], family[j]])

    def _straight(self, setups: Setups, holder: int, tasks: Sequence[int]) -> bool:
        """Whether no task between two others shortens the time between them."""
        family = self.instance.spec.tasks.family
        table = setups.time[setups.of_agent[self.instance.members[holder][0]]]
        shortest: dict[int, int] = {}
        for t in tasks:
            work = min(int(self.instance.option_duration[o]) for o in self.options.holders(t)[holder])
            shortest[int(family[t])] = min(work, shortest.get(int(family[t]), work))
        some = sorted(shortest)
        own = table[np.ix_(some, some)]
        through = own[:, :, None] + np.array([shortest[f] for f in some])[None, :, None] + own[None, :, :]
        return bool((own[:, None, :] <= through).all())

    # -- any two tasks -----------------------------------------------------------------------------

    def _add_pair(self, setups: Setups, i: int, j: int, holders: Sequence[int]) -> None:
        """Of two tasks one is first, wherever the same agent does both; agents with the same times share the choice."""
        alike: dict[tuple[int, int], list[int]] = {}
        for h in holders:
            alike.setdefault((self._ticks(setups, h, i, j), self._ticks(setups, h, j, i)), []).append(h)
        for (forth, back), mine in alike.items():
            ties = [h for h in mine if not (self._instant(i, h).never or self._instant(j, h).never)]
            if forth == back == 0 and not self._may_be_instant(i, mine) and not self._may_be_instant(j, mine):
                continue  # slots see to that
            first = [self._before(i, j, forth), self._before(j, i, back)]
            if back == 0:
                for h in ties:
                    self._strictly(j, i, first[1], h)
            for h in mine:
                self.variables.some_of(first, [self.options.on(i, h), self.options.on(j, h)])

    def _before(self, i: int, j: int, ticks: int) -> Point:
        """A choice that is 1 only where a task ends so many ticks before another one starts."""
        end, start = self.times.end[i] + ticks, self.times.start[j]
        choice = self.variables.choice()
        self._first.append((choice, i, j, ticks))
        self.variables.at_most(end, start, choice)
        return choice

    def _strictly(self, i: int, j: int, where: Point, holder: int) -> None:
        """Adds that of two tasks that take no time on a holder the one with the lower number is first at one moment."""
        self.variables.at_most(
            self.times.end[i] + 1, self.times.start[j], where, self._instant(i, holder), self._instant(j, holder)
        )

    def _instant(self, t: int, holder: int) -> Point:
        """1 where a holder does a task in no time."""
        duration = self.instance.option_duration
        return self.options.some(t, [o for o in self.options.holders(t)[holder] if duration[o] == 0])

    def _may_be_instant(self, t: int, holders: Sequence[int]) -> bool:
        return not all(self._instant(t, h).never for h in holders)

    # -- circuits ----------------------------------------------------------------------------------

    def _add_circuit(self, setups: Setups, holder: int, tasks: Sequence[int]) -> None:
        circuit = Circuit(tuple(tasks))
        place = {-1: 0, **{t: k for k, t in enumerate(tasks, 1)}}
        arcs = []

        def follows(i: int, j: int) -> Point:
            circuit.arc[i, j] = choice = self.variables.choice()
            arcs.append((place[i], place[j], choice.expression))
            return choice

        follows(-1, -1)
        for t in tasks:
            follows(-1, t)
            follows(t, -1)
            self.variables.one_of([follows(t, t), self.options.on(t, holder)])
        for i, j in permutations(tasks, 2):
            ticks = self._ticks(setups, holder, i, j)
            end, start = self.times.end[i] + ticks, self.times.start[j]
            if self.variables.lowest(end) <= self.variables.highest(start):
                choice = follows(i, j)
                circuit.ticks[i, j] = ticks
                self.variables.at_most(end, start, choice)
                if ticks == 0 and i > j:
                    self._strictly(i, j, choice, holder)
        self.variables.cp.add_circuit(arcs)
        self.circuits[holder] = circuit

    # -- values ------------------------------------------------------------------------------------

    def values(self, start: Ints, end: Ints, option: Ints) -> Iterator[tuple[Point, int]]:
        """The variables where the tasks have these starts, ends and options."""
        for choice, i, j, ticks in self._first:
            later = start[i] == end[i] == start[j] == end[j] and i > j and ticks == 0
            yield choice, int(end[i] + ticks <= start[j] and not later)
        for holder, circuit in self.circuits.items():
            mine = [t for t in circuit.tasks if option[t] in self.options.holders(t)[holder]]
            line = [-1, *sorted(mine, key=lambda t: (start[t], end[t], t)), -1]
            taken = {*pairwise(line), *((t, t) for t in circuit.tasks if t not in mine)}
            yield from ((point, int(arc in taken)) for arc, point in circuit.arc.items())


def _tasks_of_holders(instance: Instance, options: Options) -> dict[int, list[int]]:
    """The tasks with a family that each holder may do, where they are several."""
    found: dict[int, list[int]] = {}
    for t in np.flatnonzero(instance.spec.tasks.family >= 0).tolist():
        for holder in options.holders(t):
            found.setdefault(holder, []).append(t)
    return {holder: tasks for holder, tasks in sorted(found.items()) if len(tasks) > 1}


def arcs_counted(instance: Instance, crews: Crews) -> int:
    """Pairs of tasks with a family on one agent, agent by agent."""
    if instance.spec.setups is None:
        return 0
    option = np.repeat(np.arange(len(crews.out)), np.diff(crews.first))
    task = np.searchsorted(instance.first_option, option, "right") - 1
    some = instance.spec.tasks.family[task] >= 0
    pairs = np.unique(task[some] * len(instance.members) + crews.holder[some])
    return int((np.bincount(pairs % len(instance.members)) ** 2).sum())
