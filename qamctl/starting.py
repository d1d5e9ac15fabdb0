"""A schedule spec made of tables: written only where the reader takes it, so that it solves as it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from qamctl.errors import Location, SpecError, UsageError
from qamctl.formats.table_columns import check_columns
from qamctl.formats.table_resources import check_demands, held_by
from qamctl.formats.table_spec import Table, table_spec
from qamctl.schedule.build import build_instance
from qamctl.schedule.read import build_schedule
from qamctl.schedule.reasons import reasons
from qamctl.spec.cells import read_name
from qamctl.spec.faults import Faults, Refusal
from qamctl.spec.moments import read_datetime
from qamctl.spec.reader import no_collection, parse_source
from qamctl.spec.rows import Rows
from qamctl.spec.schedule_fields import SCHEDULE
from qamctl.spec.source import Path_, Source
from qamctl.spec.table import read_rows
from qamctl.spec.time import SECONDS

#: The lists that tables make: the flag of each, and the columns that its table can't do without.
FLAGS: Final = {"tasks": "--from", "agents": "--agents", "resources": "--resources"}
_NEEDED: Final = {"tasks": ("id", "duration"), "agents": ("id",), "resources": ("id",)}

#: What the spec is called in messages where it goes to standard output.
_UNNAMED: Final = "schedule.yaml"


@dataclass(frozen=True, slots=True)
class Started:
    """A spec that was made of tables.

    Attributes
    ----------
    text
        The spec; tables are named relative to the folder that it goes to.
    reasons
        Why nobody can satisfy it, as far as that shows without a search.
    """

    text: str
    reasons: tuple[str, ...]


def schedule_from_tables(
    tables: Mapping[str, str], file: str | None, *, unit: str | None = None, origin: str | None = None
) -> Started:
    """A commented schedule spec that refers to tables, read whole before it is given.

    Parameters
    ----------
    tables
        Paths of .csv, .parquet or .arrow files by list: tasks, and agents and resources where there are some.
    file
        Where the spec goes; None for standard output, whose folder is the working directory.
    unit, origin
        Of the times in the tables; None: seconds, and no date-times.

    Raises
    ------
    UsageError
        A path, the unit or the origin makes no sense.
    SpecError
        The tables have faults: all of them, each with its place.
    UnsupportedError
        A Parquet or Arrow table without pyarrow.
    """
    _check_clock(unit, origin)
    label = _UNNAMED if file is None else file
    if Path(label).suffix.lower() == ".json":
        raise UsageError(f"--file {label} would hold YAML: name it .yaml")
    paths = {name: _relative(FLAGS[name], path, Path(label).parent) for name, path in tables.items()}
    clock = {"unit": unit, "origin": origin}
    with _told_of(tables, label):
        unread = {name: Table(path, 0, ()) for name, path in paths.items()}
        found, extra = _read_columns(*_parse(_text(unread, (), clock), label, tables), tables)
        text = _text(found, extra, clock)
        spec = build_schedule(*_parse(text, label, tables))
    return Started(text, tuple(f"{reason.constraint}: {reason.text}" for reason in reasons(build_instance(spec))))


def _check_clock(unit: str | None, origin: str | None) -> None:
    try:
        flag = "--unit"
        if unit is not None:
            read_name(unit, text=True)
        flag = "--origin"
        if origin is not None:
            read_datetime(origin)
    except Refusal as refusal:
        raise UsageError(f"{flag} {refusal.message}") from None
    if origin is not None and unit not in (None, *SECONDS):
        raise UsageError(f"--origin needs a unit with a length, not {unit}: give --unit one of {', '.join(SECONDS)}")


def _relative(flag: str, path: str, folder: Path) -> str:
    """A table's path as the spec in `folder` has it: below that folder, as the reader demands."""
    if not os.path.isfile(path):
        raise SpecError(f"can't read {flag} {path}: there is no such file")
    for place in (os.path.abspath, os.path.realpath):  # as it is named, then where links lead
        near = Path(os.path.relpath(place(path), place(folder)))
        if near.parts[0] != os.pardir:
            return near.as_posix()
    raise UsageError(
        f"{flag} {path} is not below the folder that the spec goes to, {os.path.abspath(folder)}: "
        f"give --file a place above it, such as {Path(path).parent / _UNNAMED}"
    )


def _text(tables: Mapping[str, Table], held: Sequence[str], clock: Mapping[str, str | None]) -> str:
    try:
        return table_spec(tables, held=held, unit=clock["unit"], origin=clock["origin"])
    except ValueError as error:
        raise UsageError(f"a spec can't name such a file: {error}") from None


def _parse(text: str, label: str, tables: Mapping[str, str]) -> tuple[dict[str, Any], Source]:
    """The spec's data and source; what is wrong with a table is told of the table, as there is no spec yet."""
    data, source = parse_source(text.encode(), label, Path(label))

    def places(paths: Sequence[Path_]) -> list[Location]:
        return [
            Location(tables[str(path[0])]) if path and path[0] in tables and place.file == label else place
            for path, place in zip(paths, source.places(paths), strict=True)
        ]

    return data, replace(source, places=places)


def _read_columns(
    data: Mapping[str, Any], source: Source, tables: Mapping[str, str]
) -> tuple[dict[str, Table], tuple[str, ...]]:
    """The tables with their columns, each of which is a field, and the resources that no table lists."""
    faults = Faults(source)
    with no_collection():
        rows = {name: read_rows(data[name], (name,), source.base, {}, faults) for name in tables}
    none = Rows(0)
    known = held_by(rows.get("agents", none)) + _texts(rows.get("resources", none), "id")
    for name, table in rows.items():
        if table.columns:
            check_columns(table, SCHEDULE[name], _NEEDED[name], known, faults)
    if "resources" not in rows:
        check_demands(rows["tasks"], known, faults)
    faults.check()
    found = {name: Table(data[name]["table"], table.n, tuple(table.columns)) for name, table in rows.items()}
    return found, () if "resources" in rows else known


def _texts(rows: Rows, name: str) -> tuple[str, ...]:
    column = rows.columns.get(name)
    return tuple(cell for cell in column.cells if isinstance(cell, str)) if column else ()


@contextmanager
def _told_of(tables: Mapping[str, str], label: str) -> Iterator[None]:
    """Tell faults as those of the tables; none has a place in the spec, which is not written yet."""
    try:
        yield
    except SpecError as error:
        faults = [
            replace(fault, location=None) if fault.location and fault.location.file == label else fault
            for fault in error.diagnostics
        ]
        raise SpecError(f"{', '.join(tables.values())} can't make a spec", faults) from None
