"""Which tasks wait for which, and for the data that they send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Told
from qamctl.schedule.explain.words import share, span, task
from qamctl.schedule.spec import KINDS as TYPES
from qamctl.schedule.spec import MICRO, ScheduleSpec
from qamctl.spec.quantities import as_written

KINDS = (*(f"precedence-{kind}" for kind in TYPES), "transfer")

#: What the task after does, and what of the task before it waits for.
_VERBS = {"FS": ("starts", "ends"), "SS": ("starts", "starts"), "FF": ("ends", "ends"), "SF": ("ends", "starts")}


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """Two for each arc between the tasks that data are sent along, one for each other."""
    inside, after = np.zeros(len(spec.tasks.ids), bool), spec.after
    inside[list(tasks)] = True
    place = _places(spec)
    found = np.flatnonzero(inside[after.pred] & inside[after.succ]).tolist()
    for e in found:
        path = ("tasks", int(after.succ[e]), "after", int(place[e]))
        yield Constraint(f"precedence-{TYPES[after.kind[e]]}", (e,), path)
    for e in found:
        if after.data[e] > 0:
            path = ("tasks", int(after.succ[e]), "after", int(place[e]))
            yield Constraint("transfer", (e,), (*path, "data"))


def _places(spec: ScheduleSpec) -> list[int]:
    """For each arc, which entry of its task's `after` it is."""
    seen: dict[int, int] = {}
    out = []
    for succ in spec.after.succ.tolist():
        seen[succ] = seen.get(succ, -1) + 1
        out.append(seen[succ])
    return out


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """Nobody waits along these arcs, or for these data."""
    data, keep = spec.after.data.copy(), np.ones(len(spec.after.pred), bool)
    for constraint in gone:
        if constraint.kind == "transfer":
            data[constraint.rows[0]] = 0
        else:
            keep[constraint.rows[0]] = False
    after = replace(spec.after, data=data)
    kept = {name: getattr(after, name)[keep] for name in ("pred", "succ", "kind", "lag", "data")}
    some = bool((kept["data"] > 0).any())
    return replace(spec, after=replace(after, **kept), transfers=spec.transfers if some else None)


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """What waits for what."""
    e = constraint.rows[0]
    pred, succ = _ends(spec, e)
    if constraint.kind == "transfer":
        return f"{task(spec, pred)} sends {_data(spec, e)} to {task(spec, succ)}, which takes time between agents"
    does, waits = _VERBS[TYPES[spec.after.kind[e]]]
    lag = int(spec.after.lag[e])
    if lag > 0:
        return f"{task(spec, succ)} {does} at least {span(spec, lag)} after {task(spec, pred)} {waits}"
    if lag < 0:
        return f"{task(spec, succ)} {does} at most {span(spec, -lag)} before {task(spec, pred)} {waits}"
    return f"{task(spec, succ)} {does} after {task(spec, pred)} {waits}"


def _ends(spec: ScheduleSpec, e: int) -> tuple[int, int]:
    return int(spec.after.pred[e]), int(spec.after.succ[e])


def _data(spec: ScheduleSpec, e: int) -> int | float:
    return as_written(int(spec.after.data[e]), MICRO)


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """Less data; a shorter lag, or no waiting at all."""
    if constraint.kind == "transfer":
        yield _less_data(spec, constraint)
        return
    e = constraint.rows[0]
    pred, succ = _ends(spec, e)
    if spec.after.lag[e] > 0:
        yield _shorter_lag(spec, constraint)
    edit = Edit(constraint.path, spec.tasks.ids[pred], None)
    yield Change(constraint, 4.0, lambda _: Told(f"let {task(spec, succ)} not wait for {task(spec, pred)}", (edit,)))


def _shorter_lag(spec: ScheduleSpec, constraint: Constraint) -> Change:
    e = constraint.rows[0]
    pred, succ = _ends(spec, e)
    old = int(spec.after.lag[e])

    def told_by(degree: int) -> Told:
        text = f"let {task(spec, succ)} wait {span(spec, old - degree)} after {task(spec, pred)}"
        edit = Edit((*constraint.path, "lag"), spec.time.to_units(old), spec.time.to_units(old - degree))
        return Told(f"{text} instead of {span(spec, old)}", (edit,), share(old, old - degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        lag = spec.after.lag.copy()
        lag[e] = old - degree
        return replace(spec, after=replace(spec.after, lag=lag))

    return Change(constraint, 3.0, told_by, most=old, apply=apply)


def _less_data(spec: ScheduleSpec, constraint: Constraint) -> Change:
    e = constraint.rows[0]
    pred, succ = _ends(spec, e)
    old = int(spec.after.data[e])
    step = next(10**k for k in range(6, -1, -1) if old % 10**k == 0)

    def told_by(degree: int) -> Told:
        before, after = as_written(old, MICRO), as_written(old - degree * step, MICRO)
        text = f"let {task(spec, pred)} send {after} to {task(spec, succ)} instead of {before}"
        return Told(text, (Edit(constraint.path, before, after),), share(before, after))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        data = spec.after.data.copy()
        data[e] = old - degree * step
        return replace(spec, after=replace(spec.after, data=data))

    return Change(constraint, 3.0, told_by, most=old // step, apply=apply)
