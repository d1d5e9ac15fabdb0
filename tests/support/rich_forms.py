"""Schedules of `rich_brute` in the forms that the package has for them: columns, and the rows of a result file."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.rich_brute import Brute, Schedule, Way


def columns_of(schedule: Schedule) -> dict[str, Any]:
    """A schedule as `check_columns` takes it, by name of the argument."""
    nothing = Way(0, 0, -1, ())
    ways = [way or nothing for way in schedule]
    return {
        "start": np.array([way.start for way in ways], np.int64),
        "end": np.array([way.end for way in ways], np.int64),
        "mode": np.array([way.mode for way in ways], np.int64),
        "agent": np.array([way.crew[0] if way.crew else -1 for way in ways], np.int64),
        "others": {t: way.crew[1:] for t, way in enumerate(ways) if len(way.crew) > 1},
    }


def rows_of(brute: Brute, schedule: Schedule) -> tuple[list[dict[str, Any]], list[str]]:
    """(assignments, unscheduled) of a schedule, as a result file has them."""
    spec, rows = brute.spec, []
    units = spec.time.to_units
    for t, way in enumerate(schedule):
        if way is not None:
            pieces = brute.segments(t, way)
            rows.append(
                {
                    "task": spec.tasks.ids[t], "agents": [spec.agents.ids[agent] for agent in way.crew],
                    "mode": spec.modes.ids[way.mode], "start": units(way.start), "end": units(way.end),
                    "segments": pieces and [[units(tick) for tick in piece] for piece in pieces],
                }
            )  # fmt: skip
    return rows, [spec.tasks.ids[t] for t, way in enumerate(schedule) if way is None]
