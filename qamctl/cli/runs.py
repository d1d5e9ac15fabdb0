"""`qamctl runs list|show|resume|prune`: the runs that are kept."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.cli.table import table
from qamctl.cli.views import facts
from qamctl.cli.views import page as result_page
from qamctl.errors import ExitCode, SpecError, UsageError
from qamctl.runs.answers import prune_answers
from qamctl.runs.record import state_folder, utc_now
from qamctl.runs.store import RunInfo, find_run, list_runs, prune

app = new_app(help="List, show, resume and prune the runs that are kept.")

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}

RunRef = Annotated[str, typer.Argument(metavar="RUN", help="An id, a unique beginning of one, a directory, or latest.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell which runs would go.")]


@app.command("list", cls=PlainCommand)
def list_(
    context: typer.Context,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="N", help="At most so many, the latest. Default 20; 0 for all.")
    ] = None,
    output: flag.Output = None,
) -> int:
    """List the runs that are kept, the latest first.

    \b
    Examples:
      qamctl runs list
      qamctl runs list --limit 0 -o json | jq -r '.runs[] | select(.status == "pending") | .id'

    A run is `pending` while its job is on its way (`qamctl runs resume` completes it), `interrupted` where its process
    was killed, and `failed` where it ended by a fault; else it has the status of its result.
    """
    console = open_console(context, {"output": output}, profile=None, config=None)
    most = _whole("--limit", limit or "20")
    listing = list_runs(state_folder(os.environ), limit=most or None)
    if listing.warning:
        console.warn(listing.warning)
    cells = [(run.id, run.status, run.objective, run.bound, run.exit_code) for run in listing.runs]
    head = ("run", "status", "objective", "bound", "exit")
    console.show(
        {"runs": [_plain(run) for run in listing.runs]},
        lambda: table(head, cells, width=console.width, right="objective bound exit") if cells else "no runs yet",
    )
    return ExitCode.OK


@app.command(cls=PlainCommand)
def show(
    context: typer.Context,
    run: RunRef,
    output: flag.Output = None,
) -> int:
    """Show a run and its result.

    \b
    Examples:
      qamctl runs show latest
      qamctl runs show 20261120T2000 -o json | jq .result.objective
    """
    console = open_console(context, {"output": output}, profile=None, config=None)
    info = find_run(state_folder(os.environ), run)
    file = info.directory / "result.json"
    result = None
    if file.exists():
        try:
            result = json.loads(file.read_bytes())
        except (OSError, ValueError) as fault:
            raise SpecError(f"can't read {file}: {fault}") from fault

    def page() -> str:
        if result is None or result.get("run") != info.id:
            return facts(_plain(info))
        head = {name: value for name, value in _plain(info).items() if name in ("id", "started", "ended", "exit_code")}
        figures = _metrics(info)
        body = result_page(result, width=console.width, paint=console.paint, place=str(file), metrics=figures)
        return f"{facts(head)}\n\n{body}"

    console.show({**_plain(info), "result": result}, page)
    return ExitCode.OK


@app.command(cls=PlainCommand)
def resume(
    context: typer.Context,
    run: RunRef,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Look once: write the result if the job has ended.")
    ] = False,
    timeout: flag.Timeout = None,
    output: flag.Output = None,
    quiet: flag.Quiet = False,
) -> int:
    """Go on with a run of `qamctl submit` whose job was not waited for to its end, or whose process was killed.

    \b
    Examples:
      qamctl runs resume latest
      qamctl runs resume 20261120T2000 --timeout 3600 -o json | jq .solution.counts

    It goes on with the options that the run was begun with, its workspace among them. Exit codes are those of `qamctl
    submit`; a run that is complete gives its result again.
    """
    flags = {"timeout": timeout, "no_wait": no_wait, "output": output, "quiet": quiet}
    console = open_console(context, flags, profile=None, config=None)
    from qamctl import resuming
    from qamctl.cli.job_page import JobProgress, tell_submitted
    from qamctl.remote import open_office

    seconds = open_office(flags, profile=None, config_file=None).options.timeout
    with JobProgress(console) as progress:
        done = resuming.resume(run, timeout=seconds, no_wait=no_wait, tick=progress.look)
    return tell_submitted(console, done)


@app.command("prune", cls=PlainCommand)
def prune_(
    context: typer.Context,
    keep: Annotated[str | None, typer.Option("--keep", metavar="N", help="Keep the latest so many.")] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Remove only older runs: 45min, 12h, 30d, 8w.")
    ] = None,
    dry_run: DryRun = False,
    output: flag.Output = None,
) -> int:
    """Remove old runs from the state folder, and answers that were kept for --reuse and are not used any more.

    \b
    Examples:
      qamctl runs prune --older-than 30d
      qamctl runs prune --keep 100 --dry-run

    A run that is under way is never removed; folders that were named with --out are the user's and stay. Of answers
    --keep keeps those that were used last, and --older-than counts from when they were used last.
    """
    console = open_console(context, {"output": output}, profile=None, config=None)
    state, now = state_folder(os.environ), utc_now()
    most = None if keep is None else _whole("--keep", keep)
    age = None if older_than is None else _age(older_than)
    listing = prune(state, now=now, keep=most, older_than=age, dry_run=dry_run)
    if listing.warning:
        console.warn(listing.warning)
    before = None if age is None else (now - age).timestamp()
    answers = prune_answers(state, keep=most, before=before, dry_run=dry_run)
    ids = [run.id for run in listing.runs]
    value = {"runs": ids, "answers": len(answers), "bytes": sum(item.size for item in answers), "dry_run": dry_run}
    verb = "would be removed" if dry_run else "removed"
    console.show(value, lambda: "\n".join([*ids, f"{len(ids)} runs and {len(answers)} kept answers {verb}"]))
    return ExitCode.OK


def _metrics(run: RunInfo) -> dict[str, Any] | None:
    """The metrics of a run; None where they can't be read: the page does with less."""
    try:
        metrics = json.loads((run.directory / "metrics.json").read_bytes())
    except (OSError, ValueError):
        return None
    return metrics if isinstance(metrics, dict) and metrics.get("run") == run.id else None


def _plain(run: RunInfo) -> dict[str, Any]:
    return asdict(run) | {"directory": str(run.directory)}


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise UsageError(f"{name} must be a whole number, not {text!r}")
    return int(text)


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,6})(s|min|h|d|w)", text)
    if match is None:
        raise UsageError(f"--older-than must be a number with a unit, as in 45min, 12h, 30d or 8w, not {text!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
