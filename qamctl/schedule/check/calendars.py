"""Intervals against intervals: which absences and periods of a calendar some stretches of time meet."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.crews import spread
from qamctl.schedule.spec import Calendar, Ints


def met(calendar: Calendar, row: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """(which stretch, which interval) of all that have a moment in common, stretch by stretch in order of time.

    Parameters
    ----------
    row
        The row of the calendar that each stretch is held against.
    start, end
        Its ticks [start, end); one that is empty meets nothing.
    """
    some = np.flatnonzero((np.diff(calendar.first) > 0)[row] & (end > start))
    first, count = np.zeros(len(row), np.int64), np.zeros(len(row), np.int64)
    order = some[np.argsort(row[some], kind="stable")]
    bounds = np.flatnonzero(np.diff(row[order], prepend=-1, append=-1))
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        mine = order[low:high]
        a, b = calendar.first[row[mine[0]]], calendar.first[row[mine[0]] + 1]
        # Intervals of one row do not overlap, so their ends ascend as their starts do.
        first[mine] = a + np.searchsorted(calendar.end[a:b], start[mine], side="right")
        count[mine] = a + np.searchsorted(calendar.start[a:b], end[mine], side="left") - first[mine]
    return spread(first, count)


def joined(group: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """The union of intervals, group by group in order of time: those that overlap or meet become one."""
    if not len(group):
        return group, start, end
    order = np.lexsort((start, group))
    group, start = group[order], start[order]
    ends, rank = np.unique(end[order], return_inverse=True)
    # The farthest end so far, as a number in which later groups come after all ends of earlier ones.
    reach = np.maximum.accumulate(group * len(ends) + rank)
    farthest = ends[reach % len(ends)]
    new = np.append(True, (group[1:] != group[:-1]) | (start[1:] > farthest[:-1]))
    first = np.flatnonzero(new)
    return group[first], start[first], farthest[np.append(first[1:], len(group)) - 1]
