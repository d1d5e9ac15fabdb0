"""What a schedule takes of the shared pool, of an agent, and of its slots: when, and how much at most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.schedule.gaps import Spans, gaps_of, joined, pieces
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec

#: (start, end, amount)
Use = tuple[int, int, int]


def slots_taken(spec: ScheduleSpec, solution: Solution, agent: int) -> Iterator[Use]:
    """When an agent is at a task, pauses included."""
    for t in np.flatnonzero(solution.mode >= 0).tolist():
        if agent in solution.crew(t):
            yield int(solution.start[t]), int(solution.end[t]), 1


def own_taken(spec: ScheduleSpec, solution: Solution, resource: int, agent: int) -> Iterator[Use]:
    """What tasks take of an agent's own, pauses included."""
    for t in np.flatnonzero(solution.mode >= 0).tolist():
        need = int(spec.modes.demand[solution.mode[t], resource])
        if need and agent in solution.crew(t):
            yield int(solution.start[t]), int(solution.end[t]), need


def pool_taken(spec: ScheduleSpec, solution: Solution, resource: int) -> Iterator[Use]:
    """What tasks take of the pool; nothing while they pause."""
    consumable = bool(spec.resources.consumable[resource])
    for t in np.flatnonzero(solution.mode >= 0).tolist():
        mode, crew = int(solution.mode[t]), solution.crew(t)
        need = int(spec.modes.demand[mode, resource])
        if not need or (crew and (spec.agents.capacity[list(crew), resource] >= 0).all()):
            continue
        span = int(solution.start[t]), int(solution.end[t])
        whole = consumable or not spec.tasks.preemptible[t]
        yield from (
            (start, end, need) for start, end in ([span] if whole else pieces(gaps_of(spec, mode, crew), *span))
        )


def most(uses: Iterator[Use], *, consumable: bool = False) -> int:
    """The most that is taken at once, of a consumable in all."""
    rows = list(uses)
    if consumable:
        return sum(need for *_, need in rows)
    used = highest = 0
    for _, change in _events(rows):
        used += change
        highest = max(highest, used)
    return highest


def beyond(uses: Iterator[Use], capacity: int) -> Spans:
    """When more than a capacity is taken."""
    found, used, since = [], 0, 0
    for moment, change in _events(list(uses)):
        if used > capacity and moment > since:
            found.append((since, moment))
        used, since = used + change, moment
    return joined(found)


def _events(rows: list[Use]) -> list[tuple[int, int]]:
    """(moment, change), what ends before what begins."""
    return sorted((event for start, end, need in rows if end > start for event in ((start, need), (end, -need))))
