"""`qamctl check RESULT FILE`: recompute a result from its problem file."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.errors import Diagnostic, ExitCode, Location

app = new_app()


@app.command(cls=PlainCommand)
def check(
    context: typer.Context,
    result: Annotated[str, typer.Argument(metavar="RESULT", help="Result file (JSON).")],
    spec: Annotated[str, typer.Argument(metavar="FILE", help="The problem file or model file that it answers.")],
    format: flag.Format = None,
    sense: flag.Sense = None,
    output: flag.Output = None,
    quiet: flag.Quiet = False,
) -> int:
    """Recompute a result from its problem file: every constraint, every figure.

    \b
    Examples:
      qamctl check run/result.json plan.yaml
      qamctl check result.json plan.yaml -o json | jq .discrepancies
      qamctl check run/result.json model.qubo

    Exit code 0: everything holds, or all of it that was computed a second time (notes say what was too large); 9:
    something does not; 3: a file can't be read; 8: the result is of a program in a provider's own language, which
    nothing can be recomputed from. The check shares no code with the search.
    """
    asked = {"format": format, "sense": sense, "output": output, "quiet": quiet}
    console = open_console(context, asked, profile=None, config=None)
    from qamctl.validation import check_files

    checked = check_files(result, spec, format=format, sense=sense)
    found, notes = [str(row) for row in checked.found], list(checked.notes)
    value: dict[str, Any] = {
        "result": result, "spec": spec, "holds": not found, "discrepancies": found, "notes": notes,
    }  # fmt: skip
    more = [f"note: {text}" for text in notes]
    if not found:
        holds = "what was computed a second time holds" if notes else "every figure and constraint holds"
        console.show(value, lambda: "\n".join([f"{result}: {holds}", *more]))
        return ExitCode.OK
    message = f"{result} does not hold: {len(found)} discrepancies" if len(found) > 1 else f"{result} does not hold"
    rows = [{"file": result, "line": None, "column": None, "message": text, "hint": None} for text in found]
    value["error"] = {"code": int(ExitCode.GATE), "message": message, "diagnostics": rows}
    console.annotate([Diagnostic(text, Location(result)) for text in found])
    console.show(value, lambda: "\n".join([f"{message}:", *(f"  {text}" for text in found), *more]))
    return ExitCode.GATE
