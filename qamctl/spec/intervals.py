"""Calendars: lists of [from, to], or of [from, to, quantity], as rows of their own that know whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from qamctl.spec.decode import Ints
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.fields import Field
from qamctl.spec.moments import Clock, times
from qamctl.spec.quantities import Measures
from qamctl.spec.rows import Rows, rows_of

FROM: Final = Field("from", "moment", "when it begins")
TO: Final = Field("to", "moment", "when it has ended")
AMOUNT: Final = Field("capacity", "quantity", "the capacity meanwhile")

_FORMS: Final = {"intervals": "[from, to]", "periods": "[from, to, capacity]"}
_NAMES: Final = {"intervals": ("from", "to"), "periods": ("from", "to", "capacity")}


def interval_rows(rows: Rows, field: Field, faults: Faults) -> tuple[Rows, Ints]:
    """The intervals in a column, with fields `from`, `to` and with periods `capacity`, and the row that each is of.

    Parameters
    ----------
    field
        Of type `intervals` or `periods`.
    """
    column = rows.columns.get(field.name)
    if column is None:
        return Rows(0), np.zeros(0, np.int64)
    names = _NAMES[field.type]
    items: list[dict[str, Any]] = []
    owners: list[tuple[int, int]] = []
    text = column.text
    for row, cell in enumerate(column.cells):
        if cell in (None, ""):
            continue
        written = isinstance(cell, str)
        text |= written
        entries = cell.split("|") if written else cell
        if type(entries) is not list:
            hint = f"write [{_FORMS[field.type]}]"
            faults.add(rows.path(row, field.name), f"must be a list of {_FORMS[field.type]}, found {show(cell)}", hint)
            continue
        for k, entry in enumerate(entries):
            try:
                parts = _split(entry) if written else entry
                items.append(dict(zip(names, _checked(parts, entry, field.type), strict=True)))
            except Refusal as refusal:
                faults.refuse((*rows.path(row, field.name), k), refusal)
            else:
                owners.append((row, k))
    if text:  # where one cell is written, lists beside it are read as if they were
        items = [{name: part if isinstance(part, str) else str(part) for name, part in item.items()} for item in items]
    inner = rows_of(items, lambda i: (*rows.path(owners[i][0], field.name), owners[i][1]), text=text)
    return inner, np.array([row for row, _ in owners], np.int64)


def check_intervals(rows: Rows, field: Field, clock: Clock, faults: Faults) -> None:
    """Refuse bad intervals in a column that says nothing for this kind of spec."""
    inner, owner = interval_rows(rows, field, faults)
    times(inner, FROM, clock, faults)
    times(inner, TO, clock, faults)
    Measures(None, rows.n).single(inner, owner, AMOUNT, faults)


def _split(cell: str) -> list[str]:
    """The parts of `from..to` or `from..to=capacity`; none where it is neither."""
    times, equals, amount = cell.partition("=")
    start, dots, end = times.partition("..")
    return ([start, end, amount] if equals else [start, end]) if dots else []


def _checked(parts: Any, entry: Any, kind: str) -> Sequence[Any]:
    """The parts of one interval, as many as it has to have."""
    if type(parts) is not list or len(parts) != len(_NAMES[kind]) or any(part in (None, "") for part in parts):
        hint = "in a table write from..to" + ("=capacity" if kind == "periods" else "")
        raise Refusal(f"must be {_FORMS[kind]}, found {show(entry)}", hint)
    return list(parts)


def check_order(rows: Rows, start: Ints, end: Ints, faults: Faults) -> Ints:
    """Those intervals that end after they begin; the others are faults."""
    for i in np.flatnonzero(start >= end).tolist():
        faults.add(rows.at(i), "must end after it begins", "write [from, to] with from < to")
    return np.flatnonzero(start < end)
