"""Reference of rules about crews: what the tasks placed so far leave to those to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

NEAR, APART, SPREAD = range(3)
Crew = tuple[int, ...]  # holders, ascending


@dataclass
class RuleState:
    """One rule, and the tasks of it that are placed.

    Attributes
    ----------
    key
        0: the holders themselves are compared; else a label.
    rest
        Agents that the tasks to come can put to work at most.
    crews
        Of a rule `near` about the agents themselves: how many tasks have each crew.
    count
        Tasks (of `spread`: agents) by value.
    """

    kind: int
    key: int
    skew: int
    rest: int
    count: list[int]
    crews: dict[Crew, int] = field(default_factory=dict)

    def allows(self, crew: Crew, values: Sequence[int], most: int) -> bool:
        """Whether a task may have a crew; `values` those of its agents, `most` the agents that it takes at most."""
        if not crew:
            return True
        if self.kind == NEAR and self.key == 0:
            mine = set(crew)
            return all(mine <= set(other) or mine >= set(other) for other in self.crews)
        if self.kind == NEAR:
            others = any(count for value, count in enumerate(self.count) if value != values[0])
            return not others and all(value == values[0] for value in values)
        if self.kind == APART:
            return not any(self.count[value] for value in values)
        count = self.count.copy()
        for value in values:
            count[value] += 1
        floor = max(count) - self.skew
        return sum(max(0, floor - c) for c in count) <= self.rest - most

    def change(self, crew: Crew, values: Sequence[int], most: int, sign: int) -> None:
        """A task is placed with a crew (sign 1), or taken away again (-1); a task that is left out has none."""
        self.rest -= sign * most
        if self.kind == NEAR and self.key == 0:
            if crew:
                self.crews[crew] = self.crews.get(crew, 0) + sign
                if not self.crews[crew]:
                    del self.crews[crew]
        elif self.kind == SPREAD:
            for value in values:
                self.count[value] += sign
        else:
            for value in set(values):
                self.count[value] += sign

    def excess(self) -> int:
        """By how much the numbers of agents differ too much, once every task is placed."""
        if self.kind != SPREAD or not any(self.count):
            return 0
        return max(0, max(self.count) - min(self.count) - self.skew)
