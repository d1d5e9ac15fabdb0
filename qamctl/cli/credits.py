"""`qamctl credits`: what jobs were estimated at, what is reserved, and what was billed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.cli.table import table
from qamctl.errors import ExitCode

app = new_app()


@app.command(cls=PlainCommand)
def credits(
    context: typer.Context,
    by: Annotated[str | None, typer.Option("--by", metavar="KEY", help="target (default), month or run.")] = None,
    month: Annotated[
        str | None, typer.Option("--month", metavar="M", help="Only this month, as 2026-11. Default: all.")
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option("--threshold", metavar="SHARE", help="Exit with 9 where so much of the budget is used: 0.8, 80%."),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option("--metrics", metavar="FILE", help="Write the figures here, too (.json or .prom).")
    ] = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
) -> int:
    """Show what jobs were estimated at, what is reserved for them, and what the service billed.

    \b
    Examples:
      qamctl credits
      qamctl credits --by run --month 2026-11
      qamctl credits --profile azure --threshold 80% --metrics /var/lib/node_exporter/textfile/credits.prom

    A job counts with what was billed; while that is not known, with its estimate, unless it was not run. The budget is
    `monthly_budget` of the profile. Nothing is asked of the service. Exit code 9: the budget is used above --threshold.
    """
    flags = {"output": output, "quiet": quiet}
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl.remote import open_office
    from qamctl.runs.atomic import write_atomic
    from qamctl.spending import metrics_file, spending

    office = open_office(flags, profile=profile, config_file=Path(config) if config else None)
    found = spending(office, by=by or "target", month=month, threshold=threshold, now=time.time())
    if metrics is not None:
        write_atomic(Path(metrics), metrics_file(Path(metrics), found.report), durable=False)
    console.show(found.report, lambda: page(found.report, console.width))
    if found.gate is None:
        return ExitCode.OK
    console.warn(found.gate.message)
    return ExitCode.GATE


def page(report: Mapping[str, Any], width: int) -> str:
    """The report as text."""
    rows = [
        (row[report["by"]], row["jobs"], row["reserved"], row["billed"], row["counted"], row["currency"],
         _ratio(row["estimates"]["ratio"]))
        for row in report["rows"]
    ]  # fmt: skip
    head = (report["by"], "jobs", "reserved", "billed", "counts", "in", "billed/estimated")
    lines = [
        table(head, rows, width=width, right="jobs reserved billed counts billed/estimated") if rows else "no jobs"
    ]
    lines += [
        f"{row['jobs']} jobs that succeeded have no bill yet: they count as reserved ({row['currency']} "
        f"{row['reserved']:g})"
        for row in report["unconfirmed"]
    ]
    if budget := report["budget"]:
        lines.append(
            f"Budget of {budget['month']}: {budget['currency']} {budget['amount']:g}, {100 * budget['share']:.0f} % "
            f"used, {budget['left']:g} left"
        )
    for price in report.get("prices") or []:
        for bill in price["contradictions"]:
            lines.append(
                f"{price['target']}: job {bill['job']} was billed {bill['currency']} {bill['billed']:g}, more than the "
                f"estimate of {bill['estimated']:g}: correct its price in a file of prices"
            )
    return "\n".join(lines)


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"
