"""Making room for a task in a full schedule: the agent, and the tasks of it that give way, that cost least.

An ejection as of F. Glover, "Ejection chains, reference structures and alternating path methods for traveling salesman
problems" (1996), of one step: what gives way is placed anew afterwards, wherever there is room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from qamctl.schedule.crews import single_crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.crew_tables import takes
from qamctl.schedule.spec import NEVER, Floats, Ints


class Supplies:
    """What the options of an instance take from whom, and what it costs that a task gives way."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.columns = np.flatnonzero(~instance.consumable)
        self.movable = instance.pinned_start < 0

    def each(self, option: int) -> Iterator[tuple[int, int, int]]:
        """(holder, place of the column, amount) of all that an option takes."""
        first, holder, column, amount = self._takes
        mine = slice(int(first[option]), int(first[option + 1]))
        return zip(holder[mine].tolist(), column[mine].tolist(), amount[mine].tolist(), strict=True)

    @cached_property
    def _takes(self) -> tuple[Ints, Ints, Ints, Ints]:
        instance = self.instance
        crews = instance.crews if instance.crews is not None else single_crews(instance.option_holder)
        return takes(instance, crews, np.arange(len(instance.option_mode)), self.columns)

    @cached_property
    def prices(self) -> Floats:
        """[T] what it costs that a task gives way: itself and all that come after it, more where time is short."""
        graph, behind = self.instance.graph, np.ones(self.instance.n)
        hurried = self.instance.deadline < NEVER
        for t in graph.order[::-1].tolist():
            after = graph.succ_task[graph.succ_start[t] : graph.succ_start[t + 1]]
            behind[t] = min(float(self.instance.n), 1.0 + float(behind[after].sum()))
            hurried[t] |= bool(hurried[after].any())
        return behind * np.where(hurried, 100.0, 1.0)


@dataclass
class Room:
    """A schedule in which tasks are moved out of the way of others.

    Attributes
    ----------
    start, end, option
        [T] as it stands.
    gone
        [T] the tasks that have given way.
    """

    supplies: Supplies
    start: Ints
    end: Ints
    option: Ints
    gone: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.gone = np.zeros(len(self.start), bool)

    def make(self, task: int, ready: int, latest: int) -> int | None:
        """The option by which a task can start at `ready` and end by `latest`, once the cheapest tasks gave way.

        None where not even that makes room.
        """
        prices = self.supplies.prices
        ways = [(float(prices[gone].sum()), end, o, gone) for end, o, gone in self._ways(task, ready, latest)]
        if not ways:
            return None
        _, end, option, gone = min(ways)
        self.gone[gone] = True
        self._move(task, option, ready, end)
        return option

    def change(self, task: int, latest: int, barred: np.ndarray) -> bool:
        """Give a task the option that ends first, by `latest`, of those that are free when it starts, and not barred.

        False where there is none: it keeps its own.

        Parameters
        ----------
        barred
            [O] options that it may not have.
        """
        start = int(self.start[task])
        ways = [(end, o) for end, o, gone in self._ways(task, start, latest) if not gone and not barred[o]]
        if ways:
            end, option = min(ways)
            self._move(task, option, start, end)
        return bool(ways)

    def _ways(self, task: int, ready: int, latest: int) -> Iterator[tuple[int, int, list[int]]]:
        """(end, option, who has to give way) of all options by which a task can start at `ready`, end by `latest`."""
        instance = self.supplies.instance
        for o in range(int(instance.first_option[task]), int(instance.first_option[task + 1])):
            end = ready + int(instance.option_duration[o])
            needs = list(self.supplies.each(o))
            if end <= latest and needs:
                gone = self._victims(task, needs, ready, end)
                if gone is not None:
                    yield end, o, gone

    def _move(self, task: int, option: int, start: int, end: int) -> None:
        for holder, column, _ in self.supplies.each(int(self.option[task])):
            del self._users[holder, column][task]
        for holder, column, amount in self.supplies.each(option):
            self._users.setdefault((holder, column), {})[task] = amount
        self.option[task], self.start[task], self.end[task], self.gone[task] = option, start, end, False

    def _victims(self, task: int, needs: Sequence[tuple[int, int, int]], start: int, end: int) -> list[int] | None:
        """Who has to give way so that an option fits; None where even all together are too few."""
        supplies = self.supplies
        out: list[int] = []
        for holder, column, amount in needs:
            mine = self._users.get((holder, column), {})
            users, used = np.array(list(mine), np.int64), np.array(list(mine.values()), np.int64)
            there = (self.start[users] < end) & (self.end[users] > start) & ~self.gone[users] & (users != task)
            users, used = users[there], used[there]
            kept = ~np.isin(users, out)
            excess = int(used[kept].sum()) + amount - int(supplies.instance.capacity[holder, supplies.columns[column]])
            for k in np.argsort(supplies.prices[users], kind="stable").tolist():
                if excess <= 0:
                    break
                if kept[k] and supplies.movable[users[k]]:
                    out.append(int(users[k]))
                    excess -= int(used[k])
            if excess > 0:
                return None
        return out

    @cached_property
    def _users(self) -> dict[tuple[int, int], dict[int, int]]:
        """By supply: the tasks that take from it, and how much."""
        out: dict[tuple[int, int], dict[int, int]] = {}
        for t, option in enumerate(self.option.tolist()):
            for holder, column, amount in self.supplies.each(option):
                out.setdefault((holder, column), {})[t] = amount
        return out
