"""The linear constraints of the time-indexed model: precedence, capacity, stock and kept objective levels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.errors import InfeasibleError, UnsupportedError
from qamctl.qubo.row_blocks import Rows, pairs
from qamctl.qubo.whole_row import whole_row
from qamctl.schedule.beside import edges
from qamctl.schedule.choices import Choices
from qamctl.schedule.conflicts import Runs, Sides, conflicts
from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import option_loads, ranges
from qamctl.schedule.picks import Picks
from qamctl.schedule.spec import TERMS, Floats, Ints

#: What a row can come from; `Model.con_kind` indexes it. With crews there are more.
ROW_KINDS = ("precedence", "capacity", "stock", "makespan", "used", "level")
CREW_ROW_KINDS = (*ROW_KINDS, "gang", "near", "apart", "setup", "spread")


def pair_rows(instance: Instance, choices: Choices) -> list[Rows]:
    """At most one of two choices that exclude each other: a lag is broken, or with crews anything else between them."""
    if instance.crews is not None:
        picks = Picks.of(instance, instance.crews, choices.task, choices.option, choices.start)
        excluded = [(runs.kind, *runs.pairs()) for runs in _excluded(instance, instance.crews, choices, picks)]
        return [pairs(kind, picks.at[one], picks.at[other], 1, 1) for kind, one, other in excluded]
    one, count, first, order, _ = _violations(instance, choices)
    other = order[ranges(np.repeat(first, 1), count)] if len(count) else np.zeros(0, np.int64)
    return [pairs("precedence", np.repeat(one, count), other, 1, 1)]


def count_pairs(instance: Instance, choices: Choices) -> int:
    """How many rows `pair_rows` makes, without making them."""
    if instance.crews is not None:
        picks = Picks.of(instance, instance.crews, choices.task, choices.option, choices.start)
        return sum(int(runs.count.sum()) for runs in _excluded(instance, instance.crews, choices, picks))
    return int(_violations(instance, choices)[1].sum())


def _excluded(instance: Instance, crews: Crews, choices: Choices, picks: Picks) -> Iterator[Runs]:
    is_open = choices.fixed_option < 0
    return conflicts(instance, crews, picks, Sides(is_open, is_open))


def _violations(instance: Instance, choices: Choices) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """For each (precedence, choice of its predecessor): the choice, and the run of successors' choices too early.

    A successor's choices, sorted by the time that the lag bounds, are too early up to a point: a run of
    `order`, which holds all choices by start and then all by end.
    """
    pred, succ, kind, lag = edges(instance)
    is_open = choices.fixed_option < 0
    both = is_open[pred] & is_open[succ]
    pred, succ, kind, lag = pred[both], succ[both], kind[both], lag[both]
    n = len(choices.task)
    low = int(choices.start.min(initial=0))
    width = int(choices.end.max(initial=0)) - low + 2
    by_start = np.lexsort((choices.start, choices.task))
    by_end = np.lexsort((choices.end, choices.task))
    keys = (
        choices.task[by_start] * width + choices.start[by_start] - low,
        choices.task[by_end] * width + choices.end[by_end] - low,
    )
    size = np.diff(choices.first)[pred]
    one = ranges(choices.first[pred], size)
    edge = np.repeat(np.arange(len(pred)), size)
    leaves = np.where((kind[edge] == 0) | (kind[edge] == 2), choices.end[one], choices.start[one]) + lag[edge]
    wanted = succ[edge].astype(np.int64) * width + np.clip(leaves - low, 0, width - 1)
    to_end = kind[edge] >= 2
    stop = np.where(to_end, np.searchsorted(keys[1], wanted), np.searchsorted(keys[0], wanted))
    first = choices.first[succ[edge]]
    count = stop - first
    return one, count, first + np.where(to_end, n, 0), np.concatenate([by_start, by_end]), edge


def capacity_rows(choices: Choices) -> tuple[Rows, Rows]:
    """(at-most-one rows, general rows) of the renewable supplies.

    A moment whose demands cannot exceed what is free has no row, nor has one whose choices are all still
    busy at the next moment of the same supply. Where any two tasks exclude each other the row is an
    at-most-one row.
    """
    busy = choices.cover
    none = Rows("capacity", np.zeros(1, np.int64), *(np.zeros(0, np.int64) for _ in range(3)))
    if len(busy.moment) == 0:
        return none, none
    n_moments = len(busy.supply)
    task = choices.task[busy.choice]
    begins = np.flatnonzero(np.diff(busy.moment, prepend=-1) | np.diff(task, prepend=-1))
    row = busy.moment[begins]
    most = np.maximum.reduceat(busy.amount, begins)
    least = np.minimum.reduceat(busy.amount, begins)
    needed = np.bincount(row, weights=most, minlength=n_moments) > busy.free
    ascending = np.lexsort((least, row))
    at = np.searchsorted(row, np.arange(n_moments))
    tasks = np.bincount(row, minlength=n_moments)
    sorted_least = least[ascending]
    two = np.where(
        tasks >= 2,
        sorted_least[np.minimum(at, len(row) - 1)] + sorted_least[np.minimum(at + 1, len(row) - 1)],
        0,
    )
    exclusive = two > busy.free
    ends_here = np.bincount(busy.moment[busy.last], minlength=n_moments) > 0
    same = np.append(busy.supply[1:] == busy.supply[:-1], False)
    tighter = np.append(busy.free[1:] <= busy.free[:-1], False)
    needed &= ends_here | ~(same & tighter)
    return _moment_rows(choices, needed & exclusive, unit=True), _moment_rows(choices, needed & ~exclusive, unit=False)


def _moment_rows(choices: Choices, chosen: np.ndarray, *, unit: bool) -> Rows:
    busy = choices.cover
    entry = chosen[busy.moment]
    length = np.bincount(busy.moment[entry], minlength=len(chosen))[chosen]
    coef = np.ones(int(entry.sum()), np.int64) if unit else busy.amount[entry]
    rhs = np.ones(len(length), np.int64) if unit else busy.free[chosen]
    start = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    return Rows("capacity", start, busy.choice[entry], coef, rhs)


def stock_rows(instance: Instance, choices: Choices) -> Rows:
    """What all choices take of each consumable supply may not exceed what fixed tasks leave."""
    loads = option_loads(instance, consumable=True)
    who, supply, amount = loads.of(choices.option)
    _, held, held_amount = loads.of(choices.fixed_option[choices.fixed])
    free = instance.capacity.ravel() - np.bincount(held, weights=held_amount, minlength=instance.capacity.size)
    if (free[held] < 0).any():
        raise InfeasibleError("the tasks that have one start left use up more than there is: no such schedule exists")
    order = np.argsort(supply, kind="stable")
    who, supply, amount = who[order], supply[order], amount[order]
    task = choices.task[who]
    if len(who) == 0:
        return Rows("stock", np.zeros(1, np.int64), *(np.zeros(0, np.int64) for _ in range(3)))
    begins = np.flatnonzero(np.diff(supply, prepend=-1) | np.diff(task, prepend=-1))
    most = np.bincount(supply[begins], weights=np.maximum.reduceat(amount, begins), minlength=len(free))
    needed = (most > free) & (most > 0)
    entry = needed[supply]
    length = np.bincount(supply[entry], minlength=len(free))[needed]
    start = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    return Rows("stock", start, who[entry], amount[entry], free[needed].astype(np.int64))


def level_row(
    instance: Instance, choices: Choices, costs: Floats, constant: float, value: float, weights: Floats
) -> Rows | None:
    """The row that keeps an earlier level at `value`: constant + costs . variables <= value.

    Parameters
    ----------
    costs
        [n] of all variables, in units of the objective; those of the choices come first.

    Returns
    -------
    None where no combination of choices exceeds the value.

    Raises
    ------
    UnsupportedError
        The costs are not multiples of 1e-9, or too far apart for slack bits.
    """
    n = len(choices.task)
    size = np.diff(choices.first)
    some = size > 0
    least = np.zeros(instance.n)
    if n:
        least[some] = np.minimum.reduceat(costs[:n], choices.first[:-1][some])
    above = costs.copy()
    above[:n] -= least[choices.task]
    room = value - constant - float(least.sum())
    most = np.zeros(instance.n)
    if n:
        most[some] = np.maximum.reduceat(above[:n], choices.first[:-1][some])
    tolerance = 1e-9 * max(1.0, abs(value))
    if float(most.sum() + above[n:].sum()) <= room + tolerance:
        return None
    index = np.flatnonzero(above)
    found = whole_row(above[index], max(room + tolerance, 0.0))
    if found is None:
        terms = ", ".join(term for term, weight in zip(TERMS, weights, strict=True) if weight)
        raise UnsupportedError(
            f"an earlier objective level ({terms}) has costs that no integer row of a QUBO holds: round its weights"
        )
    coef, rhs = found
    return Rows("level", np.array([0, len(index)]), index, coef, np.array([rhs]))
