"""Rows of a list as columns: what inline rows, CSV text and Parquet tables become before anything is decoded.

Columns, because a million rows are decoded column by column; and one shape for the three, so that a
field is decoded, checked and complained about by one piece of code whatever it was written in. A single
mapping (`solver:`, `pinned:`) is a list of one row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qamctl.spec.faults import Faults, show
from qamctl.spec.source import Path_


@dataclass(slots=True)
class Column:
    """The cells of one field.

    Attributes
    ----------
    cells
        Plain data, None where absent; with `text`, CSV cells, the empty text where absent.
    text
        The cells are CSV text, whatever the field's type.
    """

    cells: Sequence[Any]
    text: bool = False

    @property
    def absent(self) -> Any:
        """What an absent cell holds."""
        return "" if self.text else None


@dataclass(slots=True)
class Rows:
    """Rows as columns by field name.

    Attributes
    ----------
    at
        The path of a row.
    header
        The path of the table whose header names the columns; None for mappings.
    """

    n: int
    columns: dict[str, Column] = field(default_factory=dict)
    at: Callable[[int], Path_] = field(default=lambda row: (row,))
    header: Path_ | None = None

    def path(self, row: int, name: str) -> Path_:
        """The path of a field of a row."""
        return (*self.at(row), name)


def mappings_of(
    items: Sequence[Any], at: Callable[[int], Path_], faults: Faults, *, text: bool = False
) -> tuple[Rows, list[int]]:  # fmt: skip
    """Columns from mappings, and their places among the items; one that is no mapping is a fault, and no row."""
    if set(map(type, items)) <= {dict}:
        return rows_of(items, at, text=text), list(range(len(items)))
    places = [i for i, item in enumerate(items) if type(item) is dict]
    for i, item in enumerate(items):
        if type(item) is not dict:
            faults.add(at(i), f"must be a mapping of fields, found {show(item)}")
    return rows_of([items[i] for i in places], lambda row: at(places[row]), text=text), places


def rows_of(items: Sequence[dict[str, Any]], at: Callable[[int], Path_], *, text: bool = False) -> Rows:
    """Columns from mappings."""
    names: dict[str, None] = {}
    for item in items:
        if not names.keys() >= item.keys():
            names |= dict.fromkeys(item)
    absent = "" if text else None
    columns = {name: Column([item.get(name, absent) for item in items], text) for name in names}
    return Rows(len(items), columns, at)
