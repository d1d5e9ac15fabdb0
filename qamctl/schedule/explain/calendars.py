"""When agents are away, and when there is another amount of a shared resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from qamctl.schedule.explain.alike import alike
from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Told
from qamctl.schedule.explain.words import agents, amount, moment, share, task
from qamctl.schedule.spec import Calendar, Ints, ScheduleSpec

KINDS = ("away", "period")


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """Every absence of agents that are alike, and every period of a resource that the tasks take."""
    modes = [
        m for t in tasks for m in range(int(spec.tasks.first_mode[t]), int(spec.tasks.first_mode[t + 1]))
    ]  # fmt: skip
    if len(spec.agents.away.start) and any(spec.modes.agents[m] != () for m in modes):
        for group in alike(spec):
            for number in range(len(spec.agents.away.of(group[0]))):
                yield Constraint("away", (number, *group), ("agents", group[0], "calendar"))
    calendar = spec.resources.calendar
    for r in range(len(spec.resources.ids)):
        if (spec.modes.demand[modes, r] > 0).any():
            for row in range(int(calendar.first[r]), int(calendar.first[r + 1])):
                yield Constraint("period", (r, row), ("resources", r, "calendar"))


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """The agents are there, and there is enough of the resource meanwhile."""
    away, calendar = spec.agents.away, spec.resources.calendar
    keep, capacity = np.ones(len(away.start), bool), calendar.capacity.copy()
    most = np.maximum.reduceat(spec.modes.demand, spec.tasks.first_mode[:-1]).sum(axis=0)
    for constraint in gone:
        first, *rest = constraint.rows
        if constraint.kind == "away":
            keep[[int(away.first[a]) + first for a in rest]] = False
        else:
            capacity[rest[0]] = max(int(capacity[rest[0]]), int(most[first]))
    count: Ints = np.concatenate([[0], np.cumsum(keep)])
    less = Calendar(count[away.first], away.start[keep], away.end[keep], away.capacity[keep])
    more = replace(calendar, capacity=capacity)
    return replace(
        spec, agents=replace(spec.agents, away=less), resources=replace(spec.resources, calendar=more)
    )  # fmt: skip


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """From when to when."""
    start, end, left = _interval(spec, constraint)
    when = f"from {moment(spec, start)} to {moment(spec, end)}"
    if constraint.kind == "period":
        r = constraint.rows[0]
        return f"there is {amount(spec, r, left)} of '{spec.resources.ids[r]}' {when}"
    group = constraint.rows[1:]
    return f"{agents(spec, group)} {'are' if len(group) > 1 else 'is'} away {when}"


def _interval(spec: ScheduleSpec, constraint: Constraint) -> tuple[int, int, int]:
    if constraint.kind == "away":
        return spec.agents.away.of(constraint.rows[1])[constraint.rows[0]]
    calendar, row = spec.resources.calendar, constraint.rows[1]
    return int(calendar.start[row]), int(calendar.end[row]), int(calendar.capacity[row])


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """One agent leaves later or comes back sooner, or all stay; more of a resource; tasks that may pause."""
    if constraint.kind == "period":
        yield _more_meanwhile(spec, constraint)
    else:
        start, end, _ = _interval(spec, constraint)
        if end - start > 1:
            yield from (_shorter(spec, constraint, side) for side in ("start", "end"))
        first = Constraint("away", constraint.rows[:2], constraint.path)
        yield _there(spec, constraint, first)
        if len(constraint.rows) > 2:
            yield _there(spec, constraint, constraint)
    yield from (_pausing(spec, constraint, t) for t in tasks if not spec.tasks.preemptible[t])


def _more_meanwhile(spec: ScheduleSpec, constraint: Constraint) -> Change:
    r, row = constraint.rows
    start, end, old = _interval(spec, constraint)
    most = int(np.maximum.reduceat(spec.modes.demand[:, r], spec.tasks.first_mode[:-1]).sum())

    def told_by(degree: int) -> Told:
        before, after = amount(spec, r, old), amount(spec, r, old + degree)
        times = [spec.time.to_units(start), spec.time.to_units(end)]
        text = f"raise the capacity of '{spec.resources.ids[r]}' by {amount(spec, r, degree)} from "
        text += f"{moment(spec, start)} to {moment(spec, end)}, from {before} to {after}"
        edit = Edit(constraint.path, [*times, before], [*times, after])
        return Told(text, (edit,), share(old, old + degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        capacity = spec.resources.calendar.capacity.copy()
        capacity[row] = old + degree
        calendar = replace(spec.resources.calendar, capacity=capacity)
        return replace(spec, resources=replace(spec.resources, calendar=calendar))

    return Change(constraint, 2.0, told_by, most=max(1, most - old), apply=apply)


def _shorter(spec: ScheduleSpec, constraint: Constraint, side: str) -> Change:
    """One agent leaves later (`start`), or comes back sooner (`end`)."""
    number, a = constraint.rows[:2]
    start, end, _ = _interval(spec, constraint)
    row = int(spec.agents.away.first[a]) + number

    def told_by(degree: int) -> Told:
        new = (start + degree, end) if side == "start" else (start, end - degree)
        verb = "leave" if side == "start" else "be back"
        changed, was = (new[0], start) if side == "start" else (new[1], end)
        text = f"let {agents(spec, (a,))} {verb} at {moment(spec, changed)} instead of {moment(spec, was)}"
        before, after = ([spec.time.to_units(tick) for tick in span] for span in ((start, end), new))
        return Told(text, (Edit(("agents", a, "calendar"), before, after),), degree / (end - start))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        away = spec.agents.away
        column = (away.start if side == "start" else away.end).copy()
        column[row] += degree if side == "start" else -degree
        shorter = replace(away, start=column) if side == "start" else replace(away, end=column)
        return replace(spec, agents=replace(spec.agents, away=shorter))

    return Change(constraint, 2.0, told_by, most=end - start - 1, apply=apply)


def _there(spec: ScheduleSpec, constraint: Constraint, leaves: Constraint) -> Change:
    group = leaves.rows[1:]
    start, end, _ = _interval(spec, constraint)
    times = [spec.time.to_units(start), spec.time.to_units(end)]
    edits = tuple(Edit(("agents", a, "calendar"), times, None) for a in group)
    text = f"let {agents(spec, group)} be there from {moment(spec, start)} to {moment(spec, end)}"
    return Change(constraint, 2.0 * len(group), lambda _: Told(text, edits), leaves=leaves)


def _pausing(spec: ScheduleSpec, constraint: Constraint, t: int) -> Change:
    edit = Edit(("tasks", t, "preemptible"), False, True)

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        pausing = spec.tasks.preemptible.copy()
        pausing[t] = True
        return replace(spec, tasks=replace(spec.tasks, preemptible=pausing))

    return Change(constraint, 2.0, lambda _: Told(f"let {task(spec, t)} pause meanwhile", (edit,)), apply=apply)
