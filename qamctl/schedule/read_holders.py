"""Resources and agents of a schedule spec: what is consumed, and who holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from qamctl.schedule.spec import Agents, Resources
from qamctl.spec.cells import read_labels, read_levels
from qamctl.spec.decode import Coded, check_names, choices, coded, ids, inner_rows, integers, numbers, rationals
from qamctl.spec.faults import Faults
from qamctl.spec.quantities import Amounts, Measures
from qamctl.spec.rows import Rows
from qamctl.spec.schedule_fields import AGENTS, LATER, RESOURCES


@dataclass(slots=True)
class ReadResources:
    """The resources while more quantities may still ask for more decimals."""

    rows: Rows
    ids: tuple[str, ...]
    consumable: Any
    capacity: Coded[Decimal | None]
    measures: Measures

    def finish(self, faults: Faults) -> Resources:
        """The resources, once every quantity has been seen."""
        capacity = self.measures.column(self.capacity, self.rows, RESOURCES["capacity"], faults)
        return Resources(self.ids, self.consumable, capacity, self.measures.scale)


def read_resources(rows: Rows, readable: bool, faults: Faults) -> ReadResources:
    """Decode the resources; where the list is not `readable`, no reference to one is called unknown."""
    check_names(rows, RESOURCES, faults, LATER["resources"])
    names, index = ids(rows, RESOURCES["id"], faults)
    kinds = choices(rows, RESOURCES["kind"], faults)
    measures = Measures(index if readable else None, rows.n)
    capacity = measures.single(rows, RESOURCES["capacity"], faults)
    numbers(rows, RESOURCES["weight"], faults)
    consumable = np.array([kind == "consumable" for kind in kinds], bool)
    return ReadResources(rows, names, consumable, capacity, measures)


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

    def finish(self, measures: Measures, faults: Faults) -> Agents:
        """The agents, once every quantity has been seen."""
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
        return Agents(
            ids=self.ids,
            slots=integers(rows, AGENTS["slots"], faults),
            capacity=measures.matrix(self.capacity, -1, rows, AGENTS["capacity"], faults),
            skills=coded(rows, AGENTS["skills"], read_levels, no_skills, faults).list(),
            labels=coded(rows, AGENTS["labels"], read_labels, no_labels, faults).list(),
            speed_num=speed_num,
            speed_den=speed_den,
            cost_fixed=fixed,
            cost_per_time=per_time,
        )


def read_agents(rows: Rows, readable: bool, measures: Measures, faults: Faults) -> ReadAgents:
    """Decode what the tasks need to know of the agents."""
    check_names(rows, AGENTS, faults, LATER["agents"])
    names, index = ids(rows, AGENTS["id"], faults)
    capacity = measures.maps(rows, AGENTS["capacity"], faults)
    return ReadAgents(rows, names, index if readable else None, capacity)
