"""`qamctl validate SPEC...`: report every fault, without solving."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.console import diagnostic_object
from qamctl.errors import ExitCode

app = new_app()


@app.command(cls=PlainCommand)
def validate(
    context: typer.Context,
    specs: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Problem files or model files; - is standard input.")
    ],
    format: flag.Format = None,
    output: flag.Output = None,
    quiet: flag.Quiet = False,
) -> int:
    """Report every fault of problem files, without solving.

    \b
    Examples:
      qamctl validate plan.yaml
      qamctl validate problems/*.yaml -q
      qamctl validate plan.yaml -o json | jq .files
      qamctl validate model.lp

    Faults of shape, type or reference end with exit code 3; a problem that is well formed but that nobody can
    satisfy, as far as that shows without a search, with 4.
    """
    console = open_console(context, {"format": format, "output": output, "quiet": quiet}, profile=None, config=None)
    from qamctl.validation import validate

    verdicts = validate(specs, format=format)
    statuses = [verdict.status for verdict in verdicts]
    faults = [fault for verdict in verdicts for fault in verdict.faults]
    code = ExitCode.SPEC if "invalid" in statuses else ExitCode.INFEASIBLE if "infeasible" in statuses else ExitCode.OK
    value: dict[str, Any] = {"files": [{"file": verdict.file, "status": verdict.status} for verdict in verdicts]}
    if code:
        bad = len(statuses) - statuses.count("valid")
        message = f"{bad} of {len(statuses)} files can't be solved" if len(specs) > 1 else f"{specs[0]} can't be solved"
        value["error"] = {
            "code": int(code),
            "message": message,
            "diagnostics": [diagnostic_object(fault) for fault in faults],
        }
    if console.output == "table":
        console.diagnostics(faults)
    else:
        console.annotate(faults)
    console.show(value, lambda: "\n".join(f"{verdict.file}: {verdict.status}" for verdict in verdicts))
    return code
