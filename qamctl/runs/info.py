"""What is known of a run: as it happens, and later from its folder alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from qamctl.runs.log import is_running, last_event

#: Last words of a run whose job is out there, or in the queue: what comes of it is not known yet.
_LEFT: Final = ("left", "queued")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run in the index.

    Attributes
    ----------
    status
        running, pending (it has ended, and its job goes on), interrupted (killed, or stopped by a signal), failed (it
        ended by a fault), or the result's.
    objective, bound
        As in the result, None where there is none.
    started, ended
        ISO-8601 with time zone; `ended` is None while it runs or is pending, and after a kill.
    """

    id: str
    directory: Path
    kind: str
    name: str
    status: str
    objective: float | None
    bound: float | None
    started: str
    ended: str | None
    exit_code: int | None
    pid: int | None


def read_run(directory: Path, result: Mapping[str, Any] | None = None) -> RunInfo | None:
    """A run as its directory tells it; None where the directory is not a run's.

    Parameters
    ----------
    result
        The run's result where the caller has it at hand; None: result.json is read. A result alone does
        not end a run: the log says so.
    """
    manifest = _read(directory / "manifest.json")
    if not all(isinstance(manifest.get(key), str) for key in ("run", "kind", "name", "started")):
        return None
    row = _from_manifest(manifest, directory)
    event = last_event(directory / "log.jsonl")
    if event.get("run") != row.id or event.get("event") != "ended":
        if is_running(directory):
            return replace(row, status="running")
        if event.get("run") == row.id and event.get("part") == "job" and event.get("event") in _LEFT:
            return replace(row, status="pending", exit_code=event.get("exit_code"))
        return row
    if event.get("status") == "failed":
        return replace(row, status="failed", ended=event.get("time"), exit_code=event.get("exit_code"))
    result = _read(directory / "result.json") if result is None else result
    if result.get("run") != row.id:  # between the log's last line and the result
        return replace(row, status="running") if is_running(directory) else row
    return replace(
        row, status=str(result.get("status")), objective=result.get("objective"), bound=result.get("bound"),
        ended=event.get("time"), exit_code=event.get("exit_code"),
    )  # fmt: skip


def _from_manifest(manifest: Mapping[str, Any], directory: Path) -> RunInfo:
    """A run of which nothing more than its beginning is known."""
    return RunInfo(
        id=manifest["run"], directory=directory, kind=manifest["kind"], name=manifest["name"], status="interrupted",
        objective=None, bound=None, started=manifest["started"], ended=None, exit_code=None, pid=manifest.get("pid"),
    )  # fmt: skip


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; {} where there is none that can be read."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
