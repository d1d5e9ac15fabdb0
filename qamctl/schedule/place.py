"""Serial schedule generation in exact ticks: turns an order of starts into a schedule that keeps every constraint.

The scheme of Kelley (1963): tasks in the order given, predecessors first, each at the earliest moment that
precedence and capacity allow. It repairs what an engine or a coarse time grid gives back.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right

import numpy as np

from qamctl.schedule.beside import edges
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import Loads, option_loads
from qamctl.schedule.spec import Ints


class Profile:
    """Use of one supply over time as a step function: used[i] from times[i] on."""

    __slots__ = ("times", "used")

    def __init__(self) -> None:
        self.times = [-(2**62)]
        self.used = [0]

    def fit(self, begin: int, length: int, room: int) -> int:
        """The first moment from `begin` on with at most `room` in use for `length` ticks (room >= 0)."""
        i = bisect_right(self.times, begin) - 1
        while i < len(self.times) and self.times[i] < begin + length:
            if self.used[i] > room:
                begin = self.times[i + 1]
            i += 1
        return begin

    def add(self, begin: int, end: int, amount: int) -> None:
        """Take `amount` from begin to end."""
        first, last = self._break(begin), self._break(end)
        for i in range(first, last):
            self.used[i] += amount

    def _break(self, moment: int) -> int:
        i = bisect_left(self.times, moment)
        if i == len(self.times) or self.times[i] != moment:
            self.times.insert(i, moment)
            self.used.insert(i, self.used[i - 1])
        return i


def place(
    instance: Instance,
    priority: Ints,
    option: Ints,
    *,
    kept: np.ndarray | None = None,
    deadlines: bool = True,
    not_before: Ints | None = None,
) -> Ints | None:
    """[T] the starts of the serial schedule, None where a constraint cannot be kept.

    Parameters
    ----------
    priority
        [T] the smaller, the earlier a task is placed; for a kept task its start.
    option
        [T] the option of every task.
    kept
        [T] tasks that stay at `priority`; together they are feasible.
    deadlines
        Whether ends after a deadline are refused.
    not_before
        [T] when a task starts at the earliest, on top of its release; None: whenever it can. A task that is kept or
        pinned stays where it is.
    """
    loads = option_loads(instance, consumable=False)
    settled = instance.pinned_start >= 0
    start = np.where(settled, instance.pinned_start, -1)
    if kept is not None:
        settled = settled | kept
        start = np.where(kept & (instance.pinned_start < 0), priority, start)
    length = instance.option_duration[option]
    profiles: dict[int, Profile] = {}
    capacity = instance.capacity.ravel().tolist()
    who, supply, amount = loads.of(option[settled])
    if kept is not None:  # what nobody else wants was feasible, and is left as it is
        wanted = np.zeros(instance.capacity.size, bool)
        wanted[loads.of(option[~settled])[1]] = True
        near = wanted[supply]
        who, supply, amount = who[near], supply[near], amount[near]
    tasks = np.flatnonzero(settled)[who]
    for s, begin, end, much in zip(
        supply.tolist(), start[tasks].tolist(), (start + length)[tasks].tolist(), amount.tolist(), strict=True
    ):
        profiles.setdefault(s, Profile()).add(begin, end, much)
    if any(max(profile.used) > capacity[s] for s, profile in profiles.items()):
        return None
    found = _fill(instance, loads, profiles, capacity, start.tolist(), settled, priority, option, length,
                  instance.release if not_before is None else np.maximum(instance.release, not_before))  # fmt: skip
    if found is None:
        return None
    placed = np.array(found, np.int64).reshape(instance.n)
    return placed if _keeps(instance, placed, option, deadlines) else None


def _fill(
    instance: Instance,
    loads: Loads,
    profiles: dict[int, Profile],
    capacity: list[int],
    start: list[int],
    settled: np.ndarray,
    priority: Ints,
    option: Ints,
    length: Ints,
    release: Ints,
) -> list[int] | None:
    """Place the tasks that are not settled, one after the other."""
    graph = instance.graph
    done = settled.tolist()
    durations, releases = length.tolist(), release.tolist()
    position = np.empty(instance.n, np.int64)
    position[graph.order] = np.arange(instance.n)
    rank = list(zip(priority.tolist(), position.tolist(), range(instance.n), strict=True))
    pred_first, pred_task = graph.pred_start.tolist(), graph.pred_task.tolist()
    pred_kind, pred_lag = graph.pred_kind.tolist(), graph.pred_lag.tolist()
    succ_first, succ_task = graph.succ_start.tolist(), graph.succ_task.tolist()
    waiting = [sum(not done[p] for p in pred_task[pred_first[t] : pred_first[t + 1]]) for t in range(instance.n)]
    heap = [rank[t] for t in range(instance.n) if not done[t] and waiting[t] == 0]
    heapq.heapify(heap)
    load_first = loads.first[option].tolist()
    load_stop = loads.first[option + 1].tolist()
    load_supply, load_amount = loads.supply.tolist(), loads.amount.tolist()
    while heap:
        t = heapq.heappop(heap)[2]
        begin, duration = releases[t], durations[t]
        for e in range(pred_first[t], pred_first[t + 1]):
            p, kind = pred_task[e], pred_kind[e]
            moment = start[p] + pred_lag[e] + (durations[p] if kind in (0, 2) else 0)
            begin = max(begin, moment if kind in (0, 1) else moment - duration)
        needs = [
            (profiles.setdefault(load_supply[k], Profile()), load_amount[k], capacity[load_supply[k]])
            for k in range(load_first[t], load_stop[t])
        ]
        if any(amount > most for _, amount, most in needs):
            return None
        begin = _fit_all(needs, begin, duration)
        for profile, amount, _ in needs:
            profile.add(begin, begin + duration, amount)
        start[t] = begin
        done[t] = True
        for s in succ_task[succ_first[t] : succ_first[t + 1]]:
            waiting[s] -= 1
            if waiting[s] == 0 and not done[s]:
                heapq.heappush(heap, rank[s])
    return start


def _fit_all(needs: list[tuple[Profile, int, int]], begin: int, duration: int) -> int:
    """The first moment at which every need fits."""
    moved = True
    while moved:
        moved = False
        for profile, amount, most in needs:
            later = profile.fit(begin, duration, most - amount)
            moved |= later > begin
            begin = later
    return begin


def _keeps(instance: Instance, start: Ints, option: Ints, deadlines: bool) -> bool:
    """Whether releases, lags, deadlines and stock are kept; only a pin can start before its release."""
    if (start < instance.release).any():
        return False
    end = start + instance.option_duration[option]
    if deadlines and (end > instance.deadline).any():
        return False
    pred, succ, kind, lag = edges(instance)
    leaves = np.where((kind == 0) | (kind == 2), end[pred], start[pred]) + lag
    if (np.where(kind >= 2, end[succ], start[succ]) < leaves).any():
        return False
    _, supply, amount = option_loads(instance, consumable=True).of(option)
    taken = np.bincount(supply, weights=amount, minlength=instance.capacity.size)
    return not (taken > np.maximum(instance.capacity.ravel(), 0))[supply].any()
