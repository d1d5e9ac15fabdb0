"""The best schedules of a shop that a search has met, far apart from each other, and what lies between two of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from qamctl.kernels.critical.problem import ShopProblem
from qamctl.schedule.spec import Index, Ints

#: Schedules that are kept.
SIZE: Final = 8

#: Two schedules are alike where fewer tasks than this share have another task before them.
ALIKE: Final = 0.1

#: How far from one of its parents a child is, as a share of the way to the other.
BETWEEN: Final = (0.3, 0.7)

#: With fewer schedules than these the search begins anew.
FEWEST: Final = 3


@dataclass(frozen=True, eq=False)
class Member:
    """A schedule: its makespan, the place of each task in the order of starts, options, who is before whom."""

    span: int
    place: Ints
    choice: Ints
    before: Ints


@dataclass
class Elite:
    """Schedules to begin from.

    Attributes
    ----------
    rank
        [T] places in a topological order, which decide where tasks start together.
    asked
        How many there were since the search began anew.
    """

    problem: ShopProblem
    rank: Ints
    rng: np.random.Generator
    members: list[Member] = field(default_factory=list)
    asked: int = 0

    def add(self, span: int, start: Ints, choice: Ints) -> None:
        """Keep a schedule, in the place of all that are like it and no better, or of the worst where there are many."""
        place = np.empty(self.problem.n, np.int64)
        place[np.lexsort((self.rank, start))] = np.arange(self.problem.n)
        new = Member(span, place, choice, self._before(place, choice))
        alike = [one for one in self.members if (one.before != new.before).mean() < ALIKE]
        if any(one.span < span for one in alike):
            return
        self.members = [one for one in self.members if one not in alike] + [new]
        if len(self.members) > SIZE:
            self.members.remove(max(self.members, key=lambda one: one.span))

    def next(self) -> tuple[Index, Ints] | None:
        """A list of tasks and their options between two of the schedules; None where it is time for a new one.

        A pair of tasks that both have in the same order is in that order in the list, too: it keeps precedence, and is
        on a way from one to the other (path relinking; B. Peng, Z. Lü, T. Cheng 2015, go it swap by swap).
        """
        self.asked += 1
        if self.asked >= SIZE and len(self.members) < FEWEST:
            self.asked = 0
        if self.asked < SIZE:
            return None
        one, other = (self.members[k] for k in self.rng.choice(len(self.members), 2, replace=False))
        share = self.rng.uniform(*BETWEEN)
        order = np.argsort((1 - share) * one.place + share * other.place, kind="stable").astype(np.int32)
        return order, np.where(self.rng.random(self.problem.n) < share, other.choice, one.choice)

    def _before(self, place: Ints, choice: Ints) -> Ints:
        """[T] the task before each on its machine; another number below 0 for each machine where there is none."""
        machine = self.problem.option_machine[choice].astype(np.int64)
        order = np.lexsort((place, machine))
        before = -2 - machine
        follows = machine[order][1:] == machine[order][:-1]
        before[order[1:][follows]] = order[:-1][follows]
        return before
