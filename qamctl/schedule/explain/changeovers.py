"""The time that passes between two tasks of families on one agent: `setup`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Told
from qamctl.schedule.explain.words import share, span
from qamctl.schedule.spec import ScheduleSpec, Setups

KINDS = ("setup",)


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """One for each row of `setup` that asks for some time between families that the tasks have."""
    setups = spec.setups
    if setups is None:
        return
    families = set(spec.tasks.family[list(tasks)].tolist())
    for row in np.unique(setups.row[(setups.row >= 0) & (setups.time > 0)]).tolist():
        before, after = np.argwhere(setups.row == row)[0, 1:].tolist()
        if before in families and after in families:
            yield Constraint("setup", (row, before, after), ("setup", row))


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """Nothing passes by these rows; families mean nothing where none is left."""
    setups = spec.setups
    if setups is None:
        return spec
    time = np.where(np.isin(setups.row, [constraint.rows[0] for constraint in gone]), 0, setups.time)
    if time.any():
        return replace(spec, setups=replace(setups, time=time))
    return replace(spec, setups=None, tasks=replace(spec.tasks, family=np.full_like(spec.tasks.family, -1)))


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """What passes between which families."""
    setups, (_, before, after) = _setups(spec), constraint.rows
    names = f"from family '{setups.families[before]}' to '{setups.families[after]}'"
    return f"an agent needs {span(spec, _time(setups, constraint))} {names}"


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """Less time."""
    setups, (row, before, after) = _setups(spec), constraint.rows
    old = _time(setups, constraint)
    names = f"from family '{setups.families[before]}' to '{setups.families[after]}'"

    def told_by(degree: int) -> Told:
        text = f"let agents need {span(spec, old - degree)} instead of {span(spec, old)} {names}"
        edit = Edit((*constraint.path, "time"), spec.time.to_units(old), spec.time.to_units(old - degree))
        return Told(text, (edit,), share(old, old - degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        now = _setups(spec)
        return replace(spec, setups=replace(now, time=np.where(now.row == row, old - degree, now.time)))

    yield Change(constraint, 3.0, told_by, most=old, apply=apply)


def _setups(spec: ScheduleSpec) -> Setups:
    assert spec.setups is not None
    return spec.setups


def _time(setups: Setups, constraint: Constraint) -> int:
    return int(setups.time[setups.row == constraint.rows[0]].max())
