"""A schedule as bars of text, a line for each agent, or for each task where no agents are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qamctl.cli.table import cell, columns, fit, pad
from qamctl.report.order import natural

#: Lines that still can be taken in at a glance.
MOST_LINES = 24

Bar = tuple[float, float, str]


def gantt(assignments: Sequence[Mapping[str, Any]], *, width: int, unit: str = "") -> str:
    """Bars `[task===]` over time, fitted to the page.

    An agent that does several tasks at once has a line for each; tasks shorter than a column are marked by
    a bar's edge.

    Parameters
    ----------
    assignments
        Rows of a result file: task, agents, start, end.
    """
    end = max((row["end"] for row in assignments), default=0)
    if end <= 0:
        return ""
    lines = _by_agent(assignments) if any(row["agents"] for row in assignments) else _by_task(assignments)
    shown = lines[:MOST_LINES]
    label = min(max(columns(name) for name, _ in shown), width // 4)
    room = width - label - 2
    out = [f"{pad(name, label)} |{_draw(bars, end, room)}" for name, bars in shown]
    last = f"{cell(end)} {unit}".strip()
    out.append(f"{' ' * label} 0{last.rjust(room)}")
    if len(lines) > MOST_LINES:
        out.append(f"... and {len(lines) - MOST_LINES} more lines")
    return "\n".join(out)


def _by_agent(assignments: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Bar]]]:
    bars: dict[str, list[Bar]] = {}
    for row in assignments:
        for agent in row["agents"] or ["(shared)"]:
            bars.setdefault(agent, []).append((row["start"], row["end"], row["task"]))
    lines = []
    for agent in sorted(bars, key=natural):
        lanes: list[list[Bar]] = []
        for bar in sorted(bars[agent]):
            lane = next((lane for lane in lanes if lane[-1][1] <= bar[0]), None)
            if lane is None:
                lanes.append([bar])
            else:
                lane.append(bar)
        lines += [(cell(agent) if k == 0 else "", lane) for k, lane in enumerate(lanes)]
    return lines


def _by_task(assignments: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Bar]]]:
    rows = sorted(assignments, key=lambda row: (row["start"], row["end"]))
    return [(cell(row["task"]), [(row["start"], row["end"], "")]) for row in rows]


def _draw(bars: Sequence[Bar], end: float, room: int) -> str:
    line = [" "] * room
    for start, finish, name in bars:
        first = min(room - 1, int(start * room / end))
        size = max(1, min(room, int(finish * room / end)) - first)
        line[first : first + size] = _bar(cell(name) if name else "", size)
    return "".join(line).rstrip()


def _bar(name: str, size: int) -> list[str]:
    """One character for each column; a name that does not fit is left out rather than cut to another's."""
    if size == 1:
        return ["|"]
    inside = name if name.isascii() and fit(name, size - 2) == name else ""
    return ["[", *inside.ljust(size - 2, "="), "]"]
