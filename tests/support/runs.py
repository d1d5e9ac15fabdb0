"""Opens and ends real runs in a temporary state folder, as the pipeline does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qamctl.runs import metrics
from qamctl.runs.record import Run, open_run, run_id
from qamctl.spec.source import Source

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def make_source(folder: Path, text: str = "kind: schedule\n", tables: Mapping[str, bytes] | None = None) -> Source:
    """A spec file with side tables, on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "plan.yaml"
    spec.write_text(text)
    read = {}
    for ref, data in (tables or {}).items():
        path = folder / ref
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        read[ref] = (path, hashlib.sha256(data).hexdigest())
    return Source(str(spec), spec, text.encode(), hashlib.sha256(text.encode()).hexdigest(), read)


def begin(state: Path, source: Source, *, name: str = "plan", now: datetime = NOW, **options: Any) -> Run:
    """An open run; options as for `open_run`."""
    return open_run(
        id=run_id(name, now, os.urandom(4).hex()), state=state, kind=options.pop("kind", "schedule"), name=name,
        source=source, options={"seed": 7}, origins={"seed": "flag --seed"}, seed=7, versions={"qamctl": "0.1.0"},
        command=["qamctl", "schedule", "plan.yaml"], started=now, **options,
    )  # fmt: skip


def result_of(run: Run, *, status: str = "feasible", objective: float | None = 55, rows: int = 3) -> dict[str, Any]:
    """A small result of the run."""
    assignments = [{"task": f"t{i}", "agents": ["a1"], "mode": None, "start": i, "end": i + 1} for i in range(rows)]
    return {
        "schema": "qamctl/result/1", "kind": "schedule", "run": run.id, "status": status, "objective": objective,
        "bound": 50, "gap": 0.1, "solution": {"assignments": assignments}, "attempts": [],
        "provenance": run.provenance({"qamctl": "0.1.0"}),
    }  # fmt: skip


def end(run: Run, **fields: Any) -> dict[str, Any]:
    """Finish and close the run; gives its result."""
    result = result_of(run, **fields)
    watch = metrics.Stopwatch()
    with run:
        run.finish(
            result,
            lambda: metrics.build(
                run=run.id, kind="schedule", name=run.manifest["name"], result=result, stopwatch=watch, now=NOW
            ),
            exit_code=0,
        )
    return result
