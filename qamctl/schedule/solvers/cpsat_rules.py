"""Rules about the crews of several tasks, `near`, `apart` and `spread`, as constraints of CP-SAT over their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from qamctl.schedule.eligible import eligibility
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_options import Options
from qamctl.schedule.solvers.cpsat_variables import Point, Variables
from qamctl.schedule.solvers.crew_tables import label_domain
from qamctl.schedule.spec import Ints, Rule

#: What a rule compares: a holder, or a value of its label.
Thing = int | str

#: Numbers of agents: by task, by its option.
Numbers = dict[int, dict[int, int]]


class Rules:
    """The constraints of all rules."""

    def __init__(self, variables: Variables, instance: Instance, options: Options) -> None:
        self.variables, self.instance, self.options = variables, instance, options
        self._shared: list[tuple[Point, Mapping[int, frozenset[int]]]] = []
        self._least: list[tuple[Point, list[Numbers]]] = []
        for rule in instance.spec.rules:
            if rule.kind == "spread":
                self._add_spread(rule)
            elif rule.kind == "apart":
                self._add_apart(rule)
            elif rule.label is not None:
                self.variables.one_at_most(list(self._share(rule).values()))
            else:
                self._add_near(rule)

    # -- near and apart ----------------------------------------------------------------------------

    def _options_by_thing(self, rule: Rule) -> dict[Thing, dict[int, set[int]]]:
        """By what a rule compares: the tasks with it, and their options of which some agent is it, or has it."""
        found: dict[Thing, dict[int, set[int]]] = {}
        for t in rule.tasks:
            for holder, mine in self.options.holders(t).items():
                found.setdefault(self._thing(rule, holder), {}).setdefault(t, set()).update(mine)
        return found

    def _thing(self, rule: Rule, holder: int) -> Thing:
        if rule.label is None:
            return holder
        # Options of agents without the label are none of tasks that a rule compares by it.
        first = int(self.instance.members[holder][0])
        return self.instance.spec.agents.labels[first][rule.label]

    def _add_apart(self, rule: Rule) -> None:
        """What is compared differs from task to task."""
        for by_task in self._options_by_thing(rule).values():
            self.variables.one_at_most([self.options.some(t, mine) for t, mine in by_task.items()])

    def _share(self, rule: Rule) -> dict[Thing, Point]:
        """A choice for everything that is compared: 1 where some task of the rule has it."""
        out: dict[Thing, Point] = {}
        for thing, by_task in self._options_by_thing(rule).items():
            out[thing] = point = self.variables.choice()
            for t, mine in by_task.items():
                self.variables.some_of([point], [self.options.some(t, mine)])
            self._shared.append((point, {t: frozenset(mine) for t, mine in by_task.items()}))
        return out

    def _add_near(self, rule: Rule) -> None:
        """Of any two tasks the smaller crew is a part of the larger one."""
        sizes = {int(self.options.crews.sizes[o]) for t in rule.tasks for o in self.options.doing(t)}
        if len(sizes - {0}) > 1:
            for i, j in combinations(rule.tasks, 2):
                self._add_within(i, j)
            return
        for holder, point in self._share(rule).items():
            for t in rule.tasks:
                self.variables.some_of([self.options.on(t, int(holder)), self.options.without_agents(t)], [point])

    def _add_within(self, i: int, j: int) -> None:
        """The crew of one task is a part of that of the other, unless one of them has no agent."""
        others = {frozenset(crew): self.options.some(j, mine) for crew, mine in self.options.crews_of(j).items()}
        for crew, mine in self.options.crews_of(i).items():
            one = frozenset(crew)
            fitting = [point for other, point in others.items() if one <= other or one >= other]
            if one:
                self.variables.some_of([*fitting, self.options.without_agents(j)], [self.options.some(i, mine)])

    # -- spread ------------------------------------------------------------------------------------

    def _add_spread(self, rule: Rule) -> None:
        """Over the values of a label the numbers of agents at work are within `max_skew` of the least of them."""
        values = label_domain(self.instance, rule, *eligibility(self.instance.spec))
        if len(values) < 2:
            return
        numbers = [self._numbers(rule, value) for value in values]
        most = [sum(max(mine.values(), default=0) for mine in by_task.values()) for by_task in numbers]
        least = self.variables.new(0, min(most))
        self._least.append((least, numbers))
        for by_task in numbers:
            total = sum(
                self.options.chosen[o].expression * number for mine in by_task.values() for o, number in mine.items()
            )
            self.variables.cp.add(least.expression <= total)
            self.variables.cp.add(total <= least.expression + rule.max_skew)

    def _numbers(self, rule: Rule, value: str) -> Numbers:
        """Agents with a value of the label, in the options of each task."""
        found: Numbers = {}
        for t in rule.tasks:
            for o in self.options.doing(t):
                number = sum(k for holder, k in self.options.crews.of(o) if self._thing(rule, holder) == value)
                if number:
                    found.setdefault(t, {})[o] = number
        return found

    def values(self, option: Ints) -> Iterator[tuple[Point, int]]:
        """The variables where task t has option[t]."""
        for point, by_task in self._shared:
            yield point, int(any(option[t] in mine for t, mine in by_task.items()))
        for least, numbers in self._least:
            counts = [sum(mine.get(int(option[t]), 0) for t, mine in by_task.items()) for by_task in numbers]
            yield least, min(counts)
