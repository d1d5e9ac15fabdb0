"""What `--export` writes beside a result: its rows as a table, as a calendar, as a Parquet file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from qamctl import __version__
from qamctl.errors import Diagnostic, SpecError, UsageError
from qamctl.formats.ics import write_ics
from qamctl.formats.parquet import Columns, require_pyarrow, write_parquet
from qamctl.runs.beside import EXPORTS
from qamctl.spec.time import TimeAxis
from qamctl.story import Problem, by_flag

Rows = Sequence[Mapping[str, Any]]

_SCHEDULE: Final = {
    "task": "text", "agents": "texts", "mode": "text", "start": "number", "end": "number", "segments": "spans",
}  # fmt: skip
_CLUSTER: Final = {"agent": "text", "cluster": "text", "devices": "numbers_by_name"}


def check_exports(problem: Problem, kind: str) -> None:
    """Refuse exports that can't be, before anything is searched.

    Raises
    ------
    UsageError
        A flag asks for the calendar of something without times; elsewhere, as in the environment, it is for others.
    SpecError
        A calendar is asked for, and the spec has no origin of time.
    UnsupportedError
        pyarrow is not installed.
    """
    asked = problem.options.export
    if "ics" in asked and kind == "schedule" and problem.spec.time.origin is None:
        text = "--export ics needs the moment of time 0: `time` has no origin"
        hint = "add it, as in `time: {unit: min, origin: 2026-11-20T20:00:00+00:00}`"
        place = problem.source.locate(("time",))
        raise SpecError(f"{problem.source.label}: {text}", [Diagnostic(text, place, hint)])
    if "ics" in asked and kind != "schedule" and by_flag(problem, "export"):
        raise UsageError(f"--export ics is for schedules, and {problem.source.label} is a {kind}: leave it out")
    if "parquet" in asked:
        require_pyarrow()


def schedule_exports(problem: Problem, rows: Rows, started: str) -> dict[str, bytes]:
    """The files that a run of a schedule was asked for, by name.

    Parameters
    ----------
    rows
        Every row of the result.
    started
        When the run began, in ISO-8601.
    """
    if not problem.options.export:
        return {}
    from qamctl.schedule.table import DATES, assignments_csv

    time: TimeAxis = problem.spec.time
    columns: dict[str, str] = dict(_SCHEDULE)
    if time.resolution.denominator == 1:
        columns |= {"start": "integer", "end": "integer"}
    if time.origin is not None:
        columns |= dict.fromkeys(DATES, "moment")
    return _written(
        problem,
        {
            "csv": lambda: assignments_csv(rows),
            "ics": lambda: write_ics(
                rows, name=problem.name, time=time, stamp=datetime.fromisoformat(started), version=__version__
            ),
            "parquet": lambda: write_parquet(rows, columns),
        },
    )


def cluster_exports(problem: Problem, rows: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """The files that a run of clusters was asked for, by name; `rows` are all of the result."""
    if not problem.options.export:
        return {}
    from qamctl.cluster.result import assignments_csv

    told = list(rows)
    columns: Columns = {name: kind for name, kind in _CLUSTER.items() if not told or name in told[0]}
    return _written(
        problem, {"csv": lambda: assignments_csv(told), "parquet": lambda: write_parquet(told, columns)}
    )  # fmt: skip


def with_exports(result: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """The result with the block `exports`, above its last part, which says where everything came from."""
    if not files:
        return dict(result)
    found = dict(result)
    last = found.pop("provenance")
    told = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return found | {"exports": told, "provenance": last}


def _written(problem: Problem, writers: Mapping[str, Callable[[], bytes]]) -> dict[str, bytes]:
    return {EXPORTS[name]: write() for name, write in writers.items() if name in problem.options.export}
