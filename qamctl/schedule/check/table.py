"""Assignments in a CSV file beside a result, as results with very many rows have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qamctl.checks.table import read_cells


def read_assignments(folder: Path | None, name: object, sha256: object = None) -> list[dict[str, Any]]:
    """The rows of the table `name` in `folder`, in the form that a result file gives them inline.

    The columns are `task,agents,mode,start,end`, `segments` if any; several agents stand as `a|b`; an empty cell is
    null. A cell that should be a number and is none stays text: the check names it.

    Raises
    ------
    OSError, ValueError
        As `read_cells`.
    """
    return [_row(cells) for cells in read_cells(folder, name, sha256)]


def _row(cells: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key, cell in cells.items():
        if cell is None:
            continue  # fewer cells than columns: the field is missing
        if key == "agents":
            row[key] = cell.split("|") if cell else []
        elif key in ("start", "end"):
            row[key] = _number(cell)
        else:
            row[key] = cell if cell or key == "task" else None
    return row


def _number(cell: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
