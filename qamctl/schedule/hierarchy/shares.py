"""What each part of a schedule gets of the resources that the whole fleet shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qamctl.qubo.partition import shared
from qamctl.schedule.spec import Floats, Ints, ScheduleSpec

#: By resource: the capacity, and that of each interval of its calendar.
Shares = dict[int, tuple[int, Sequence[int]]]


def shares_of(spec: ScheduleSpec, part: Ints, parts: int) -> list[Shares]:
    """The shares of each part, which together are what there is.

    A renewable resource is shared in proportion to the work that may need it, at least what the greatest task of the
    part needs; of a consumable one every part gets what its tasks use at least, and more in proportion to what they
    might.

    Parameters
    ----------
    part
        [T] where each task is.
    """
    found: list[Shares] = [{} for _ in range(parts)]
    resources, calendar = spec.resources, spec.resources.calendar
    first = spec.tasks.first_mode[:-1]
    for r in np.flatnonzero(resources.capacity >= 0).tolist():
        demand = spec.modes.demand[:, r]
        if not demand.any():
            continue
        most, least = np.maximum.reduceat(demand, first), np.minimum.reduceat(demand, first)
        if resources.consumable[r]:
            sure = np.where(spec.tasks.optional, 0, least)
            need = _summed(most.astype(np.float64), part, parts)
            least_at = _summed(sure.astype(np.float64), part, parts).astype(np.int64)
        else:
            work = np.maximum.reduceat(spec.modes.duration * demand, first).astype(np.float64)
            need, least_at = _summed(work, part, parts), _greatest(most, part, parts)
        nobody = np.zeros(parts, np.int64)
        if least_at.sum() > resources.capacity[r]:  # there is no more: others find it with their agents, or nowhere
            least_at = shared(int(resources.capacity[r]), least_at.astype(np.float64), nobody)
        usual = shared(int(resources.capacity[r]), need, least_at)
        times = calendar.capacity[calendar.first[r] : calendar.first[r + 1]].tolist()
        meanwhile = [shared(left, need, np.minimum(least_at, left // parts) if left else nobody) for left in times]
        for g in range(parts):
            found[g][r] = int(usual[g]), [int(one[g]) for one in meanwhile]
    return found


def _summed(value: Floats, part: Ints, parts: int) -> Floats:
    out: Floats = np.bincount(part, value, parts).astype(np.float64)
    return out


def _greatest(value: Ints, part: Ints, parts: int) -> Ints:
    out = np.zeros(parts, np.int64)
    np.maximum.at(out, part, value)
    return out


def joined(shares: Sequence[Shares]) -> Shares:
    """What several parts have together."""
    return {
        r: (sum(one[r][0] for one in shares), [sum(some) for some in zip(*(one[r][1] for one in shares), strict=True)])
        for r in shares[0]
    }
