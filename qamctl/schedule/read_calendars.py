"""Calendars of a schedule spec: when agents are away, and what there is of a shared resource at some times."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from qamctl.schedule.spec import NEVER, Calendar
from qamctl.spec.decode import Coded, Ints
from qamctl.spec.faults import Faults
from qamctl.spec.fields import Field
from qamctl.spec.intervals import AMOUNT, FROM, TO, check_order, interval_rows
from qamctl.spec.moments import Clock, Times, times
from qamctl.spec.quantities import Measures
from qamctl.spec.rows import Rows
from qamctl.spec.time import TimeAxis


@dataclass(slots=True)
class ReadCalendar:
    """The intervals of some rows while times are not yet ticks; `capacity` is None of agents, which are away."""

    rows: Rows
    n: int
    owner: Ints
    start: Times
    end: Times
    capacity: Coded[Decimal | None] | None

    def finish(self, axis: TimeAxis, measures: Measures, faults: Faults) -> Calendar:
        """The calendar, once every time and quantity has been seen.

        Absences that meet are joined, and rounded so that none gets shorter. Periods of capacities may not overlap.
        """
        away = self.capacity is None
        start = self.start.ticks(axis, round_up=not away, absent=0, faults=faults)
        # What was refused is no second fault: as far as this shows, it never ends.
        end = self.end.ticks(axis, round_up=True, absent=NEVER, faults=faults)
        amount = np.zeros(len(self.owner), np.int64)
        if self.capacity is not None:
            amount = measures.column(self.capacity, self.rows, self.owner, AMOUNT, faults)
        kept = check_order(self.rows, start, end, faults)
        order = kept[np.lexsort((end[kept], start[kept], self.owner[kept]))]
        owner, start, end, amount = self.owner[order], start[order], end[order], amount[order]
        if away:
            owner, start, end = _joined(owner, start, end)
            amount = np.zeros(len(owner), np.int64)
        else:
            for i in np.flatnonzero((np.diff(owner) == 0) & (start[1:] < end[:-1])).tolist():
                faults.add(
                    self.rows.at(int(order[i + 1])), "overlaps another period of the resource", "cut one of them"
                )
        return Calendar(np.searchsorted(owner, np.arange(self.n + 1)).astype(np.int64), start, end, amount)


def read_calendar(rows: Rows, field: Field, clock: Clock, measures: Measures, faults: Faults) -> ReadCalendar:
    """Decode a calendar: `intervals` of agents, or `periods` of resources, row i being resource i."""
    inner, owner = interval_rows(rows, field, faults)
    return ReadCalendar(
        rows=inner,
        n=rows.n,
        owner=owner,
        start=times(inner, FROM, clock, faults),
        end=times(inner, TO, clock, faults),
        capacity=measures.single(inner, owner, AMOUNT, faults) if field.type == "periods" else None,
    )


def _joined(owner: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Intervals by owner and start, those that overlap or meet as one."""
    out: list[list[int]] = []
    for whose, begins, ends in zip(owner.tolist(), start.tolist(), end.tolist(), strict=True):
        if out and out[-1][0] == whose and begins <= out[-1][2]:
            out[-1][2] = max(out[-1][2], ends)
        else:
            out.append([whose, begins, ends])
    columns = np.array(out, np.int64).reshape(-1, 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]
