"""What an option takes from whom, and how much every moment of a set of possible starts would take.

A *supply* is one capacity column of one holder, numbered holder * K + column as in `Instance.capacity`.
Usage only grows when a task starts, so a renewable supply is watched at starts alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.spec import Index, Ints


@dataclass(frozen=True, slots=True)
class Loads:
    """Demands of options in coordinate form, sorted by option; CSR over options.

    Attributes
    ----------
    first
        [O + 1] the loads of option o are first[o]:first[o + 1].
    supply, amount
        [d] which supply, and how much of it.
    """

    first: Ints
    supply: Ints
    amount: Ints

    def of(self, option: Ints | Index) -> tuple[Ints, Ints, Ints]:
        """(position in `option`, supply, amount) of every load of the options given."""
        count = self.first[option + 1] - self.first[option]
        who = np.repeat(np.arange(len(option)), count)
        load = ranges(self.first[option], count)
        return who, self.supply[load], self.amount[load]


def ranges(first: Ints, count: Ints) -> Ints:
    """The concatenation of first[i], first[i] + 1, ..., first[i] + count[i] - 1 over all i."""
    total = int(count.sum())
    before = np.cumsum(count) - count
    out: Ints = np.arange(total) + np.repeat(first - before, count)
    return out


def option_loads(instance: Instance, *, consumable: bool) -> Loads:
    """The loads of every option on consumable supplies, or on renewable ones.

    A task of no length takes nothing renewable. Own capacities that cannot bind before the holder's
    slots do are left out.
    """
    demand = instance.demand[instance.option_mode]
    n_options, n_columns = demand.shape
    own = instance.capacity[instance.option_holder] >= 0
    holder = np.where(own, instance.option_holder[:, None], 0)
    supply = holder.astype(np.int64) * n_columns + np.arange(n_columns)
    takes = (demand > 0) & (instance.consumable == consumable)
    if not consumable:
        takes &= instance.option_duration[:, None] > 0
        most = np.zeros(instance.capacity.size, np.int64)
        np.maximum.at(most, supply[takes], demand[takes])
        slots = np.repeat(instance.capacity[:, 0], n_columns)
        column = np.tile(np.arange(n_columns), len(instance.capacity))
        idle = (column > 0) & (slots >= 0) & (slots * most <= instance.capacity.ravel())
        takes &= ~idle[supply]
    option, _ = np.nonzero(takes)
    first = np.searchsorted(option, np.arange(n_options + 1)).astype(np.int64)
    return Loads(first, supply[takes], demand[takes])


@dataclass(frozen=True, slots=True)
class Cover:
    """Which possible starts keep which renewable supply busy at which moment; sorted by moment, start.

    Attributes
    ----------
    moment, choice, amount
        [e] choice takes `amount` at `moment`.
    supply, free
        [m] the supply of a moment, and what fixed tasks leave of it.
    last
        [e] the moment is the last at which the choice is busy.
    """

    moment: Ints
    choice: Ints
    amount: Ints
    supply: Ints
    free: Ints
    last: np.ndarray


def cover(
    instance: Instance,
    loads: Loads,
    option: Index | Ints,
    start: Ints,
    fixed_option: Ints,
    fixed_start: Ints,
) -> Cover:
    """The cover of the choices (option[c] from start[c]) beside tasks that are fixed.

    Parameters
    ----------
    loads
        Renewable loads of the instance.
    option, start
        [c] the choices.
    fixed_option, fixed_start
        [f] the fixed tasks.
    """
    who, supply, amount = loads.of(option)
    begin, finish = start[who], (start + instance.option_duration[option])[who]
    held, held_supply, held_amount = loads.of(fixed_option)
    held_begin, held_finish = fixed_start[held], (fixed_start + instance.option_duration[fixed_option])[held]
    if len(who) == 0:
        none = np.zeros(0, np.int64)
        return Cover(none, none, none, none, none, np.zeros(0, bool))
    low, high = int(begin.min()), int(finish.max())
    width = high - low + 1
    touched = np.zeros(instance.capacity.size, bool)
    touched[supply] = True
    near = touched[held_supply] & (held_begin < high) & (held_finish > low)
    held_supply, held_amount = held_supply[near], held_amount[near]
    held_from = held_supply * width + np.maximum(held_begin[near] - low, 0)
    held_to = held_supply * width + np.minimum(held_finish[near] - low, width - 1)
    moments = np.unique(np.concatenate([supply * width + begin - low, held_from]))
    change = np.zeros(len(moments) + 1, np.int64)
    np.add.at(change, np.searchsorted(moments, held_from), held_amount)
    np.subtract.at(change, np.searchsorted(moments, held_to), held_amount)
    moment_supply = moments // width
    free = instance.capacity.ravel()[moment_supply] - np.cumsum(change)[:-1]
    first = np.searchsorted(moments, supply * width + begin - low)
    count = np.searchsorted(moments, supply * width + finish - low) - first
    moment = ranges(first, count)
    entry = np.repeat(np.arange(len(who)), count)
    last = moment == (first + count - 1)[entry]
    by_moment = np.argsort(moment, kind="stable")
    entry = entry[by_moment]
    return Cover(moment[by_moment], who[entry], amount[entry], moment_supply, free, last[by_moment])
