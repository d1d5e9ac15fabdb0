"""Making room for a task in a full schedule: the agent, and the tasks of it that give way, that cost least.

An ejection as of F. Glover, "Ejection chains, reference structures and alternating path methods for traveling salesman
problems" (1996), of one step: what gives way is placed anew afterwards, wherever there is room.
"""

from __future__ import annotations

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
        crews = instance.crews if instance.crews is not None else single_crews(instance.option_holder)
        self._takes = takes(instance, crews, np.arange(len(instance.option_mode)), self.columns)
        self.movable = instance.pinned_start < 0

    def of(self, option: int) -> tuple[Ints, Ints, Ints]:
        """(holder, place of the column, amount) that an option takes."""
        first, holder, column, amount = self._takes
        mine = slice(int(first[option]), int(first[option + 1]))
        return holder[mine], column[mine], amount[mine]

    @cached_property
    def prices(self) -> Floats:
        """[T] what it costs that a task gives way: itself and all that come after it, more where time is short."""
        graph, behind = self.instance.graph, np.ones(self.instance.n)
        hurried = self.instance.deadline < NEVER
        for t in graph.order[::-1].tolist():
            after = graph.succ_task[graph.succ_start[t] : graph.succ_start[t + 1]]
            behind[t] += behind[after].sum()
            hurried[t] |= bool(hurried[after].any())
        return np.minimum(behind, self.instance.n) * np.where(hurried, 100.0, 1.0)


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
        instance, prices = self.supplies.instance, self.supplies.prices
        best: tuple[float, int, int, list[int]] | None = None
        for o in range(int(instance.first_option[task]), int(instance.first_option[task + 1])):
            end = ready + int(instance.option_duration[o])
            if end > latest or len(self.supplies.of(o)[0]) == 0:
                continue
            victims = self._victims(task, o, ready, end)
            if victims is None:
                continue
            price = float(prices[victims].sum())
            if best is None or (price, end) < best[:2]:
                best = (price, end, o, victims)
        if best is None:
            return None
        _, end, option, victims = best
        self.gone[victims] = True
        self.start[task], self.end[task], self.option[task], self.gone[task] = ready, end, option, False
        return option

    def _victims(self, task: int, option: int, start: int, end: int) -> list[int] | None:
        """Who has to give way so that an option fits; None where even all together are too few."""
        supplies = self.supplies
        out: list[int] = []
        for holder, column, amount in zip(*(part.tolist() for part in supplies.of(option)), strict=True):
            users, used = self._users(holder, column)
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

    def _users(self, holder: int, column: int) -> tuple[Ints, Ints]:
        """The tasks that take from a supply, as it was at first, and how much."""
        tasks, amounts = self._by_supply.get((holder, column), ([], []))
        return np.array(tasks, np.int64), np.array(amounts, np.int64)

    @cached_property
    def _by_supply(self) -> dict[tuple[int, int], tuple[list[int], list[int]]]:
        out: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
        for t, option in enumerate(self.option.tolist()):
            for holder, column, amount in zip(*(part.tolist() for part in self.supplies.of(option)), strict=True):
                tasks, amounts = out.setdefault((holder, column), ([], []))
                tasks.append(t)
                amounts.append(amount)
        return out
