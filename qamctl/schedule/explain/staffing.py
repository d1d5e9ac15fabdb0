"""Who may do a task: lists of agents, skills, labels, taints, and how many it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Settle, Settled, Told
from qamctl.schedule.explain.given import ways
from qamctl.schedule.explain.words import agents, listed, share, task_in_mode
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec

KINDS = ("agent-not-allowed", "skill", "label", "taint", "count")

#: The column of modes, and the field of a task, that each kind is about.
_COLUMNS = {
    "agent-not-allowed": "agents", "skill": "skills", "label": "labels", "taint": "tolerates", "count": "count",
}  # fmt: skip


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """Lists first, then skills, labels, taints and counts; what a task asks for in all modes is one constraint."""
    taints = sorted(set().union(*spec.agents.taints)) if spec.agents.taints else []
    for t in tasks:
        for modes, path in ways(spec, t, "agents"):
            if spec.modes.agents[modes[0]]:
                yield Constraint("agent-not-allowed", modes, path)
    for t in tasks:
        for modes, path in ways(spec, t, "skills"):
            for skill in spec.modes.skills[modes[0]]:
                yield Constraint("skill", modes, (*path, skill), skill)
    for t in tasks:
        for modes, path in ways(spec, t, "labels"):
            for label in spec.modes.labels[modes[0]]:
                yield Constraint("label", modes, (*path, label), label)
    for t in tasks:
        for modes, path in ways(spec, t, "tolerates"):
            for taint in taints:
                if taint not in spec.modes.tolerates[modes[0]] and spec.modes.agents[modes[0]] != ():
                    yield Constraint("taint", modes, path, taint)
    for t in tasks:
        for modes, path in ways(spec, t, "count"):
            if spec.modes.count[modes[0]] > 1 and t not in spec.tasks.pinned_crew:
                yield Constraint("count", modes, path)


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """That is not asked for in these modes."""
    columns: dict[str, Any] = {name: list(getattr(spec.modes, name)) for name in _COLUMNS.values()}
    columns["count"] = spec.modes.count.copy()
    for constraint in gone:
        column = columns[_COLUMNS[constraint.kind]]
        for m in constraint.rows:
            if constraint.kind == "agent-not-allowed":
                column[m] = None
            elif constraint.kind == "count":
                column[m] = 1
            elif constraint.kind == "taint":
                column[m] |= {constraint.name}
            else:
                column[m] = {name: value for name, value in column[m].items() if name != constraint.name}
    return replace(spec, modes=replace(spec.modes, **columns))


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """Who may do it, and who may not."""
    m = constraint.rows[0]
    name = task_in_mode(spec, constraint.rows)
    if constraint.kind == "agent-not-allowed":
        return f"{name} is done by {agents(spec, spec.modes.agents[m] or ())}, nobody else"
    if constraint.kind == "skill":
        return f"{name} needs skill '{constraint.name}' at level {spec.modes.skills[m][constraint.name]:g}"
    if constraint.kind == "label":
        return f"{name} needs label {constraint.name}={spec.modes.labels[m][constraint.name]}"
    if constraint.kind == "taint":
        return f"{name} does not tolerate '{constraint.name}'"
    return f"{name} needs {spec.modes.count[m]} agents together"


def _task(constraint: Constraint) -> int:
    return int(constraint.path[1])


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """Let an agent do it that does so in a schedule found without the constraint; let fewer do it."""
    if constraint.kind == "count":
        yield _fewer(spec, constraint)
        return
    t, m, name = _task(constraint), constraint.rows[0], task_in_mode(spec, constraint.rows)
    if constraint.kind == "agent-not-allowed":
        listed_now = [spec.agents.ids[a] for a in spec.modes.agents[m] or ()]
        told_by = Told(f"let any agent do {name}", (Edit(constraint.path, listed_now, "any"),))
        yield Change(constraint, 3.0, lambda _: told_by, settle=_more_agents(spec, constraint))
    elif constraint.kind == "skill":
        level = spec.modes.skills[m][constraint.name]
        edit = Edit(constraint.path, _plain(level), None)
        told_by = Told(f"let {name} be done without skill '{constraint.name}'", (edit,))
        yield Change(constraint, 3.0, lambda _: told_by, settle=_skilled(spec, constraint, t, level))
    elif constraint.kind == "label":
        value = spec.modes.labels[m][constraint.name]
        text = f"let {name} be done by agents without label {constraint.name}={value}"
        yield Change(constraint, 3.0, lambda _: Told(text, (Edit(constraint.path, value, None),)))
    else:
        edit = Edit(constraint.path, None, constraint.name)
        yield Change(constraint, 3.0, lambda _: Told(f"let {name} tolerate '{constraint.name}'", (edit,)))


def _fewer(spec: ScheduleSpec, constraint: Constraint) -> Change:
    old, name = int(spec.modes.count[constraint.rows[0]]), task_in_mode(spec, constraint.rows)

    def told_by(degree: int) -> Told:
        text = f"let {old - degree} agent{'s' if old - degree > 1 else ''} do {name} instead of {old}"
        return Told(text, (Edit(constraint.path, old, old - degree),), share(old, old - degree))

    def apply(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        count = spec.modes.count.copy()
        count[list(constraint.rows)] = old - degree
        return replace(spec, modes=replace(spec.modes, count=count))

    return Change(constraint, 3.0, told_by, most=old - 1, apply=apply)


def _more_agents(base: ScheduleSpec, constraint: Constraint) -> Settle:
    who, name = base.modes.agents[constraint.rows[0]] or (), task_in_mode(base, constraint.rows)
    t = _task(constraint)

    def settle(spec: ScheduleSpec, solution: Solution, degree: int) -> Settled | None:
        new = tuple(a for a in solution.crew(t) if a not in who)
        if not new or int(solution.mode[t]) not in constraint.rows:
            return None
        longer = tuple(sorted({*who, *new}))
        edit = Edit(
            constraint.path, [base.agents.ids[a] for a in who], [base.agents.ids[a] for a in longer]
        )  # fmt: skip

        def apply(spec: ScheduleSpec) -> ScheduleSpec:
            lists = [longer if m in constraint.rows else now for m, now in enumerate(spec.modes.agents)]
            return replace(spec, modes=replace(spec.modes, agents=lists))

        return Settled(Told(f"let {agents(base, new)} do {name}, too", (edit,)), apply)

    return settle


def _skilled(base: ScheduleSpec, constraint: Constraint, t: int, level: float) -> Settle:
    skill, name = constraint.name, task_in_mode(base, constraint.rows)

    def settle(spec: ScheduleSpec, solution: Solution, degree: int) -> Settled | None:
        lacking = [a for a in solution.crew(t) if base.agents.skills[a].get(skill, -1.0) < level]
        if len(lacking) != 1 or int(solution.mode[t]) not in constraint.rows:
            return None
        a = lacking[0]
        has = base.agents.skills[a].get(skill)
        text = f"let {agents(base, (a,))} do {name}: give it skill {listed([skill])} at level {level:g}"
        edit = Edit(("agents", a, "skills", skill), None if has is None else _plain(has), _plain(level))

        def apply(spec: ScheduleSpec) -> ScheduleSpec:
            skills = list(spec.agents.skills)
            skills[a] = {**skills[a], skill: level}
            return replace(spec, agents=replace(spec.agents, skills=skills))

        return Settled(Told(text, (edit,), 1.0 if has is None else share(has, level)), apply)

    return settle


def _plain(level: float) -> int | float:
    return int(level) if level == int(level) else level
