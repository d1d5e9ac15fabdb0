"""The summary of a run that GitHub shows with its step: figures, gates, and the difference from the baseline."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qamctl.cli.markdown import code, figure, plain, table
from qamctl.cli.views import percent, reason_line
from qamctl.console import Console
from qamctl.errors import QamError
from qamctl.runs.atomic import write_all

if TYPE_CHECKING:
    from qamctl.story import RunReport

#: Changes against the baseline, and reasons, that a summary lists; GitHub takes a megabyte a step.
MOST_ROWS = 50


def append_summary(console: Console, report: RunReport, path: str) -> None:
    """Append the summary of a run to a file; where that fails, a note says so: the run is not at fault.

    The text goes out in one piece behind what is there, so that steps that write at the same time do not mix.
    """
    text = ("\n\n".join(_parts(report)) + "\n\n").encode(errors="backslashreplace")
    try:  # a pipe that nobody reads is not waited for
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
        try:
            write_all(file, text)
        finally:
            os.close(file)
    except (OSError, ValueError) as error:
        why = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
        console.note(f"the step summary {path} can't be written: {why}")


def _parts(report: RunReport) -> list[str]:
    result = report.result
    parts = [f"### {code(report.metrics['name'])}: {result['kind']}", _figures(result, report.metrics)]
    if rows := result.get("gates"):
        told = [
            (
                code(row["gate"]),
                figure(row["value"]),
                "met" if row["met"] else "**not met**",
                plain(row.get("note") or ""),
            )
            for row in rows
        ]
        parts.append(table(("gate", "value", "verdict", "note"), told, right=["value"]))
    if reasons := result.get("reasons"):
        lines = [f"- {code(reason_line(row))}" for row in reasons[:MOST_ROWS]]
        more = len(reasons) - len(lines)
        parts.append(
            "\n".join(["Why there is no feasible answer:", "", *lines, *([f"- and {more} more"] if more else [])])
        )
    parts += _against(report)
    return parts


def _figures(result: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    rows = [("status", code(result["status"]))]
    rows += [(name, figure(result[name])) for name in ("objective", "bound") if result.get(name) is not None]
    rows += [("gap", percent(result["gap"]))] if result.get("gap") is not None else []
    rows += [(code(name), figure(value)) for name, value in (result.get("terms") or {}).items()]
    rows += [("solved by", code(result["solved_by"]))] if result.get("solved_by") else []
    rows.append(("seconds", f"{metrics['seconds']['total']:.2f}"))
    return table(("figure", "value"), rows, right=["value"])


def _against(report: RunReport) -> list[str]:
    """The difference from the baseline, as far as both can be read."""
    if report.baseline is None or report.directory is None or report.result["solution"] is None:
        return []
    from qamctl.cli.diff_markdown import diff_markdown
    from qamctl.differences.between import since

    try:
        found = since(report.baseline, report.result, report.directory / "result.json")
        return ["#### Against the baseline", diff_markdown(found, limit=MOST_ROWS)]
    except QamError as error:
        return [f"The difference from the baseline can't be told: {plain(error.message)}"]
