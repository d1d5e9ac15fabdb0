"""Some tasks of a schedule to be scheduled anew, as a spec of their own, while all others stay where they are.

Only problems that need no crews are taken apart so: in others a task's surroundings are more than times and amounts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, Ints, ScheduleSpec
from qamctl.schedule.subspec import SubSpec, some_of


def held_around(
    spec: ScheduleSpec,
    now: Solution,
    free: Ints,
    agents: Ints,
    held: Ints,
    *,
    reserved: Ints | None = None,
    since: int = 0,
    until: int = NEVER,
) -> SubSpec:
    """The tasks `free` on some agents, with what is already scheduled around them.

    Parameters
    ----------
    now
        Times, modes and agents of the tasks that are scheduled.
    free
        The tasks to be scheduled anew, ascending.
    agents
        Who may do them, ascending.
    held
        The tasks that use these agents, or what all share. Those that may be in the way are part of the spec, pinned;
        of the others it counts what they have consumed.
    reserved
        Tasks that come later, and must find what they consume at least.
    since, until
        The free tasks have to start and end between these, so that what is held before and after is in nobody's way.

    Notes
    -----
    A task that waits for one outside, or that one outside waits for, has a release or a deadline instead. Where only
    ends or only starts are tied, these are on the safe side.
    """
    least = _shortest(spec)
    release, deadline = _tied(spec, now, free, least)
    release, deadline = np.maximum(release, since), np.minimum(deadline, until)
    in_the_way = (now.end[held] > int(release.min(initial=NEVER))) & (now.start[held] < until)
    sub = some_of(spec, np.union1d(free, held[in_the_way]), agents)
    gone = held[~in_the_way]
    part = _with_stock(spec, sub, now, gone, reserved)
    return replace(sub, spec=_pinned(spec, part, sub, now, free, release, deadline))


def _shortest(spec: ScheduleSpec) -> Ints:
    """[T] ticks that a task takes at least, whoever does it."""
    if len(spec.agents.ids):
        quick = int(np.argmax(spec.agents.speed_num / spec.agents.speed_den))
        num, den = spec.agents.speed_num[quick], spec.agents.speed_den[quick]
        work = np.minimum(spec.modes.duration, -(-spec.modes.duration * den // num))
    else:
        work = spec.modes.duration
    out: Ints = np.minimum.reduceat(work, spec.tasks.first_mode[:-1])
    return out


def _tied(spec: ScheduleSpec, now: Solution, free: Ints, least: Ints) -> tuple[Ints, Ints]:
    """([f], [f]) release and deadline of the free tasks by those that stay."""
    after = spec.after
    loose = np.zeros(len(least), bool)
    loose[free] = True
    fixed = (now.mode >= 0) & ~loose
    release, deadline = spec.tasks.release.copy(), spec.tasks.deadline.copy()
    # FS, SS, FF, SF: whether the first one's end counts, and whether the second one's does.
    of_end, to_end = np.isin(after.kind, (0, 2)), np.isin(after.kind, (2, 3))
    into = loose[after.succ] & fixed[after.pred]
    moment = np.where(of_end, now.end[after.pred], now.start[after.pred]) + after.lag
    moment = moment - np.where(to_end, least[after.succ], 0)
    np.maximum.at(release, after.succ[into], moment[into])
    out = loose[after.pred] & fixed[after.succ]
    moment = np.where(to_end, now.end[after.succ], now.start[after.succ]) - after.lag
    moment = moment + np.where(of_end, 0, least[after.pred])
    np.minimum.at(deadline, after.pred[out], moment[out])
    return release[free], deadline[free]


def _with_stock(spec: ScheduleSpec, sub: SubSpec, now: Solution, gone: Ints, reserved: Ints | None) -> ScheduleSpec:
    """The part with what is left of what is consumed."""
    consumable = np.flatnonzero(spec.resources.consumable)
    if not len(consumable):
        return sub.spec
    shared, own = sub.spec.resources.capacity.copy(), sub.spec.agents.capacity.copy()
    demand, agent = spec.modes.demand[now.mode[gone]], now.agent[gone]
    seat = np.full(len(spec.agents.ids) + 1, -1, np.int64)
    seat[sub.agents] = np.arange(len(sub.agents))
    for r in consumable.tolist():
        holds = (agent >= 0) & (spec.agents.capacity[agent, r] >= 0) if len(own) else np.zeros(len(gone), bool)
        if shared[r] >= 0:
            shared[r] -= int(demand[~holds, r].sum())
            if reserved is not None and len(reserved):
                least = np.minimum.reduceat(spec.modes.demand[:, r], spec.tasks.first_mode[:-1])
                shared[r] = max(0, shared[r] - int(least[reserved].sum()))
        mine = holds & (seat[agent] >= 0)
        np.subtract.at(own[:, r], seat[agent[mine]], demand[mine, r])
    return replace(
        sub.spec, resources=replace(sub.spec.resources, capacity=shared), agents=replace(sub.spec.agents, capacity=own)
    )  # fmt: skip


def _pinned(
    spec: ScheduleSpec, part: ScheduleSpec, sub: SubSpec, now: Solution, free: Ints, release: Ints, deadline: Ints
) -> ScheduleSpec:
    """The part with its held tasks pinned, and its free ones between what stays before and after them."""
    tasks, modes = part.tasks, part.modes
    place = np.searchsorted(sub.tasks, free)
    columns = {
        name: getattr(tasks, name).copy()
        for name in ("release", "deadline", "pinned_start", "pinned_agent", "pinned_mode")
    }
    columns["release"][place], columns["deadline"][place] = release, deadline
    rest = np.setdiff1d(np.arange(len(sub.tasks)), place)
    old = sub.tasks[rest]
    columns["pinned_start"][rest], columns["deadline"][rest] = now.start[old], NEVER  # late or not, they stay
    chosen = now.mode[old].astype(np.int64) - spec.tasks.first_mode[old] + tasks.first_mode[:-1][rest]
    columns["pinned_mode"][rest] = chosen
    seat = np.full(len(spec.agents.ids) + 1, -1, np.int64)
    seat[sub.agents] = np.arange(len(sub.agents))
    who = seat[now.agent[old]]
    columns["pinned_agent"][rest] = who
    # Whoever is not here takes nothing but what all share.
    away = rest[(who < 0) & (now.agent[old] >= 0)]
    mode = chosen[(who < 0) & (now.agent[old] >= 0)]
    agents, duration, demand = list(modes.agents), modes.duration.copy(), modes.demand.copy()
    for m in mode.tolist():
        agents[m] = ()
    duration[mode] = (now.end - now.start)[sub.tasks[away]]
    if len(mode):
        holds = spec.agents.capacity[now.agent[sub.tasks[away]]] >= 0
        demand[mode] = np.where(holds, 0, demand[mode])
    return replace(
        part, tasks=replace(tasks, **columns), modes=replace(modes, agents=agents, duration=duration, demand=demand)
    )
