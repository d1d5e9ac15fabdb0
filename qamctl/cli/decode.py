"""`qamctl decode SPEC SAMPLES`: samples of a compiled problem back to a checked answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.numbers import whole
from qamctl.cli.session import deliver, open_console, protect
from qamctl.cli.views import page
from qamctl.errors import ExitCode, UsageError

app = new_app()


@app.command(cls=PlainCommand)
def decode(
    context: typer.Context,
    file: flag.File,
    samples: Annotated[
        str,
        typer.Argument(metavar="SAMPLES", help="Samples (.npz, .csv, dimod's JSON, counts, a result); - as for FILE."),
    ],
    encoding: flag.Encoding = None,
    inequality: flag.Inequality = None,
    level: flag.Level = None,
    format: flag.Format = None,
    sense: flag.Sense = None,
    slot: flag.Slot = None,
    max_variables: flag.MaxVariables = None,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="Bit strings begin with the first variable. Default: the last, as qiskit.")
    ] = False,
    result: Annotated[
        str | None, typer.Option("--result", metavar="FILE", help="Write the result here, too (JSON).")
    ] = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
) -> int:
    """Turn samples of a compiled problem, whoever drew them, into a checked answer.

    \b
    Examples:
      qamctl compile plan.yaml --to qubo --file plan.qubo && qamctl solve plan.qubo --samples s.npz
      qamctl decode plan.yaml s.npz
      qamctl decode plan.yaml counts.json --encoding domain-wall -o json | jq .objective
      qamctl decode model.lp samples.csv --result result.json && qamctl check result.json model.lp

    Samples hold a value for each variable of the compiled problem, slack bits included or not: by name, or in order.
    Say the same --encoding, --inequality, --slot and --level as for `compile`. Schedules and clusters are repaired
    where a sample breaks a constraint; the best is shown, with the share of samples that were feasible as they came.
    Exit code 3: samples of another problem; 4: none of them is a feasible answer.
    """
    flags = {
        "format": format,
        "sense": sense,
        "slot": slot,
        "max_variables": max_variables,
        "output": output,
        "quiet": quiet,
    }
    console = open_console(context, flags, profile=profile, config=config)
    if file == samples == "-":
        raise UsageError("standard input can be the problem or the samples, not both")
    from qamctl import compiling, decoding

    config_file = Path(config) if config else None
    found = compiling.open_target(file, flags, level=whole("--level", level), profile=profile, config_file=config_file)
    protect([*found.problem.source.files, samples], [("--result", result)])
    answer = decoding.decode(
        found, samples, one_hot=encoding or "one-hot", inequality=inequality or "slack", first_left=reverse
    )
    if result is not None:
        import json

        deliver(context, json.dumps(answer, indent=1) + "\n", result)
    console.show(answer, lambda: page(answer, width=console.width, paint=console.paint, place=result))
    return ExitCode.OK
