"""`qamctl diff RESULT RESULT`: what changed from one result to another."""

from __future__ import annotations

from typing import Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.numbers import whole
from qamctl.cli.session import open_console
from qamctl.errors import ExitCode

app = new_app()

#: Changes that a page or a Markdown list shows.
MOST_ROWS = 50

#: How a result is named.
NAMED = "a file, a run's id or a unique beginning of it, a run directory, or latest"


@app.command(cls=PlainCommand)
def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="RESULT", help=f"The first result: {NAMED}.")],
    after: Annotated[str, typer.Argument(metavar="RESULT", help="The second one, named in the same ways.")],
    limit: Annotated[
        str | None,
        typer.Option("--limit", metavar="N", help="List at most so many changes. Default 50; 0 for all; JSON has all."),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 9 where they differ, as `git diff --exit-code` does with 1.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FORMAT", help="table, json, yaml or markdown. Default table."),
    ] = None,
    quiet: flag.Quiet = False,
) -> int:
    """Tell what changed from one result to another: status, figures, terms, and the answer itself.

    \b
    Examples:
      qamctl diff main/result.json build/run
      qamctl diff 20261120T200000Z latest --limit 0
      qamctl diff main/result.json build/run -o markdown >> "$GITHUB_STEP_SUMMARY"
      qamctl diff a/result.json b/result.json -o json | jq '.changes.counts'
      qamctl diff golden.json run/result.json --exit-code -q

    Of schedules: tasks that are dropped, left out, added, taken up, reassigned to other agents, switched to another
    mode, moved (with their shifts), resized or paused. Of clusters: agents that are dropped, left out, added, placed or
    moved. Of models: variables that flipped. Of decisions and circuits: paths and bitstrings whose share changed.
    Markdown is for a pull request: a table of figures, and a list that is folded away.

    Exit code 0: both were read, whether they differ or not; 3: one can't be read, or they are of different kinds; with
    --exit-code 9: they differ in anything that is told, bounds among it.
    """
    markdown = output == "markdown"
    console = open_console(
        context, {"output": "table" if markdown else output, "quiet": quiet}, profile=None, config=None
    )
    most = 0 if limit == "0" else whole("--limit", limit, default=MOST_ROWS)
    from qamctl.cli.diff_markdown import diff_markdown
    from qamctl.cli.diff_page import diff_page
    from qamctl.differences.between import between

    found = between(before, after)
    if markdown and not quiet:
        console.text(diff_markdown(found, limit=most))
    else:
        console.show(found.data(), lambda: diff_page(found, width=console.width, paint=console.paint, limit=most))
    return ExitCode.GATE if exit_code and not found.same else ExitCode.OK
