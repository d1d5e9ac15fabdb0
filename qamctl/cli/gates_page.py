"""The gates of a run as a table, and those that were not met as faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qamctl.cli.table import cell, table
from qamctl.console import Paint
from qamctl.errors import Diagnostic


def gates_text(result: Mapping[str, Any], width: int, paint: Paint) -> str:
    """Every gate with its figure and its verdict; nothing where there was none."""
    rows = result.get("gates") or []
    if not rows:
        return ""
    failed = sum(not row["met"] for row in rows)
    told = paint("all met", "good") if not failed else paint(f"{failed} of {len(rows)} not met", "bad")
    cells = [(row["gate"], row["value"], "met" if row["met"] else "not met", row.get("note") or "") for row in rows]
    noted = any(note for *_, note in cells)
    head = ("gate", "value", "verdict", *(("note",) if noted else ()))
    shown = cells if noted else [row[:3] for row in cells]
    return f"Gates: {told}\n{table(head, shown, width=width, right='value')}"


def unmet_faults(result: Mapping[str, Any]) -> list[Diagnostic]:
    """A fault for each gate that was not met."""
    return [Diagnostic(_sentence(row)) for row in result.get("gates") or [] if not row["met"]]


def _sentence(row: Mapping[str, Any]) -> str:
    told = row.get("note") or f"it is {cell(row['value'])}"
    return f"gate not met: {row['gate']} ({told})"
