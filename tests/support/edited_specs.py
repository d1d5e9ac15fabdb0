"""Does to plain data of a schedule spec what an explanation says: field by field, as a user would edit the file."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

Data = dict[str, Any]
Path = tuple[str | int, ...]


def edited(data: Data, edits: Sequence[tuple[Path, Any, Any]]) -> Data:
    """The data after edits (path, before, after); None: the field or the entry of a list is not there."""
    out = copy.deepcopy(data)
    removals = [edit for edit in edits if _is_entry(edit)]
    for path, before, after in [edit for edit in edits if not _is_entry(edit)]:
        _edit(out, path, before, after)
    for path, _, _ in sorted(removals, key=lambda edit: edit[0], reverse=True):  # the later entries of a list first
        del _at(out, path[:-1])[path[-1]]
    return out


def _is_entry(edit: tuple[Path, Any, Any]) -> bool:
    """Whether an edit takes an entry out of a list."""
    return isinstance(edit[0][-1], int) and edit[2] is None


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _edit(data: Data, path: Path, before: Any, after: Any) -> None:
    field = path[-1]
    if field == "calendar":
        _period(_at(data, path[:-1]), before, after)
    elif field == "tolerates":
        _at(data, path[:-1]).setdefault(field, []).append(after)
    elif len(path) > 1 and path[-2] == "skills":
        _skill(_at(data, path[:-2]), str(field), after)
    elif len(path) > 3 and path[2] == "after":
        _arc(_at(data, path[:3]), int(path[3]), str(field), after)
    elif after is None:
        del _at(data, path[:-1])[field]
    else:
        place = data
        for part in path[:-1]:
            place = place.setdefault(part, {}) if isinstance(part, str) else place[part]
        place[field] = after


def _period(row: Data, before: list[Any] | None, after: list[Any] | None) -> None:
    """Absences that meet count as one, so all of them within the old one go."""
    periods = row.get("calendar", [])
    if before is not None:
        periods = [one for one in periods if not (before[0] <= one[0] and one[1] <= before[1])]
    row["calendar"] = [*periods, *([] if after is None else [after])]


def _skill(row: Data, skill: str, level: float | None) -> None:
    skills = row.get("skills", {})
    skills = dict(skills) if isinstance(skills, dict) else dict.fromkeys(skills, 1)
    skills.pop(skill, None)
    row["skills"] = skills | ({} if level is None else {skill: level})


def _arc(entries: list[Any], place: int, field: str, value: Any) -> None:
    if isinstance(entries[place], str):
        entries[place] = {"task": entries[place]}
    entries[place][field] = value


def path_of(field: str) -> Path:
    """The way to a field that is written as `tasks[3].demand.gpu`."""
    parts = field.replace("[", ".[").split(".")
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts)
