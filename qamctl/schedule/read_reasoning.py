"""Reads where a schedule's preferences come from: a reasoning run or problem, or the spec itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qamctl.schedule.spec import Reasoning
from qamctl.spec.cells import read_name
from qamctl.spec.decode import check_names, complaint, inner_rows, names, numbers
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.numbers import exact
from qamctl.spec.rows import Rows
from qamctl.spec.schedule_fields import REASONING


def read_reasoning(root: Rows, objective: Sequence[Mapping[str, float]], faults: Faults) -> Reasoning | None:
    """What the spec says of reasoning; its actions are read, and not yet understood."""
    rows, _ = inner_rows(root, REASONING, faults)
    check_names(rows, REASONING, faults)
    if not rows.n:
        _refuse_term(root, objective, faults)
        return None
    origin = names(rows, REASONING["from"], faults)[0]
    weight = float(numbers(rows, REASONING["weight"], faults)[0])
    column = rows.columns.get("actions")
    cell = None if column is None else column.cells[0]
    place = rows.at(0)
    if origin is not None and cell is not None:
        faults.add(place, "`reasoning` has both `from` and `actions`", "leave one of them out")
    elif origin is None and cell is None and not faults.within((*place, "from")):
        faults.add(place, "`reasoning` has neither `from` nor `actions`", "name a run of `qamctl reason`, or say both")
    return Reasoning(origin, weight, None if cell is None else _actions(cell, (*place, "actions"), faults))


def _actions(cell: object, path: tuple[str | int, ...], faults: Faults) -> dict[str, float]:
    if not isinstance(cell, dict):
        faults.add(path, f"must be {{action: probability}}, found {show(cell)}", "{prefer t1 on a1: 0.7}")
        return {}
    found: dict[str, float] = {}
    for text, value in cell.items():
        try:
            number = float(exact(value, text=False))
            if fault := complaint(REASONING["actions"], number):
                raise Refusal(fault)
            found[read_name(text, False)] = number
        except Refusal as refusal:
            faults.refuse((*path, text), refusal)
    return found


def _refuse_term(root: Rows, objective: Sequence[Mapping[str, float]], faults: Faults) -> None:
    """The objective may weigh the term only where there is something to weigh."""
    listed = isinstance(root.columns["objective"].cells[0], list) if "objective" in root.columns else False
    for k, level in enumerate(objective):
        if level.get("reasoning"):
            path = ("objective", k, "reasoning") if listed else ("objective", "reasoning")
            faults.add(path, "the objective weighs `reasoning`, and the spec has none", "add `reasoning: {from: RUN}`")
