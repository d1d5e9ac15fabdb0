"""The earlier schedule as a start of the search: as it was, as far as agents and constraints still allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.kernels import schedule_search
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.eject import Room, Supplies
from qamctl.schedule.solvers.given_lists import unbounded
from qamctl.schedule.solvers.list_problem import ListProblem, planned
from qamctl.schedule.spec import NEVER, Floats, Ints

#: Lists that are tried.
ROUNDS = 30


def as_it_was(instance: Instance) -> Solution | None:
    """The earlier schedule with nothing changed, which may break constraints now.

    None where a task that has to be done has no place in it, or one that is no more.
    """
    if instance.spec.earlier is None or instance.n == 0:
        return None
    option, start, _ = planned(instance)
    if (option < 0).any():
        return None
    return instance.solution(start, option)


def repaired(instance: Instance) -> Solution | None:
    """The earlier schedule, with what is new or can't stay fitted in; None where that breaks a constraint.

    Tasks are placed as they were, those without a place last. Who then does not get what it had is placed last, too, by
    whichever option ends it first: so few others move. Where one still misses its deadline, others give way to it, or
    to what it waits for (`eject.py`); where nobody can, it is placed before others, the more so the more often that
    happens. Once nothing is broken, tasks go back to where they were, as far as what they wait for allows that by then,
    and those that were left out come in. The best schedule of all these counts.
    """
    if instance.spec.earlier is None or (np.diff(instance.first_option) == 0).any() or instance.n == 0:
        return None
    flat, plan = unbounded(instance), _Plan(instance)
    best: tuple[tuple[float, ...], Ints, Ints] | None = None
    for _ in range(ROUNDS):
        value, start, option = _placed(instance, flat, plan.keys(), plan.choice, plan.starts)
        if value[0] == 0 and (best is None or value < best[0]):
            best = value, start, option
        end = instance.ends(start, option)
        if plan.let_go(start):
            continue
        if not (plan.take_back(start, end) if value[0] == 0 else plan.make_room(start, end, option)):
            break
    return None if best is None else instance.solution(best[1], best[2])


class _Plan:
    """What is asked of every task: an option (-1: any), a start, and whether it is placed before or after others."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.before, self.since, keys = planned(instance)
        self.choice, self.starts = self.before.copy(), self.since.copy()
        self.homeless, self.urgency = self.choice < 0, np.zeros(instance.n, np.int64)
        self.span = float(keys.max() - keys.min() + 1)
        self.supplies = Supplies(instance)
        _, self.latest = instance.latest(NEVER // 4)  # ends that leave time for what comes after
        self._out = np.zeros(len(instance.option_mode), bool) if instance.crews is None else instance.crews.out
        self._taken_back = False

    def keys(self) -> Floats:
        """[T] tasks are placed by rising key."""
        rank = _with_ancestors(self.instance, self.urgency)
        return np.where(rank > 0, self.starts - self.span * rank, self.starts + np.where(self.homeless, self.span, 0.0))

    def let_go(self, start: Ints) -> bool:
        """Let tasks that start later than they should have any option, after all others; whether there are new ones.

        A little later is no worse than another agent where it counts how far the schedule is from the earlier one.
        """
        late = (start - self.starts) * (self.instance.unit if self.instance.keeps else np.inf) > 1
        late &= self.supplies.movable & ~self.homeless
        self.homeless |= late
        self.choice[late] = -1
        return bool(late.any())

    def take_back(self, start: Ints, end: Ints) -> bool:
        """Ask for the earlier place of those that could be there again, and let those in that were left out; once."""
        if self._taken_back:
            return False
        self._taken_back = True
        known = self.before >= 0
        left_out = known & self._out[self.before]
        away = known & ~left_out & self.supplies.movable & ((self.choice != self.before) | (self.starts != self.since))
        for t in np.flatnonzero(away).tolist():
            if _ready(self.instance, t, start, end) <= self.since[t]:
                self.choice[t], self.starts[t], self.homeless[t] = self.before[t], self.since[t], False
                self.urgency[t] = 0
        return False

    def make_room(self, start: Ints, end: Ints, option: Ints) -> bool:
        """Ask for something else, as a schedule with late tasks came of what was asked; False where none is late."""
