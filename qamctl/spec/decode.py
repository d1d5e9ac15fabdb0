"""Decodes columns of cells by their declared fields; every fault is noted at its row, and decoding goes on.

Equal cells are decoded once and share one value, and columns of plain integers are converted whole, so the
work follows the number of distinct cells. Where a cell is refused the default takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from qamctl.spec.cells import CONTROL, PLACES, read_name, split_map
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.fields import Field
from qamctl.spec.numbers import decimals, exact
from qamctl.spec.rows import Column, Rows, mappings_of

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
T = TypeVar("T")

#: Cells that are converted at once: few enough to stay in the processor's cache.
PIECE: Final = 16_384

#: Stands in integer columns for an absent cell.
ABSENT: Final = -(2**63)


@dataclass(slots=True)
class Coded(Generic[T]):
    """A value for every row, each distinct one held once: row i has values[codes[i]]."""

    codes: Codes
    values: list[T]

    def list(self) -> list[T]:
        """The values row by row."""
        if len(self.values) == 1:
            return self.values * len(self.codes)
        return list(map(self.values.__getitem__, self.codes.tolist()))


def check_names(rows: Rows, field: Field, faults: Faults) -> None:
    """Refuse fields that do not exist, and rows without a required one; unknown columns are dropped."""
    known = [inner.name for inner in field.fields]
    for name in [name for name in rows.columns if name not in known]:
        cells = rows.columns.pop(name).cells
        message, hint = f"unknown field {show(name)}", nearest(name, known)
        if rows.header is not None:
            faults.add((*rows.header, -1, name), message, hint)
            continue
        for row in [row for row, cell in enumerate(cells) if cell not in (None, "")] or [0]:
            faults.add(rows.path(row, name), message, hint)
    for inner in field.fields:
        if inner.required:
            for row in np.flatnonzero(~present(rows, inner.name)).tolist():
                faults.add(rows.at(row), f"{show(inner.name)} is missing")


def present(rows: Rows, name: str) -> npt.NDArray[np.bool_]:
    """[n] whether the row has the field."""
    column = rows.columns.get(name)
    if column is None:
        return np.zeros(rows.n, bool)
    if column.text:
        return np.ones(rows.n, bool) if all(column.cells) else np.fromiter(map(bool, column.cells), bool, rows.n)
    return np.fromiter((cell is not None for cell in column.cells), bool, rows.n)


def coded(rows: Rows, field: Field, read: Callable[[Any, bool], T], absent: T, faults: Faults) -> Coded[T]:
    """Read every distinct cell of a column once.

    Parameters
    ----------
    read
        Called with a cell and whether it is CSV text; raises Refusal.
    absent
        The value of absent and of refused cells.
    """
    column = rows.columns.get(field.name)
    if column is None:
        return Coded(np.zeros(rows.n, np.int32), [absent])
    keys = column.cells if column.text else [_key(cell) for cell in column.cells]
    code = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    codes = np.fromiter(map(code.__getitem__, keys), np.int32, rows.n)
    # An equal cell is as good as any: the last one of each code.
    cells = dict(zip(codes.tolist(), column.cells, strict=True)) if not column.text else dict(enumerate(code))
    values: list[T] = []
    refused: dict[int, Refusal] = {}
    for i in range(len(code)):
        value, cell = absent, cells[i]
        if cell != column.absent:
            try:
                value = read(cell, column.text)
            except Refusal as refusal:
                refused[i] = refusal
        values.append(value)
    if refused:
        for row in np.flatnonzero(np.isin(codes, list(refused))).tolist():
            faults.refuse(rows.path(row, field.name), refused[int(codes[row])])
    return Coded(codes, values)


def _key(cell: Any) -> Hashable:
    """Equal for cells that mean the same, types included; its own for what cannot be compared cheaply."""
    kind = type(cell)
    try:
        if kind is dict:
            values = tuple(cell.values())
            key: Hashable = (tuple(cell), values, tuple(map(type, values)))
        elif kind is list:
            key = (tuple(cell), tuple(map(type, cell)))
        else:
            key = (kind, cell)
        hash(key)
    except TypeError:
        return id(cell)
    return key


def plain_integers(column: Column) -> Ints | None:
    """The column converted whole, ABSENT where absent; None unless every cell is a plain integer or absent."""
    cells = column.cells
    if not column.text:
        kinds = set(map(type, cells))
        if kinds == {int, type(None)}:
            cells = [ABSENT if cell is None else cell for cell in cells]
        elif kinds != {int}:
            return None
        try:
            return np.array(cells, np.int64)
        except OverflowError:
            return None
    whole = np.empty(len(cells), np.int64)
    for at in range(0, len(cells), PIECE):
        piece = cells[at : at + PIECE]
        digits = "".join(piece)
        if digits and not (digits.isascii() and digits.isdigit()):
            return None
        try:
            whole[at : at + PIECE] = [int(cell) if cell else ABSENT for cell in piece]
        except (OverflowError, ValueError):  # more digits than 64 bits hold, or than `int` takes
            return None
    return whole


def integers(rows: Rows, field: Field, faults: Faults) -> Ints:
    """[n] whole numbers within the field's bounds; the default, or ABSENT, where absent."""
    default = ABSENT if field.default is None else int(field.default)
    column = rows.columns.get(field.name)
    if column is None:
        return np.full(rows.n, default, np.int64)
    whole = plain_integers(column)
    if whole is not None:
        absent = whole == ABSENT
        _bounds(rows, field, np.where(absent, field.low or 0, whole), faults)
        return np.where(absent, default, whole)

    def read(cell: Any, text: bool) -> int:
        number = exact(cell, text=text)
        if number != number.to_integral_value():
            raise Refusal(f"must be a whole number, found {show(cell)}")
        _within(field, float(number))
        return int(number)

    got = coded(rows, field, read, default, faults)
    return np.array(got.values, np.int64)[got.codes]


def numbers(rows: Rows, field: Field, faults: Faults) -> Floats:
    """[n] finite numbers within the field's bounds; the default, or NaN, where absent."""
    default = float("nan") if field.default is None else float(field.default)
    column = rows.columns.get(field.name)
    if column is None:
        return np.full(rows.n, default)
    whole = plain_integers(column)
    if whole is not None:
        floats = whole.astype(np.float64)
        absent = whole == ABSENT
        if absent.any():
            floats[absent] = field.default or field.low or 0
        _bounds(rows, field, floats, faults)
        floats[absent] = default
        return floats

    def read(cell: Any, text: bool) -> float:
        number = float(exact(cell, text=text))
        _within(field, number)
        return number

    got = coded(rows, field, read, default, faults)
    return np.array(got.values, np.float64)[got.codes]


def rationals(rows: Rows, field: Field, faults: Faults) -> tuple[Ints, Ints]:
    """[n] numerators and denominators of positive numbers with at most six decimals."""

    def read(cell: Any, text: bool) -> tuple[int, int]:
        number = exact(cell, text=text)
        if number <= 0:
            raise Refusal(f"must be above 0, found {show(cell)}")
        if decimals(number) > PLACES:
            raise Refusal(f"must have at most {PLACES} decimals, found {show(cell)}")
        _within(field, float(number))
        return number.as_integer_ratio()

    got = coded(rows, field, read, (int(field.default), 1), faults)
    pairs = np.array(got.values, np.int64).reshape(-1, 2)
    return pairs[got.codes, 0], pairs[got.codes, 1]


def _within(field: Field, number: float) -> None:
    """Raise Refusal for a number outside the field's bounds."""
    fault = complaint(field, number)
    if fault:
        raise Refusal(fault)


def complaint(field: Field, number: float) -> str | None:
    """What is wrong with a number by the field's bounds; None where it keeps them."""
    if field.positive and number <= 0:
        return f"must be above 0, found {number:.15g}"
    if field.low is not None and number < field.low:
        return f"must be at least {field.low:.15g}, found {number:.15g}"
    if field.high is not None and number > field.high:
        return f"must be at most {field.high:.15g}, found {number:.15g}"
    return None


def _bounds(rows: Rows, field: Field, numbers: Ints | Floats, faults: Faults) -> None:
    if not rows.n:
        return
    if complaint(field, float(numbers.min())) or complaint(field, float(numbers.max())):
        for row, number in enumerate(numbers.tolist()):
            fault = complaint(field, number)
            if fault:
                faults.add(rows.path(row, field.name), fault)


def choices(rows: Rows, field: Field, faults: Faults) -> list[str]:
    """[n] one of the field's words; the default where absent, the first word where there is none."""

    def read(cell: Any, text: bool) -> str:
        if cell in field.choices:
            return str(cell)
        hint = nearest(cell, field.choices) if isinstance(cell, str) else None
        raise Refusal(f"must be one of {', '.join(field.choices)}, found {show(cell)}", hint)

    return coded(rows, field, read, field.default or field.choices[0], faults).list()


def names(rows: Rows, field: Field, faults: Faults) -> list[str | None]:
    """[n] texts; None where absent."""
    return coded(rows, field, read_name, None, faults).list()


def ids(rows: Rows, field: Field, faults: Faults) -> tuple[tuple[str, ...], dict[str, int]]:
    """The ids and the row of each; a duplicate is a fault (a missing one was noted by `check_names`)."""
    column = rows.columns.get(field.name)
    cells: Sequence[Any] = column.cells if column else [None] * rows.n
    if set(map(type, cells)) != {str} or "" in cells or CONTROL("".join(cells)):
        cells = [cell if cell else None for cell in names(rows, field, faults)]
    index = dict(zip(cells, range(len(cells)), strict=True))
    if len(index) < len(cells):
        index = dict(zip(reversed(cells), range(len(cells) - 1, -1, -1), strict=True))  # the first use counts
        for row, name in enumerate(cells):
            if name is not None and index[name] != row:
                message = f"duplicate id {show(name)}, first used by row {index[name] + 1}"
                faults.add(rows.path(row, field.name), message)
    index.pop(None, None)
    return tuple(cells), index


def inner_rows(rows: Rows, field: Field, faults: Faults) -> tuple[Rows, Ints]:
    """The mappings in a column as rows of their own, with the rows that they belong to."""
    column = rows.columns.get(field.name)
    if column is None:
        return Rows(0), np.zeros(0, np.int64)
    owners = [row for row, cell in enumerate(column.cells) if cell is not None and cell != ""]
    items: list[Any] = []
    for row in owners:
        cell = column.cells[row]
        if column.text:
            try:
                cell = split_map(cell)
            except Refusal as refusal:
                faults.refuse(rows.path(row, field.name), refusal)
                cell = {}
        items.append(cell)
    inner, kept = mappings_of(items, lambda i: rows.path(owners[i], field.name), faults, text=column.text)
    return inner, np.array(owners, np.int64)[kept]
