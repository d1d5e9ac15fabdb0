"""More of a shared resource only while a schedule is short of it: periods for its calendar."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from qamctl.schedule.explain.constraint import Edit, Settle, Settled, Told
from qamctl.schedule.explain.use import beyond, pool_taken
from qamctl.schedule.explain.words import amount, moment, share
from qamctl.schedule.gaps import joined, pieces
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Calendar, ScheduleSpec

#: Periods that a calendar gets, at most; where more would be needed, one spans them all.
MOST: Final = 2


def only_while_short(base: ScheduleSpec, resource: int) -> Settle:
    """How to settle for periods with more of a resource, where the capacity as a whole was raised by a degree."""
    old = int(base.resources.capacity[resource])

    def settle(spec: ScheduleSpec, solution: Solution, degree: int) -> Settled | None:
        short = beyond(pool_taken(spec, solution, resource), old)
        periods = joined([(start, end) for start, end, _ in spec.resources.calendar.of(resource)])
        if len(short) > MOST:
            short = ((short[0][0], short[-1][1]),)
        new = [piece for start, end in short for piece in pieces(periods, start, end)]
        if not new or len(new) > MOST:
            return None
        before, after = amount(base, resource, old), amount(base, resource, old + degree)
        when = " and ".join(f"from {moment(base, start)} to {moment(base, end)}" for start, end in new)
        units = base.time.to_units
        path = ("resources", resource, "calendar")
        return Settled(
            Told(
                f"raise the capacity of '{base.resources.ids[resource]}' by {amount(base, resource, degree)} {when}, "
                f"from {before} to {after}",
                tuple(Edit(path, None, [units(start), units(end), after]) for start, end in new),
                share(old, old + degree),
            ),
            lambda spec: _with_periods(spec, resource, [(start, end, old + degree) for start, end in new]),
        )

    return settle


def _with_periods(spec: ScheduleSpec, resource: int, periods: list[tuple[int, int, int]]) -> ScheduleSpec:
    """The spec with more periods in the calendar of a resource."""
    calendar, resources = spec.resources.calendar, len(spec.resources.ids)
    rows = [(r, *row) for r in range(resources) for row in calendar.of(r)] + [(resource, *row) for row in periods]
    columns = np.array(sorted(rows), np.int64).reshape(-1, 4)
    first = np.searchsorted(columns[:, 0], np.arange(resources + 1)).astype(np.int64)
    longer = Calendar(first, columns[:, 1].copy(), columns[:, 2].copy(), columns[:, 3].copy())
    return replace(spec, resources=replace(spec.resources, calendar=longer))
