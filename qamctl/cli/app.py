"""The table of commands, and the app that builds only the command that is asked for."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from qamctl.errors import ExitCode

#: Every command: the module in this folder that holds it as `app`, and one line of help.
COMMANDS = {
    "schedule": ("schedule", "Find a checked schedule for tasks on agents and resources."),
    "cluster": ("cluster", "Find a checked assignment of agents to clusters."),
    "reason": ("reason", "Decide under evidence: the posterior of the paths, exactly or by circuits."),
    "feedback": ("feedback", "Tell what came of a decision, so that the next one knows."),
    "watch": ("watch", "Look at a fleet's clusters again and again, and propose a re-balance where it pays."),
    "solve": ("solve", "Find a checked sample of a binary model: QUBO, Ising, MaxCut, or with constraints."),
    "validate": ("validate", "Report every fault of problem files, without solving."),
    "check": ("check", "Recompute a result from its problem file."),
    "diff": ("diff", "Tell what changed from one result to another."),
    "report": ("report", "Show results as one page of HTML that can be mailed, archived and printed."),
    "explain": ("explain", "Explain why a plan has no schedule and what would help; or what moved a decision."),
    "bench": ("bench", "Compare engines on one problem at equal time."),
    "compile": ("compile", "Write a problem as solvers and quantum computers take it: QUBO, BQM, LP, OpenQASM, QIR."),
    "decode": ("decode", "Turn samples of a compiled problem, whoever drew them, into a checked answer."),
    "submit": ("submit", "Run a file on Azure Quantum, exactly once, and wait for what it gives."),
    "jobs": ("jobs", "List, show, wait for, read, cancel and send jobs of Azure Quantum."),
    "credits": ("credits", "Show what jobs were estimated at, what is reserved, and what was billed."),
    "backends": ("backends", "List the engines on this machine and the targets of Azure Quantum."),
    "doctor": ("doctor", "Say what works on this machine, and what is missing."),
    "emulator": ("emulator", "Stand in for Azure Quantum on this machine, and run a command beside it."),
    "init": ("init", "Write a commented problem file to start from."),
    "import": ("imports", "Turn a benchmark or workflow file into a problem file."),
    "schema": ("schema", "Print the JSON Schema of a kind of problem file."),
    "runs": ("runs", "List, show, resume and prune the runs that are kept."),
    "config": ("config", "Show the options in force and where each comes from."),
}

HELP = """\
Schedules, clusters and decisions for fleets of agents, and binary models: solved, bounded, checked, written down.

\b
Examples:
  qamctl init schedule --file plan.yaml    a commented problem file
  qamctl validate plan.yaml                every fault, with line and column
  qamctl schedule plan.yaml                the schedule, its bound and its gap
  qamctl schedule plan.yaml -o json | jq .objective
  qamctl cluster fleet.yaml                who belongs where, and the moves
  qamctl watch fleet.yaml --every 60s      what drifts, and what should move
  qamctl reason incident.yaml              the posterior, and the decision
  qamctl solve model.qubo                  a QUBO or another binary model
  qamctl submit bell.qasm --target ionq.simulator --dry-run
"""

#: What each exit code means, and what to do about it.
EXIT_CODES = {
    ExitCode.OK: ("a feasible answer was written, or the command did what was asked", "go on"),
    ExitCode.BUG: ("a bug: the trace is in the log file that is named", "report it"),
    ExitCode.USAGE: ("a flag or an argument does not make sense", "fix the call"),
    ExitCode.SPEC: ("a spec, a table or a configuration file is invalid", "fix the file at the line that is named"),
    ExitCode.INFEASIBLE: (
        "no feasible answer: proved, or none found in the budget",
        "relax the problem (`qamctl explain` says how), or allow more time",
    ),
    ExitCode.BACKEND: ("a solver or a remote job failed", "read the message, try another engine or target"),
    ExitCode.AUTH: ("credentials or the workspace are missing or were refused", "`qamctl doctor` says what is missing"),
    ExitCode.PENDING: (
        "the wait ended, the job still runs; its id is on standard output",
        "come back with `qamctl jobs wait` or `qamctl runs resume`",
    ),
    ExitCode.UNSUPPORTED: ("the target is too small, or a package is missing", "install it, or take another engine"),
    ExitCode.GATE: (
        "a gate was not met: a check, a baseline, a cap, or a budget",
        "fail the build, or raise what is named",
    ),
    ExitCode.TEMPFAIL: ("a lock is held, or a service or a disk is not there now", "try again later"),
    ExitCode.INTERRUPTED: ("interrupted, the best so far is kept", "the result says so"),
    ExitCode.TERMINATED: ("terminated, the best so far is kept", "the result says so"),
}

EPILOG = "\b\nExit codes:\n{}\n\nStandard output carries the result and nothing else.".format(
    "\n".join(f"  {code:<4} {meaning}" for code, (meaning, _) in EXIT_CODES.items())
)


class Plain:
    """Takes a parameter as the text that it is.

    typer imports pydantic, which costs more than the whole of our start-up, to turn text into text. Our
    options are texts and switches only: `qamctl.config` converts them, whichever way they come.
    """

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as it is; none of a repeatable parameter is an empty list."""
        return [] if value is None and (param.multiple or param.nargs == -1) else value


def plain(params: Any) -> Any:
    """Parameters whose value is taken as it is, and whose help says `SPEC` instead of `SPEC <str>`."""
    for param in params:
        if hasattr(param, "_runtime_param"):
            param._runtime_param = Plain()
        if param.param_type_name == "argument":
            param.display_type_rich = lambda ctx: None
    return params


class PlainCommand(TyperCommand):
    """A command with plain parameters."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters, `--help` among them."""
        return plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group with plain parameters."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters, `--help` among them."""
        return plain(super().get_params(ctx))


class LazyGroup(PlainGroup):
    """A group that knows its commands by name, and imports one when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, built now."""
        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands with their line of help, straight from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments name, or the nearest one as a hint."""
        if args[0] not in COMMANDS:
            near = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"there is no command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)


def new_app(**settings: Any) -> typer.Typer:
    """A typer app with the manners of all our commands: plain help, no tracebacks of its own."""
    manners: dict[str, Any] = {
        "cls": PlainGroup,
        "add_completion": False,
        "rich_markup_mode": None,
        "pretty_exceptions_enable": False,
        "context_settings": {"help_option_names": ["-h", "--help"]},
    }
    return typer.Typer(**(manners | settings))


def load(name: str) -> Any:
    """Import and build one command of the table."""
    command = get_command(import_module(f"qamctl.cli.{COMMANDS[name][0]}").app)
    command.name = name
    return command


def build() -> Any:
    """The whole app: `--help`, completion, and the commands on demand."""
    app = new_app(name="qamctl", cls=LazyGroup, add_completion=True, help=HELP, epilog=EPILOG)

    @app.callback()
    def qamctl(
        version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    ) -> None:
        """Everything is left to the commands; `--version` is answered before the app is built."""

    return get_command(app)
