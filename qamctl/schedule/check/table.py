"""Assignments in a CSV file beside a result, as results with very many rows have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qamctl.schedule.check.report import shown


def read_assignments(folder: Path | None, name: object, sha256: object = None) -> list[dict[str, Any]]:
    """The rows of the table `name` in `folder`, in the form that a result file gives them inline.

    Where the result holds the table's `sha256`, the file must have it. The first line names the columns
    (`task,agents,mode,start,end`, `segments` if any); several agents stand as `a|b`; an empty cell is null.
    A cell that should be a number and is none stays text: the check names it.

    Raises
    ------
    OSError
        The file can't be read.
    ValueError
        The name is no file below the folder, the file is another one than the result speaks of, or no table.
    """
    import csv  # only results with very many rows need these
    import hashlib
    import io

    if not isinstance(name, str) or folder is None:
        raise ValueError(f"{shown(name)} is not the name of a file beside the result")
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise ValueError(f"{shown(name)} lies outside the folder of the result")
    data = path.read_bytes()
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{name} is not the table that was written with this result: its hash differs")
    lines = io.StringIO(data.decode("utf-8-sig"), newline="")
    try:
        return [_row(cells) for cells in csv.DictReader(lines, restkey="more cells than columns", strict=True)]
    except csv.Error as error:
        raise ValueError(f"{name}: {error}") from error


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
