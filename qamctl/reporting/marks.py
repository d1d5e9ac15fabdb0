"""What the problem file tells of a schedule: what is late, fixed or critical, and what shared resources are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from qamctl.report.plan import Known, Profile
from qamctl.schedule.spec import KINDS, NEVER, Index, Ints, ScheduleSpec


@dataclass(frozen=True, slots=True)
class _Done:
    """The rows of a result as columns over the spec's tasks.

    Attributes
    ----------
    there
        [T] whether the task has a row; where it has none, nothing else means anything.
    start, end
        [T] ticks.
    mode
        [T] index into `spec.modes`.
    agents
        By task, indices into `spec.agents`.
    parts
        By task, the ticks of its segments, where it pauses.
    """

    there: np.ndarray
    start: Ints
    end: Ints
    mode: Index
    agents: Mapping[int, Sequence[int]]
    parts: Mapping[int, Sequence[tuple[int, int]]]

    def worked(self, task: int) -> Sequence[tuple[int, int]]:
        """The ticks between which a task is worked on."""
        return self.parts.get(task, ((int(self.start[task]), int(self.end[task])),))


def known_of(spec: ScheduleSpec, rows: Sequence[Mapping[str, Any]]) -> Known:
    """What the spec tells of the rows of a result; a row of a task that it does not have is passed over."""
    done, tasks, ids = _done(spec, rows), spec.tasks, spec.tasks.ids
    overdue = done.there & (tasks.due < NEVER) & (done.end > tasks.due)
    late = {ids[t]: spec.time.to_units(int(done.end[t] - tasks.due[t])) for t in np.flatnonzero(overdue).tolist()}
    fixed = (tasks.pinned_start >= 0) | (tasks.pinned_agent >= 0)
    shared = _shared(spec, done)
    uses: dict[str, list[str]] = {}
    for t, r in zip(*(side.tolist() for side in np.nonzero(shared)), strict=True):
        uses.setdefault(ids[t], []).append(spec.resources.ids[r])
    return Known(
        late=late,
        pinned=frozenset(ids[t] for t in np.flatnonzero(fixed).tolist()),
        critical=frozenset(ids[t] for t in _critical(spec, done, shared)),
        uses=uses,
        profiles=tuple(_profiles(spec, done, shared)),
    )


def _done(spec: ScheduleSpec, rows: Sequence[Mapping[str, Any]]) -> _Done:
    n = len(spec.tasks.ids)
    task_of = {name: t for t, name in enumerate(spec.tasks.ids)}
    agent_of = {name: a for a, name in enumerate(spec.agents.ids)}
    first, up, down = spec.tasks.first_mode, spec.time.resolution.numerator, spec.time.resolution.denominator
    there, mode = np.zeros(n, np.bool_), first[:-1].astype(np.int32)
    start, end = np.zeros(n, np.int64), np.zeros(n, np.int64)
    agents, parts = {}, {}

    def tick(units: float) -> int:
        return round(units * down / up)

    for row in rows:
        t = task_of.get(row["task"])
        if t is None:
            continue
        there[t] = True
        start[t], end[t] = tick(row["start"]), tick(row["end"])
        if row["segments"] is not None:
            parts[t] = [(tick(low), tick(high)) for low, high in row["segments"]]
        agents[t] = [agent_of[name] for name in row["agents"] if name in agent_of]
        if row["mode"] is not None:
            own = range(int(first[t]), int(first[t + 1]))
            mode[t] = next((m for m in own if spec.modes.ids[m] == row["mode"]), own[0])
    return _Done(there, start, end, mode, agents, parts)


def _critical(spec: ScheduleSpec, done: _Done, shared: np.ndarray) -> set[int]:
    """Tasks on an unbroken chain to the last end: each begins when the one before it lets go.

    A task lets go of another by a precedence that has no slack, or by ending when the other begins, on the same agent
    or at the same shared resource.

    Parameters
    ----------
    shared
        [T, R] whether a task uses a resource that all share.
    """
    there = np.flatnonzero(done.there).tolist()
    first_resource = len(spec.agents.ids)
    holders = {t: [*done.agents[t], *(first_resource + np.flatnonzero(shared[t])).tolist()] for t in there}
    ending: dict[tuple[int, int], list[int]] = {}
    for t in there:
        for holder in holders[t]:
            ending.setdefault((int(done.end[t]), holder), []).append(t)
    tight = _tight(spec, done)
    last = max((int(done.end[t]) for t in there), default=0)
    waiting = [t for t in there if done.end[t] == last]
    found = set(waiting)
    while waiting:
        t = waiting.pop()
        before = list(tight.get(t, ()))
        for holder in holders[t]:
            before += ending.pop((int(done.start[t]), holder), ())
        fresh = set(before) - found
        found |= fresh
        waiting += fresh
    return found


def _tight(spec: ScheduleSpec, done: _Done) -> dict[int, list[int]]:
    """By task, those by whose precedence it could not begin or end any earlier."""
    after = spec.after
    found: dict[int, list[int]] = {}
    both = done.there[after.pred] & done.there[after.succ]
    for code, kind in enumerate(KINDS):
        edges = np.flatnonzero(both & (after.kind == code))
        one, other = after.pred[edges], after.succ[edges]
        left = done.end[one] if kind[0] == "F" else done.start[one]
        right = done.end[other] if kind[1] == "F" else done.start[other]
        for k in np.flatnonzero(left + after.lag[edges] == right).tolist():
            found.setdefault(int(other[k]), []).append(int(one[k]))
    return found


def _shared(spec: ScheduleSpec, done: _Done) -> np.ndarray:
    """[T, R] whether a task uses a renewable resource that all share: not all of its agents hold it themselves."""
    pooled = (spec.resources.capacity >= 0) & ~spec.resources.consumable
    found: np.ndarray = (spec.modes.demand[done.mode] > 0) & pooled & done.there[:, None]
    for t in np.flatnonzero(found.any(axis=1)).tolist():
        if crew := done.agents[t]:
            found[t] &= ~(spec.agents.capacity[crew] >= 0).all(axis=0)
    return found


def _profiles(spec: ScheduleSpec, done: _Done, shared: np.ndarray) -> Iterator[Profile]:
    """What is used over time of every resource that is shared, and used; a task that pauses takes nothing meanwhile."""
    for r in np.flatnonzero(shared.any(axis=0)).tolist():
        changes: dict[int, int] = {}
        for t in np.flatnonzero(shared[:, r]).tolist():
            need = int(spec.modes.demand[done.mode[t], r])
            for low, high in done.worked(t):
                changes[low] = changes.get(low, 0) + need
                changes[high] = changes.get(high, 0) - need
        moments = sorted(changes)
        use = zip(moments, accumulate(changes[moment] for moment in moments), strict=True)
        yield Profile(spec.resources.ids[r], _in_units(spec, r, use), _in_units(spec, r, _limits(spec, r)))


def _limits(spec: ScheduleSpec, resource: int) -> Iterator[tuple[int, int]]:
    """What there is of a shared resource from each tick on: another capacity while its calendar says so."""
    usual = int(spec.resources.capacity[resource])
    until = 0
    for start, end, capacity in spec.resources.calendar.of(resource):
        if start > until:
            yield until, usual
        yield start, capacity
        until = end
    yield until, usual


def _in_units(spec: ScheduleSpec, resource: int, steps: Iterable[tuple[int, int]]) -> list[tuple[float, float]]:
    """Steps in ticks and scaled amounts as the file has them."""
    scale = int(spec.resources.scale[resource])
    return [(spec.time.to_units(tick), _amount(value, scale)) for tick, value in steps]


def _amount(value: int, scale: int) -> float:
    whole, rest = divmod(value, scale)
    return whole if rest == 0 else value / scale
