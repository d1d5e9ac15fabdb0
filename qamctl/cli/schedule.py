"""`qamctl schedule SPEC`: find a checked schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.running import run_and_show
from qamctl.cli.session import open_console
from qamctl.cli.views import schedule_page

if TYPE_CHECKING:
    from qamctl.story import RunReport

app = new_app()


@app.command(cls=PlainCommand)
def schedule(
    context: typer.Context,
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Problem file (YAML or JSON); - is standard input.")],
    backend: flag.Backends = None,
    time_limit: flag.TimeLimit = None,
    max_steps: flag.MaxSteps = None,
    seed: flag.Seed = None,
    threads: flag.Threads = None,
    strict: flag.Strict = False,
    dry_run: flag.DryRun = False,
    reuse: flag.Reuse = False,
    check: flag.Check = None,
    baseline: flag.Baseline = None,
    slot: flag.Slot = None,
    max_variables: flag.MaxVariables = None,
    from_result: flag.From = None,
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
    out: flag.Out = None,
    result: flag.ResultFile = None,
    metrics: flag.MetricsFile = None,
    export: flag.Export = None,
    output: flag.Output = None,
    if_locked: flag.IfLocked = None,
    no_copy: flag.NoCopy = False,
    log_file: flag.LogFile = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
    verbose: flag.Verbose = False,
) -> int:
    """Find a checked schedule for tasks on agents and resources.

    \b
    Examples:
      qamctl schedule plan.yaml
      qamctl schedule plan.yaml --time-limit 60 --out run --if-locked skip
      qamctl schedule plan.yaml --max-steps 20000 --seed 7 -o json
      qamctl schedule plan.yaml --backend list-search --backend cpsat
      qamctl schedule plan.yaml --out run --export csv --export ics
      qamctl schedule plan.yaml --check 'gap<=0.02,tardy==0' --baseline latest
      qamctl schedule plan.yaml --reuse
      qamctl schedule plan.yaml --backend azure:ionq.simulator --max-cost 5
      qamctl schedule plan.yaml --from latest
      cat plan.yaml | qamctl schedule - --dry-run

    Every engine's answer is checked against the file; the best one is written to the run directory together
    with a bound, and shown. Exit code 0: a feasible answer; 4: none; 9: it was written, and a condition of --check is
    not met, or it is worse than the --baseline.

    Targets of Azure Quantum (azure:TARGET, several share the parts) begin from the answer of the other engines, and
    improve it part by part: --max-rounds parts (16), --max-shots, --max-cost and --timeout seconds of waiting (3600)
    limit them, not --time-limit. A job that fails is replaced for its part alone; a service that is away leaves the
    classical answer, with the reason, unless --strict says otherwise.
    """
    flags = {
        "backend": backend,
        "time_limit": time_limit,
        "max_steps": max_steps,
        "seed": seed,
        "threads": threads,
        "strict": strict,
        "dry_run": dry_run,
        "reuse": reuse,
        "check": check,
        "baseline": baseline,
        "slot": slot,
        "max_variables": max_variables,
        "from_result": from_result,
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
        "out": out,
        "result": result,
        "metrics": metrics,
        "export": export,
        "output": output,
        "if_locked": if_locked,
        "no_copy": no_copy,
        "log_file": log_file,
        "quiet": quiet,
        "verbose": int(verbose),
    }
    console = open_console(context, flags, profile=profile, config=config)

    def page(report: RunReport, place: str | None) -> str:
        unit = report.spec.time.unit if report.spec else ""
        return schedule_page(report.result, width=console.width, paint=console.paint, unit=unit, place=place)

    return run_and_show(console, "schedule", spec, flags, profile=profile, config=config, page=page)
