"""Where searches of a shop begin: by what the time of machines is worth, and by chance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.prices import prices_of
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.given_lists import best_of_lists
from qamctl.schedule.solvers.list_problem import flat_problem
from qamctl.schedule.solvers.shop import Shop
from qamctl.schedule.spec import NEVER, Floats, Ints

#: By how much the prices of options differ from start to start, as a share.
NOISE: Final = 0.05


@dataclass
class Starts:
    """Schedules one after the other, every other one by prices where tasks choose; all without regard to a horizon.

    Attributes
    ----------
    count
        How many there were.
    """

    instance: Instance
    shop: Shop
    rng: np.random.Generator
    count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._free = replace(self.instance, deadline=np.full(self.instance.n, NEVER))

    def next(self) -> Solution:
        """The next one; the first one by prices has them as they are."""
        prices = prices_of(self.instance)
        choice = np.full(self.instance.n, -1, np.int64)
        if prices is not None and self.count % 2 == 0:
            noise = 1.0 if self.count == 0 else self.rng.uniform(1 - NOISE, 1 + NOISE, len(self.shop.option))
            choice = self.shop.option[self._shared_out(prices.cost[self.shop.option] * noise, prices.bound)]
        self.count += 1
        found = best_of_lists(self._free, flat_problem(self._free), self.rng.random((1, self.instance.n)), choice[None])
        if found is None:
            raise AssertionError("a list of a shop without deadlines leads to no schedule")
        return found

    def _shared_out(self, cost: Floats, span: int) -> Ints:
        """[T] the cheapest option on a machine with time left, for those first that would lose most by another one.

        Where no machine has time left for a task it goes where it ends first.
        """
        p = self.shop.problem
        length, machine = p.option_duration, p.option_machine
        first = p.first_option.tolist()
        load = np.zeros(p.machines + 1, np.int64)  # the last one is no machine, which -1 is, too
        loss = np.full(p.n, np.inf)
        for t in range(p.n):
            mine = cost[first[t] : first[t + 1]]
            if len(mine) > 1:
                low, high = np.partition(mine, 1)[:2]
                loss[t] = high - low
        choice = np.zeros(p.n, np.int64)
        for t in np.argsort(-loss, kind="stable").tolist():
            own = slice(first[t], first[t + 1])
            ends = np.where(machine[own] >= 0, load[machine[own]], 0) + length[own]
            room = ends <= span
            k = np.where(room, cost[own], np.inf).argmin() if room.any() else ends.argmin()
            choice[t] = first[t] + k
            load[machine[choice[t]]] += length[choice[t]]
        return choice
