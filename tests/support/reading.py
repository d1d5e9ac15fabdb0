"""Helpers for tests of the reader: small specs, and the faults that a text gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qamctl.errors import SpecError
from qamctl.schedule.read import load_schedule, schedule_from_data


def spec_data(**fields: Any) -> dict[str, Any]:
    """A schedule spec of one task, with other fields as given."""
    return {"kind": "schedule", "version": 1, "tasks": [{"id": "t1", "duration": 3}]} | fields


def file_faults(file: Path) -> list[str]:
    """The diagnostics of a file as text, `line:column: message`, empty where it is valid."""
    try:
        load_schedule(file)
    except SpecError as error:
        return [str(d).removeprefix(f"{file.parent}/") for d in error.diagnostics]
    return []


def data_faults(data: Any) -> list[str]:
    """The diagnostics of plain data as text, empty where it is valid."""
    try:
        schedule_from_data(data)
    except SpecError as error:
        return [str(d) for d in error.diagnostics]
    return []
