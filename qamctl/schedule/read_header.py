"""The head of a schedule spec: what it is, its clock, its solver options and its objective."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from qamctl.errors import Diagnostic, SpecError
from qamctl.spec.cells import read_name
from qamctl.spec.decode import check_names, coded, inner_rows, integers, names, numbers
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.moments import Clock, read_datetime
from qamctl.spec.numbers import exact
from qamctl.spec.reader import spec_kind
from qamctl.spec.rows import Rows, rows_of
from qamctl.spec.schedule_fields import LATER, MOST_WEIGHT, SCHEDULE, SOLVER, TIME
from qamctl.spec.source import Source
from qamctl.spec.time import SECONDS


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
    if kind != wanted:
        fault = Diagnostic(f"this is a spec of kind {kind}, not {wanted}", source.locate(("kind",)))
        raise SpecError(f"{source.label} is not a {wanted} spec", [fault])


def read_root(data: Mapping[str, Any], faults: Faults) -> Rows:
    """The spec itself as one row, its own fields checked."""
    root = rows_of([dict(data)], lambda row: (), faults)
    check_names(root, SCHEDULE, faults, LATER["schedule"])
    column = root.columns.get("version")
    if column is not None and (column.cells[0] != 1 or type(column.cells[0]) is not int):
        faults.add(("version",), f"version {show(column.cells[0])} is not known", "write version: 1")
    return root


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


def read_solver(root: Rows, faults: Faults) -> dict[str, Any]:
    """The options that `solver` gives, checked; nothing for those that it leaves out."""
    rows, _ = inner_rows(root, SOLVER, faults)
    check_names(rows, SOLVER, faults)
    if not rows.n:
        return {}
    given = {name: column.cells[0] for name, column in rows.columns.items() if column.cells[0] is not None}
    for field in SOLVER.fields:
        if field.type == "integer":
            integers(rows, field, faults)
        elif field.type == "number":
            numbers(rows, field, faults)
    coded(rows, SOLVER["backend"], _backends, None, faults)
    return given


def _backends(cell: Any, text: bool) -> Any:
    engines = cell if isinstance(cell, list) and cell else [cell]
    return [read_name(engine, text) for engine in engines]


def read_objective(root: Rows, faults: Faults) -> tuple[dict[str, float], ...]:
    """The levels of the objective, most important first."""
    field = SCHEDULE["objective"]
    column = root.columns.get("objective")
    cell = column.cells[0] if column is not None and column.cells[0] is not None else field.default
    levels = cell if isinstance(cell, list) else [cell]
    if not levels:
        faults.add(("objective",), "must hold at least one term", "leave it out for {makespan: 1}")
    out = []
    for i, level in enumerate(levels):
        path: tuple[str | int, ...] = ("objective", i) if isinstance(cell, list) else ("objective",)
        if not isinstance(level, dict) or not level:
            faults.add(path, f"must be a map of weights by term, found {show(level) if level else 'nothing in it'}")
            continue
        weights: dict[str, float] = {}
        for term, weight in level.items():
            try:
                weights[term] = _weight(term, weight, field.choices)
            except Refusal as refusal:
                faults.refuse((*path, term), refusal)
        out.append(weights)
    return tuple(out)


def _weight(term: str, cell: Any, terms: tuple[str, ...]) -> float:
    if term in LATER["objective"]:
        raise Refusal(f"the objective term {show(term)} comes with a later version", f"one of {', '.join(terms)}")
    if term not in terms:
        raise Refusal(f"unknown objective term {show(term)}", nearest(term, terms))
    weight = float(exact(cell, text=False))
    if not 0 <= weight <= MOST_WEIGHT:
        raise Refusal(f"the weight of {term} must be between 0 and {MOST_WEIGHT:.0e}, found {show(cell)}")
    return weight
