"""Makespans that no schedule has: one is tried, and what follows from it leads to a contradiction.

The destructive bounds of R. Klein and A. Scholl ("Computing lower bounds by destructive improvement", EJOR 112, 1999):
where all is to end by some tick, every task has a time window; precedence and the energy of supplies make the windows
narrower, and where one becomes too narrow that makespan, and every shorter one, is refuted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from qamctl.schedule.borne import Burden
from qamctl.schedule.energy import Demands, earliest_ends
from qamctl.schedule.instance import Instance
from qamctl.schedule.limits import serial_horizon
from qamctl.schedule.spec import Ints

#: Work in all, in cells of intervals and tasks (some thirty million a second), and what looks at one precedence and at
#: one supply count besides.
WORK: Final = 8_000_000
PER_ARC, PER_SUPPLY = 50, 10_000

#: Rounds in which windows may get narrower: where they do so tick by tick that is not worth it.
ROUNDS: Final = 50

#: Above it amounts times ticks are no integers that can be counted.
MOST: Final = 2.0**60


def least_makespan(instance: Instance, burdens: Sequence[Burden], least: int) -> int:
    """Ticks that no feasible schedule can end before, at least `least`, which is known to be so.

    Parameters
    ----------
    burdens
        What the supplies must bear, as of `borne.burdens`.
    """
    trial = _Trial(instance, burdens)
    if not trial.demands or not trial.refutes(least):
        return least
    longest = serial_horizon(instance)
    low, step = least, 1  # refuted, and how much further the next one is
    high = longest
    while low + step < high:
        if trial.refutes(low + step):
            low, step = low + step, 2 * step
        else:
            high = low + step
    if high == longest and trial.refutes(longest):  # no makespan is possible: that is no bound on one
        return least
    while high - low > 1:
        middle = (low + high) // 2
        if trial.refutes(middle):
            low = middle
        else:
            high = middle
    return low + 1


class _Trial:
    """Tries makespans, for as much work as there is; after that nothing more is refuted."""

    def __init__(self, instance: Instance, burdens: Sequence[Burden]) -> None:
        self.instance, self.left = instance, WORK
        self.demands = list(_distinct(instance, burdens))
        self.passes = PER_ARC * (instance.n + len(instance.graph.succ_task))

    def refutes(self, makespan: int) -> bool:
        """Whether no schedule ends by so many ticks."""
        instance, sure = self.instance, self.instance.sure
        short, long, pins = instance.shortest, instance.longest, instance.pinned_start
        low, high = instance.release, np.full(instance.n, makespan)
        seen: list[tuple[Ints, Ints] | None] = [None] * len(self.demands)
        for _ in range(ROUNDS):
            self.left -= self.passes
            if self.left < 0:
                return False
            first, first_end = instance.heads.earliest(low, pins, short, long)
            last, last_end = instance.tails.latest(high, pins, short, long)
            if ((first > last) | (first_end > last_end) | (first + short > last_end))[sure].any():
                return True
            ends, starts = first_end.copy(), last.copy()
            for k, demands in enumerate(self.demands):
                mine, before = demands.tasks, seen[k]
                window = first[mine], last_end[mine]
                if before is not None and (window[0] == before[0]).all() and (window[1] == before[1]).all():
                    continue  # what follows from these is in the windows already
                seen[k] = window
                self.left -= 2 * (PER_SUPPLY + demands.cells)
                if self.left < 0:
                    return False
                found = earliest_ends(demands, *window)
                turned = None if found is None else earliest_ends(demands, -window[1], -window[0])
                if found is None or turned is None:
                    return True
                ends[mine], starts[mine] = np.maximum(ends[mine], found), np.minimum(starts[mine], -turned)
            if ((ends > last_end) | (starts < first))[sure].any():
                return True
            if (ends == first_end).all() and (starts == last).all():
                return False
            low, high = np.maximum(first, ends - long), np.minimum(last_end, starts + long)
        return False


def _distinct(instance: Instance, burdens: Sequence[Burden]) -> list[Demands]:
    """The demands behind burdens, each once, where they can be in the way of each other."""
    horizon = float(serial_horizon(instance))
    known: dict[tuple[bytes, bytes, int], Demands] = {}
    for burden in burdens:
        if burden.need is None or burden.supply <= 0:
            continue
        some = (burden.need > 0) & (instance.shortest[burden.tasks] > 0)
        tasks, need = burden.tasks[some], burden.need[some].astype(np.int64)
        length = instance.shortest[tasks]
        if need.sum() <= burden.supply or max(need.sum() * float(length.max()), burden.supply * horizon) > MOST:
            continue
        demands = Demands(tasks, need, length, instance.spec.tasks.preemptible[tasks], int(burden.supply))
        known[tasks.tobytes(), need.tobytes(), demands.capacity] = demands
    return list(known.values())
