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
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the service first, once each, for jobs that lack a bill.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the service for the providers' quotas and what is used of them, too.")
    ] = False,
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
      qamctl credits --profile azure --refresh --live

    A job counts with what was billed; while that is not known, with its estimate, unless it was not run. The budget is
    `monthly_budget` of the profile. Nothing is asked of the service without --refresh or --live. Exit code 9: the
    budget is used above --threshold; 6, 75: the service refuses the login, or is away.
    """
    flags = {"output": output, "quiet": quiet}
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl.remote import open_office
    from qamctl.runs.atomic import write_atomic
    from qamctl.spending import check_flags, metrics_file, quotas, spending
    from qamctl.spending import refresh as ask

    office = open_office(flags, profile=profile, config_file=Path(config) if config else None)
    file = None if metrics is None else Path(metrics)
    check_flags(office, by=by or "target", month=month, threshold=threshold, metrics=file)
    told: dict[str, Any] = {}
    if refresh:
        told["refresh"] = ask(office)
    if live:
        told["quotas"] = quotas(office)
    found = spending(office, by=by or "target", month=month, threshold=threshold, now=time.time())
    found.report.update(told)
    if file is not None:
        write_atomic(file, metrics_file(file, found), durable=False)
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
    if refreshed := report.get("refresh"):
        lines.append(f"Asked for {refreshed['asked']} jobs without a bill: {refreshed['billed']} have one now")
        if gone := refreshed["gone"]:
            lines.append(
                f"The service no longer knows {len(gone)} of them: {', '.join(gone[:3])}" + ", ..." * (len(gone) > 3)
            )
    if "quotas" in report:
        rows = [
            (row["provider"], row["dimension"], row["used"], row["held"], row["limit"], row["period"], row["scope"])
            for row in report["quotas"]
        ]
        head = ("provider", "quota", "used", "held", "limit", "period", "scope")
        lines += ["", table(head, rows, width=width, right="used held limit") if rows else "no quotas"]
    return "\n".join(lines)


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"
