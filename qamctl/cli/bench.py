"""`qamctl bench FILE`: compare engines on one problem at equal time."""

from __future__ import annotations

from pathlib import Path

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.cli.table import table
from qamctl.cli.views import percent
from qamctl.errors import ExitCode, UsageError

app = new_app()


@app.command(cls=PlainCommand)
def bench(
    context: typer.Context,
    file: flag.File,
    format: flag.Format = None,
    sense: flag.Sense = None,
    backend: flag.Backends = None,
    time_limit: flag.TimeLimit = None,
    max_steps: flag.MaxSteps = None,
    reads: flag.Reads = None,
    target_energy: flag.TargetEnergy = None,
    seed: flag.Seed = None,
    threads: flag.Threads = None,
    slot: flag.Slot = None,
    max_variables: flag.MaxVariables = None,
    output: flag.Output = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
) -> int:
    """Compare engines on one problem at equal time.

    \b
    Examples:
      qamctl bench plan.yaml --backend list-search --backend cpsat
      qamctl bench plan.yaml --backend auto --backend neal --time-limit 30 -o json
      qamctl bench model.qubo --backend anneal --backend tabu --backend neal

    The engines run one after the other, each with the whole time limit and all threads; every answer is
    checked against the file. No run is kept.
    """
    if not backend:
        raise UsageError("bench compares engines: name at least one with --backend, as in --backend list-search")
    flags = {
        "format": format,
        "sense": sense,
        "reads": reads,
        "target_energy": target_energy,
        "time_limit": time_limit,
        "max_steps": max_steps,
        "seed": seed,
        "threads": threads,
        "slot": slot,
        "max_variables": max_variables,
        "output": output,
        "quiet": quiet,
    }
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl import pipeline
    from qamctl.kinds import kind_of

    kind = "model" if format is not None else kind_of(file)
    config_file = Path(config) if config else None
    rows = pipeline.bench(file, backend, flags, kind=kind, profile=profile, config_file=config_file)
    head = ("engine", "status", "objective", "bound", "gap", "seconds")
    cells = [
        (row["backend"], row["status"], row["objective"], row["bound"], percent(row["gap"]), f"{row['seconds']:.2f}")
        for row in rows
    ]
    console.show(
        {"rows": list(rows)},
        lambda: table(head, cells, width=console.width, right="objective bound gap seconds"),
    )
    return ExitCode.OK
