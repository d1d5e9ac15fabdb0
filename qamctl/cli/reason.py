"""`qamctl reason SPEC`: a decision under evidence, exactly or by circuits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.reason_page import reason_page
from qamctl.cli.running import run_and_show
from qamctl.cli.session import open_console

if TYPE_CHECKING:
    from qamctl.story import RunReport

app = new_app()

Picture = Annotated[
    str | None,
    typer.Option(
        "--picture", metavar="FILE", help="Draw the answer here (.svg): posterior, evidence, the reconstructed state."
    ),
]


@app.command(cls=PlainCommand)
def reason(
    context: typer.Context,
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Problem file (YAML or JSON); - is standard input.")],
    backend: flag.Backends = None,
    shots: flag.Shots = None,
    seed: flag.Seed = None,
    threads: flag.Threads = None,
    strict: flag.Strict = False,
    dry_run: flag.DryRun = False,
    reuse: flag.Reuse = False,
    check: flag.Check = None,
    baseline: flag.Baseline = None,
    noise: flag.Noise = None,
    mitigate: flag.Mitigate = None,
    max_qubits: flag.MaxQubits = None,
    max_cost: flag.MaxCost = None,
    allow_qpu: flag.AllowQpu = False,
    timeout: flag.Timeout = None,
    out: flag.Out = None,
    result: flag.ResultFile = None,
    metrics: flag.MetricsFile = None,
    picture: Picture = None,
    output: flag.Output = None,
    if_locked: flag.IfLocked = None,
    no_copy: flag.NoCopy = False,
    log_file: flag.LogFile = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
    verbose: flag.Verbose = False,
) -> int:
    """Decide under evidence: the posterior of the paths, the decision, and what it is worth.

    \b
    Examples:
      qamctl reason incident.yaml
      qamctl reason incident.yaml -o json | jq .solution.decision
      qamctl reason incident.yaml --backend statevector --shots 4000
      qamctl reason incident.yaml --backend noisy --noise ionq --mitigate readout
      qamctl reason incident.yaml --backend azure:quantinuum.sim.h2-1e
      qamctl feedback agent-7.state.json --outcome resolved

    Without a backend the posterior is computed: exact Bayes, or the density matrix where a context makes paths
    interfere. An engine of circuits measures it: shots in which all evidence was accepted are counted, after amplitude
    amplification where few would be; every figure then has its interval, and stands beside the exact one. Where an
    engine fails, or nothing was accepted, the exact posterior stands in, with the reason, unless --strict forbids it.

    Where the spec names a `state`, its priors and reliabilities are those that feedback has taught it, and the decision
    is kept there for the next feedback. Exit code 0: decided; 4: the evidence is impossible, and which; 9: it was
    written, and a condition of --check is not met, or the decision is worth less than that of the --baseline.
    """
    flags = {
        "backend": backend,
        "shots": shots,
        "seed": seed,
        "threads": threads,
        "strict": strict,
        "dry_run": dry_run,
        "reuse": reuse,
        "check": check,
        "baseline": baseline,
        "noise": noise,
        "mitigate": mitigate,
        "max_qubits": max_qubits,
        "max_cost": max_cost,
        "allow_qpu": allow_qpu,
        "timeout": timeout,
        "out": out,
        "result": result,
        "metrics": metrics,
        "picture": picture,
        "output": output,
        "if_locked": if_locked,
        "no_copy": no_copy,
        "log_file": log_file,
        "quiet": quiet,
        "verbose": int(verbose),
    }
    console = open_console(context, flags, profile=profile, config=config)

    def page(report: RunReport, place: str | None) -> str:
        return reason_page(report.result, width=console.width, paint=console.paint, place=place)

    return run_and_show(console, "reason", spec, flags, profile=profile, config=config, page=page)
