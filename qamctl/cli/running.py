"""What the commands that search do alike: a dry run and its sizes, or a run with progress, warnings and a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamctl.cli.gates_page import unmet_faults
from qamctl.cli.progress import Progress
from qamctl.cli.views import facts
from qamctl.console import Console
from qamctl.errors import Diagnostic, ExitCode, Location

if TYPE_CHECKING:
    from qamctl.story import RunReport


def run_and_show(
    console: Console,
    kind: str,
    path: str,
    flags: Mapping[str, object],
    *,
    profile: str | None,
    config: str | None,
    page: Callable[[RunReport, str | None], str],
) -> int:
    """Run a problem file, or tell its sizes with `dry_run`, and show what came out.

    Parameters
    ----------
    kind
        Of the problem.
    page
        Makes the page of a run, given the place of its result file.

    Returns
    -------
    int
        The exit code.
    """
    from qamctl import pipeline

    config_file = Path(config) if config else None
    if flags["dry_run"]:
        sizes = pipeline.dry_run(path, flags, kind=kind, profile=profile, config_file=config_file)
        console.show(sizes, lambda: facts(sizes))
        return ExitCode.OK
    pipeline.load(kind)
    with Progress(console) as progress:
        report = pipeline.run(
            kind, path, flags, profile=profile, config_file=config_file, command=["qamctl", *console.argv],
            events=progress,
        )  # fmt: skip
    for warning in report.warnings:
        console.warn(warning)
    if report.skipped:
        console.note("skipped: another run holds the lock")
        return report.exit_code
    place = str(report.directory / "result.json") if report.directory else None
    console.show(report.result, lambda: page(report, place))
    _tell_faults(console, report.result)
    if summary := console.environ.get("GITHUB_STEP_SUMMARY"):
        from qamctl.cli.summary import append_summary

        append_summary(console, report, summary)
    return report.exit_code


def _tell_faults(console: Console, result: Mapping[str, Any]) -> None:
    """Gates that were not met, said with -q too; they and why there is no answer are annotations in a workflow."""
    console.annotate(
        [
            Diagnostic(
                ": ".join(part for part in (row["constraint"], row["text"]) if part), Location(row["file"], row["line"])
            )
            for row in result["reasons"]
        ]
    )
    console.diagnostics(unmet_faults(result))
