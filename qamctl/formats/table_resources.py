"""Resources where no table lists them: those that agents hold need no more than a name, others have no capacity."""

from __future__ import annotations

from collections.abc import Iterator

from qamctl.spec.cells import split_map
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.rows import Rows


def held_by(agents: Rows) -> tuple[str, ...]:
    """The resources that the agents of a table hold, in order."""
    return tuple(dict.fromkeys(name for _, name in _amounts(agents, "capacity")))


def check_demands(tasks: Rows, known: tuple[str, ...], faults: Faults) -> None:
    """Note each resource that tasks of a table demand and nobody holds, once, where it is first demanded."""
    seen = set(known)
    for row, name in _amounts(tasks, "demand"):
        if name not in seen:
            seen.add(name)
            hint = "give its capacity, shared by all, in a table with the columns id and capacity: --resources TABLE"
            faults.add(tasks.path(row, "demand"), f"no agent holds the resource {show(name)}", hint)


def _amounts(rows: Rows, field: str) -> Iterator[tuple[int, str]]:
    """Row and name of every amount of a column; cells that hold none are left to the reader, who says so."""
    column = rows.columns.get(field)
    for row, cell in enumerate(column.cells if column else ()):
        if column and column.text:
            try:
                cell = split_map(cell) if cell else {}
            except Refusal:
                continue
        if isinstance(cell, dict):
            yield from ((row, name) for name in cell)
