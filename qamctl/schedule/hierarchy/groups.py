"""Groups of agents that are fair samples of a fleet: agents of each sort are dealt out like cards."""

from __future__ import annotations

import numpy as np

from qamctl.qubo.partition import Mask, components
from qamctl.schedule.spec import Ints, ScheduleSpec


def grouped_agents(spec: ScheduleSpec, masks: list[Mask], parts: int) -> Ints | None:
    """[A] the group of each agent.

    Agents that can do the same, as quickly, with about the same capacity, are dealt one by one; those that tasks which
    hang together are pinned to go with each other.

    Returns
    -------
    array or None
        None where there are fewer groups of such agents than parts.
    """
    agents = spec.agents
    count = len(agents.ids)
    bundle = components(count, *_pinned_together(spec))
    size = np.bincount(bundle, minlength=1)
    if len(size) < parts:
        return None
    eligible = np.packbits(np.array(masks, bool).reshape(len(masks), count), axis=0)
    _, sort = np.unique(eligible, axis=1, return_inverse=True)
    speed = agents.speed_num / agents.speed_den
    keys = [*agents.capacity.T[::-1], speed, agents.slots, *_compared(spec), sort.reshape(-1), size[bundle]]
    order = np.lexsort(keys)[::-1]  # the large bundles first
    turn = np.full(len(size), -1, np.int64)
    _, first = np.unique(bundle[order], return_index=True)
    turn[bundle[order[np.sort(first)]]] = np.arange(len(first))
    group: Ints = turn[bundle] % parts
    return group


def links_of(spec: ScheduleSpec) -> tuple[Ints, Ints]:
    """Pairs of tasks that have to do with each other: precedence, rules, gangs."""
    a, b = [spec.after.pred.astype(np.int64)], [spec.after.succ.astype(np.int64)]
    for rule in spec.rules:
        a.append(np.full(len(rule.tasks), rule.tasks[0] if rule.tasks else 0))
        b.append(np.array(rule.tasks, np.int64))
    ganged = np.flatnonzero(spec.tasks.gang >= 0)
    if len(ganged):
        _, first, inverse = np.unique(spec.tasks.gang[ganged], return_index=True, return_inverse=True)
        a.append(ganged[first][inverse.reshape(-1)])
        b.append(ganged)
    return np.concatenate(a), np.concatenate(b)


def _pinned_together(spec: ScheduleSpec) -> tuple[Ints, Ints]:
    """Pairs of agents that tasks are pinned to which have to do with each other."""
    tasks = spec.tasks
    pins = [(t, int(a)) for t, a in enumerate(tasks.pinned_agent.tolist()) if a >= 0]
    pins += [(t, a) for t, crew in tasks.pinned_crew.items() for a in crew]
    if not pins:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    label = components(len(tasks.ids), *links_of(spec))
    first: dict[int, int] = {}
    pairs = [(first.setdefault(int(label[t]), a), a) for t, a in pins]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _compared(spec: ScheduleSpec) -> list[Ints]:
    """[A] by label that some rule compares: the number of each agent's value."""
    found = []
    for label in sorted({rule.label for rule in spec.rules if rule.label is not None}):
        values = [labels.get(label, "") for labels in spec.agents.labels]
        found.append(np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64))
    return found
