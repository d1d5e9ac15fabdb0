"""References from row to row: ids looked up a whole column at a time, and rows that say the same thing twice."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Any

import numpy as np

from qamctl.spec.cells import read_name
from qamctl.spec.decode import Codes, Ints, names
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.fields import Field
from qamctl.spec.rows import Rows


def references(rows: Rows, field: Field, index: Mapping[str, int] | None, what: str, faults: Faults) -> Codes:
    """[n] the row that each cell of a column names; -1 where it is absent, or names none, which is a fault.

    Parameters
    ----------
    index
        Row by id; None where that list could not be read, so that no id can be called unknown.
    what
        What the ids are of, for messages.
    """
    column = rows.columns.get(field.name)
    if column is None:
        return np.full(rows.n, -1, np.int32)
    if index is None:
        names(rows, field, faults)
        return np.full(rows.n, -1, np.int32)
    cells: Any = column.cells
    if not column.text and set(map(type, cells)) - {str}:
        cells = [cell if type(cell) is str else None for cell in cells]
    found = np.fromiter(map(index.get, cells, repeat(-1)), np.int32, rows.n)
    for row in np.flatnonzero(found < 0).tolist():
        cell = column.cells[row]
        if cell == column.absent:
            continue
        try:
            name = read_name(cell, column.text)
        except Refusal as refusal:
            faults.refuse(rows.path(row, field.name), refusal)
        else:
            faults.add(rows.path(row, field.name), f"unknown {what} {show(name)}", nearest(name, index))
    return found


def first_rows(keys: Ints) -> Ints:
    """[n] the first row that has the same key."""
    if not len(keys):
        return np.zeros(0, np.int64)
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    starts = np.concatenate([[True], ranked[1:] != ranked[:-1]])
    first = np.empty(len(keys), np.int64)
    first[order] = order[starts][np.cumsum(starts) - 1]
    return first
