"""`qamctl config show`: the options in force and where each comes from."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.cli.table import table
from qamctl.errors import ExitCode

app = new_app(help="Show the options in force and where each comes from.")


@app.callback()
def config() -> None:
    """Show the options in force and where each comes from."""


@app.command(cls=PlainCommand)
def show(
    context: typer.Context,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
) -> int:
    """Show every option, its value, and where the value comes from.

    \b
    Examples:
      qamctl config show
      qamctl config show --profile ci -o json

    The order, strongest first: flags, QAMCTL_* in the environment, `solver:` in the problem file,
    ./qamctl.toml, the user's config.toml, defaults.
    """
    flags = {"output": output}
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl.config import describe, resolve

    file = Path(config) if config else None
    resolved = resolve(flags, {}, profile=profile, config_file=file, cwd=Path.cwd(), environ=os.environ)
    rows = describe(resolved)
    values = resolved.values()
    console.show(
        {name: {"value": values[name], "origin": origin} for name, _, origin in rows},
        lambda: table(("option", "value", "origin"), rows, width=console.width),
    )
    return ExitCode.OK
