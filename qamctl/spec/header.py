"""What every kind of spec begins with: its kind, version, name and clock, and the options of its solve."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Any, Final

from qamctl.errors import Diagnostic, SpecError
from qamctl.spec.base_fields import TIME
from qamctl.spec.cells import read_name, read_words
from qamctl.spec.decode import check_names, choices, coded, inner_rows, integers, names, numbers
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.fields import Field
from qamctl.spec.moments import Clock, read_datetime
from qamctl.spec.numbers import exact
from qamctl.spec.reader import spec_kind
from qamctl.spec.rows import Rows, rows_of
from qamctl.spec.source import Source
from qamctl.spec.time import SECONDS

#: The kinds that this version solves; the others are those of versions to come.
SOLVED: Final = ("schedule", "cluster", "reason", "model", "hamiltonian", "circuit")


def check_kind(data: Mapping[str, Any], source: Source, wanted: str) -> None:
    """Refuse a spec of another kind before anything else is said about it.

    Raises
    ------
    SpecError
        Naming the kind found and the kind wanted.
    """
    try:
        kind = spec_kind(data)
    except SpecError as error:
        where = source.locate(("kind",))
        faults = [Diagnostic(fault.message, where, fault.hint) for fault in error.diagnostics]
        raise SpecError(f"{source.label} is not a valid spec: 1 fault", faults) from None
    if kind == wanted:
        return
    where = source.locate(("kind",))
    if kind in SOLVED:
        fault = Diagnostic(f"this is a spec of kind {kind}, not {wanted}", where, "`qamctl solve` takes either kind")
        raise SpecError(f"{source.label} is not a {wanted} spec", [fault])
    hint = f"this version solves specs of kind {', '.join(SOLVED[:-1])} and {SOLVED[-1]}"
    fault = Diagnostic(f"this is a spec of kind {kind}, which this version does not solve", where, hint)
    raise SpecError(f"{source.label} is of kind {kind}, which this version does not solve", [fault])


def read_root(data: Mapping[str, Any], kind: Field, faults: Faults) -> Rows:
    """The spec itself as one row, its own fields checked."""
    root = rows_of([dict(data)], lambda row: ())
    check_names(root, kind, faults)
    column = root.columns.get("version")
    if column is not None and (column.cells[0] != 1 or type(column.cells[0]) is not int):
        faults.add(("version",), f"version {show(column.cells[0])} is not known", "write version: 1")
    return root


def read_name_of_spec(root: Rows, field: Field, kind: str, source: Source, faults: Faults) -> str:
    """The spec's name: what it gives, else its file's stem, else its kind."""
    name = names(root, field, faults)[0]
    if name is not None:
        return name
    if source.path is not None:
        return source.path.stem
    return kind if source.label == "<stdin>" else source.label


def read_clock(root: Rows, faults: Faults) -> Clock:
    """The clock that `time` sets."""
    rows, _ = inner_rows(root, TIME, faults)
    check_names(rows, TIME, faults)
    if not rows.n:
        return Clock()
    unit = names(rows, TIME["unit"], faults)[0] or "s"
    origin = coded(rows, TIME["origin"], read_datetime, None, faults).list()[0]
    if origin is not None and unit not in SECONDS:
        faults.add(("time", "origin"), f"an origin needs a unit with a length, not {show(unit)}", "one of s, min, h, d")
        origin = None
    resolution = coded(rows, TIME["resolution"], _resolution, None, faults).list()[0]
    return Clock(unit, resolution, origin)


def _resolution(cell: Any, text: bool) -> Fraction:
    number = Fraction(exact(cell, text=text))
    if not Fraction(1, 10**9) <= number <= 10**9:
        raise Refusal(f"must be between 1e-9 and 1e9, found {show(cell)}")
    return number


def read_solver(root: Rows, solver: Field, faults: Faults) -> dict[str, Any]:
    """The options that `solver` gives, checked; nothing for those that it leaves out."""
    rows, _ = inner_rows(root, solver, faults)
    check_names(rows, solver, faults)
    if not rows.n:
        return {}
    none: tuple[str, ...] = ()
    given = {name: column.cells[0] for name, column in rows.columns.items() if column.cells[0] is not None}
    for field in solver.fields:
        if field.type == "integer":
            integers(rows, field, faults)
        elif field.type == "number":
            numbers(rows, field, faults)
        elif field.type == "choice":
            choices(rows, field, faults)
        elif field.type == "texts" and field.choices:
            coded(rows, field, partial(read_words, field.choices), none, faults)
    coded(rows, solver["backend"], _backends, None, faults)
    return given


def _backends(cell: Any, text: bool) -> Any:
    engines = cell if isinstance(cell, list) and cell else [cell]
    return [read_name(engine, text) for engine in engines]
