"""`qamctl compile FILE --to FORMAT`: a problem as annealers and solvers of models take it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.numbers import factor, whole
from qamctl.cli.session import deliver, open_console, protect
from qamctl.cli.views import facts
from qamctl.errors import ExitCode, UsageError

app = new_app()

TARGETS = ("qubo", "ising", "bqm", "cqm", "lp")


@app.command(cls=PlainCommand)
def compile_(
    context: typer.Context,
    file: flag.File,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="qubo, ising, bqm (penalty QUBO); cqm, lp (constraints kept).")
    ] = "qubo",
    target: flag.Target = None,
    encoding: flag.Encoding = None,
    inequality: flag.Inequality = None,
    penalty: Annotated[
        str | None,
        typer.Option("--penalty", metavar="X", help="Multiply the penalty weights. Default 1: sufficient with slack."),
    ] = None,
    level: flag.Level = None,
    format: flag.Format = None,
    sense: flag.Sense = None,
    slot: flag.Slot = None,
    max_variables: flag.MaxVariables = None,
    dry_run: flag.DryRun = False,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
) -> int:
    """Write a problem as annealers and solvers of models take it: QUBO, Ising, BQM, CQM or LP.

    \b
    Examples:
      qamctl compile plan.yaml --to qubo --file plan.qubo
      qamctl compile plan.yaml --to bqm --encoding domain-wall --file plan.bqm
      qamctl compile plan.yaml --to lp | head
      qamctl compile model.lp --to qubo --inequality unbalanced --penalty 0.5 --file model.qubo
      qamctl compile plan.yaml --dry-run -o json | jq .constraints

    Takes specs of schedules, whole, and model files. For qubo, ising and bqm constraints become penalties whose
    weights are sufficient: every minimum is a feasible optimum. The variables keep their names, so that
    `qamctl decode` finds the way back. Everything is minimised; only lp keeps the sense of a model file.
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
    if to not in TARGETS:
        raise UsageError(f"--to {to}: choose one of {', '.join(TARGETS)}")
    scale, at = factor("--penalty", penalty), whole("--level", level)
    from qamctl import compiling

    config_file = Path(config) if config else None
    found = compiling.open_target(file, flags, level=at, profile=profile, config_file=config_file)
    protect(found.problem.source.files, [("--file", target)])
    artefact = compiling.write_target(
        found, to, one_hot=encoding or "one-hot", inequality=inequality or "slack", penalty=scale
    )
    if dry_run:
        console.show(artefact.report, lambda: facts(artefact.report))
        return ExitCode.OK
    deliver(context, artefact.content, target)
    sizes = f"{artefact.report['variables']} variables, {artefact.report['quadratic']} couplings"
    console.note(f"{to} of {artefact.report['name']}: {sizes}")
    return ExitCode.OK
