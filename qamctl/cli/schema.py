"""`qamctl schema KIND`: the JSON Schema of a kind of problem file."""

from __future__ import annotations

from typing import Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import deliver
from qamctl.errors import ExitCode

app = new_app()


@app.command(cls=PlainCommand)
def schema(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Kind of problem file: schedule, model, hamiltonian or circuit.")
    ],
    file: flag.Target = None,
) -> int:
    """Print the JSON Schema (draft-07) of a kind of problem file, for editors and validators.

    \b
    Examples:
      qamctl schema schedule --file schedule.schema.json
      qamctl schema schedule | jq .properties.tasks
    """
    import json

    from qamctl.spec.schema import json_schema

    deliver(context, json.dumps(json_schema(kind), indent=2) + "\n", file)
    return ExitCode.OK
