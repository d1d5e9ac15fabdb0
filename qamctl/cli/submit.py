"""`qamctl submit FILE --target T`: run a file on Azure Quantum, exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.job_page import JobProgress, dry_run_page, tell_submitted
from qamctl.cli.session import open_console
from qamctl.errors import ExitCode

app = new_app()


@app.command(cls=PlainCommand)
def submit(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Spec, model file, OpenQASM, QIR, or a provider's own program; - is standard input."
        ),
    ],
    target: flag.JobTarget = None,
    shots: flag.Shots = None,
    name: flag.JobName = None,
    tag: flag.Tags = None,
    priority: flag.Priority = None,
    session: flag.Session = None,
    run_key: flag.RunKey = None,
    enqueue: Annotated[
        bool, typer.Option("--enqueue", help="Put it into the queue, asking nobody; `qamctl jobs drain` sends it.")
    ] = False,
    no_wait: flag.NoWait = False,
    timeout: flag.Timeout = None,
    max_cost: flag.MaxCost = None,
    max_shots: flag.JobMaxShots = None,
    allow_qpu: flag.AllowQpu = False,
    prices: flag.Prices = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print target, sizes, price and the job's id; no connection is opened.")
    ] = False,
    depth: flag.Depth = None,
    mixer: flag.Mixer = None,
    format: flag.Format = None,
    input_format: Annotated[
        str | None,
        typer.Option(
            "--input-format",
            metavar="F",
            help="FILE is a program in a provider's own language, sent as it is: ionq.circuit.v1, rigetti.quil.v1, "
            "honeywell.openqasm.v1, pasqal.pulser.v1.",
        ),
    ] = None,
    sense: flag.Sense = None,
    qir_profile: flag.QirProfile = None,
    slot: flag.Slot = None,
    max_variables: flag.MaxVariables = None,
    out: flag.Out = None,
    result: flag.ResultFile = None,
    metrics: flag.MetricsFile = None,
    output: flag.Output = None,
    no_copy: flag.NoCopy = False,
    log_file: flag.LogFile = None,
    profile: flag.Profile = None,
    config: flag.ConfigFile = None,
    quiet: flag.Quiet = False,
    verbose: flag.Verbose = False,
) -> int:
    """Run a file on Azure Quantum, exactly once, and wait for what it gives.

    \b
    Examples:
      qamctl submit bell.qasm --target ionq.simulator --dry-run
      qamctl submit bell.qasm --target ionq.simulator --shots 1000 -o json | jq .solution.counts
      qamctl submit model.qubo --target quantinuum.sim.h2-1e --depth 2 --profile azure
      id=$(qamctl submit program.bc --target rigetti.sim.qvm --no-wait) && qamctl jobs wait $id
      qamctl submit model.qubo --target ionq.qpu.forte-1 --allow-qpu --max-cost 50
      qamctl submit plan.yaml --target ionq.simulator --enqueue --priority high
      qamctl submit ghz.quil --input-format rigetti.quil.v1 --target rigetti.sim.qvm

    Circuits (OpenQASM, QIR) are sent as they are; a spec or a model file as its QAOA circuit, as `qamctl compile
    --to qir` writes it, and what is measured is decoded and checked against the file. The job's id follows from
    program, target and shots: the same call again finds the same job, whatever ended the one before, and its result
    from the cache. The workspace comes from a profile or the AZURE_QUANTUM_* variables; see docs/azure.md.

    Exit code 0: the result was written (with --no-wait: the job was sent); 4: no measurement is a feasible answer; 5:
    the job failed; 6: credentials are missing or refused; 7: --timeout ended the wait, the id is on standard output;
    8: the target is too small; 9: a cap was not met; 75: the service is away, or --timeout came before the job was
    known to be sent: the same call goes on; 130, 143: a signal ended the call, the job goes on. --timeout is for all of
    it, from compiling to the result. Once a job is written down, its id is on standard output however the call ends.
    """
    flags = {
        "target": target,
        "shots": shots,
        "job_name": name,
        "tag": tag,
        "priority": priority,
        "session": session,
        "run_key": run_key,
        "no_wait": no_wait,
        "timeout": timeout,
        "max_cost": max_cost,
        "max_shots": max_shots,
        "allow_qpu": allow_qpu,
        "prices": prices,
        "dry_run": dry_run,
        "depth": depth,
        "mixer": mixer,
        "format": format,
        "input_format": input_format,
        "sense": sense,
        "slot": slot,
        "max_variables": max_variables,
        "out": out,
        "result": result,
        "metrics": metrics,
        "output": output,
        "no_copy": no_copy,
        "log_file": log_file,
        "quiet": quiet,
        "verbose": int(verbose),
    }
    console = open_console(context, flags, profile=profile, config=config)
    from qamctl import submitting

    config_file = Path(config) if config else None
    if dry_run:
        found = submitting.dry_run(
            file, flags, qir_profile=qir_profile, profile=profile, config_file=config_file
        )  # fmt: skip
        console.show(found, lambda: dry_run_page(found, console.width))
        return ExitCode.OK
    with JobProgress(console) as progress:
        done = submitting.submit(
            file, flags, qir_profile=qir_profile, enqueue=enqueue, profile=profile, config_file=config_file,
            command=["qamctl", *console.argv], tick=progress.look, sent=progress.sent,
        )  # fmt: skip
    return tell_submitted(console, done)
