"""The interval model of problems with crews: several agents at a time, calendars, pauses, tasks that may be left out.

Each kind of constraint has a file of its own; here they are put together, and told from models that would be too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.cpsat_calendars import Calendars, Window, gaps_counted, pieces_counted
from qamctl.schedule.solvers.cpsat_crew_terms import CrewTerms
from qamctl.schedule.solvers.cpsat_objective import Objective
from qamctl.schedule.solvers.cpsat_options import Options
from qamctl.schedule.solvers.cpsat_precedence import Precedences, pairs_counted
from qamctl.schedule.solvers.cpsat_rules import Rules
from qamctl.schedule.solvers.cpsat_setups import SetupTimes, arcs_counted
from qamctl.schedule.solvers.cpsat_supplies import Supplies, Takes
from qamctl.schedule.solvers.cpsat_times import Times
from qamctl.schedule.solvers.cpsat_variables import Variables
from qamctl.schedule.spec import TERMS, Ints
from qamctl.solver import Budget

#: What is modelled at most, and for each second of a budget, so that building takes a small part of it: arcs of setups,
#: pairs of options between which data are sent, pieces of time of tasks that pause, and gaps of those that can't.
MOST_ARCS: Final = (100_000, 10_000)
MOST_PAIRS: Final = (2_000_000, 200_000)
MOST_PIECES: Final = (200_000, 20_000)
MOST_GAPS: Final = (2_000_000, 200_000)


class CrewModel:
    """The constraints of an instance with crews in a CP-SAT model, and the way between its values and schedules.

    Parameters
    ----------
    latest
        [T] ticks by which tasks end.

    Attributes
    ----------
    variables
        Of CP-SAT's model, and that itself.
    start, end
        Of each task; the earliest of each where it is left out.
    there
        For each task, 1 where it is scheduled.
    chosen
        For each option of the instance, 1 where its task has it.
    """

    def __init__(self, instance: Instance, crews: Crews, latest: Ints) -> None:
        self.instance, self.crews, self.variables = instance, crews, Variables()
        taken = Takes(instance, crews)
        calendars = Calendars(instance, crews, taken.of_pool(len(crews.out)))
        doing = [np.flatnonzero(~crews.out[a:b]) + a for a, b in _ranges(instance.first_option)]
        places = zip(_windows(instance, latest), doing, strict=True)
        ways = [calendars.ways(t, window, mine.tolist()) for t, (window, mine) in enumerate(places)]
        possible = crews.out.copy()
        possible[[o for mine in ways for way in mine for o in way.options]] = True
        self.options = Options(self.variables, instance, crews, possible)
        self.times = Times(self.variables, instance, self.options, ways)
        self.precedences = Precedences(self.variables, instance, self.options, self.times)
        Supplies(self.variables, instance, self.options, self.times, taken)
        self.rules = Rules(self.variables, instance, self.options)
        weighed = bool(instance.levels[:, TERMS.index("setup")].any())
        self.setups = SetupTimes(self.variables, instance, self.options, self.times, weighed=weighed)
        self.start, self.end = self.times.start, self.times.end
        self.there, self.chosen = self.options.there, self.options.chosen

    def schedule(self, values: Sequence[int]) -> Solution:
        """The schedule where variable i of the model has values[i]."""
        start = np.array([point.of(values) for point in self.start], np.int64)
        chosen = np.array([point.of(values) for point in self.chosen], bool)
        return self.instance.solution(start, np.flatnonzero(chosen))

    def values(self, start: Ints, option: Ints) -> dict[int, int]:
        """The variables of this model by index in the schedule with these starts and options."""
        begin, end = self.times.placed(start, option)
        parts = (
            self.options.values(option),
            self.times.values(begin, end, option),
            self.precedences.values(begin, option),
            self.rules.values(option),
            self.setups.values(begin, end, option),
        )
        return {
            point.variable.index: amount - point.offset
            for part in parts
            for point, amount in part
            if point.variable is not None
        }


def crew_objective(instance: Instance, crews: Crews, latest: Ints) -> Objective:
    """The model of an instance with crews, whose tasks end by `latest`, and its objective."""
    model = CrewModel(instance, crews, latest)
    parts = (model.options, model.times, model.precedences, model.setups)
    return Objective(model, CrewTerms(model.variables, instance, crews, *parts))


def too_many(instance: Instance, crews: Crews, budget: Budget) -> str | None:
    """Why the model of an instance with crews would be too large for a budget; None where it would not."""
    for count, (most, each_second), what in (
        (arcs_counted(instance, crews), MOST_ARCS, "pairs of tasks with setups between them"),
        (pairs_counted(instance), MOST_PAIRS, "pairs of options with data between them"),
        (pieces_counted(instance, crews), MOST_PIECES, "pieces of time between pauses"),
        (gaps_counted(instance, crews), MOST_GAPS, "gaps in the calendars of options"),
    ):
        if budget.seconds is not None:
            most = min(most, int(budget.seconds * each_second))
        if count > most:
            return f"the model would have {count} {what}; at most {most} are modelled in this budget"
    return None


def _windows(instance: Instance, latest: Ints) -> list[Window]:
    """The windows of tasks that are scheduled, by precedence, releases, pins and deadlines; some may be empty."""
    first_start, first_end = instance.earliest
    pinned = instance.pinned_start
    first_start = np.maximum(first_start, np.maximum(instance.release, pinned))
    end = np.minimum(latest, instance.deadline)
    last_start, last_end = instance.tails.latest(end, pinned, instance.shortest, instance.longest)
    columns = (first_start, last_start, first_end, last_end)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _ranges(first: Ints) -> list[tuple[int, int]]:
    return list(zip(first[:-1].tolist(), first[1:].tolist(), strict=True))
