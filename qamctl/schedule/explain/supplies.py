"""What there is of resources and agents, and what tasks take of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from qamctl.schedule.explain.alike import alike
from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Told
from qamctl.schedule.explain.given import ways
from qamctl.schedule.explain.raised import only_while_short
from qamctl.schedule.explain.use import most, own_taken, pool_taken, slots_taken
from qamctl.schedule.explain.words import agents, amount, share, task_in_mode
from qamctl.schedule.spec import Ints, ScheduleSpec

Flags = npt.NDArray[np.bool_]

KINDS = ("shared-capacity", "shared-consumable", "agent-capacity", "agent-consumable", "slots", "demand")


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """What is shared, what agents have of their own, what they do at once, and what each task takes."""
    modes = [m for t in tasks for m in _modes(spec, t)]
    taken = np.flatnonzero((spec.modes.demand[modes] > 0).any(axis=0)).tolist() if modes else []
    alone = all(spec.modes.agents[m] == () for m in modes)
    for r in taken:
        if alone or not len(spec.agents.ids) or (spec.agents.capacity[:, r] < 0).any() or _alone(spec, modes, r):
            yield Constraint(f"shared-{_what(spec, r)}", (r,), ("resources", r, "capacity"))
    groups = [] if alone else alike(spec)
    in_order = _in_order(spec)
    for r in taken:
        for group in groups:
            if spec.agents.capacity[group[0], r] >= 0:
                place = ("agents", group[0], "capacity", spec.resources.ids[r])
                yield Constraint(f"agent-{_what(spec, r)}", (r, *group), place)
    for group in groups:
        if not in_order[group[0]]:
            yield Constraint("slots", group, ("agents", group[0], "slots"))
    for t in tasks:
        for ways_, path in ways(spec, t, "demand"):
            for r in taken:
                if spec.modes.demand[ways_[0], r] > 0:
                    yield Constraint("demand", (r, *ways_), (*path, spec.resources.ids[r]))


def _modes(spec: ScheduleSpec, t: int) -> list[int]:
    return list(range(int(spec.tasks.first_mode[t]), int(spec.tasks.first_mode[t + 1])))


def _is_stock(spec: ScheduleSpec, r: int) -> bool:
    return bool(spec.resources.consumable[r])


def _what(spec: ScheduleSpec, r: int) -> str:
    return "consumable" if _is_stock(spec, r) else "capacity"


def _alone(spec: ScheduleSpec, modes: Sequence[int], r: int) -> bool:
    """Whether some mode takes of a resource without an agent."""
    return any(spec.modes.agents[m] == () and spec.modes.demand[m, r] > 0 for m in modes)


def _in_order(spec: ScheduleSpec) -> Flags:
    """[A] the agents that do one task at a time whatever is asked: those which may do tasks of families."""
    found = np.zeros(len(spec.agents.ids), bool)
    if spec.setups is not None:
        for t in np.flatnonzero(spec.tasks.family >= 0).tolist():
            for m in _modes(spec, t):
                who = spec.modes.agents[m]
                found[slice(None) if who is None else list(who)] = True
    return found


def _enough(spec: ScheduleSpec) -> Ints:
    """[R] as much as all tasks could ever take."""
    found: Ints = np.maximum.reduceat(spec.modes.demand, spec.tasks.first_mode[:-1]).sum(axis=0)
    return found


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """There is enough for everybody; a demand that is left out takes nothing."""
    enough = _enough(spec)
    shared, own = spec.resources.capacity.copy(), spec.agents.capacity.copy()
    slots, demand = spec.agents.slots.copy(), spec.modes.demand.copy()
    for constraint in gone:
        first, rest = constraint.rows[0], list(constraint.rows[1:])
        if constraint.kind.startswith("shared"):
            shared[first] = max(int(shared[first]), int(enough[first]))
        elif constraint.kind == "slots":
            slots[list(constraint.rows)] = np.maximum(slots[list(constraint.rows)], len(spec.tasks.ids))
        elif constraint.kind == "demand":
            demand[rest, first] = 0
        else:
            own[rest, first] = np.maximum(own[rest, first], enough[first])
    return replace(
        spec,
        resources=replace(spec.resources, capacity=shared),
        agents=replace(spec.agents, capacity=own, slots=slots),
        modes=replace(spec.modes, demand=demand),
    )


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """How much there is, or is taken."""
    first, rest = constraint.rows[0], constraint.rows[1:]
    if constraint.kind.startswith("shared"):
        have, name = int(spec.resources.capacity[first]), spec.resources.ids[first]
        return f"nobody shares '{name}'" if have < 0 else f"there is {amount(spec, first, have)} of '{name}' to share"
    if constraint.kind == "slots":
        number = int(spec.agents.slots[first])
        several, each = len(constraint.rows) > 1, "one task" if number == 1 else f"{number} tasks"
        return f"{agents(spec, constraint.rows)} {'each do' if several else 'does'} {each} at a time"
    if constraint.kind == "demand":
        need = amount(spec, first, int(spec.modes.demand[rest[0], first]))
        return f"{task_in_mode(spec, rest)} takes {need} of '{spec.resources.ids[first]}'"
    own = amount(spec, first, int(spec.agents.capacity[rest[0], first]))
    return f"{agents(spec, rest)} {'each have' if len(rest) > 1 else 'has'} {own} of '{spec.resources.ids[first]}'"


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """More to share, more of one agent, more at a time, or less taken."""
    if constraint.kind.startswith("shared"):
        yield _more_shared(spec, constraint)
    elif constraint.kind == "slots":
        yield _more_slots(spec, constraint)
    elif constraint.kind == "demand":
        yield _less_taken(spec, constraint)
    else:
        yield _more_own(spec, constraint)


def _more_shared(spec: ScheduleSpec, constraint: Constraint) -> Change:
    r = constraint.rows[0]
    name, old = spec.resources.ids[r], int(spec.resources.capacity[r])
    have = max(old, 0)

    def told_by(degree: int) -> Told:
        before, after = amount(spec, r, have), amount(spec, r, have + degree)
        text = f"raise the capacity of '{name}' by {amount(spec, r, degree)}, from {before} to {after}"
        return Told(text, (Edit(constraint.path, None if old < 0 else before, after),), share(have, have + degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        capacity = spec.resources.capacity.copy()
        capacity[r] = have + degree
        return replace(spec, resources=replace(spec.resources, capacity=capacity))

    briefly = None if old < 0 or spec.resources.consumable[r] else only_while_short(spec, r)
    enough = max(1, int(_enough(spec)[r]) - have)
    return Change(
        constraint, 2.0, told_by, most=enough, apply=apply, settle=briefly,
        needed=lambda solution: most(pool_taken(spec, solution, r), consumable=_is_stock(spec, r)) - have,
    )  # fmt: skip


def _more_own(spec: ScheduleSpec, constraint: Constraint) -> Change:
    r, a = constraint.rows[:2]
    old = int(spec.agents.capacity[a, r])

    def told_by(degree: int) -> Told:
        before, after = amount(spec, r, old), amount(spec, r, old + degree)
        text = f"give {agents(spec, (a,))} {after} of '{spec.resources.ids[r]}' instead of {before}"
        return Told(text, (Edit(constraint.path, before, after),), share(old, old + degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        capacity = spec.agents.capacity.copy()
        capacity[a, r] = old + degree
        return replace(spec, agents=replace(spec.agents, capacity=capacity))

    return Change(
        constraint, 2.0, told_by, most=max(1, int(_enough(spec)[r]) - old), apply=apply,
        needed=lambda solution: most(own_taken(spec, solution, r, a), consumable=_is_stock(spec, r)) - old,
    )  # fmt: skip


def _more_slots(spec: ScheduleSpec, constraint: Constraint) -> Change:
    a = constraint.rows[0]
    old = int(spec.agents.slots[a])

    def told_by(degree: int) -> Told:
        text = f"let {agents(spec, (a,))} do {old + degree} tasks at a time instead of {old}"
        return Told(text, (Edit(constraint.path, old, old + degree),), share(old, old + degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        slots = spec.agents.slots.copy()
        slots[a] = old + degree
        return replace(spec, agents=replace(spec.agents, slots=slots))

    return Change(
        constraint, 2.0, told_by, most=max(1, len(spec.tasks.ids) - old), apply=apply,
        needed=lambda solution: most(slots_taken(spec, solution, a)) - old,
    )  # fmt: skip


def _less_taken(spec: ScheduleSpec, constraint: Constraint) -> Change:
    r, *modes = constraint.rows
    old, name = int(spec.modes.demand[modes[0], r]), task_in_mode(spec, modes)

    def told_by(degree: int) -> Told:
        before, after = amount(spec, r, old), amount(spec, r, old - degree)
        text = f"let {name} take {after} of '{spec.resources.ids[r]}' instead of {before}"
        return Told(text, (Edit(constraint.path, before, after),), share(old, old - degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        demand = spec.modes.demand.copy()
        demand[modes, r] = old - degree
        return replace(spec, modes=replace(spec.modes, demand=demand))

    return Change(constraint, 2.0, told_by, most=old, apply=apply)
