"""docs/explain.md is true: every kind of constraint, what its changes cost, and every field that is printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.clashes import CLASHES, Clash

from qamctl.schedule.explain import explain_schedule
from qamctl.schedule.explain.families import KINDS, changes, named
from qamctl.schedule.read import schedule_from_data

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "explain.md").read_text()


def rows(head: str) -> list[list[str]]:
    """The cells of the table whose first column is called so."""
    lines = PAGE.split(f"| {head} |")[1].splitlines()[2:]
    table = lines[: next(k for k, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


#: The weights of changes by kind, as the page has them.
WEIGHTS = {
    kind: {float(number) for number in re.findall(r"\((\d)(?: each)?\)", row[2])}
    for row in rows("constraint")
    for kind in re.findall(r"`([^`]+)`", row[0])
}


def test_every_kind_is_on_the_page() -> None:
    """The table of constraints has each kind, and no other."""
    assert set(WEIGHTS) == set(KINDS)


@pytest.mark.parametrize("clash", CLASHES, ids=lambda clash: clash.name)
def test_weights_are_those_of_the_page(clash: Clash) -> None:
    """Each change of each constraint weighs what the page says, for each agent or task that it is about."""
    spec = schedule_from_data({"kind": "schedule", "version": 1, **clash.data})
    tasks = list(range(len(spec.tasks.ids)))
    for constraint in named(spec, tasks):
        for change in changes(spec, constraint, tasks):
            number = len(change.told(change.most).edits) if change.weight > 5 else 1
            assert change.weight / number in WEIGHTS[constraint.kind], change.told(1).text


def fields_of(value: Any, prefix: str) -> set[str]:
    """Every field in an object, with those of its lists as `list[].field`."""
    if isinstance(value, list):
        return {name for one in value for name in fields_of(one, f"{prefix}[]")}
    if isinstance(value, dict):
        return {prefix} | {name for key, one in value.items() for name in fields_of(one, f"{prefix}.{key}".lstrip("."))}
    return {prefix}


def test_every_field_is_on_the_page() -> None:
    """What is printed has a row of its own, or stands in the row of what holds it."""
    told = {name: row[1] for row in rows("field") for name in re.findall(r"`([^`]+)`", row[0])}
    printed: set[str] = set()
    for clash in (CLASHES[0].data, {"tasks": [{"id": "x", "duration": 1}]}):
        spec = schedule_from_data({"kind": "schedule", "version": 1, **clash})
        printed |= fields_of(explain_schedule(spec, seconds=60, most=3), "")
    for name in printed - {""}:
        if name in told or name.startswith("binding.conflict.") or name.endswith("[]"):
            continue
        holder, _, last = name.rpartition(".")
        assert re.search(rf"\b{last}\b", told[holder.removesuffix("[]")]), name
