"""What an option takes from whom, and how much every moment of a set of possible starts would take.

A *supply* is one capacity column of one holder, numbered holder * K + column as in `Instance.capacity`.
Usage only grows when a task starts, or goes on after a pause, and what there is only falls by calendar: a renewable
supply is watched at these moments alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.crew_tables import takes
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
    if instance.crews is not None:
        return _crew_loads(instance, instance.crews, consumable=consumable)
    demand = instance.demand[instance.option_mode]
    n_options, n_columns = demand.shape
    own = instance.capacity[instance.option_holder] >= 0
    holder = np.where(own, instance.option_holder[:, None], 0)
    supply = holder.astype(np.int64) * n_columns + np.arange(n_columns)
    taken = (demand > 0) & (instance.consumable == consumable)
    if not consumable:
        taken &= instance.option_duration[:, None] > 0
        taken &= ~_idle(instance, supply[taken], demand[taken])[supply]
    option, _ = np.nonzero(taken)
    first = np.searchsorted(option, np.arange(n_options + 1)).astype(np.int64)
    return Loads(first, supply[taken], demand[taken])


def most_shared(instance: Instance, column: int) -> int:
    """What there is of a column in the pool at the best of times."""
    calendar = instance.spec.resources.calendar
    periods = calendar.of(column - 1) if column else []
    return max([int(instance.capacity[0, column]), *(left for _, _, left in periods)])


def best_capacity(instance: Instance, supply: int) -> int:
    """What a supply has at the best of times."""
    holder, column = divmod(supply, instance.capacity.shape[1])
    return int(instance.capacity[holder, column]) if holder else max(0, most_shared(instance, column))


def _idle(instance: Instance, supply: Ints, amount: Ints) -> np.ndarray:
    """[S] the supplies of agents that their slots keep from ever binding: amounts are those of one slot each."""
    most = np.zeros(instance.capacity.size, np.int64)
    np.maximum.at(most, supply, amount)
    columns = instance.capacity.shape[1]
    slots = np.repeat(instance.capacity[:, 0], columns)
    column = np.tile(np.arange(columns), len(instance.capacity))
    idle: np.ndarray = (column > 0) & (slots >= 0) & (slots * most <= instance.capacity.ravel())
    return idle


def _crew_loads(instance: Instance, crews: Crews, *, consumable: bool) -> Loads:
    """As `option_loads`: everyone in a crew gives what the task demands, the pool what one of them does not hold."""
    n_options, n_columns = len(instance.option_mode), instance.capacity.shape[1]
    columns = np.flatnonzero(instance.consumable == consumable)
    start, holder, place, amount = takes(instance, crews, np.arange(n_options), columns)
    option, column = np.repeat(np.arange(n_options), np.diff(start)), columns[place]
    supply = holder * n_columns + column
    if not consumable:
        kept = instance.option_duration[option] > 0
        each = instance.demand[instance.option_mode[option], column]
        kept &= ~_idle(instance, supply[kept], each[kept])[supply]
        option, supply, amount = option[kept], supply[kept], amount[kept]
    first = np.searchsorted(option, np.arange(n_options + 1)).astype(np.int64)
    return Loads(first, supply, amount)


def holders_of(instance: Instance, option: Ints) -> tuple[Ints, Index]:
    """(position in `option`, holder) of everyone who takes part in the options given."""
    crews = instance.crews
    if crews is None:
        return np.arange(len(option)), instance.option_holder[option]
    count = crews.first[option + 1] - crews.first[option]
    return np.repeat(np.arange(len(option)), count), crews.holder[ranges(crews.first[option], count)]


@dataclass(frozen=True, slots=True)
class Cover:
    """Which possible starts keep which renewable supply busy at which moment; sorted by moment, start.

    Attributes
    ----------
    moment, choice, amount
        [e] choice takes `amount` at `moment`.
    supply, free
        [m] the supply of a moment, and what fixed tasks and calendars leave of it.
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
    who, supply, amount, begin, finish = _stretches(instance, loads, option, start)
    _, held_supply, held_amount, held_begin, held_finish = _stretches(instance, loads, fixed_option, fixed_start)
    if len(who) == 0:
        none = np.zeros(0, np.int64)
        return Cover(none, none, none, none, none, np.zeros(0, bool))
    low, high = int(begin.min()), int(finish.max())
    width = high - low + 1
    touched = np.zeros(instance.capacity.size, bool)
    touched[supply] = True
    if instance.crews is not None:
        # A time with another capacity is as if something took the difference from the usual one.
        held = (held_supply, held_amount, held_begin, held_finish)
        both = zip(held, _periods(instance), strict=True)
        held_supply, held_amount, held_begin, held_finish = (np.concatenate(columns) for columns in both)
    near = touched[held_supply] & (held_begin < high) & (held_finish > low)
    held_supply, held_amount = held_supply[near], held_amount[near]
    held_from = held_supply * width + np.maximum(held_begin[near] - low, 0)
    held_to = held_supply * width + np.minimum(held_finish[near] - low, width - 1)
    falls = held_to[held_amount < 0]
    moments = np.unique(np.concatenate([supply * width + begin - low, held_from, falls]))
    change = np.zeros(len(moments) + 1, np.int64)
    np.add.at(change, np.searchsorted(moments, held_from), held_amount)
    np.subtract.at(change, np.searchsorted(moments, held_to), held_amount)
    moment_supply = moments // width
    free = np.maximum(instance.capacity.ravel(), 0)[moment_supply] - np.cumsum(change)[:-1]
    first = np.searchsorted(moments, supply * width + begin - low)
    count = np.searchsorted(moments, supply * width + finish - low) - first
    moment = ranges(first, count)
    entry = np.repeat(np.arange(len(who)), count)
    last = moment == (first + count - 1)[entry]
    by_moment = np.argsort(moment, kind="stable")
    entry = entry[by_moment]
    return Cover(moment[by_moment], who[entry], amount[entry], moment_supply, free, last[by_moment])


def _stretches(
    instance: Instance, loads: Loads, option: Index | Ints, start: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """(position, supply, amount, from, to): what options take that start then, and when; pauses take nothing shared."""
    who, supply, amount = loads.of(option)
    begin, finish = start[who], instance.ends(start, np.asarray(option))[who]
    if instance.crews is None:
        return who, supply, amount, begin, finish
    shared = supply < instance.capacity.shape[1]
    pattern = np.where(shared, instance.crews.pause[option][who], -1)
    entry, begin, finish = instance.crews.gaps.pieces(pattern, begin, finish)
    return who[entry], supply[entry], amount[entry], begin, finish


def _periods(instance: Instance) -> tuple[Ints, Ints, Ints, Ints]:
    """(supply, amount, from, to): by how much less than usual there is of the pool's supplies at some times."""
    calendar = instance.spec.resources.calendar
    column = 1 + np.repeat(np.arange(len(instance.spec.resources.ids)), np.diff(calendar.first))
    less = np.maximum(instance.capacity[0, column], 0) - calendar.capacity
    return column, less, calendar.start, calendar.end
