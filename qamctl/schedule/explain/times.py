"""What is asked of times: deadlines, the horizon, and releases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Told
from qamctl.schedule.explain.words import moment, share, task
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, Ints, ScheduleSpec

KINDS = ("deadline", "horizon", "release")


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """Deadlines first, then the horizon, then releases."""
    for t in tasks:
        if spec.tasks.deadline[t] < NEVER:
            yield Constraint("deadline", (t,), ("tasks", t, "deadline"))
    if spec.horizon < NEVER:
        yield Constraint("horizon", (), ("horizon",))
    for t in tasks:
        if spec.tasks.release[t] > 0:
            yield Constraint("release", (t,), ("tasks", t, "release"))


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """Whenever one likes."""
    deadline, release, horizon = spec.tasks.deadline.copy(), spec.tasks.release.copy(), spec.horizon
    for constraint in gone:
        if constraint.kind == "horizon":
            horizon = NEVER
        elif constraint.kind == "deadline":
            deadline[constraint.rows[0]] = NEVER
        else:
            release[constraint.rows[0]] = 0
    return replace(spec, horizon=horizon, tasks=replace(spec.tasks, deadline=deadline, release=release))


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """By when, or from when on."""
    if constraint.kind == "horizon":
        return f"all tasks end by {moment(spec, spec.horizon)}"
    t = constraint.rows[0]
    if constraint.kind == "deadline":
        return f"{task(spec, t)} ends by {moment(spec, int(spec.tasks.deadline[t]))}"
    return f"{task(spec, t)} starts at {moment(spec, int(spec.tasks.release[t]))} at the earliest"


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """Later ends, earlier starts."""
    if constraint.kind == "horizon":
        yield _later_horizon(spec, constraint)
    elif constraint.kind == "deadline":
        yield _later(spec, constraint)
    else:
        yield _earlier(spec, constraint)


def _later_horizon(spec: ScheduleSpec, constraint: Constraint) -> Change:
    old = spec.horizon

    def told_by(degree: int) -> Told:
        text = f"let tasks end by {moment(spec, old + degree)} instead of {moment(spec, old)}"
        return Told(text, (_times(spec, constraint, old, old + degree),), share(old, old + degree))

    return Change(
        constraint, 1.0, told_by, most=NEVER - old, apply=lambda spec, degree: replace(spec, horizon=old + degree),
        needed=lambda solution: int(solution.end.max(initial=0)) - old,
    )  # fmt: skip


def _later(spec: ScheduleSpec, constraint: Constraint) -> Change:
    t = constraint.rows[0]
    old = int(spec.tasks.deadline[t])

    def told_by(degree: int) -> Told:
        text = f"let {task(spec, t)} end by {moment(spec, old + degree)} instead of {moment(spec, old)}"
        return Told(text, (_times(spec, constraint, old, old + degree),), share(old, old + degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        return replace(spec, tasks=replace(spec.tasks, deadline=_with(spec.tasks.deadline, t, old + degree)))

    return Change(
        constraint, 1.0, told_by, most=NEVER - old, apply=apply, needed=lambda solution: int(solution.end[t]) - old
    )


def _earlier(spec: ScheduleSpec, constraint: Constraint) -> Change:
    t = constraint.rows[0]
    old = int(spec.tasks.release[t])

    def told_by(degree: int) -> Told:
        text = f"let {task(spec, t)} start from {moment(spec, old - degree)} on instead of {moment(spec, old)}"
        return Told(text, (_times(spec, constraint, old, old - degree),), share(old, old - degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        return replace(spec, tasks=replace(spec.tasks, release=_with(spec.tasks.release, t, old - degree)))

    def needed(solution: Solution) -> int:
        return old - int(solution.start[t]) if solution.mode[t] >= 0 else 0

    return Change(constraint, 1.0, told_by, most=old, apply=apply, needed=needed)


def _times(spec: ScheduleSpec, constraint: Constraint, before: int, after: int) -> Edit:
    return Edit(constraint.path, spec.time.to_units(before), spec.time.to_units(after))


def _with(column: Ints, t: int, value: int) -> Ints:
    changed = column.copy()
    changed[t] = value
    return changed
