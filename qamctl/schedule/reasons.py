"""Why a problem has no schedule, where that can be told without search: in words, with the field to look at.

Every reason is a proof: a problem with any has no feasible schedule. Problems without one may still be
infeasible.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import most_shared
from qamctl.schedule.spec import KINDS, NEVER, Index, Ints
from qamctl.schedule.unable import amount, unable
from qamctl.spec.reason import Reason

__all__ = ["MOST", "Reason", "reasons"]

#: Reasons of one sort that are given.
MOST: Final = 100
#: Tasks of a chain, or of a collision, that a text names.
NAMED: Final = 5


def reasons(instance: Instance) -> list[Reason]:
    """The satisfiability faults of a problem that need no search, at most `MOST` of a sort; empty if none is found."""
    if instance.n == 0:
        return []
    sorts = [unable, _too_late, _pinned_too_early, _too_long, _gangs_apart]
    if instance.complete:  # who else could do it is not known otherwise
        sorts += [_stock_too_small, _collisions]
    return [reason for sort in sorts for reason in islice(sort(instance), MOST)]


def _time(instance: Instance, ticks: int) -> str:
    axis = instance.spec.time
    return f"{axis.to_units(int(ticks))} {axis.unit}"


def _task(instance: Instance, t: int) -> str:
    return f"task '{instance.spec.tasks.ids[t]}'"


def _names(instance: Instance, tasks: list[int], link: str) -> str:
    ids = [f"'{instance.spec.tasks.ids[t]}'" for t in tasks]
    if len(ids) > NAMED:
        ids = [*ids[: NAMED - 1], "...", ids[-1]]
    return link.join(ids)


def _too_late(instance: Instance) -> Iterator[Reason]:
    """Tasks whose earliest end by releases, pins and precedence is after their deadline, or after the horizon."""
    tasks, horizon = instance.spec.tasks, instance.spec.horizon
    _, end = instance.earliest
    end = np.where(instance.sure, end, 0)
    for t in np.flatnonzero(end > tasks.deadline).tolist():
        text = f"{_task(instance, t)} can't end before {_time(instance, end[t])}{_chain(instance, t)}, "
        yield Reason(
            ("tasks", t, "deadline"), "deadline", text + f"but its deadline is {_time(instance, tasks.deadline[t])}"
        )
    t = int(end.argmax())
    if end[t] > horizon:
        text = f"{_task(instance, t)} can't end before {_time(instance, end[t])}{_chain(instance, t)}, "
        yield Reason(("horizon",), "horizon", text + f"but the horizon is {_time(instance, horizon)}")


def _chain(instance: Instance, t: int) -> str:
    """How a task comes to its earliest end: the predecessors that push it, and what the first one waits for."""
    graph, (start, end) = instance.heads, instance.earliest
    chain = [t]
    while instance.pinned_start[chain[-1]] < 0:
        j = chain[-1]
        before = None
        for e in range(int(graph.pred_start[j]), int(graph.pred_start[j + 1])):
            i, kind = int(graph.pred_task[e]), int(graph.pred_kind[e])
            moment = (end[i] if kind in (0, 2) else start[i]) + graph.pred_lag[e]
            if moment == (start[j] if kind in (0, 1) else end[j]) and moment > instance.release[j]:
                before = i
                break
        if before is None:
            break
        chain.append(before)
    root = chain[-1]
    if instance.pinned_start[root] >= 0:
        begins = f"pinned to {_time(instance, instance.pinned_start[root])}"
    elif instance.release[root] > 0:
        begins = f"released at {_time(instance, instance.release[root])}"
    else:
        begins = ""
    if len(chain) == 1:
        return f" ({begins})" if begins else ""
    of_root = f", {_names(instance, [root], '')} {begins}" if begins else ""
    return f" (after {_names(instance, chain[:0:-1], ' -> ')}{of_root})"


def _pinned_too_early(instance: Instance) -> Iterator[Reason]:
    """Pinned starts before the release, or before what must come first allows."""
    pinned, graph = instance.pinned_start, instance.heads
    for t in np.flatnonzero((pinned >= 0) & (pinned < instance.release)).tolist():
        yield Reason(
            ("tasks", t, "pinned", "start"),
            "release",
            f"{_task(instance, t)} is pinned to {_time(instance, pinned[t])}, before its release at "
            f"{_time(instance, instance.release[t])}",
        )
    start, end = instance.earliest
    succ = np.repeat(np.arange(instance.n), np.diff(graph.pred_start))
    moment = np.where((graph.pred_kind == 0) | (graph.pred_kind == 2), end[graph.pred_task], start[graph.pred_task])
    moment = moment + graph.pred_lag
    latest = np.where(graph.pred_kind <= 1, pinned[succ], pinned[succ] + instance.longest[succ])
    for e in np.flatnonzero((pinned[succ] >= 0) & (moment > latest)).tolist():
        i, j, kind = int(graph.pred_task[e]), int(succ[e]), KINDS[graph.pred_kind[e]]
        what = "start" if kind[1] == "S" else "end"
        yield Reason(
            ("tasks", j, "pinned", "start"),
            f"precedence-{kind}",
            f"{_task(instance, j)} is pinned to {_time(instance, pinned[j])}, but after {_task(instance, i)} it can't "
            f"{what} before {_time(instance, moment[e])}",
        )


def _gangs_apart(instance: Instance) -> Iterator[Reason]:
    """Tasks of one gang that are pinned to different starts."""
    tasks = instance.spec.tasks
    first: dict[int, int] = {}
    for t in np.flatnonzero((tasks.gang >= 0) & (tasks.pinned_start >= 0)).tolist():
        other = first.setdefault(int(tasks.gang[t]), t)
        if tasks.pinned_start[t] != tasks.pinned_start[other]:
            yield Reason(
                ("tasks", t, "pinned", "start"),
                "gang",
                f"{_task(instance, t)} is pinned to {_time(instance, tasks.pinned_start[t])}, and "
                f"{_task(instance, other)} of its gang to {_time(instance, tasks.pinned_start[other])}",
            )


def _too_long(instance: Instance) -> Iterator[Reason]:
    """All the work, on all that can bear it, lasts longer than the horizon and the deadlines allow."""
    sure = instance.sure
    last = int(instance.deadline[sure].max(initial=0))
    _, end = instance.earliest
    if not sure.any() or last == NEVER or (end > instance.deadline)[sure].any():
        return
    least = makespan_bound(instance)
    if least > last:
        by_horizon = last == instance.spec.horizon
        what = "the horizon is" if by_horizon else "the last deadline is"
        yield Reason(
            ("horizon",) if by_horizon else ("tasks", int(instance.deadline.argmax()), "deadline"),
            "horizon" if by_horizon else "deadline",
            f"agents and resources can't finish the tasks before {_time(instance, least)}, "
            f"but {what} {_time(instance, last)}",
        )


def _stock_too_small(instance: Instance) -> Iterator[Reason]:
    """Consumables of which the tasks need more than there is, whoever does them."""
    spec = instance.spec
    tasks = np.flatnonzero(np.diff(instance.first_option))
    if not len(tasks):
        return
    first = instance.first_option[:-1][tasks]
    for k in np.flatnonzero(instance.consumable).tolist():
        resource, capacity = spec.resources.ids[k - 1], instance.capacity[:, k]
        need = instance.demand[instance.option_mode, k]
        supplier = np.where(capacity[instance.option_holder] >= 0, instance.option_holder, 0)
        least = np.minimum.reduceat(need, first)
        low, high = np.minimum.reduceat(supplier, first), np.maximum.reduceat(supplier, first)
        total = np.bincount(low[low == high], least[low == high], len(capacity))
        for h in np.flatnonzero(total > np.maximum(capacity, 0)).tolist():
            needed, stock = amount(spec, k - 1, int(total[h])), amount(spec, k - 1, int(max(capacity[h], 0)))
            if h == 0:
                text = f"the tasks need at least {needed} of the shared '{resource}', of which there is {stock}"
                yield Reason(("resources", k - 1, "capacity"), "shared-consumable", text)
            else:
                agent = int(instance.members[h][0])
                text = f"the tasks that only agent '{spec.agents.ids[agent]}' can do need at least {needed} of "
                yield Reason(
                    ("agents", agent, "capacity", resource), "agent-consumable", f"{text}'{resource}', it has {stock}"
                )
        stock_of_all = int(np.maximum(capacity, 0).sum())
        if least.sum() > stock_of_all and not (total > np.maximum(capacity, 0)).any():
            needed, stock = amount(spec, k - 1, int(least.sum())), amount(spec, k - 1, stock_of_all)
            text = f"the tasks need at least {needed} of '{resource}', of which there is {stock} in all"
            yield Reason(("resources", k - 1), "shared-consumable", text)


def _collisions(instance: Instance) -> Iterator[Reason]:
    """Tasks with pinned starts that together exceed a renewable supply that each of them must use."""
    pinned = np.flatnonzero((instance.pinned_start >= 0) & (np.diff(instance.first_option) > 0))
    uses: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
    for t in pinned.tolist():
        options = slice(int(instance.first_option[t]), int(instance.first_option[t + 1]))
        start = int(instance.pinned_start[t])
        end = start + int(instance.shortest[t])
        holder, mode = instance.option_holder[options], instance.option_mode[options]
        for k in np.flatnonzero(~instance.consumable).tolist():
            supplier = np.where(instance.capacity[holder, k] >= 0, holder, 0)
            need = int(instance.demand[mode, k].min())
            if need > 0 and end > start and (supplier == supplier[0]).all():
                uses.setdefault((int(supplier[0]), k), []).append((start, end, need, t))
    for (h, k), rows in uses.items():
        capacity = int(instance.capacity[h, k]) if h else most_shared(instance, k)
        clash = _first_clash(rows, capacity)
        if clash is None:
            continue
        moment, used, tasks = clash
        yield _collision(instance, h, k, capacity, moment, used, tasks)


def _first_clash(rows: list[tuple[int, int, int, int]], capacity: int) -> tuple[int, int, list[int]] | None:
    """When rows (start, end, need, task) first exceed the capacity, what they need then, and which they are."""
    running: list[tuple[int, int, int, int]] = []
    for row in sorted(rows):
        running = [other for other in running if other[1] > row[0]]
        running.append(row)
        used = sum(need for _, _, need, _ in running)
        if used > capacity:
            return row[0], used, [t for *_, t in running]
    return None


def _collision(instance: Instance, h: int, k: int, capacity: int, moment: int, used: int, tasks: list[int]) -> Reason:
    spec = instance.spec
    owner = "the shared pool" if h == 0 else _owner(spec.agents.ids, instance.members[h])
    if k == 0:
        constraint, what = "slots", f"{used} slots of {owner}, which has {capacity}"
    else:
        constraint = "shared-capacity" if h == 0 else "agent-capacity"
        needed, have = amount(spec, k - 1, used), amount(spec, k - 1, capacity)
        what = f"{needed} of '{spec.resources.ids[k - 1]}' of {owner}, which has {have}"
    text = f"tasks {_names(instance, tasks, ', ')} are pinned to run at {_time(instance, moment)} and need {what}"
    return Reason(("tasks", tasks[-1], "pinned"), constraint, text)


def _owner(ids: tuple[str, ...], members: Index | Ints) -> str:
    if len(members) == 1:
        return f"agent '{ids[int(members[0])]}'"
    return f"the group of {len(members)} agents like '{ids[int(members[0])]}'"
