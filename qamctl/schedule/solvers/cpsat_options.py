"""The options of tasks as choices of CP-SAT: exactly one of each task, and further choices for several of one task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_variables import NO, YES, Point, Variables
from qamctl.schedule.spec import Ints


class Options:
    """Choices of options.

    Parameters
    ----------
    possible
        [O] the options that a task may have at all.

    Attributes
    ----------
    of_task
        For each task: its possible options that do it, and, where it may be left out, the one that does not.
    chosen
        For each option, 1 where its task has it.
    there
        For each task, 1 where it is scheduled.
    """

    def __init__(self, variables: Variables, instance: Instance, crews: Crews, possible: npt.NDArray[np.bool_]) -> None:
        self.variables, self.crews = variables, crews
        self.chosen = [NO] * len(possible)
        self.of_task: list[tuple[int, ...]] = []
        self.there: list[Point] = []
        self._doing: list[tuple[int, ...]] = []
        self._some: dict[tuple[int, ...], Point] = {}
        self._task: dict[tuple[int, ...], int] = {}
        self._by_holder: dict[int, Mapping[int, list[int]]] = {}
        for t, (a, b) in enumerate(zip(instance.first_option[:-1], instance.first_option[1:], strict=True)):
            mine = tuple((a + np.flatnonzero(possible[a:b])).tolist())
            self.of_task.append(mine)
            self._doing.append(tuple(o for o in mine if not crews.out[o]))
            self._choose(mine)
            self.there.append(self.some(t, self._doing[t]))

    def _choose(self, options: Sequence[int]) -> None:
        if not options:
            self.variables.never()
        elif len(options) == 1:
            self.chosen[options[0]] = YES
        else:
            for o in options:
                self.chosen[o] = self.variables.choice()
            self.variables.one_of([self.chosen[o] for o in options])

    def some(self, task: int, options: Iterable[int]) -> Point:
        """1 where a task has one of some options of its own."""
        mine = tuple(sorted(o for o in options if not self.chosen[o].never))
        if not mine:
            return NO
        if len(mine) == len(self.of_task[task]):
            return YES
        if len(mine) == 1:
            return self.chosen[mine[0]]
        if mine not in self._some:
            self._some[mine] = point = self.variables.choice()
            self._task[mine] = task
            self.variables.one_of_if([self.chosen[o] for o in mine], point)
        return self._some[mine]

    def doing(self, task: int) -> tuple[int, ...]:
        """The possible options that do a task."""
        return self._doing[task]

    def holders(self, task: int) -> Mapping[int, list[int]]:
        """The options that do a task, by each holder that takes part in them."""
        if task not in self._by_holder:
            found: dict[int, list[int]] = {}
            for o in self._doing[task]:
                for holder, _ in self.crews.of(o):
                    found.setdefault(holder, []).append(o)
            self._by_holder[task] = found
        return self._by_holder[task]

    def on(self, task: int, holder: int) -> Point:
        """1 where a holder takes part in a task."""
        return self.some(task, self.holders(task).get(holder, ()))

    def crews_of(self, task: int) -> dict[tuple[int, ...], list[int]]:
        """The options that do a task, by the holders of their crew."""
        found: dict[tuple[int, ...], list[int]] = {}
        for o in self._doing[task]:
            found.setdefault(tuple(holder for holder, _ in self.crews.of(o)), []).append(o)
        return found

    def without_agents(self, task: int) -> Point:
        """1 where nobody does a task: it needs no agent, or is left out."""
        return self.some(task, [o for o in self.of_task[task] if self.crews.sizes[o] == 0])

    def values(self, option: Ints) -> Iterator[tuple[Point, int]]:
        """The choices where task t has option[t]."""
        picked = set(option.tolist())
        yield from ((point, int(o in picked)) for o, point in enumerate(self.chosen))
        yield from ((point, int(option[self._task[mine]] in mine)) for mine, point in self._some.items())
