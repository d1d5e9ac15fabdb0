"""What changed from one schedule to another: tasks that came, went or were left out, and who does them when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qamctl.differences.compared import Changes, Row, is_number
from qamctl.differences.parts import rows_of
from qamctl.errors import SpecError
from qamctl.levels import same

#: Ways in which whether a task is done at all changes, in the order of their rows.
_FIRST: Final = ("dropped", "left out", "added", "taken up")

#: Ways in which a task that both schedules do changes.
_WORDS: Final = ("reassigned", "switched", "moved", "resized", "paused")


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any], places: tuple[Path, Path]) -> Changes:
    """The tasks that changed: first those that are done no more or only now, then the others by how far they moved.

    Parameters
    ----------
    before, after
        The blocks `solution` of two results.
    places
        Their files, beside which tables are.

    Raises
    ------
    SpecError
        The assignments are no rows of tasks, or their table can't be read.
    """
    old, new = _tasks(before, places[0]), _tasks(after, places[1])
    found = [_row(task, old, new) for task in dict.fromkeys([*old, *new])]
    order = {word: place for place, word in enumerate(_FIRST)}
    rows = sorted(
        (row for row in found if row is not None),
        key=lambda row: (order.get(row.what[0], len(order)), -abs(row.change or 0)),
    )
    words = Counter(word for row in rows for word in row.what)
    counts: dict[str, float] = {word.replace(" ", "_"): words[word] for word in (*_FIRST, *_WORDS)}
    counts["unchanged"] = len(found) - len(rows)
    counts["largest_shift"] = max((abs(row.change or 0) for row in rows), default=0)
    return Changes("task", ("agents", "mode", "start", "end"), "shift", counts, rows)


def _tasks(solution: Mapping[str, Any], place: Path) -> dict[str, dict[str, Any] | None]:
    """What is said of each task; None of one that is left out."""
    found: dict[str, dict[str, Any] | None] = {}
    for task, row in rows_of("schedule", solution.get("assignments"), "task", place).items():
        agents = row.get("agents") or []
        if not (isinstance(agents, list) and is_number(row.get("start")) and is_number(row.get("end"))):
            raise SpecError(f"{place}: the row of task {task} does not say who does it when")
        fields = {name: row.get(name) for name in ("mode", "start", "end", "segments")}
        found[task] = {"agents": sorted(map(str, agents)), **fields}
    left_out = rows_of("unscheduled", solution.get("unscheduled") or [], "task", place)
    return found | {task: None for task in left_out if task not in found}


def _row(
    task: str, before: Mapping[str, dict[str, Any] | None], after: Mapping[str, dict[str, Any] | None]
) -> Row | None:  # fmt: skip
    """What changed of a task; None where nothing did."""
    old, new = before.get(task), after.get(task)
    if task not in before or task not in after:
        return Row(task, ("added" if task in after else "dropped",), old, new)
    if old is None or new is None:
        return None if old is new else Row(task, ("taken up" if old is None else "left out",), old, new)
    shift = 0 if same(old["start"], new["start"]) else new["start"] - old["start"]
    differs = (
        old["agents"] != new["agents"], old["mode"] != new["mode"], bool(shift),
        not same(old["end"] - old["start"], new["end"] - new["start"]), old["segments"] != new["segments"],
    )  # fmt: skip
    words = tuple(word for word, other in zip(_WORDS, differs, strict=True) if other)
    return Row(task, words, old, new, shift) if words else None
