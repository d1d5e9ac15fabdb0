"""The head of a schedule spec: its clock and its objective."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from qamctl.spec.decode import check_names, coded, inner_rows, names
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.moments import Clock, read_datetime
from qamctl.spec.numbers import exact
from qamctl.spec.rows import Rows
from qamctl.spec.schedule_fields import LATER, MOST_WEIGHT, SCHEDULE, TIME
from qamctl.spec.time import SECONDS


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
