"""`qamctl init KIND`: a commented problem file to start from, also one that is made of tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import deliver, protect
from qamctl.console import Console
from qamctl.errors import ExitCode, UsageError

app = new_app()

#: Reasons that are told why a spec that was made of tables can't be satisfied.
TOLD = 5


@app.command(cls=PlainCommand)
def init(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="Kind of problem file: schedule, cluster, reason, model, hamiltonian or circuit."
        ),
    ],
    tasks: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TABLE", help="A .csv, .parquet or .arrow table of tasks: make the schedule of it."
        ),
    ] = None,
    agents: Annotated[str | None, typer.Option("--agents", metavar="TABLE", help="A table of agents.")] = None,
    resources: Annotated[str | None, typer.Option("--resources", metavar="TABLE", help="A table of resources.")] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            "--unit", metavar="UNIT", help="Unit of times in the tables: s, min, h, d, or any word. Default s."
        ),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option("--origin", metavar="TIME", help="Date-time of time 0, where the tables have date-times."),
    ] = None,
    file: flag.Target = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> int:
    """Write a commented problem file to start from: valid, feasible, every common field explained.

    \b
    Examples:
      qamctl init schedule --file plan.yaml
      qamctl init schedule | less
      qamctl init schedule --from tasks.csv --agents agents.csv --file plan.yaml
      qamctl init schedule --from tasks.parquet --agents agents.csv --resources resources.csv --unit h

    With --from the spec refers to the tables, which stay where they are: beside it or below. A table has a column for
    each field, called as the field is; `id`, and `duration` of a task, are needed. What else a table may hold, and how
    a cell holds it, stands in the spec as comments. A column that is no field is refused, and what to call it is told.
    """
    given = {"--agents": agents, "--resources": resources, "--unit": unit, "--origin": origin}
    for name, value in given.items():
        if value is not None and tasks is None:
            raise UsageError(f"{name} goes with --from, the table of tasks")
    if tasks is not None and kind != "schedule":
        raise UsageError(f"--from makes a schedule, not a file of kind {kind}: qamctl init schedule --from {tasks}")
    if file is not None and os.path.lexists(file) and not force:
        raise UsageError(f"{file} is there already: choose another name, or replace it with --force")
    if tasks is None:
        from qamctl.formats.templates import template

        deliver(context, template(kind), file)
        return ExitCode.OK
    named = {"tasks": tasks, "agents": agents, "resources": resources}
    tables = {name: path for name, path in named.items() if path is not None}
    deliver(context, _of_tables(context.obj, tables, file, unit, origin), file)
    return ExitCode.OK


def _of_tables(
    console: Console, tables: Mapping[str, str], file: str | None, unit: str | None, origin: str | None
) -> str:
    """The text of a schedule spec that refers to tables; why it can't be satisfied is a warning."""
    from qamctl.starting import schedule_from_tables

    file = None if file == "-" else file
    protect(tables.values(), [("--file", file)])
    started = schedule_from_tables(tables, file, unit=unit, origin=origin)
    for reason in started.reasons[:TOLD]:
        console.warn(f"nobody can satisfy it as it stands: {reason}")
    return started.text
