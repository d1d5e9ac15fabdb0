"""`qamctl init KIND`: a commented problem file to start from."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import deliver
from qamctl.errors import ExitCode, UsageError

app = new_app()


@app.command(cls=PlainCommand)
def init(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="Kind of problem file: schedule, cluster, reason, model, hamiltonian or circuit."
        ),
    ],
    file: flag.Target = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> int:
    """Write a commented problem file to start from: valid, feasible, every common field explained.

    \b
    Examples:
      qamctl init schedule --file plan.yaml
      qamctl init schedule | less
    """
    from qamctl.formats.templates import template

    text = template(kind)
    if file is not None and os.path.lexists(file) and not force:
        raise UsageError(f"{file} is there already: choose another name, or replace it with --force")
    deliver(context, text, file)
    return ExitCode.OK
