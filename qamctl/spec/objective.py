"""The objective of a spec: weights by term, one map or a list of maps of which the first is the most important."""

from __future__ import annotations

from typing import Any

from qamctl.spec.base_fields import MOST_WEIGHT
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.fields import Field
from qamctl.spec.numbers import exact
from qamctl.spec.rows import Rows


def read_objective(root: Rows, field: Field, faults: Faults) -> tuple[dict[str, float], ...]:
    """The levels of the objective, most important first; none where it is absent and the field has no default.

    Parameters
    ----------
    field
        Declares the objective; its `choices` are the terms.
    """
    column = root.columns.get(field.name)
    cell = column.cells[0] if column is not None and column.cells[0] is not None else field.default
    if cell is None:
        return ()
    levels = cell if isinstance(cell, list) else [cell]
    if not levels:
        default = ", ".join(f"{term}: {weight}" for term, weight in (field.default or {}).items())
        hint = f"leave it out for {{{default}}}" if default else "leave it out for the default"
        faults.add((field.name,), "must hold at least one term", hint)
    out = []
    for i, level in enumerate(levels):
        path: tuple[str | int, ...] = (field.name, i) if isinstance(cell, list) else (field.name,)
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
    if term not in terms:
        raise Refusal(f"unknown objective term {show(term)}", nearest(term, terms))
    weight = float(exact(cell, text=False))
    if not 0 <= weight <= MOST_WEIGHT:
        raise Refusal(f"the weight of {term} must be between 0 and {MOST_WEIGHT:.0e}, found {show(cell)}")
    return weight
