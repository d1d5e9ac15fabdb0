"""Resources and agents of a schedule spec: what is consumed, and who holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from qamctl.schedule.read_calendars import ReadCalendar, read_calendar
from qamctl.schedule.spec import Agents, Resources
from qamctl.spec.cells import read_labels, read_levels, read_names
from qamctl.spec.decode import Coded, check_names, choices, coded, ids, inner_rows, integers, names, numbers, rationals
from qamctl.spec.faults import Faults
from qamctl.spec.moments import Clock
from qamctl.spec.quantities import Amounts, Measures
from qamctl.spec.rows import Rows
from qamctl.spec.schedule_fields import AGENTS, RESOURCES
from qamctl.spec.time import TimeAxis


@dataclass(slots=True)
class ReadResources:
    """The resources while more quantities may still ask for more decimals."""

    rows: Rows
    ids: tuple[str, ...]
    consumable: Any
    capacity: Coded[Decimal | None]
    measures: Measures
    calendar: ReadCalendar

    def finish(self, axis: TimeAxis, faults: Faults) -> Resources:
        """The resources, once every time and quantity has been seen."""
        everyone = np.arange(self.rows.n)
        capacity = self.measures.column(self.capacity, self.rows, everyone, RESOURCES["capacity"], faults)
        calendar = self.calendar.finish(axis, self.measures, faults)
        for row in np.flatnonzero(np.diff(calendar.first)).tolist():
            if self.consumable[row] or capacity[row] < 0:
                what = "is consumable" if self.consumable[row] else "has no shared capacity"
                faults.add(self.rows.path(row, "calendar"), f"has a calendar, but the resource {what}", "remove it")
        return Resources(self.ids, self.consumable, capacity, self.measures.scale, calendar)


def read_resources(rows: Rows, readable: bool, clock: Clock, faults: Faults) -> ReadResources:
    """Decode the resources; where the list is not `readable`, no reference to one is called unknown."""
    check_names(rows, RESOURCES, faults)
    names, index = ids(rows, RESOURCES["id"], faults)
    kinds = choices(rows, RESOURCES["kind"], faults)
    measures = Measures(index if readable else None, rows.n)
    capacity = measures.single(rows, np.arange(rows.n), RESOURCES["capacity"], faults)
    numbers(rows, RESOURCES["weight"], faults)
    consumable = np.array([kind == "consumable" for kind in kinds], bool)
    calendar = read_calendar(rows, RESOURCES["calendar"], clock, measures, faults)
    return ReadResources(rows, names, consumable, capacity, measures, calendar)


@dataclass(slots=True)
class ReadAgents:
    """The agents while their capacities are not yet integers.

    Attributes
    ----------
    index
        Row of each agent; None where the list could not be read.
    """

    rows: Rows
    ids: tuple[str, ...]
    index: Mapping[str, int] | None
    capacity: Coded[Amounts]
    away: ReadCalendar

    def finish(self, axis: TimeAxis, measures: Measures, faults: Faults) -> Agents:
        """The agents, once every time and quantity has been seen."""
        rows = self.rows
        speed_num, speed_den = rationals(rows, AGENTS["speed"], faults)
        cost = AGENTS["cost"]
        priced, owner = inner_rows(rows, cost, faults)
        check_names(priced, cost, faults)
        fixed, per_time = np.zeros(rows.n), np.zeros(rows.n)
        fixed[owner] = numbers(priced, cost["fixed"], faults)
        per_time[owner] = numbers(priced, cost["per_time"], faults)
        no_skills: Mapping[str, float] = {}
        no_labels: Mapping[str, str] = {}
        no_taint: frozenset[str] = frozenset()
        return Agents(
            ids=self.ids,
            slots=integers(rows, AGENTS["slots"], faults),
            capacity=measures.matrix(self.capacity, -1, rows, AGENTS["capacity"], faults),
            skills=coded(rows, AGENTS["skills"], read_levels, no_skills, faults).list(),
            labels=coded(rows, AGENTS["labels"], read_labels, no_labels, faults).list(),
            taints=coded(rows, AGENTS["taints"], read_taints, no_taint, faults).list(),
            away=self.away.finish(axis, measures, faults),
            speed_num=speed_num,
            speed_den=speed_den,
            cost_fixed=fixed,
            cost_per_time=per_time,
        )


def read_agents(rows: Rows, readable: bool, measures: Measures, clock: Clock, faults: Faults) -> ReadAgents:
    """Decode what the tasks need to know of the agents."""
    check_names(rows, AGENTS, faults)
    own, index = ids(rows, AGENTS["id"], faults)
    capacity = measures.maps(rows, AGENTS["capacity"], faults)
    away = read_calendar(rows, AGENTS["calendar"], clock, measures, faults)
    _check_the_rest(rows, measures, faults)
    return ReadAgents(rows, own, index if readable else None, capacity, away)


def _check_the_rest(rows: Rows, measures: Measures, faults: Faults) -> None:
    """Refuse bad values of fields that say nothing here, which one table has for specs of other kinds."""
    measures.aside().maps(rows, AGENTS["demand"], faults)
    numbers(rows, AGENTS["move_cost"], faults)
    for name in ("cluster", "group", "location"):
        names(rows, AGENTS[name], faults)


def read_taints(cell: Any, text: bool) -> frozenset[str]:
    """Taints that an agent has, or that a task tolerates."""
    return frozenset(read_names(cell, text))
