"""Who does what when, as lines of bars: packed, joined where they would be too narrow to see, and cut to a number."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from qamctl.report.page_style import FAMILIES
from qamctl.report.plan import Plan

#: Groups of lines that are drawn (of more, the busiest), lines of one group, and of all together.
MOST_GROUPS, MOST_OF_ONE, MOST_LINES = 40, 24, 120

#: Bars that are drawn; of more, neighbours are joined, the narrowest first.
MOST_BARS: Final = 4_000

#: Neighbours that together are narrower, in units of the picture, are joined.
NARROWEST: Final = 2.0

#: What comes before the first separator tells which tasks belong together: `J3.0` and `J3.1`.
_FAMILY: Final = re.compile(r"[._/:\-]")


@dataclass(frozen=True, slots=True)
class Bar:
    """A task on a line, or several that are too narrow to be told apart.

    Attributes
    ----------
    parts
        From and to, in the unit; a task that pauses has several.
    rows
        Places of the tasks in the rows of the plan.
    family
        The number of its colour.
    """

    parts: tuple[tuple[float, float], ...]
    rows: tuple[int, ...]
    family: int

    @property
    def start(self) -> float:
        """Where it begins."""
        return self.parts[0][0]

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.parts[-1][1]


@dataclass(frozen=True, slots=True)
class Lanes:
    """What is drawn, and what is not.

    Attributes
    ----------
    lines
        (name, bars) from above; the name is empty on further lines of a group.
    groups
        How many groups are drawn, and how many there are.
    tasks
        How many rows of the plan are drawn, and how many there are.
    joined
        How many rows of the plan stand in bars of several.
    narrowest
        Neighbours that together were narrower are joined, in units of the picture.
    """

    lines: list[tuple[str, list[Bar]]]
    groups: tuple[int, int]
    tasks: tuple[int, int]
    joined: int
    narrowest: float


def lanes_of(plan: Plan, room: float) -> Lanes:
    """The lines of a schedule.

    Parameters
    ----------
    room
        The width that all of its time has.
    """
    groups = plan.groups()
    busy = {name: sum(plan.rows[k]["end"] - plan.rows[k]["start"] for k in rows) for name, rows in groups.items()}
    kept = set(sorted(groups, key=lambda name: -busy[name])[:MOST_GROUPS])
    lines: list[tuple[str, list[Bar]]] = []
    shown = 0
    for name in [name for name in groups if name in kept]:
        if len(lines) >= MOST_LINES:
            break
        packed = _packed(plan, groups[name])[: min(MOST_OF_ONE, MOST_LINES - len(lines))]
        lines += [(name if k == 0 else "", bars) for k, bars in enumerate(packed)]
        shown += 1
    drawn, scale, narrowest = lines, room / plan.end if plan.end > 0 else 0.0, NARROWEST
    while True:
        drawn = [(name, _joined(bars, scale, narrowest)) for name, bars in lines]
        if sum(len(bars) for _, bars in drawn) <= MOST_BARS or narrowest > room:
            break
        narrowest *= 2
    there = {row for _, bars in lines for bar in bars for row in bar.rows}
    joined = {row for _, bars in drawn for bar in bars if len(bar.rows) > 1 for row in bar.rows}
    return Lanes(drawn, (shown, len(groups)), (len(there), len(plan.rows)), len(joined), narrowest)


def _packed(plan: Plan, rows: Sequence[int]) -> list[list[Bar]]:
    """The tasks of a group on as few lines as can be, each on the highest one that is free when it starts."""
    bars = sorted((_bar(plan, row) for row in rows), key=lambda bar: (bar.start, bar.end, bar.rows))
    lines: list[list[Bar]] = []
    free: list[int] = []
    taken: list[tuple[float, int]] = []
    for bar in bars:
        while taken and taken[0][0] <= bar.start:
            heapq.heappush(free, heapq.heappop(taken)[1])
        if not free:
            free.append(len(lines))
            lines.append([])
        line = heapq.heappop(free)
        lines[line].append(bar)
        heapq.heappush(taken, (bar.end, line))
    return lines


def _bar(plan: Plan, place: int) -> Bar:
    row = plan.rows[place]
    parts = [(start, end) for start, end in row["segments"] or ()] or [(row["start"], row["end"])]
    family = crc32(_FAMILY.split(row["task"], maxsplit=1)[0].encode()) % FAMILIES
    return Bar(tuple(parts), (place,), family)


def _joined(bars: Sequence[Bar], scale: float, narrowest: float) -> list[Bar]:
    """The bars of a line, neighbours as one that have too little room together: never more than what is that narrow."""
    found: list[Bar] = []
    for bar in bars:
        if found and (bar.end - found[-1].start) * scale < narrowest:
            last = found.pop()
            bar = Bar(((last.start, bar.end),), last.rows + bar.rows, last.family)
        found.append(bar)
    return found
