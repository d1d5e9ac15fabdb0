"""What is pinned of tasks: their start, their agents, their mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qamctl.schedule.explain.constraint import Change, Constraint, Edit, Settled, Told
from qamctl.schedule.explain.words import agents, moment, share, task
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, ScheduleSpec

KINDS = ("pinned-start", "pinned-agent", "pinned-mode")


def named(spec: ScheduleSpec, tasks: Sequence[int]) -> Iterator[Constraint]:
    """Starts first, then agents, then modes."""
    for t in tasks:
        if spec.tasks.pinned_start[t] >= 0:
            yield Constraint("pinned-start", (t,), ("tasks", t, "pinned", "start"))
    for t in tasks:
        if spec.tasks.pinned_agent[t] >= 0:
            which = "agents" if t in spec.tasks.pinned_crew else "agent"
            yield Constraint("pinned-agent", (t,), ("tasks", t, "pinned", which))
    for t in tasks:
        if spec.tasks.pinned_mode[t] >= 0:
            yield Constraint("pinned-mode", (t,), ("tasks", t, "pinned", "mode"))


def without(spec: ScheduleSpec, gone: Sequence[Constraint]) -> ScheduleSpec:
    """The tasks are free in that."""
    start, agent = spec.tasks.pinned_start.copy(), spec.tasks.pinned_agent.copy()
    mode, crew = spec.tasks.pinned_mode.copy(), dict(spec.tasks.pinned_crew)
    for constraint in gone:
        t = constraint.rows[0]
        if constraint.kind == "pinned-start":
            start[t] = -1
        elif constraint.kind == "pinned-mode":
            mode[t] = -1
        else:
            agent[t] = -1
            crew.pop(t, None)
    pinned = replace(spec.tasks, pinned_start=start, pinned_agent=agent, pinned_mode=mode, pinned_crew=crew)
    return replace(spec, tasks=pinned)


def told(spec: ScheduleSpec, constraint: Constraint) -> str:
    """What it is pinned to."""
    t = constraint.rows[0]
    if constraint.kind == "pinned-start":
        return f"{task(spec, t)} is pinned to start at {moment(spec, int(spec.tasks.pinned_start[t]))}"
    if constraint.kind == "pinned-mode":
        return f"{task(spec, t)} is pinned to mode '{spec.modes.ids[spec.tasks.pinned_mode[t]]}'"
    return f"{task(spec, t)} is pinned to {agents(spec, _crew(spec, t))}"


def _crew(spec: ScheduleSpec, t: int) -> tuple[int, ...]:
    return spec.tasks.pinned_crew.get(t, (int(spec.tasks.pinned_agent[t]),))


def changes(spec: ScheduleSpec, constraint: Constraint, tasks: Sequence[int]) -> Iterator[Change]:
    """Another start, others who do it, another mode: those of a schedule that is found without the pin."""
    if constraint.kind == "pinned-start":
        yield from _other_start(spec, constraint)
    elif constraint.kind == "pinned-agent":
        yield _other_agents(spec, constraint)
    else:
        yield _other_mode(spec, constraint)


def _other_start(spec: ScheduleSpec, constraint: Constraint) -> Iterator[Change]:
    """As soon after the pinned start as can be, or as late before it as can be."""
    t = constraint.rows[0]
    old = int(spec.tasks.pinned_start[t])

    def told_by(degree: int) -> Told:
        edit = Edit(constraint.path, spec.time.to_units(old), None)
        return Told(f"let {task(spec, t)} start at another time", (edit,), share(old, old + degree))

    def settle(spec: ScheduleSpec, solution: Solution, degree: int) -> Settled:
        new = int(solution.start[t])
        text = f"pin {task(spec, t)} to {moment(spec, new)} instead of {moment(spec, old)}"
        edit = Edit(constraint.path, spec.time.to_units(old), spec.time.to_units(new))
        return Settled(Told(text, (edit,), share(old, new)), lambda spec: _pinned(spec, t, start=new))

    def later(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        release, deadline = spec.tasks.release.copy(), spec.tasks.deadline.copy()
        release[t], deadline[t] = max(release[t], old), min(deadline[t], old + degree)
        return _freed(replace(spec, tasks=replace(spec.tasks, release=release, deadline=deadline)), t)

    def earlier(spec: ScheduleSpec, degree: int) -> ScheduleSpec:
        release = spec.tasks.release.copy()
        release[t] = max(release[t], old - degree)
        return _freed(replace(spec, tasks=replace(spec.tasks, release=release)), t)

    yield Change(
        constraint, 1.0, told_by, most=NEVER - old, apply=later, needed=lambda solution: int(solution.end[t]) - old,
        settle=settle,
    )  # fmt: skip
    if old > 0:
        yield Change(
            constraint, 1.0, told_by, most=old, apply=earlier, needed=lambda solution: old - int(solution.start[t]),
            settle=settle,
        )  # fmt: skip


def _freed(spec: ScheduleSpec, t: int) -> ScheduleSpec:
    return _pinned(spec, t, start=-1)


def _pinned(spec: ScheduleSpec, t: int, *, start: int) -> ScheduleSpec:
    column = spec.tasks.pinned_start.copy()
    column[t] = start
    return replace(spec, tasks=replace(spec.tasks, pinned_start=column))


def _other_agents(spec: ScheduleSpec, constraint: Constraint) -> Change:
    t = constraint.rows[0]
    whole = t in spec.tasks.pinned_crew
    before = [spec.agents.ids[a] for a in _crew(spec, t)]
    shown, was = before if whole else before[0], agents(spec, _crew(spec, t))

    def told_by(degree: int) -> Told:
        text = f"let others than {was} do {task(spec, t)}"
        return Told(text, (Edit(constraint.path, shown, None),))

    def settle(spec: ScheduleSpec, solution: Solution, degree: int) -> Settled | None:
        crew = solution.crew(t)
        if not crew:
            return None
        new = crew if whole else crew[:1]
        ids = [spec.agents.ids[a] for a in new]
        text = f"let {agents(spec, new)} do {task(spec, t)} instead of {was}"

        def edit(spec: ScheduleSpec) -> ScheduleSpec:
            agent, crews = spec.tasks.pinned_agent.copy(), dict(spec.tasks.pinned_crew)
            agent[t] = new[0]
            if whole:
                crews[t] = new
            return replace(spec, tasks=replace(spec.tasks, pinned_agent=agent, pinned_crew=crews))

        return Settled(Told(text, (Edit(constraint.path, shown, ids if whole else ids[0]),)), edit)

    return Change(constraint, 2.0, told_by, settle=settle)


def _other_mode(spec: ScheduleSpec, constraint: Constraint) -> Change:
    t = constraint.rows[0]
    before = spec.modes.ids[spec.tasks.pinned_mode[t]]

    def told_by(degree: int) -> Told:
        text = f"let {task(spec, t)} be done in another mode than '{before}'"
        return Told(text, (Edit(constraint.path, before, None),))

    def settle(spec: ScheduleSpec, solution: Solution, degree: int) -> Settled | None:
        new = int(solution.mode[t])
        if new < 0:
            return None
        text = f"let {task(spec, t)} be done in mode '{spec.modes.ids[new]}' instead of '{before}'"

        def edit(spec: ScheduleSpec) -> ScheduleSpec:
            mode = spec.tasks.pinned_mode.copy()
            mode[t] = new
            return replace(spec, tasks=replace(spec.tasks, pinned_mode=mode))

        return Settled(Told(text, (Edit(constraint.path, before, spec.modes.ids[new]),)), edit)

    return Change(constraint, 2.0, told_by, settle=settle)
