"""`qamctl cluster SPEC`: find a checked assignment of agents to clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.cluster_page import cluster_page
from qamctl.cli.running import run_and_show
from qamctl.cli.session import open_console

if TYPE_CHECKING:
    from qamctl.story import RunReport

app = new_app()


@app.command(cls=PlainCommand)
def cluster(
    context: typer.Context,
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Problem file (YAML or JSON); - is standard input.")],
    from_result: flag.From = None,
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
    out: flag.Out = None,
    result: flag.ResultFile = None,
    metrics: flag.MetricsFile = None,
    picture: flag.Picture = None,
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
    """Find a checked assignment of agents to clusters: balanced, within limits, few links cut, few moves.

    \b
    Examples:
      qamctl cluster fleet.yaml
      qamctl cluster fleet.yaml --time-limit 60 --out run --if-locked skip
      qamctl cluster fleet.yaml --max-steps 20000 --seed 7 -o json
      qamctl cluster fleet.yaml --from latest
      qamctl cluster fleet.yaml --check 'moves<=20,load==0' --baseline latest
      qamctl cluster fleet.yaml --backend assignment --backend linear
      qamctl cluster fleet.yaml --picture fleet.svg --metrics fleet.prom
      qamctl cluster fleet.yaml --backend azure:ionq.simulator --max-cost 5
      kubectl get nodes,pods -A -o json | qamctl import kubernetes - | qamctl cluster - --dry-run

    Every engine's answer is checked against the file; the best one is written to the run directory together
    with a bound, and with an order of moves in which no step breaks a limit. Exit code 0: a feasible answer; 4: none;
    9: it was written, and a condition of --check is not met, or it is worse than the --baseline.

    With --from the answer of an earlier run is the current state, in place of what the file says: agents that are new
    are nowhere yet, those that are gone are forgotten. How many may move is up to `moves` in the file.

    Targets of Azure Quantum (azure:TARGET, several share the parts) begin from the answer of the other engines, and
    improve it part by part: --max-rounds parts (16), --max-shots, --max-cost and --timeout seconds of waiting (3600)
    limit them, not --time-limit. A job that fails is replaced for its part alone; a service that is away leaves the
    classical answer, with the reason, unless --strict says otherwise.
    """
    flags = {
        "from_result": from_result,
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
        "out": out,
        "result": result,
        "metrics": metrics,
        "picture": picture,
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
        clusters = report.metrics["clusters"]
        return cluster_page(report.result, width=console.width, paint=console.paint, place=place, clusters=clusters)

    return run_and_show(console, "cluster", spec, flags, profile=profile, config=config, page=page)
