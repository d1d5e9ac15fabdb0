"""Who is busy with what, agent by agent: the rows that figures of use are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.crew_terms import work_of
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Index, Ints, ScheduleSpec


@dataclass(frozen=True, eq=False)
class Usage:
    """A row for each task and agent that works on it; a task without agents has one row, one that is left out none.

    Attributes
    ----------
    agent
        [n] -1 where there is none.
    start, end
        [n] ticks; the end as if the task did not pause.
    demand
        [n, R] from the agent's own capacity, or from the pool, which gives once.
    """

    agent: Index
    start: Ints
    end: Ints
    demand: Ints


def usage_of(spec: ScheduleSpec, solution: Solution) -> Usage:
    """The rows of a schedule."""
    there = np.flatnonzero(solution.mode >= 0)
    end = solution.start + work_of(spec, solution)
    task, agent = [there], [solution.agent[there]]
    demand = [spec.modes.demand[solution.mode[there]].copy()]
    place = {t: k for k, t in enumerate(there.tolist())}
    for t, others in solution.others.items():
        held = spec.agents.capacity[list(solution.crew(t))] >= 0
        need = spec.modes.demand[solution.mode[t]]
        rows = need * held
        for resource in np.flatnonzero((need > 0) & ~held.all(axis=0)).tolist():
            rows[int(np.flatnonzero(~held[:, resource])[0]), resource] = need[resource]
        demand[0][place[t]] = rows[0]
        task.append(np.full(len(others), t))
        agent.append(np.array(others, np.int32))
        demand.append(rows[1:])
    rows_of = np.concatenate(task)
    return Usage(np.concatenate(agent), solution.start[rows_of], end[rows_of], np.concatenate(demand))
