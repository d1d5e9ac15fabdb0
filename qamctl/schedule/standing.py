"""Why the tasks of a schedule stand where they do: what each waits for, and how much later it could be at no cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qamctl.schedule.beside import edges
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import option_loads, ranges
from qamctl.schedule.part import reduced
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, Ints


@dataclass(frozen=True, eq=False)
class Standing:
    """A schedule as tasks that follow each other, by precedence or on a supply.

    Attributes
    ----------
    task, supply
        [d] which renewable supplies the tasks use, by task; what is left out uses none.
    one, other, gap
        [a] task `other` can't stand where it does unless `one` stands where it does, or up to `gap` ticks later; by
        `other`. On a supply a task is followed by those that start next there: where it has room for several, others
        may make way too, so that these gaps are only about right.
    """

    instance: Instance
    incumbent: Solution
    task: Ints
    supply: Ints
    one: Ints
    other: Ints
    gap: Ints

    def supplies(self, tasks: Ints) -> Ints:
        """Those that some tasks use."""
        used: Ints = np.unique(self.supply[np.isin(self.task, tasks)])
        return used

    def users(self, supplies: Ints) -> np.ndarray:
        """[T] the tasks that use some of these supplies."""
        found = np.zeros(self.instance.n, bool)
        found[self.task[np.isin(self.supply, supplies)]] = True
        return found

    def chain(self, last: int, rng: np.random.Generator) -> list[int]:
        """Tasks that wait for each other without a gap, back from `last`: one of the ways, by chance."""
        found, seen, task = [last], {last}, last
        while True:
            a, b = np.searchsorted(self.other, [task, task + 1]).tolist()
            ready = [i for i in self.one[a:b][self.gap[a:b] == 0].tolist() if i not in seen]
            if not ready:
                return found
            task = ready[int(rng.integers(len(ready)))]
            found.append(task)
            seen.add(task)

    def neighbours(self, task: int) -> Ints:
        """The tasks that wait for a task, and those that it waits for."""
        return np.concatenate([self.one[self.other == task], self.other[self.one == task]])

    @cached_property
    def _slack(self) -> dict[int, Ints]:
        return {}

    def slack(self, level: int) -> Ints:
        """[T] ticks by which a task could be later, others following, before the level of the objective notices."""
        known = self._slack
        if level not in known:
            known[level] = self._slack_of(level)
        return known[level]

    def _slack_of(self, level: int) -> Ints:
        start, end = self.incumbent.start, self.incumbent.end
        weights, due, counts = self.instance.levels[level], self.instance.due, self.instance.weight > 0
        latest = np.full(self.instance.n, end.max(initial=0))
        if weights[0] == 0 and weights[1:4].any():
            latest = latest + int(self.instance.longest.max(initial=0))
        if weights[1] or weights[2]:
            latest = np.where((due < NEVER) & counts, np.minimum(latest, np.maximum(due, end)), latest)
        if weights[3]:
            latest = np.where(counts, end, latest)
        slack = (latest - end).tolist()
        by_one = np.argsort(self.one, kind="stable")
        first = np.searchsorted(self.one[by_one], np.arange(self.instance.n + 1)).tolist()
        others, gaps = self.other[by_one].tolist(), self.gap[by_one].tolist()
        for t in np.lexsort((end, start))[::-1].tolist():
            for k in range(first[t], first[t + 1]):
                slack[t] = min(slack[t], gaps[k] + slack[others[k]])
        return np.array(slack, np.int64)


def standing_of(instance: Instance, incumbent: Solution) -> Standing:
    """How a schedule stands: a few sorts of its tasks."""
    start, end, there = incumbent.start, incumbent.end, incumbent.mode >= 0
    used = reduced(instance, incumbent, np.zeros(instance.n, bool), 0)  # an option a task
    task, supply, _ = option_loads(used, consumable=False).of(np.arange(instance.n))
    pred, succ, kind, lag = edges(instance)
    gap = (
        np.where(kind >= 2, end[succ], start[succ]) - np.where((kind == 0) | (kind == 2), end[pred], start[pred]) - lag
    )
    kept = there[pred] & there[succ]
    one, other, between = _followers(start, end, task, supply)
    one, other = np.concatenate([pred[kept], one]), np.concatenate([succ[kept], other])
    gap = np.maximum(0, np.concatenate([gap[kept], between]))
    by_other = np.lexsort((one, other))
    return Standing(instance, incumbent, task, supply, one[by_other], other[by_other], gap[by_other])


def _followers(start: Ints, end: Ints, task: Ints, supply: Ints) -> tuple[Ints, Ints, Ints]:
    """(one, other, gap): of each use of a supply those that start there next, once it is over."""
    width = int(end.max(initial=0)) + 2
    begins = supply * width + start[task]
    order = np.argsort(begins, kind="stable")
    begins = begins[order]
    first = np.searchsorted(begins, supply * width + end[task])
    found = first < len(begins)
    next_begin = begins[np.minimum(first, len(begins) - 1)] if len(begins) else begins
    found &= next_begin // width == supply
    first, who = first[found], task[found]
    last = np.searchsorted(begins, next_begin[found], side="right")
    count = last - first
    one, other = np.repeat(who, count), task[order[ranges(first, count)]]
    apart = one != other
    return one[apart], other[apart], (start[other] - end[one])[apart]
