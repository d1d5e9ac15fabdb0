"""`qamctl bench FILE`: compare engines on one problem at equal time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.cli.table import table
from qamctl.cli.views import percent
from qamctl.errors import ExitCode, UsageError

app = new_app()

#: Columns of engines that run circuit files; "distance" is that of the counts to the exact distribution.
RUN = ("engine", "shots", "observable", "error", "distance", "seconds")

#: Columns of engines that measure circuits; "P(best)" is the chance that a measurement gives the best state.
MEASURED = ("engine", "shots", "evaluations", "P(best)", "over-random", "over-classical")


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
    shots: flag.Shots = None,
    noise: flag.Noise = None,
    depth: flag.Depth = None,
    mixer: flag.Mixer = None,
    max_qubits: flag.MaxQubits = None,
    max_shots: flag.MaxShots = None,
    max_rounds: flag.MaxRounds = None,
    max_cost: flag.MaxCost = None,
    allow_qpu: flag.AllowQpu = False,
    timeout: flag.Timeout = None,
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
      qamctl bench fleet.yaml --backend assignment --backend linear
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
        "shots": shots,
        "noise": noise,
        "depth": depth,
        "mixer": mixer,
        "max_qubits": max_qubits,
        "max_shots": max_shots,
        "max_rounds": max_rounds,
        "max_cost": max_cost,
        "allow_qpu": allow_qpu,
        "timeout": timeout,
        "output": output,
        "quiet": quiet,
    }
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl import pipeline
    from qamctl.kinds import kind_of, kind_of_format

    kind = kind_of(file) if format is None else kind_of_format(format)
    config_file = Path(config) if config else None
    rows = pipeline.bench(file, backend, flags, kind=kind, profile=profile, config_file=config_file)
    console.show({"rows": list(rows)}, lambda: page(rows, console.width))
    return ExitCode.OK


def page(rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """A table of the engines, and another one of what those did that measure circuits."""
    if any("distance" in row for row in rows):
        return circuits_page(rows, width)
    head = ("engine", "status", "objective", "bound", "gap", "seconds")
    cells = [
        (row["backend"], row["status"], row["objective"], row["bound"], percent(row["gap"]), f"{row['seconds']:.2f}")
        for row in rows
    ]
    text = table(head, cells, width=width, right="objective bound gap seconds")
    circuits = [row for row in rows if "shots" in row]
    if not circuits:
        return text
    lines = [
        (row["backend"], row["shots"], row["evaluations"], percent(row["probability_of_optimum"]),
         row["gain_over_random"], row["gain_over_classical_same_time"])
        for row in circuits
    ]  # fmt: skip
    return f"{text}\n\n{table(MEASURED, lines, width=width, right=' '.join(MEASURED[1:]))}"


def circuits_page(rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """A table of the engines of a circuit file."""
    cells = [
        (row["backend"], row.get("shots"), row["objective"], row.get("error"), row.get("distance"),
         f"{row['seconds']:.2f}")
        for row in rows
    ]  # fmt: skip
    return table(RUN, cells, width=width, right=" ".join(RUN[1:]))
