"""`qamctl solve FILE`: find a checked sample of a binary model, or solve a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.running import run_and_show
from qamctl.cli.session import open_console
from qamctl.cli.views import page

if TYPE_CHECKING:
    from qamctl.story import RunReport

app = new_app()


@app.command(cls=PlainCommand)
def solve(
    context: typer.Context,
    file: flag.File,
    format: flag.Format = None,
    sense: flag.Sense = None,
    backend: flag.Backends = None,
    time_limit: flag.TimeLimit = None,
    max_steps: flag.MaxSteps = None,
    reads: flag.Reads = None,
    target_energy: flag.TargetEnergy = None,
    samples: flag.SamplesFile = None,
    seed: flag.Seed = None,
    threads: flag.Threads = None,
    strict: flag.Strict = False,
    dry_run: flag.DryRun = False,
    reuse: flag.Reuse = False,
    check: flag.Check = None,
    baseline: flag.Baseline = None,
    max_variables: flag.MaxVariables = None,
    shots: flag.Shots = None,
    noise: flag.Noise = None,
    mitigate: flag.Mitigate = None,
    depth: flag.Depth = None,
    mixer: flag.Mixer = None,
    max_qubits: flag.MaxQubits = None,
    max_shots: flag.MaxShots = None,
    max_rounds: flag.MaxRounds = None,
    max_cost: flag.MaxCost = None,
    allow_qpu: flag.AllowQpu = False,
    timeout: flag.Timeout = None,
    angles: flag.Angles = None,
    out: flag.Out = None,
    result: flag.ResultFile = None,
    metrics: flag.MetricsFile = None,
    output: flag.Output = None,
    if_locked: flag.IfLocked = None,
    no_copy: flag.NoCopy = False,
    log_file: flag.LogFile = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
    verbose: flag.Verbose = False,
) -> int:
    """Find a checked sample of a binary model: QUBO, Ising, MaxCut, or with constraints; or run a circuit.

    \b
    Examples:
      qamctl solve model.qubo
      qamctl solve G1.txt --time-limit 60 --threads 4
      qamctl solve model.lp -o json | jq .objective
      qamctl solve model.qubo --backend tabu --backend neal --reads 100 --samples samples.csv
      qamctl solve model.bqm --sense max --max-steps 20000 --seed 7
      cat model.qubo | qamctl solve - --dry-run
      qamctl solve bell.qasm --shots 500
      qamctl solve circuit.yaml --backend statevector --backend noisy --noise ionq
      qamctl solve circuit.yaml --backend noisy --mitigate readout --mitigate zne
      qamctl solve model.qubo --backend azure:ionq.simulator --max-cost 5

    Reads .qubo, rudy/Gset graphs (MaxCut, maximised), .bqm, .cqm, .lp, tables of couplings (.csv) and specs of
    `kind: model` and `kind: hamiltonian`; the format is told from the content. The answer is checked against the
    file and written to the run directory together with a bound. Exit code 0: a feasible answer; 4: none; 9: it was
    written, and a condition of --check is not met, or it is worse than the --baseline. A spec of another kind is solved
    as its own command does.

    Circuits are OpenQASM 3 or 2, QIR (.ll, .bc) and specs of `kind: circuit`. The answer is the counts of --shots
    measurements, and the mean of the observable where the spec has one; the first engine gives it, further ones are
    compared with it. A circuit runs to its end, whatever --time-limit or --max-steps say; other flags of searches are
    refused, and so is --noise without the engine noisy.
    """
    flags = {
        "format": format,
        "sense": sense,
        "backend": backend,
        "time_limit": time_limit,
        "max_steps": max_steps,
        "reads": reads,
        "target_energy": target_energy,
        "samples": samples,
        "seed": seed,
        "threads": threads,
        "strict": strict,
        "dry_run": dry_run,
        "reuse": reuse,
        "check": check,
        "baseline": baseline,
        "max_variables": max_variables,
        "shots": shots,
        "noise": noise,
        "mitigate": mitigate,
        "depth": depth,
        "mixer": mixer,
        "max_qubits": max_qubits,
        "max_shots": max_shots,
        "max_rounds": max_rounds,
        "max_cost": max_cost,
        "allow_qpu": allow_qpu,
        "timeout": timeout,
        "angles": angles,
        "out": out,
        "result": result,
        "metrics": metrics,
        "output": output,
        "if_locked": if_locked,
        "no_copy": no_copy,
        "log_file": log_file,
        "quiet": quiet,
        "verbose": int(verbose),
    }
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl.kinds import kind_of, kind_of_format

    def show(report: RunReport, place: str | None) -> str:
        return page(
            report.result, width=console.width, paint=console.paint, place=place, metrics=report.metrics
        )  # fmt: skip

    kind = kind_of(file, "model") if format is None else kind_of_format(format)
    return run_and_show(console, kind, file, flags, profile=profile, config=config, page=show)
