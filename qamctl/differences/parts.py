"""The parts of a result's solution as mappings by id, whether they stand in the result or in a table beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qamctl.errors import SpecError


def rows_of(what: str, rows: Any, key: str, place: Path) -> dict[str, Mapping[str, Any]]:
    """The rows of a list by their id.

    Parameters
    ----------
    what
        Whose rows they are, which says how their table is read: `schedule`, `unscheduled`, `cluster`, `posterior`.
    rows
        A list of rows, or a mapping that names their table.
    key
        The field that has the id.
    place
        The result file.

    Raises
    ------
    SpecError
        They are no such rows, an id comes twice, or the table can't be read.
    """
    if isinstance(rows, Mapping):
        try:
            rows = _reader(what)(place.parent, rows.get("table"), rows.get("sha256"))
        except (OSError, ValueError) as error:
            raise SpecError(f"{place}: a table of its solution can't be read: {error}") from error
    found: dict[str, Mapping[str, Any]] = {}
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        id = row.get(key) if isinstance(row, Mapping) else row if what == "unscheduled" else None
        if not isinstance(id, str) or id in found:
            raise SpecError(f"{place}: row {number} of its solution does not tell of one more {key}")
        found[id] = row if isinstance(row, Mapping) else {key: id}
    return found


def _reader(what: str) -> Callable[[Path | None, object, object], list[Any]]:
    if what == "schedule":
        from qamctl.schedule.check.table import read_assignments as read_tasks

        return read_tasks
    if what == "unscheduled":
        from qamctl.schedule.check.table import read_unscheduled

        return read_unscheduled
    if what == "cluster":
        from qamctl.cluster.check.table import read_assignments

        return read_assignments
    from qamctl.checks.table import read_cells

    return read_cells
