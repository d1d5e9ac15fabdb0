"""Assignments and moves in CSV files beside a result, as results with very many rows have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qamctl.checks.table import read_cells


def read_assignments(folder: Path | None, name: object, sha256: object = None) -> list[dict[str, Any]]:
    """The rows of the table `name` in `folder`, in the form that a result file gives them inline.

    The columns are `agent,cluster`, and `devices` where the spec has some; devices stand as `gpu=0/1|tpu=2`; an empty
    cluster is null. What can't be read stays text: the check names it.

    Raises
    ------
    OSError, ValueError
        As `read_cells`.
    """
    rows = _rows(folder, name, sha256, "cluster")
    for row in rows:
        if isinstance(row.get("devices"), str):
            row["devices"] = _devices(row["devices"])
    return rows


def read_moves(folder: Path | None, name: object, sha256: object = None) -> list[dict[str, Any]]:
    """The steps of the table `name` in `folder`: `step,agent,from,to`; an empty `from` or `to` is null.

    Raises
    ------
    OSError, ValueError
        As `read_cells`.
    """
    rows = _rows(folder, name, sha256, "from", "to")
    for row in rows:
        number = row.get("step", "")
        if number.isascii() and number.isdigit():
            row["step"] = int(number)
    return rows


def _rows(folder: Path | None, name: object, sha256: object, *nullable: str) -> list[dict[str, Any]]:
    """Rows without the cells that they are short of, and with null for those of some columns that are empty."""
    return [
        {key: None if cell == "" and key in nullable else cell for key, cell in cells.items() if cell is not None}
        for cells in read_cells(folder, name, sha256)
    ]


def _devices(cell: str) -> dict[str, list[int]] | str:
    if not cell:
        return {}
    found: dict[str, list[int]] = {}
    for part in cell.split("|"):
        name, _, numbers = part.rpartition("=")
        if name in found or not all(number.isascii() and number.isdigit() for number in numbers.split("/")):
            return cell
        found[name] = [int(number) for number in numbers.split("/")]
    return found
