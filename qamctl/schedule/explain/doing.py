"""That a task must be done at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Told
from qamctl.schedule.explain.words import span, task
from qamctl.schedule.spec import ScheduleSpec

KINDS = ("not-optional",)


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """One for each task that may not be left out."""
    for t in tasks:
        if not spec.tasks.optional[t]:
            yield Constraint("not-optional", (t,), ("tasks", t))


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """The tasks may be left out; then no start is pinned, since no spec may have both."""
    optional, start = spec.tasks.optional.copy(), spec.tasks.pinned_start.copy()
    rows = [constraint.rows[0] for constraint in gone]
    optional[rows], start[rows] = True, -1
    return replace(spec, tasks=replace(spec.tasks, optional=optional, pinned_start=start))


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """That it must be done, and how long that takes."""
    t = constraint.rows[0]
    return f"{task(spec, t)} must be done: {_work(spec, t)}"


def _work(spec: ScheduleSpec, t: int) -> str:
    modes = range(int(spec.tasks.first_mode[t]), int(spec.tasks.first_mode[t + 1]))
    durations = [int(spec.modes.duration[m]) for m in modes]
    took = span(spec, min(durations))
    if max(durations) > min(durations):
        took = f"{spec.time.to_units(min(durations))} to {span(spec, max(durations))}"
    alone = all(spec.modes.agents[m] == () for m in modes)
    fast = len(spec.agents.ids) > 0 and not alone and bool((spec.agents.speed_num != spec.agents.speed_den).any())
    return f"it takes {took}{' at speed 1' if fast else ''}"


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """It may be left out."""
    t = constraint.rows[0]
    edits = [Edit(("tasks", t, "optional"), False, True)]
    if (start := int(spec.tasks.pinned_start[t])) >= 0:
        edits.append(Edit(("tasks", t, "pinned", "start"), spec.time.to_units(start), None))
    yield Change(constraint, 5.0, lambda _: Told(f"leave out {task(spec, t)}", tuple(edits)))
