"""The term `communication`: what pairs of starts add to it, linear where one of two tasks is fixed, else quadratic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.choices import Choices
from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.picks import Picks
from qamctl.schedule.sent import delays_between
from qamctl.schedule.spec import Ints


@dataclass(frozen=True)
class Sent:
    """What choices add to the term `communication`, in ticks.

    Attributes
    ----------
    settled
        Between tasks that are fixed.
    beside
        [c] of each choice to and from fixed tasks.
    one, other, ticks
        [q] of two choices together, the first before the second.
    """

    settled: int
    beside: Ints
    one: Ints
    other: Ints
    ticks: Ints


def sent_between(instance: Instance, crews: Crews, choices: Choices) -> Sent:
    """What all choices add; a pair of tasks with several arcs adds them up."""
    fixed, count = choices.fixed, len(choices.task)
    picks = Picks.of(
        instance, crews, np.append(choices.task, fixed), np.append(choices.option, choices.fixed_option[fixed]),
        np.append(choices.start, choices.fixed_start[fixed]),
    )  # fmt: skip
    one, other, ticks = _slow_options(instance, crews, picks)
    who, first = picks.by_options(one)
    both, second = picks.by_options(other[who])
    ticks = ticks[who][both]
    a, b = picks.at[first[both]], picks.at[second]
    settled, beside = (a >= count) & (b >= count), np.zeros(count, np.int64)
    for mine, theirs in ((a, b), (b, a)):
        some = (mine < count) & (theirs >= count)
        np.add.at(beside, mine[some], ticks[some])
    open_pairs = (a < count) & (b < count)
    low, high = np.minimum(a, b)[open_pairs], np.maximum(a, b)[open_pairs]
    return Sent(int(ticks[settled].sum()), beside, *_added_up(count, low, high, ticks[open_pairs]))


def count_sent(instance: Instance, crews: Crews, choices: Choices) -> int:
    """How many pairs of choices `sent_between` has, without making them."""
    picks = Picks.of(instance, crews, choices.task, choices.option, choices.start)
    one, other, _ = _slow_options(instance, crews, picks)
    size = np.diff(picks.first)
    return int((size[one] * size[other]).sum())


def _slow_options(instance: Instance, crews: Crews, picks: Picks) -> tuple[Ints, Ints, Ints]:
    """(option, option of what comes after, ticks) of all between which data take time."""
    after = instance.spec.after
    arcs = np.flatnonzero(after.data > 0)
    pred, succ = after.pred[arcs], after.succ[arcs]
    arc, one, other = picks.between(instance, pred, succ)
    ticks = delays_between(instance, crews, pred, succ, after.data[arcs], picks.options).of(arc, one, other)
    slow = ticks > 0
    return one[slow], other[slow], ticks[slow]


def _added_up(count: int, low: Ints, high: Ints, ticks: Ints) -> tuple[Ints, Ints, Ints]:
    key, place = np.unique(low * count + high, return_inverse=True)
    total = np.zeros(len(key), np.int64)
    np.add.at(total, place.reshape(-1), ticks)
    return key // max(count, 1), key % max(count, 1), total
