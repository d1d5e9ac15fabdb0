"""Who gives a task what it takes of a resource: its agents that hold it, and the shared pool for the others."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.spec import Ints, ScheduleSpec


def takers(spec: ScheduleSpec, columns: Columns, some: Flags, resource: int) -> Flags:
    """[T] which of some tasks, whose modes are known, take anything of a resource."""
    out = np.zeros(len(some), bool)
    rows = np.flatnonzero(some)
    out[rows] = spec.modes.demand[columns.mode[rows], resource] > 0
    return out


def supplied(spec: ScheduleSpec, columns: Columns, some: Flags, resource: int) -> tuple[Ints, Flags]:
    """(entries of agents that give it themselves, [T] the tasks to which the pool gives it, once) of some tasks."""
    crews = columns.crews
    gives = some[crews.task] & (spec.agents.capacity[crews.agent, resource] >= 0)
    given = np.bincount(crews.task[gives], minlength=len(some))
    return np.flatnonzero(gives), some & ((given < crews.size) | (crews.size == 0))
