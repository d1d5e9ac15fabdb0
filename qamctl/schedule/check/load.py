"""What tasks use together: slots and capacities at every instant, consumables over the whole horizon."""

from __future__ import annotations

import numpy as np

from qamctl.checks.figures import amount
from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.report import Findings, moment
from qamctl.schedule.spec import Ints, ScheduleSpec


def check_load(spec: ScheduleSpec, columns: Columns, staffed: Flags, findings: Findings) -> None:
    """Note every agent and resource that is used beyond what it has.

    A demand falls on the agent where it holds the resource itself, else on the shared pool. A task occupies
    [start, end): one that takes no time occupies nothing, but consumes.
    """
    running = staffed & columns.timed & (columns.end > columns.start)
    _slots(spec, columns, np.flatnonzero(running & (columns.agent >= 0)), findings)
    for resource, consumable in enumerate(spec.resources.consumable.tolist()):
        rows = np.flatnonzero(staffed if consumable else running)
        rows = rows[spec.modes.demand[columns.mode[rows], resource] > 0]
        if len(rows):
            _resource(spec, columns, rows, resource, consumable, findings)


def _slots(spec: ScheduleSpec, columns: Columns, rows: Ints, findings: Findings) -> None:
    if len(rows) == 0:
        return
    agent, start, end = columns.agent[rows], columns.start[rows], columns.end[rows]
    keys, peak, at = _peaks(agent, start, end, np.ones(len(rows), np.int64))

    def note(k: int) -> None:
        a, have = keys[k], int(spec.agents.slots[keys[k]])
        name = spec.agents.ids[a]
        busy = _names(spec, rows[(agent == a) & (start <= at[k]) & (at[k] < end)])
        text = f"agent {name}: {peak[k]} tasks at once at {moment(spec, int(at[k]))}"
        findings.add("slots", f"{text}, {peak[k] - have} more than its slots, {have} ({busy})", agent=name)

    findings.add_each("slots", np.flatnonzero(peak > spec.agents.slots[keys]).tolist(), note)


def _resource(
    spec: ScheduleSpec, columns: Columns, rows: Ints, resource: int, consumable: bool, findings: Findings
) -> None:
    """One resource: every agent that holds it, and the shared pool, which stands behind the last agent."""
    pool = len(spec.agents.ids)
    have = np.maximum(np.append(spec.agents.capacity[:, resource], spec.resources.capacity[resource]), 0)
    # The pool's entry is reached by agent -1 too: a task without an agent.
    own = np.append(spec.agents.capacity[:, resource] >= 0, False)[columns.agent[rows]]
    supplier = np.where(own, columns.agent[rows], pool)
    need = spec.modes.demand[columns.mode[rows], resource]
    start, end = columns.start[rows], columns.end[rows]
    if consumable:
        total = np.zeros(pool + 1, np.int64)
        np.add.at(total, supplier, need)
        keys = np.unique(supplier)
        used, at = total[keys], None
    else:
        keys, used, at = _peaks(supplier, start, end, need)
    what, scale = ("consumable" if consumable else "capacity"), int(spec.resources.scale[resource])
    name = spec.resources.ids[resource]

    def note(k: int) -> None:
        key = int(keys[k])
        agent = spec.agents.ids[key] if key < pool else None
        mine = supplier == key
        if at is not None:
            mine &= (start <= at[k]) & (at[k] < end)
        when = f" at {moment(spec, int(at[k]))}" if at is not None else " in all"
        total, limit = amount(int(used[k]), scale), amount(int(have[key]), scale)
        whose = f"agent {agent} has" if agent else "there is in the shared pool"
        text = f"resource {name}: {total} used{when}, {amount(int(used[k] - have[key]), scale)} more than {whose}"
        kind = f"{'agent' if agent else 'shared'}-{what}"
        findings.add(kind, f"{text}, {limit} ({_names(spec, rows[mine])})", agent=agent, resource=name)

    over = used > have[keys]
    findings.add_each(f"agent-{what}", np.flatnonzero(over & (keys < pool)).tolist(), note)
    findings.add_each(f"shared-{what}", np.flatnonzero(over & (keys == pool)).tolist(), note)


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
