"""Prices of machines and resources: what their time is worth, which bounds a makespan and tells who should do what.

Where tasks choose, every supply bears the work that is given to it: work <= capacity * makespan. For any prices of a
unit of work, none negative, the tasks together cost at least what each costs by its cheapest option, and all capacity
together costs the makespan times what it costs in a tick. The best prices give the bound of the linear relaxation
(J. K. Lenstra, D. B. Shmoys, E. Tardos 1990); these come near it by multiplicative weights (S. A. Plotkin,
D. B. Shmoys, E. Tardos 1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import best_capacity, option_loads
from qamctl.schedule.spec import Floats, Ints

#: Loads of the largest problem that is priced, and loads that are looked at in all.
MOST_LOADS: Final = 300_000
LOOKS: Final = 20_000_000

#: Rounds at most, and how many without a better bound before steps get smaller.
ROUNDS, PATIENCE = 1_000, 20

#: How much the price of the busiest supply changes at first, and the least change that is worth a round.
STEP, LEAST_STEP = 0.1, 1e-4

#: Bits that prices are rounded to at most, and those of sums.
PRICE_BITS, SUM_BITS = 30, 62


@dataclass(frozen=True, eq=False)
class Prices:
    """What the options of an instance cost.

    Attributes
    ----------
    bound
        Ticks that no schedule is shorter than.
    cost
        [O] by the prices of what each option takes; all capacity together costs about 1 in a tick.
    """

    bound: int
    cost: Floats


@lru_cache(maxsize=2)
def prices_of(instance: Instance) -> Prices | None:
    """The prices of an instance; None where no task chooses between supplies, or there are too many to be priced."""
    if not instance.complete or instance.n == 0 or (np.diff(instance.first_option) == 0).any():
        return None
    loads = option_loads(instance, consumable=False)
    if not 0 < len(loads.supply) <= MOST_LOADS or len(instance.option_mode) == instance.n:
        return None
    option = np.repeat(np.arange(len(instance.option_mode)), np.diff(loads.first))
    work = loads.amount * instance.option_duration[option]
    supplies, supply = np.unique(loads.supply, return_inverse=True)
    capacity = np.array([best_capacity(instance, s) for s in supplies.tolist()], np.int64)
    if (capacity <= 0).any() or not work.any():
        return None
    market = _Market(instance, option, supply, work, capacity)
    share = market.search()
    # Prices in integers, so that the bound is exact: of a unit of work, for whole prices of capacities.
    most = float(market.mine.sum()) * float(work.max()) * (1 + float(np.bincount(option).max()))
    bits = min(PRICE_BITS, SUM_BITS - int(np.ceil(np.log2(max(2.0, most, float(capacity.sum()))))))
    if bits < 1:
        return None
    unit = share / capacity
    price = np.floor(unit / unit.max() * 2.0**bits).astype(np.int64)
    least, whole = int(market.least(price)[market.mine].sum()), int((price * capacity.astype(object)).sum())
    return Prices(-(-least // whole), market.cost(unit))


class _Market:
    """Supplies with capacities, and tasks that take the cheapest of their options."""

    def __init__(self, instance: Instance, option: Ints, supply: Ints, work: Ints, capacity: Ints) -> None:
        self.option, self.supply, self.work, self.capacity = option, supply, work, capacity
        self.first, self.options = instance.first_option[:-1], len(instance.option_mode)
        self.task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
        self.mine = instance.sure  #: [T] what may be left out costs nothing
        self.alone = len(option) == self.options and bool((np.diff(option) == 1).all())

    def cost(self, unit: Floats) -> Floats:
        """[O] by prices of a unit of work."""
        return self._sums(unit[self.supply] * self.work)

    def _sums(self, each: Floats) -> Floats:
        """[O] sums over the loads of each option."""
        if self.alone:
            return each
        sums: Floats = np.bincount(self.option, each, self.options).astype(np.float64)
        return sums

    def least(self, price: Ints) -> Ints:
        """[T] the same in integers, of the cheapest option."""
        cost = np.zeros(self.options, np.int64)
        np.add.at(cost, self.option, price[self.supply] * self.work)
        return np.minimum.reduceat(cost, self.first)

    def search(self) -> Floats:
        """[S] shares of the makespan's price that the supplies have, together 1."""
        best: Floats = np.full(len(self.capacity), 1.0 / len(self.capacity))
        share, bound, step, stalled = best, -1.0, STEP, 0
        relative = self.work / self.capacity[self.supply]
        for _ in range(min(ROUNDS, LOOKS // len(self.work))):
            cost = self._sums(share[self.supply] * relative)
            least = np.minimum.reduceat(cost, self.first)
            total = float(least[self.mine].sum())
            if total > bound * (1 + 1e-6):
                bound, best, stalled = total, share, 0
            else:
                stalled += 1
                if stalled > PATIENCE:
                    step, stalled, share = 0.7 * step, 0, best
                    if step < LEAST_STEP:
                        break
            cheapest = np.flatnonzero((cost == least[self.task]) & self.mine[self.task])
            taken = np.zeros(self.options, bool)
            taken[cheapest[np.diff(self.task[cheapest], prepend=-1) > 0]] = True  # the first of those alike
            kept = taken[self.option]
            load = np.bincount(self.supply[kept], relative[kept], len(share))
            above = load - load.mean()
            most = float(np.abs(above).max())
            if most == 0:
                break
            share = share * np.exp(step * above / most)
            share = share / share.sum()
        return best
