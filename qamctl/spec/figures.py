"""Maps of numbers by name in a column of cells, such as a likelihood for each path, as a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qamctl.spec.cells import split_map
from qamctl.spec.decode import Floats, complaint
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.fields import Field
from qamctl.spec.numbers import exact
from qamctl.spec.rows import Rows


def figures(rows: Rows, field: Field, index: Mapping[str, int] | None, what: str, faults: Faults) -> Floats:
    """[rows, names] the numbers that the cells of a column give; NaN for names that a cell leaves out.

    Parameters
    ----------
    index
        Column by name; None where the names could not be read, so that none can be called unknown.
    what
        What the names are of, for messages.
    """
    # Names that are there twice leave gaps between the columns; they are a fault of their own.
    width = 0 if index is None else max(index.values(), default=-1) + 1
    out = np.full((rows.n, width), np.nan)
    column = rows.columns.get(field.name)
    for row, cell in enumerate([] if column is None else column.cells):
        assert column is not None
        if cell == column.absent:
            continue
        path = rows.path(row, field.name)
        try:
            cell = split_map(cell) if column.text else cell
            if not isinstance(cell, dict):
                raise Refusal(f"must be {{{what}: number}}, found {show(cell)}")
        except Refusal as refusal:
            faults.refuse(path, refusal)
            continue
        for name, value in cell.items():
            try:
                number = _number(value, field, column.text)
                if index is not None:
                    if name not in index:
                        raise Refusal(f"unknown {what} {show(name)}", nearest(name, index))
                    out[row, index[name]] = number
            except Refusal as refusal:
                faults.add((*path, name), refusal.message, refusal.hint)
    return out


def _number(value: Any, field: Field, text: bool) -> float:
    number = float(exact(value, text=text)) if type(value) is not float or value - value != 0 else value
    fault = complaint(field, number)
    if fault:
        raise Refusal(fault)
    return number
