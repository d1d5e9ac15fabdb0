"""Rows wherever they are: inline, in a side table beside the spec, or as CSV text within it."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qamctl.errors import SpecError, UnsupportedError
from qamctl.spec.csv_text import csv_places, read_csv
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.reader import decode, read_bytes
from qamctl.spec.rows import Rows, mappings_of
from qamctl.spec.source import Path_

Tables = dict[str, tuple[Path, str]]


def read_rows(value: Any, path: Path_, base: Path, tables: Tables, faults: Faults) -> Rows:
    """Rows of the list at `path` as columns; every fault is noted, and leaves as many rows as could be read.

    Parameters
    ----------
    value
        A list of mappings, `{table: FILE}`, `{csv: TEXT}`, or None.
    base
        The folder of the spec; tables must lie in its tree.
    tables
        Gets the tables that were read.

    Raises
    ------
    UnsupportedError
        A Parquet or Arrow table without pyarrow.
    """
    none = Rows(0, {}, lambda row: (*path, row))
    if value is None:
        return none
    if isinstance(value, list):
        return mappings_of(value, lambda row: (*path, row), faults)[0]
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= {"table", "csv"}:
        faults.add(path, f"must be a list of rows, {{table: FILE}} or {{csv: TEXT}}, found {show(value)}")
        return none
    key, text = next(iter(value.items()))
    if not isinstance(text, str):
        faults.add((*path, key), f"must be text, found {show(text)}")
        return none
    if key == "csv":
        return read_csv(text.encode(), path, faults)
    try:
        file = table_path(base, text)
        raw = read_bytes(file, text)
        if file.suffix.lower() == ".csv":
            decode(raw, text)
            rows = read_csv(raw, path, faults)
        else:
            from qamctl.spec.arrow import read_arrow

            rows = read_arrow(raw, file.suffix.lower(), path, faults)
    except Refusal as refusal:
        faults.refuse((*path, "table"), refusal)
    except SpecError as error:
        fault = error.diagnostics[0]
        place = f" at {fault.location}" if fault.location and fault.location.line else ""
        faults.add((*path, "table"), f"the table {show(text)} {_lower(fault.message)}{place}", fault.hint)
    else:
        tables[text] = (file, hashlib.sha256(raw).hexdigest())
        return rows
    return none


def read_list(data: Mapping[str, Any], base: Path, tables: Tables, faults: Faults, name: str) -> tuple[Rows, bool]:
    """The rows of a list of a spec, and whether all of them could be read: else no reference to one can be refused."""
    before = faults.count
    rows = read_rows(data.get(name), (name,), base, tables, faults)
    return rows, faults.count == before


def _lower(message: str) -> str:
    return message if message.startswith("cannot") else f"cannot be read: {message}"


def table_path(base: Path, text: str) -> Path:
    """The file that a table path of a spec means.

    Raises
    ------
    Refusal
        It is no regular file of a known format within the tree of `base`, symbolic links resolved.
    """
    try:
        root = base.resolve()
        file = (root / text).resolve()
        inside = file.is_relative_to(root)
        mode = file.stat().st_mode if inside else 0
    except (OSError, RuntimeError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise Refusal(f"the table {show(text)} cannot be read: {reason}", "paths are relative to the spec") from None
    if not inside:
        raise Refusal(f"the table {show(text)} lies outside the spec's folder", "move it beside the spec")
    if not stat.S_ISREG(mode):
        raise Refusal(f"the table {show(text)} is not a regular file")
    if file.suffix.lower() not in (".csv", ".parquet", ".arrow"):
        raise Refusal(f"the table {show(text)} has an unknown format", "one of .csv, .parquet, .arrow")
    return file


def table_places(
    base: Path, holder: dict[str, Any], cells: Sequence[tuple[int, str | None]]
) -> list[tuple[int | None, int | None]]:
    """Line and cell number of (row, column name) pairs in a side table or in CSV text."""
    if "csv" in holder:
        return list(csv_places(holder["csv"].encode(), cells))
    try:
        file = table_path(base, holder["table"])
        if file.suffix.lower() == ".csv":
            return list(csv_places(read_bytes(file, ""), cells))
    except (Refusal, SpecError, UnsupportedError):
        return [(None, None) for _ in cells]
    # A Parquet table has no lines: rows count from 1 below a header, as they would in CSV.
    return [(row + 2, None) for row, _ in cells]
