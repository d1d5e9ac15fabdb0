"""`qamctl emulator [-- COMMAND]`: Azure Quantum on this machine, for tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import open_console
from qamctl.console import Console
from qamctl.errors import ExitCode

app = new_app()

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="COMMAND", help="Command that is run beside the service, after `--`; none: until Ctrl-C."),
]
Port = Annotated[str | None, typer.Option("--port", metavar="N", help="Port on 127.0.0.1. Default: a free one.")]
Https = Annotated[
    bool,
    typer.Option(
        "--https",
        help="Answer Azure's own names, too, by a proxy and a throw-away certificate: for unmodified clients.",
    ),
]
State = Annotated[
    str | None, typer.Option("--state", metavar="DIR", help="Keep jobs and blobs in this folder. Default: memory.")
]
Fault = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="FAULT",
        help="What goes wrong: NAME=RATE, NAME@KIND=RATE, or NAME@KIND#N for the nth request, as "
        "'lost-after@PUT job#2'; see docs/emulator.md for the names. Repeatable.",
    ),
]
FaultsFile = Annotated[
    str | None, typer.Option("--faults", metavar="FILE", help="Faults from a YAML or JSON file; see docs/emulator.md.")
]
EmulatorSeed = Annotated[
    str | None, typer.Option("--seed", metavar="N", help="Seed of faults, waits and shots. Default 0.")
]
Speed = Annotated[
    str | None,
    typer.Option(
        "--speed", metavar="X", help="How much faster than on the real targets jobs wait and run. Default 10000."
    ),
]
EmulatorNoise = Annotated[
    str | None,
    typer.Option(
        "--noise",
        metavar="P",
        help="none (default), target (hardware has its maker's noise), or generic, ionq, quantinuum, rigetti for all.",
    ),
]
LostShots = Annotated[
    str | None, typer.Option("--lost-shots", metavar="P", help="Probability with which a shot of QIR loses each bit.")
]
SasSeconds = Annotated[
    str | None,
    typer.Option("--sas-seconds", metavar="S", help="Seconds that the addresses of blobs are valid. Default a day."),
]
SecondPut = Annotated[
    str | None,
    typer.Option(
        "--second-put",
        metavar="A",
        help="Answer to a second request that makes a job of the same id: conflict (409, default), same, replace.",
    ),
]
AzuriteUrl = Annotated[
    str | None, typer.Option("--azurite", metavar="URL", help="Keep the blobs in the Azurite at this address.")
]
RequestLog = Annotated[
    str | None, typer.Option("--request-log", metavar="FILE", help="Append every request to this file (JSON lines).")
]
EnvFile = Annotated[
    str | None,
    typer.Option(
        "--env-file", metavar="FILE", help="Write the variables for a shell here, for its owner only, until the end."
    ),
]


@app.command(cls=PlainCommand)
def emulator(
    context: typer.Context,
    command: Words = None,
    port: Port = None,
    https: Https = False,
    state: State = None,
    fault: Fault = None,
    faults: FaultsFile = None,
    seed: EmulatorSeed = None,
    speed: Speed = None,
    noise: EmulatorNoise = None,
    lost_shots: LostShots = None,
    sas_seconds: SasSeconds = None,
    second_put: SecondPut = None,
    azurite: AzuriteUrl = None,
    request_log: RequestLog = None,
    env_file: EnvFile = None,
    output: flag.Output = None,
    quiet: flag.Quiet = False,
) -> int:
    """Stand in for Azure Quantum on this machine, so that a whole path is tested without an account or a bill.

    \b
    Examples:
      qamctl emulator -- qamctl submit bell.qasm --target ionq.simulator
      qamctl emulator --https --fault throttle=0.1 --fault lost-after=0.05 -- pytest
      qamctl emulator --port 8780 --state emulator --request-log requests.jsonl
      qamctl emulator -o json | jq -r .env_file

    With a command it sets the command's environment, runs it, and ends with its exit code. Without one it prints its
    address and a file of variables, and ends with 0 by Ctrl-C or SIGTERM. It listens on 127.0.0.1 only.
    """
    console = open_console(context, {"output": output, "quiet": quiet}, profile=None, config=None)
    from qamctl.emulator.front.command import run_command, wait_for_end
    from qamctl.emulator.front.environment import around
    from qamctl.emulator.front.stand import stand
    from qamctl.emulator.settings import read_settings

    settings = read_settings(
        os.environ, port=port, https=https, seed=seed, speed=speed, noise=noise, lost_shots=lost_shots,
        token_seconds=sas_seconds, second_put=second_put, fault=fault or (), faults=faults, azurite=azurite,
        state=state, log=request_log,
    )  # fmt: skip
    with stand(settings, os.environ, Path(env_file) if env_file else None) as up:
        if command:
            console.note(f"Azure Quantum's emulator is up at {up.url}")
            code = run_command(command, around(os.environ, up.environment))
            _tell_errors(console, up.watching.errors)
            return code
        told: dict[str, Any] = {
            "url": up.url,
            "env_file": str(up.env_file),
            "certificate": None if up.certificate is None else str(up.certificate),
        }
        console.show(told, lambda: page(told))
        wait_for_end()
        _tell_errors(console, up.watching.errors)
    return ExitCode.OK


def _tell_errors(console: Console, errors: Sequence[Exception]) -> None:
    """A request log that could not be written is not whole."""
    for error in errors:
        console.warn(f"the request log ends early: {error}")


def page(told: dict[str, Any]) -> str:
    """Where it is, and how a shell is told."""
    lines = [f"Azure Quantum's emulator is up; its status page is {told['url']}"]
    lines += [f"Variables for this shell: . {told['env_file']}", "Ctrl-C ends it."]
    return "\n".join(lines)
