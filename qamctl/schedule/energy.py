"""When tasks on one supply can end at the earliest, by the energy that time intervals must hold.

Of every task some part surely falls into an interval, wherever it is in its time window. What the others surely need
of an interval leaves a task so much; the rest of it is done later (P. Baptiste, C. Le Pape, W. Nuijten,
"Satisfiability tests and time-bound adjustments for cumulative scheduling problems", Annals of OR 92, 1999). On what
only one task can use at a time sets of tasks are ordered too: edge finding (J. Carlier, E. Pinson, "An algorithm for
solving the job-shop problem", Management Science 35, 1989) and detectable precedences (P. Vilim 2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.schedule.spec import NEVER, Ints

#: Begins and ends of intervals that are looked at.
GRID: Final = 32


@dataclass(frozen=True, eq=False)
class Demands:
    """What some tasks take of one supply.

    Attributes
    ----------
    tasks, need, length
        [m] at least so much of it, for at least so long.
    pausing
        [m] the task may pause, and then takes nothing.
    capacity
        What there is at most.
    """

    tasks: Ints
    need: Ints
    length: Ints
    pausing: np.ndarray
    capacity: int

    @property
    def alone(self) -> np.ndarray:
        """[m] tasks no two of which go together."""
        chosen: np.ndarray = (2 * self.need > self.capacity) & ~self.pausing & (self.length > 0)
        return chosen

    @property
    def cells(self) -> int:
        """About how much one look at it takes."""
        return min(len(self.tasks), GRID) ** 2 * len(self.tasks)


def earliest_ends(demands: Demands, low: Ints, high: Ints) -> Ints | None:
    """[m] ticks that the tasks can't end before where they run between `low` and `high`; None: they can't at all.

    The latest starts are those of the problem in reversed time: minus the ends between `-high` and `-low`.
    """
    found = low + demands.length
    alone = demands.alone
    if alone.sum() > 1:
        ends = _in_turn(demands.length[alone], low[alone], high[alone])
        if ends is None:
            return None
        found[alone] = np.maximum(found[alone], ends)
    if not alone.all():
        ends = _side_by_side(demands, low, high)
        if ends is None:
            return None
        found = np.maximum(found, ends)
    return found


def _side_by_side(demands: Demands, low: Ints, high: Ints) -> Ints | None:
    """[m] earliest ends by what others surely need of every interval [a, b)."""
    begins, ends = _few(low), _few(high)
    a, b = begins[:, None, None], ends[None, :, None]
    length, need = demands.length, demands.need
    early = np.maximum(0, length - np.maximum(0, a - low))  # ticks after `a` where it begins as soon as it can
    late = np.maximum(0, length - np.maximum(0, high - b))
    inside = np.minimum(np.minimum(early, late), np.maximum(0, b - a))
    if demands.pausing.any():  # what it does before and after may both be the most that goes there
        apart = np.maximum(0, early + late - length)
        inside = np.where(demands.pausing, np.minimum(inside, apart), inside)
    spare = demands.capacity * (ends[None, :] - begins[:, None]) - inside @ need
    valid = begins[:, None] < ends[None, :]
    if (spare[valid] < 0).any():
        return None
    room = (spare[:, :, None] + inside * need) // need
    after = np.where(valid[:, :, None], early - room, 0)
    best: Ints = np.where(after > 0, b + after, -NEVER).max(axis=(0, 1))
    return best


def _in_turn(length: Ints, low: Ints, high: Ints) -> Ints | None:
    """[m] earliest ends of tasks that are done one at a time."""
    begins, ends = _few(low), _few(high)
    held = (low >= begins[:, None]).astype(np.int64)[:, None, :] * (high <= ends[:, None])[None, :, :]
    work = held @ length
    done = np.where(work > 0, begins[:, None] + work, -NEVER)
    if (done > ends[None, :]).any():
        return None
    done = np.maximum.accumulate(done[::-1], axis=0)[::-1]  # of all subsets that begin later, too
    first = np.minimum(begins[:, None], low[None, :])[:, None, :]
    last = (high[None, None, :] > ends[None, :, None]) & (work > 0)[:, :, None]
    last &= first + work[:, :, None] + length > ends[None, :, None]
    start = np.where(last, done[:, :, None], -NEVER).max(axis=(0, 1))
    # j can't come before i: i comes before it.
    order = np.argsort(low, kind="stable")
    before = (low[None, :] + length[None, :] + length[:, None] > high[:, None])[order]
    before[np.arange(len(order)), order] = False
    rest = np.cumsum(np.where(before, length[order][:, None], 0)[::-1], axis=0)[::-1]
    start = np.maximum(start, np.where(before, low[order][:, None] + rest, -NEVER).max(axis=0))
    done_at: Ints = np.maximum(start, low) + length
    return done_at


def _few(moments: Ints) -> Ints:
    distinct = np.unique(moments)
    if len(distinct) <= GRID:
        return distinct
    return distinct[np.linspace(0, len(distinct) - 1, GRID).astype(np.int64)]
