"""What is asked of the agents and starts of several tasks, seen together: `near`, `apart`, `spread`, gangs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Told
from qamctl.schedule.explain.given import given
from qamctl.schedule.explain.words import share, task, tasks
from qamctl.schedule.spec import Rule, ScheduleSpec

KINDS = ("near", "apart", "spread", "gang")


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """The rules and gangs that some of the tasks are in."""
    some = set(tasks)
    for number, rule in enumerate(spec.rules):
        if some & set(rule.tasks):
            yield Constraint(rule.kind, (number,), ("tasks", rule.tasks[0], rule.kind))
    for gang in np.unique(spec.tasks.gang[sorted(some)]).tolist():
        if gang >= 0:
            yield Constraint("gang", (gang,), ("tasks", _mates(spec, gang)[0], "gang"))


def _mates(spec: ScheduleSpec, gang: int) -> list[int]:
    return list(np.flatnonzero(spec.tasks.gang == gang).tolist())


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """The rules are not there, nor are the gangs."""
    rules = {constraint.rows[0] for constraint in gone if constraint.kind != "gang"}
    gangs = [constraint.rows[0] for constraint in gone if constraint.kind == "gang"]
    kept = tuple(rule for number, rule in enumerate(spec.rules) if number not in rules)
    gang = np.where(np.isin(spec.tasks.gang, gangs), -1, spec.tasks.gang).astype(np.int32)
    return replace(spec, rules=kept, tasks=replace(spec.tasks, gang=gang))


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """What they have in common."""
    if constraint.kind == "gang":
        return f"{tasks(spec, _mates(spec, constraint.rows[0]))} start together"
    rule = spec.rules[constraint.rows[0]]
    several, are = tasks(spec, rule.tasks), "is" if len(rule.tasks) == 1 else "are"
    if rule.kind == "spread":
        return f"{several} spread over the values of '{rule.label}', in numbers that differ by {rule.max_skew} at most"
    if rule.label is None:
        what = "the same agents" if rule.kind == "near" else "different agents"
        return f"{several} {are} done by {what}"
    what = f"one value of '{rule.label}'" if rule.kind == "near" else f"different values of '{rule.label}'"
    return f"{several} {are} done by agents with {what}"


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """A larger skew; a group without one of its tasks; no such rule."""
    if constraint.kind == "gang":
        mates = _mates(spec, constraint.rows[0])
        yield from (_out_of_gang(spec, constraint, t) for t in mates if t in tasks)
        yield _no_gang(spec, constraint, mates)
        return
    rule = spec.rules[constraint.rows[0]]
    if rule.kind == "spread":
        yield _larger_skew(spec, constraint, rule)
    if _is_pair(rule):
        yield _no_pair(spec, constraint, rule)
        return
    yield from (_out_of_group(spec, constraint, rule, t) for t in rule.tasks if t in tasks)
    yield _no_group(spec, constraint, rule)


def _is_pair(rule: Rule) -> bool:
    """Whether a task may name the other one: then there is no telling it from a group of the two."""
    return rule.label is None and len(rule.tasks) == 2 and rule.kind != "spread"


def _out_of_gang(spec: ScheduleSpec, constraint: Constraint, t: int) -> Change:
    edit = _ungang(spec, t)

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        gang = spec.tasks.gang.copy()
        gang[t] = -1
        return replace(spec, tasks=replace(spec.tasks, gang=gang))

    return Change(constraint, 3.0, lambda _: Told(f"take {task(spec, t)} out of its gang", (edit,)), apply=apply)


def _no_gang(spec: ScheduleSpec, constraint: Constraint, mates: Sequence[int]) -> Change:
    text = f"let {tasks(spec, mates)} start when each of them can"
    edits = tuple(_ungang(spec, t) for t in mates)
    return Change(constraint, 3.0 * len(mates), lambda _: Told(text, edits))


def _ungang(spec: ScheduleSpec, t: int) -> Edit:
    path = ("tasks", t, "gang")
    return Edit(path, given(spec, path), None)


def _larger_skew(spec: ScheduleSpec, constraint: Constraint, rule: Rule) -> Change:
    old = rule.max_skew

    def told_by(degree: int) -> Told:
        text = f"let the numbers of {tasks(spec, rule.tasks)} by '{rule.label}' differ by {old + degree}"
        edits = tuple(Edit(("tasks", t, "spread", "max_skew"), old, old + degree) for t in rule.tasks)
        return Told(text, edits, share(old, old + degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        number = constraint.rows[0]
        return _with_rule(spec, number, replace(spec.rules[number], max_skew=old + degree))

    return Change(constraint, 3.0, told_by, most=len(spec.agents.ids) * len(rule.tasks), apply=apply)


def _no_pair(spec: ScheduleSpec, constraint: Constraint, rule: Rule) -> Change:
    edits = _entries(spec, constraint.rows[0], rule.tasks[0])
    may = "other agents than" if rule.kind == "near" else "agents of"
    text = f"let {task(spec, rule.tasks[0])} be done by {may} {task(spec, rule.tasks[1])}"
    return Change(constraint, 3.0, lambda _: Told(text, edits))


def _out_of_group(spec: ScheduleSpec, constraint: Constraint, rule: Rule, t: int) -> Change:
    edits = _entries(spec, constraint.rows[0], t)

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        now = spec.rules[constraint.rows[0]]
        others = tuple(other for other in now.tasks if other != t)
        return _with_rule(spec, constraint.rows[0], replace(now, tasks=others))

    text = f"take {task(spec, t)} out of the group of `{rule.kind}`"
    return Change(constraint, 3.0, lambda _: Told(text, edits), apply=apply)


def _no_group(spec: ScheduleSpec, constraint: Constraint, rule: Rule) -> Change:
    text = f"ask for no `{rule.kind}` of {tasks(spec, rule.tasks)}"
    edits = tuple(edit for t in rule.tasks for edit in _entries(spec, constraint.rows[0], t))
    return Change(constraint, 3.0 * len(rule.tasks), lambda _: Told(text, edits))


def _entries(spec: ScheduleSpec, number: int, t: int) -> tuple[Edit, ...]:
    """To take what a task says of a rule out of the file: entries of a list, or the whole field."""
    rule = spec.rules[number]
    path = ("tasks", t, rule.kind)
    entries = given(spec, path)
    if not isinstance(entries, list):
        return (Edit(path, entries, None),)
    ids = {spec.tasks.ids[member] for member in rule.tasks}
    # Pairs come before groups: that which is named twice by a pair and a group of two is first the pair.
    again = any(_is_pair(other) and set(other.tasks) == set(rule.tasks) for other in spec.rules[:number])
    named = [k for k, entry in enumerate(entries) if isinstance(entry, str) and entry in ids]
    group = [k for k, entry in enumerate(entries) if _members(spec, rule.kind, entry) == ids]
    meant = named if named and _is_pair(rule) and not again else group
    return tuple(Edit((*path, k), entries[k], None) for k in meant)


def _members(spec: ScheduleSpec, kind: str, entry: Any) -> set[str]:
    """The tasks that have an entry in their list."""
    if not isinstance(entry, dict):
        return set()
    found = (given(spec, ("tasks", t, kind)) for t in range(len(spec.tasks.ids)))
    return {task for task, entries in zip(spec.tasks.ids, found, strict=True) if entry in (entries or ())}


def _with_rule(spec: ScheduleSpec, number: int, rule: Rule) -> ScheduleSpec:
    return replace(spec, rules=(*spec.rules[:number], rule, *spec.rules[number + 1 :]))
