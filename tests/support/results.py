"""Results as a gate, a check of gates, or a difference sees them: small, whole, of any kind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qamctl.runs.earlier import EarlierResult


def row(task: str, start: float, end: float, *agents: str, mode: str | None = None) -> dict[str, Any]:
    """A row of a schedule."""
    return {"task": task, "agents": list(agents), "mode": mode, "start": start, "end": end, "segments": None}


def result(kind: str = "schedule", *, levels: Sequence[Mapping[str, float]] = ({"makespan": 5},), **more: Any) -> Any:
    """A result of a few fields, whose levels weigh every term by 1."""
    values = [sum(level.values()) for level in levels]
    told = [{"terms": dict(level), "value": value, "bound": 4} for level, value in zip(levels, values, strict=True)]
    return {
        "schema": "qamctl/result/1", "kind": kind, "run": f"run-{kind}", "status": "feasible",
        "objective": values[-1] if values else None, "bound": 4, "gap": 0.2,
        "levels": told, "terms": {name: value for level in levels for name, value in level.items()},
        "solution": {"assignments": [row("x", 0, 3, "a"), row("y", 3, 5, "a")], "unscheduled": []},
        "reasons": [], "provenance": {"spec_sha256": "0" * 64, "tables": {}, "options": {}},
        **more,
    }  # fmt: skip


def earlier(data: Mapping[str, Any], file: str = "/results/old.json") -> EarlierResult:
    """A result as if it had been read."""
    return EarlierResult(Path(file), hashlib.sha256(json.dumps(data).encode()).hexdigest(), dict(data))
