"""What tasks use together: slots and capacities at every instant, consumables over the whole horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.checks.figures import amount
from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.report import Findings, moment
from qamctl.schedule.check.supply import supplied, takers
from qamctl.schedule.check.work import Work
from qamctl.schedule.spec import Ints, ScheduleSpec


@dataclass(frozen=True, slots=True)
class _Uses:
    """What is used of one resource: by whom, from whose stock, when, and how much.

    The task is -1 where a calendar takes from the stock, or adds to it.
    """

    task: Ints
    key: Ints
    start: Ints
    end: Ints
    need: Ints


def check_load(spec: ScheduleSpec, columns: Columns, staffed: Flags, work: Work, findings: Findings) -> None:
    """Note every agent and resource that is used beyond what it has.

    A demand falls on every agent that holds the resource itself, and on the shared pool where one does not. A task
    occupies [start, end): one that takes no time occupies nothing, but consumes. While it pauses it keeps its slots
    and what its agents hold, and takes nothing of the pool.
    """
    running = staffed & columns.timed & (columns.end > columns.start)
    _slots(spec, columns, running, findings)
    for resource, consumable in enumerate(spec.resources.consumable.tolist()):
        some = takers(spec, columns, staffed if consumable else running, resource)
        if some.any():
            uses = _uses(spec, columns, some, work, resource, consumable)
            if consumable:
                _consumed(spec, uses, resource, findings)
            else:
                _occupied(spec, uses, resource, findings)


def _slots(spec: ScheduleSpec, columns: Columns, running: Flags, findings: Findings) -> None:
    entries = np.flatnonzero(running[columns.crews.task])
    if len(entries) == 0:
        return
    task, agent = columns.crews.task[entries], columns.crews.agent[entries]
    start, end = columns.start[task], columns.end[task]
    keys, peak, at = _peaks(agent, start, end, np.ones(len(task), np.int64))

    def note(k: int) -> None:
        a, have = keys[k], int(spec.agents.slots[keys[k]])
        name = spec.agents.ids[a]
        busy = _names(spec, task[(agent == a) & (start <= at[k]) & (at[k] < end)])
        text = f"agent {name}: {peak[k]} tasks at once at {moment(spec, int(at[k]))}"
        findings.add("slots", f"{text}, {peak[k] - have} more than its slots, {have} ({busy})", agent=name)

    findings.add_each("slots", np.flatnonzero(peak > spec.agents.slots[keys]).tolist(), note)


def _uses(spec: ScheduleSpec, columns: Columns, some: Flags, work: Work, resource: int, consumable: bool) -> _Uses:
    """The uses of agents that hold the resource, and those of the pool, which stands behind the last agent."""
    pool, crews = len(spec.agents.ids), columns.crews
    entries, pooled = supplied(spec, columns, some, resource)
    own, shared = crews.task[entries], np.flatnonzero(pooled)
    start, end = columns.start[shared], columns.end[shared]
    if not consumable:
        shared, start, end = work.pieces(columns, shared)
    task = np.concatenate([own, shared])
    key = np.concatenate([crews.agent[entries], np.full(len(shared), pool)])
    start, end = np.concatenate([columns.start[own], start]), np.concatenate([columns.end[own], end])
    need = spec.modes.demand[columns.mode[task], resource]
    calendar = spec.resources.calendar
    mine = slice(int(calendar.first[resource]), int(calendar.first[resource + 1]))
    periods = calendar.start[mine]
    if len(periods) == 0 or not len(shared):
        return _Uses(task, key, start, end, need)
    # A period with another capacity is as if something took the difference from the usual one.
    less = spec.resources.capacity[resource] - calendar.capacity[mine]
    return _Uses(
        np.append(task, np.full(len(periods), -1)),
        np.append(key, np.full(len(periods), pool)),
        np.append(start, periods),
        np.append(end, calendar.end[mine]),
        np.append(need, less),
    )


def _stock(spec: ScheduleSpec, resource: int) -> Ints:
    """[A + 1] what each agent has of a resource, and the pool."""
    stock: Ints = np.maximum(np.append(spec.agents.capacity[:, resource], spec.resources.capacity[resource]), 0)
    return stock


def _consumed(spec: ScheduleSpec, uses: _Uses, resource: int, findings: Findings) -> None:
    have = _stock(spec, resource)
    used = np.zeros(len(have), np.int64)
    np.add.at(used, uses.key, uses.need)

    def note(key: int) -> None:
        rows = uses.task[uses.key == key]
        _add(spec, findings, "consumable", resource, key, int(used[key]), int(have[key]), "in all", rows)

    over = np.flatnonzero(used > have)
    findings.add_each("agent-consumable", over[over < len(have) - 1].tolist(), note)
    findings.add_each("shared-consumable", over[over == len(have) - 1].tolist(), note)


def _occupied(spec: ScheduleSpec, uses: _Uses, resource: int, findings: Findings) -> None:
    if len(uses.task) == 0:  # all who take of it pause all the time
        return
    have = _stock(spec, resource)
    pool = len(have) - 1
    keys, peak, at = _peaks(uses.key, uses.start, uses.end, uses.need)

    def note(k: int) -> None:
        key, when = int(keys[k]), int(at[k])
        mine = (uses.key == key) & (uses.start <= when) & (when < uses.end)
        tasks = mine & (uses.task >= 0)
        used = int(uses.need[tasks].sum())
        there = int(have[key] - uses.need[mine & ~tasks].sum())
        _add(spec, findings, "capacity", resource, key, used, there, f"at {moment(spec, when)}", uses.task[tasks])

    over = peak > have[keys]
    findings.add_each("agent-capacity", np.flatnonzero(over & (keys < pool)).tolist(), note)
    findings.add_each("shared-capacity", np.flatnonzero(over & (keys == pool)).tolist(), note)


def _add(
    spec: ScheduleSpec,
    findings: Findings,
    what: str,
    resource: int,
    key: int,
    used: int,
    have: int,
    when: str,
    rows: Ints,
) -> None:
    """Note that more is used than an agent has, or the pool."""
    name, scale = spec.resources.ids[resource], int(spec.resources.scale[resource])
    agent = spec.agents.ids[key] if key < len(spec.agents.ids) else None
    whose = f"agent {agent} has" if agent else "there is in the shared pool"
    if not agent and have != max(0, int(spec.resources.capacity[resource])):
        whose = f"{whose} by its calendar"
    text = f"resource {name}: {amount(used, scale)} used {when}, {amount(used - have, scale)} more than {whose}"
    text = f"{text}, {amount(have, scale)} ({_names(spec, rows)})"
    findings.add(f"{'agent' if agent else 'shared'}-{what}", text, agent=agent, resource=name)


def _peaks(key: Ints, start: Ints, end: Ints, amount: Ints) -> tuple[Ints, Ints, Ints]:
    """For each key the greatest amount in use at once and the first instant of it, by a sweep over events."""
    time, low = np.concatenate([start, end]), int(start.min())
    both = np.concatenate([key, key])
    span = int(end.max()) - low + 1
    if (int(key.max()) + 1) * span < 2**62:  # one sort of one column is much quicker
        order = np.argsort(both * span + (time - low))
    else:
        order = np.lexsort((time, both))
    both, time = both[order], time[order]
    level = np.cumsum(np.concatenate([amount, -amount])[order])
    # What is in use at an instant is known after its last event; every key's events add up to 0.
    last = np.append((both[1:] != both[:-1]) | (time[1:] != time[:-1]), True)
    both, time, level = both[last], time[last], level[last]
    first = np.flatnonzero(np.append(True, both[1:] != both[:-1]))
    peak = np.maximum.reduceat(level, first)
    hits = np.flatnonzero(level == np.repeat(peak, np.diff(np.append(first, len(both)))))
    return both[first], peak, time[hits[np.searchsorted(hits, first)]]


def _names(spec: ScheduleSpec, rows: Ints) -> str:
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    return ", ".join(spec.tasks.ids[t] for t in rows[:5].tolist()) + more
