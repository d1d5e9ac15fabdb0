"""Assignments in a CSV file beside a result, as results with very many rows have them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from qamctl.checks.table import read_cells

#: The pieces of a cell of ids; a backslash at its end stands for itself.
_PIECE: Final = re.compile(r"\\(.)|(\|)|([^\\|]+|\\)")


def read_assignments(folder: Path | None, name: object, sha256: object = None) -> list[dict[str, Any]]:
    """The rows of the table `name` in `folder`, in the form that a result file gives them inline.

    The columns are `task,agents,mode,start,end,segments`, with an origin `start_time,end_time`; agents stand as `a|b`,
    segments as `0..3|5..9`; an empty cell is null. In an agent's id a backslash stands before `|`, and before another.
    A cell that should be a number and is none stays text: the check names it.

    Raises
    ------
    OSError, ValueError
        As `read_cells`.
    """
    return [_row(cells) for cells in read_cells(folder, name, sha256)]


def read_unscheduled(folder: Path | None, name: object, sha256: object = None) -> list[Any]:
    """The tasks of the table `name` in `folder`, whose one column is `task`; None where a row has no such cell.

    Raises
    ------
    OSError, ValueError
        As `read_cells`.
    """
    return [cells.get("task") for cells in read_cells(folder, name, sha256)]


def _row(cells: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key, cell in cells.items():
        if cell is None:
            continue  # fewer cells than columns: the field is missing
        if key == "agents":
            row[key] = _names(cell)
        elif key in ("start", "end"):
            row[key] = _number(cell)
        elif key == "segments":
            row[key] = _segments(cell)
        else:
            row[key] = cell if cell or key == "task" else None
    return row


def _names(cell: str) -> list[str]:
    if "\\" not in cell:
        return cell.split("|") if cell else []
    # Every piece is an escaped character, a separator, or a run of others.
    names = [""]
    for escaped, separator, plain in _PIECE.findall(cell):
        if separator:
            names.append("")
        else:
            names[-1] += escaped or plain
    return names


def _segments(cell: str) -> list[list[int | float | str]] | str | None:
    if not cell:
        return None
    parts = [part.split("..") for part in cell.split("|")]
    return [[_number(end) for end in part] for part in parts] if all(len(part) == 2 for part in parts) else cell


def _number(cell: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
