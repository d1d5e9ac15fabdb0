"""`qamctl report RUN...`: results as one page of HTML."""

from __future__ import annotations

from typing import Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import deliver, protect
from qamctl.errors import ExitCode

app = new_app()


@app.command(cls=PlainCommand)
def report(
    context: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="A run's id, a unique beginning of one, a run directory, latest, or a result file. Several are "
            "compared.",
        ),
    ],
    file: flag.Target = None,
) -> int:
    """Show results as one page of HTML: how good, who found it, the schedule as bars, loads, where it came from.

    \b
    Examples:
      qamctl report latest --file report.html
      qamctl report run/ other-run/ --file compared.html
      qamctl report plan.json > plan.html

    The page is one file without scripts that fetches nothing; it can be mailed, archived and printed. Of a schedule it
    shows bars over time, what is late, fixed or critical, and the use of agents and resources; of clusters and
    decisions their pictures. What is too much to draw is told. The same result gives the same bytes.
    """
    from qamctl.reporting import found_all
    from qamctl.reporting import report as page_of

    found = found_all(runs)
    protect([result.file for result in found], [("--file", file)])
    deliver(context, page_of(found), file)
    return ExitCode.OK
