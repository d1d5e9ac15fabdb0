"""`qamctl validate SPEC...`: report every fault, without solving."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.console import diagnostic_object
from qamctl.errors import Diagnostic, ExitCode, Location

app = new_app()


@app.command(cls=PlainCommand)
def validate(
    context: typer.Context,
    specs: Annotated[list[str], typer.Argument(metavar="SPEC", help="Problem files; - is standard input.")],
    output: flag.Output = None,
    quiet: flag.Quiet = False,
) -> int:
    """Report every fault of problem files, without solving.

    \b
    Examples:
      qamctl validate plan.yaml
      qamctl validate problems/*.yaml -q
      qamctl validate plan.yaml -o json | jq .files

    Faults of shape, type or reference end with exit code 3; a problem that is well formed but that nobody can
    satisfy, as far as that shows without a search, with 4.
    """
    console = open_console(context, {"output": output, "quiet": quiet}, profile=None, config=None)
    from qamctl import pipeline

    files = [
        (file, [*faults, *map(_as_fault, reasons)], bool(faults)) for file, faults, reasons in pipeline.validate(specs)
    ]
    invalid = any(broken for _, _, broken in files)
    faults = [fault for _, found, _ in files for fault in found]
    code = ExitCode.SPEC if invalid else ExitCode.INFEASIBLE if faults else ExitCode.OK
    rows: list[dict[str, Any]] = [
        {"file": str(file), "status": "invalid" if broken else "infeasible" if found else "valid"}
        for file, found, broken in files
    ]
    value: dict[str, Any] = {"files": rows}
    if code:
        bad = sum(row["status"] != "valid" for row in rows)
        message = (
            f"{bad} of {len(rows)} files can't be solved" if len(rows) > 1 else f"{rows[0]['file']} can't be solved"
        )
        found = [diagnostic_object(fault) for fault in faults]
        value["error"] = {"code": int(code), "message": message, "diagnostics": found}
    if console.output == "table":
        console.diagnostics(faults)
    console.show(value, lambda: "\n".join(f"{row['file']}: {row['status']}" for row in rows))
    return code


def _as_fault(reason: dict[str, Any]) -> Diagnostic:
    """Why a problem can't be satisfied, as a diagnostic."""
    place = Location(reason["file"], reason.get("line")) if reason.get("file") else None
    return Diagnostic(f"{reason['constraint']}: {reason['text']}", place)
