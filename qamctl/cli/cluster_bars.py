"""Clusters as bars of text: how full they are, against which limits, and what has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qamctl.cli.table import cell, columns, fit, pad
from qamctl.console import Paint

#: Columns of the longest bar, and of the shortest one that leaves room for figures.
BAR, LEAST_BAR = 40, 6

Rows = Sequence[Mapping[str, Any]]

#: By cluster its `size` and its `use` before; empty where nothing is known of it.
Before = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Line:
    """A bar: whose, of what, and against which limits."""

    name: str
    size: str
    resource: str
    use: float
    limit: float | None = None
    safe: float | None = None
    before: float | None = None

    @property
    def figures(self) -> str:
        """The use and its limit; the size has a column of its own."""
        if not self.resource:
            return ""
        return cell(self.use) if self.limit is None else f"{cell(self.use)} / {cell(self.limit)}"

    @property
    def changed(self) -> str:
        """The same, with what was used before where that is something else."""
        if self.before is None or self.before == self.use or not self.resource:
            return self.figures
        return f"{cell(self.before)} -> {self.figures}"


def bars(
    names: Sequence[tuple[str, Mapping[str, Any]]], all_rows: Rows, before: Before, width: int, paint: Paint
) -> str:
    """Lines `cluster size resource [###+:..] before -> use / capacity`, and what their signs mean.

    Parameters
    ----------
    names
        The clusters, each with the name that it is shown by.
    all_rows
        Those that a bar without a limit is in proportion to.
    """
    lines = [line for name, row in names for line in _lines(name, row, before)]
    if not lines:
        return ""
    most = {name: max(row["use"][name] for row in all_rows) for name in all_rows[0]["use"]}
    most[""] = max(row["size"] for row in all_rows)
    for line in lines:
        most[line.resource] = max(most[line.resource], line.before or 0)
    label = min(max(columns(line.name) for line in lines), max(6, width // 4))
    kind = min(max(columns(line.resource) for line in lines), max(4, width // 6))
    size = max(columns(line.size) for line in lines)
    space = width - label - size - kind - 6  # for a bar and its figures
    told = [line.changed for line in lines]
    if space - max(map(columns, told)) < LEAST_BAR:
        told = [line.figures for line in lines]
    last = max(map(columns, told))
    if space - last < LEAST_BAR:
        told, last = [""] * len(lines), -1
    room = min(BAR, space - last)
    out: list[str] = []
    signs: set[str] = set()
    for line, figures in zip(lines, told, strict=True):
        bar = _bar(line, most[line.resource], room)
        signs.update(bar)
        over = line.safe is not None and line.use > line.safe
        head = f"{pad(line.name, label)} {pad(line.size, size, True)} {pad(line.resource, kind)}"
        out.append(f"{head} {paint(bar, 'warn') if over else bar} {figures}".rstrip())
    return "\n".join(out + _legend(signs, width))


def _legend(signs: set[str], width: int) -> list[str]:
    """What the signs mean, where there are others than one expects."""
    if not signs & {"+", "-"}:
        return []
    words = {"#": "used", "+": "new", "-": "freed", ":": "safe"}
    return [fit("  ".join(f"{sign} {word}" for sign, word in words.items() if sign in signs), width)]


def _lines(name: str, row: Mapping[str, Any], before: Before) -> list[_Line]:
    """The bars of a cluster: one for each resource that it uses or limits, else one for its size."""
    past = before.get(row["id"])
    size = str(row["size"])
    if past is not None and past["size"] != row["size"]:
        size = f"{past['size']} -> {size}"
    found: list[_Line] = []
    for resource, use in row["use"].items():
        limit, safe = row["capacity"].get(resource), row["safe"].get(resource)
        was = None if past is None else past["use"].get(resource, 0)
        if use or limit or safe or was:
            head = ("", "") if found else (name, size)
            found.append(_Line(*head, resource, use, limit, safe, was))
    return found or [_Line(name, size, "", row["size"], before=None if past is None else past["size"])]


def _bar(line: _Line, most: float, room: int) -> str:
    """`[###+:...]`; without a limit there is no right edge, and the bar is in proportion to the fullest."""
    limited = line.limit is not None
    scale = line.limit if line.limit is not None else max(most, line.safe or 0)

    def length(use: float) -> int:
        return min(room, max(round(room * use / scale), int(use > 0))) if scale else 0

    filled = length(line.use)
    past = filled if line.before is None else length(line.before)
    kept = min(filled, past)
    marks = list("#" * kept + "+" * (filled - kept) + "-" * (past - kept))
    marks += ("." if limited else " ") * (room - len(marks))
    if line.safe is not None and 0 < scale >= line.safe:
        marks[min(room - 1, round(room * line.safe / scale))] = ":"
    return f"[{''.join(marks)}{']' if limited else ' '}"
