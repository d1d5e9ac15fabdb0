"""Plain text tables that fit the page: no line is ever longer than the width."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import combining, east_asian_width

_GAP = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, width: int, right: str = "") -> str:
    """Rows under their heads, numbers to the right.

    Parameters
    ----------
    head
        One word for each column.
    rows
        The cells; None is shown as a dash, a float in at most eight digits.
    width
        Columns of the page. Where the cells need more, the widest columns are cut, marked by an ellipsis.
    right
        The heads of the columns that stand to the right, separated by spaces.
    """
    cells = [[cell(value) for value in row] for row in rows]
    sizes = [max(map(columns, column)) for column in zip(head, *cells, strict=True)]
    room = width - len(_GAP) * (len(sizes) - 1)
    while sum(sizes) > room and max(sizes) > 1:
        sizes[sizes.index(max(sizes))] -= 1
    flush = [name in right.split() for name in head]
    lines = [
        _GAP.join(pad(text, size, side) for text, size, side in zip(row, sizes, flush, strict=True)).rstrip()
        for row in [head, *cells]
    ]
    return "\n".join(lines)


def cell(value: object) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.8g}"
    return " ".join(str(value).split()) or "-"


def columns(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def fit(text: str, size: int) -> str:
    """The text, cut to `size` columns."""
    if columns(text) <= size:
        return text
    while text and columns(text) > size - 1:
        text = text[:-1]
    return text + "…"


def pad(text: str, size: int, right: bool = False) -> str:
    """The text in exactly `size` columns."""
    text = fit(text, size)
    space = " " * (size - columns(text))
    return space + text if right else text + space
