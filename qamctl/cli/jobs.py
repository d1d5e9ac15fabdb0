"""`qamctl jobs list|show|wait|output|cancel|drain`: what was submitted, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.job_page import JobProgress, job_page, jobs_table, output_page
from qamctl.cli.numbers import whole
from qamctl.cli.session import open_console
from qamctl.console import Console, as_object
from qamctl.errors import ExitCode

HELP = """\
List, show, wait for, read, cancel and send jobs of Azure Quantum.

\b
Examples:
  id=$(qamctl submit bell.qasm --target ionq.simulator --no-wait)
  qamctl jobs wait $id && qamctl jobs output $id
"""

app = new_app(help=HELP)


def _open(
    context: typer.Context, flags: Mapping[str, object], profile: str | None, config: str | None
) -> tuple[Console, Any]:
    """The console, and the office whose jobs these are."""
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl.remote import open_office

    return console, open_office(flags, profile=profile, config_file=Path(config) if config else None)


@app.command("list", cls=PlainCommand)
def list_(
    context: typer.Context,
    remote: Annotated[
        bool, typer.Option("--remote", help="Ask the service: its jobs, whoever submitted them.")
    ] = False,
    target: Annotated[
        list[str] | None, typer.Option("--target", metavar="T", help="On this target. Repeatable.")
    ] = None,
    provider: Annotated[
        list[str] | None, typer.Option("--provider-id", metavar="P", help="Of this provider. Repeatable.")
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="S", help="In this state, ours or the service's word. Repeatable."),
    ] = None,
    name: Annotated[str | None, typer.Option("--job-name", metavar="NAME", help="Whose name begins so.")] = None,
    created_after: Annotated[
        str | None, typer.Option("--created-after", metavar="DATE", help="Of this day (YYYY-MM-DD, UTC) or later.")
    ] = None,
    created_before: Annotated[
        str | None, typer.Option("--created-before", metavar="DATE", help="Of this day (YYYY-MM-DD, UTC) or earlier.")
    ] = None,
    session: Annotated[str | None, typer.Option("--session", metavar="S", help="Of the session of this id.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="With this tag. Repeatable.")] = None,
    skip: Annotated[str | None, typer.Option("--skip", metavar="N", help="Leave out the first N.")] = None,
    top: Annotated[str | None, typer.Option("--top", metavar="N", help="At most so many. Default 20.")] = None,
    order_by: Annotated[
        str | None,
        typer.Option("--orderby", metavar="KEY", help="Name, ProviderId, Target, State or CreationTime (default)."),
    ] = None,
    order: Annotated[str | None, typer.Option("--order", metavar="O", help="asc or desc (default).")] = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
) -> int:
    """List jobs, the latest first.

    \b
    Examples:
      qamctl jobs list
      qamctl jobs list --status submitted -o json | jq -r '.jobs[].id'
      qamctl jobs list --remote --target ionq.simulator --created-after 2026-11-01 --profile azure

    Ours, of all workspaces, as they were seen last: nothing is asked of anybody, unless --remote says so.
    """
    console, office = _open(context, {"output": output}, profile, config)
    from qamctl import job_list

    asked = job_list.asked(
        targets=target, providers=provider, states=status, name=name, created_after=created_after,
        created_before=created_before, session=session, tags=tag, skip=skip, top=top, order_by=order_by, order=order,
    )  # fmt: skip
    rows = job_list.remote(office, asked) if remote else job_list.local(office.state, asked)
    console.show({"jobs": rows}, lambda: jobs_table(rows, console.width))
    return ExitCode.OK


@app.command(cls=PlainCommand)
def show(
    context: typer.Context,
    job: flag.JobRef,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the service how it stands now.")] = False,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
) -> int:
    """Show a job, of ours or of somebody else.

    \b
    Examples:
      qamctl jobs show 1b4e28ba
      qamctl jobs show 1b4e28ba --refresh -o json | jq .state
    """
    console, office = _open(context, {"output": output}, profile, config)
    from qamctl import remote_jobs

    found = remote_jobs.show(office, job, refresh=refresh)
    if not found.known:
        console.note("this job was submitted by somebody else: it is shown, and not kept here")
    console.show(found.view, lambda: job_page(found.view))
    return ExitCode.OK


@app.command(cls=PlainCommand)
def wait(
    context: typer.Context,
    jobs: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of jobs, or unique beginnings of them.")],
    timeout: flag.Timeout = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
) -> int:
    """Wait for jobs of ours, and complete their run folders.

    \b
    Examples:
      qamctl jobs wait 1b4e28ba
      qamctl jobs wait 1b4e28ba 9c2d7f10 --timeout 3600 -o json

    What befalls one of them does not hold back the others, and the exit code is the worst. 0: all of them succeeded; 6:
    the login was refused; 5: one did not succeed; 9: the budget holds one back; 75: the service does not answer, or did
    not before --timeout; 7: --timeout came first, or one is in the queue; 130, 143: a signal came. Bills that come late
    are asked for on the way.
    """
    console, office = _open(context, {"timeout": timeout, "output": output, "quiet": quiet}, profile, config)
    from qamctl import resuming
    from qamctl.remote import signals_win
    from qamctl.runs.signals import catch_signals

    with catch_signals() as stop, signals_win(stop), JobProgress(console) as progress:
        found = resuming.wait_for(office, jobs, stop=stop, tick=progress.look)
    for warning in found.warnings:
        console.warn(warning)
    value, fault = found.as_dict(), found.fault
    if fault is not None:
        fault.code = stop.exit_code or fault.code
        value |= as_object(fault)
    console.show(value, lambda: jobs_table(value["jobs"], console.width))
    if fault is not None and console.output == "table":
        console.fault(fault)
    return ExitCode.OK if fault is None else fault.code


@app.command(cls=PlainCommand)
def output(
    context: typer.Context,
    job: flag.JobRef,
    raw: Annotated[bool, typer.Option("--raw", help="The bytes as they are stored, on standard output.")] = False,
    item: Annotated[
        str | None, typer.Option("--item", metavar="K", help="Only the K-th circuit of a batch, from 1.")
    ] = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
) -> int:
    """Print what a job gave: counts, shots, lost shots.

    \b
    Examples:
      qamctl jobs output 1b4e28ba
      qamctl jobs output 1b4e28ba -o json | jq .results[0].counts
      qamctl jobs output 1b4e28ba --raw > results.json

    The leftmost bit is the highest, as in qiskit. Exit code 5: the job did not succeed, and its own error is told.
    """
    console, office = _open(context, {"output": output}, profile, config)
    from qamctl import remote_jobs

    found = remote_jobs.output(office, job, raw=raw)
    if raw:
        console.artefact(found.data)
        return ExitCode.OK
    results = remote_jobs.items(found, None if item is None else whole("--item", item))
    console.show({"job": found.id, "results": results}, lambda: output_page(found.id, results, console.width))
    return ExitCode.OK


@app.command(cls=PlainCommand)
def cancel(
    context: typer.Context,
    job: flag.JobRef,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
) -> int:
    """Cancel a job: withdrawn where it was not sent.

    \b
    Examples:
      qamctl jobs cancel 1b4e28ba
    """
    console, office = _open(context, {"output": output}, profile, config)
    from qamctl import remote_jobs
    from qamctl.job_view import of_ours

    view = of_ours(remote_jobs.cancel(office, job))
    console.show(view, lambda: f"job {view['id']}: {view['status'] or view['state']}")
    return ExitCode.OK


@app.command(cls=PlainCommand)
def drain(
    context: typer.Context,
    most: Annotated[str | None, typer.Option("--max", metavar="N", help="Send at most so many. Default: all.")] = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
) -> int:
    """Send the jobs of the queue, within the budget.

    \b
    Examples:
      qamctl jobs drain --max 20 --profile azure
      qamctl jobs drain --quiet -o json | jq .left

    By priority, then by age; any number of these may run at once, and be killed, and each job is sent once. Exit code
    5: the service refused one; 9: the budget holds one back; 75: the service is away, the queue waits; what was sent
    before is told. Bills that come late are asked for on the way.
    """
    console, office = _open(context, {"output": output, "quiet": quiet}, profile, config)
    from qamctl import remote_jobs
    from qamctl.remote import signals_win
    from qamctl.runs.signals import catch_signals

    with catch_signals() as stop, signals_win(stop):
        found = remote_jobs.drained(office, most=None if most is None else whole("--max", most), stop=stop)
    value, fault = found.value, found.fault
    if fault is not None:
        fault.code = stop.exit_code or fault.code
        value |= as_object(fault)
    console.show(value, lambda: found.text)
    for line in found.told:
        console.warn(line)
    if fault is not None and console.output == "table":
        console.fault(fault)
    return stop.exit_code or found.exit_code
