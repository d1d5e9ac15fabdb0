"""`qamctl doctor`: what works on this machine, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.console import Console
from qamctl.errors import ExitCode

app = new_app()

_STYLES = {"ok": "good", "missing": "warn", "wrong": "bad"}


@app.command(cls=PlainCommand)
def doctor(
    context: typer.Context,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the service, too, and run one free job on ionq.simulator.")
    ] = False,
    timeout: flag.Timeout = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
) -> int:
    """Say what works on this machine and what is missing: kernels, packages, state, configuration, the way to Azure.

    \b
    Examples:
      qamctl doctor
      qamctl doctor --profile azure --live
      qamctl doctor -o json | jq '.findings[] | select(.state == "wrong")'

    Variables that are missing are named; no value of one is shown. Exit code 0: nothing is wrong; 9: something is.
    """
    console: Console = context.obj
    from qamctl import doctoring
    from qamctl.console import OUTPUTS
    from qamctl.errors import UsageError
    from qamctl.remote import open_office

    if output is not None and output not in OUTPUTS:
        raise UsageError(f"--output: must be {', '.join(OUTPUTS[:-1])} or {OUTPUTS[-1]}, not {output!r}")
    console.output = output or console.output
    config_file = Path(config) if config else None
    flags = {"timeout": timeout}
    found = doctoring.look(flags, profile=profile, config_file=config_file)
    if live and not any(one.name in ("configuration", "workspace", "login") and one.state != "ok" for one in found):
        office = open_office(flags, profile=profile, config_file=config_file)
        found += doctoring.look_live(office, timeout=office.options.timeout or doctoring.PATIENCE)
    wrong = any(one.state == "wrong" for one in found)
    value: dict[str, Any] = {"findings": [one.as_dict() for one in found], "well": not wrong}
    console.show(value, lambda: page(found, console))
    return ExitCode.GATE if wrong else ExitCode.OK


def page(found: Sequence[Any], console: Console) -> str:
    """A line for each finding, its hint below."""
    lines = []
    for one in found:
        text = fill(
            f"{one.name}: {one.text}", max(20, console.width - 9), subsequent_indent="  ", break_long_words=False
        )  # fmt: skip
        first, *rest = text.split("\n")
        lines.append(f"{console.paint(one.state.ljust(7), _STYLES[one.state])}  {first}")
        lines += [" " * 9 + line for line in rest]
        if one.hint:
            lines.append(" " * 11 + f"hint: {one.hint}")
    return "\n".join(lines)
