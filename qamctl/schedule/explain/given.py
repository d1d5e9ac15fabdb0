"""What the file itself says, where columns don't tell it: which modes have values of their own, names of groups."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from qamctl.schedule.spec import ScheduleSpec
from qamctl.spec.reader import parse_source
from qamctl.spec.source import Path_


def given(spec: ScheduleSpec, path: Path_) -> Any:
    """The value of a field in the problem file; None where it is not there, or stands in a table."""
    value: Any = _data(spec.source.text, spec.source.label, spec.source.path)
    for part in path:
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


@lru_cache(maxsize=1)  # reading takes long where there are many tasks
def _data(text: bytes, label: str, path: Path | None) -> dict[str, Any]:
    return parse_source(text, label, path)[0]


def ways(spec: ScheduleSpec, t: int, field: str) -> list[tuple[tuple[int, ...], Path_]]:
    """The modes of a task, and the field that counts for them: that of the task, or one that a mode has of its own."""
    first, last = int(spec.tasks.first_mode[t]), int(spec.tasks.first_mode[t + 1])
    own = [] if spec.modes.ids[first] is None else [
        m for m in range(first, last) if given(spec, ("tasks", t, "modes", m - first, field)) is not None
    ]  # fmt: skip
    rest = tuple(m for m in range(first, last) if m not in own)
    return [
        *([(rest, ("tasks", t, field))] if rest else []),
        *(((m,), ("tasks", t, "modes", m - first, field)) for m in own),
    ]  # fmt: skip
