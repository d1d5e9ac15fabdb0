"""The entry point, and the one handler that turns every fault into a message and an exit code."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from types import FrameType

from qamctl import __version__
from qamctl.console import OUTPUTS, Console
from qamctl.errors import ExitCode, QamError, UsageError

FIRST_STEPS = """\
qamctl needs a command. To begin:
  qamctl init schedule --file plan.yaml   writes a commented problem file
  qamctl validate plan.yaml               tells every fault in it
  qamctl schedule plan.yaml               finds, checks and writes a schedule
All commands: qamctl --help"""

#: Seconds that engines which were left behind get to end, before the process ends without them.
PATIENCE = 0.5

#: Set by the shell while it completes a command line (typer's protocol).
_COMPLETE = "_QAMCTL_COMPLETE"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    Parameters
    ----------
    argv
        The arguments after the program's name; those of the process where absent.
    """
    if argv is None:
        import sys

        # numpy's BLAS starts a thread for every core, which spins before it sleeps; nothing here multiplies matrices.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        return _leave(_interruptible(sys.argv[1:]))
    return _main(list(argv))


class Terminated(KeyboardInterrupt):
    """SIGTERM while nothing is searched: it ends the command as SIGINT does; a search has its own handlers."""

    code = ExitCode.TERMINATED


def _interruptible(args: list[str]) -> int:
    """Run with SIGTERM told like SIGINT, unless whoever started the process has it ignored."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return _main(args)
    signal.signal(signal.SIGTERM, end)
    try:
        return _main(args)
    finally:  # what is left to do can be cut short
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(code: int) -> int:
    """End the process; an engine that was left behind, and still works, does not hold it: all files are written."""
    deadline = time.monotonic() + PATIENCE
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                os._exit(code)
    return code


def _main(args: list[str]) -> int:
    console = Console(output=asked_output(args, os.environ), argv=args)
    try:
        return int(_run(args, console))
    except QamError as fault:
        return _tell(console, fault)
    except KeyboardInterrupt as interrupt:  # a run that was asked twice says by which signal
        return _tell_end(console, getattr(interrupt, "code", ExitCode.INTERRUPTED))
    except BrokenPipeError:  # help that is read by `head`
        console.close()
        return int(ExitCode.OK)
    except Exception as bug:  # the last handler: told in one line, kept whole in a file
        from qamctl.cli.crash import crash_fault

        return _tell(console, crash_fault(bug, args, os.environ))


def asked_output(args: Sequence[str], environ: Mapping[str, str]) -> str:
    """The output format that flags or environment ask for, told before anything is parsed or can fail."""
    asked = environ.get("QAMCTL_OUTPUT", "")
    for arg, value in zip(args, [*args, ""][1:], strict=True):
        if arg == "--":
            break
        if arg in ("-o", "--output"):
            asked = value
        elif arg.startswith("--output="):
            asked = arg.removeprefix("--output=")
        elif arg.startswith("-o"):
            asked = arg.removeprefix("-o").removeprefix("=")
    return asked if asked in OUTPUTS else "table"


def _run(args: list[str], console: Console) -> int:
    if _COMPLETE not in os.environ:
        if not args:
            console.note(FIRST_STEPS)
            return ExitCode.USAGE
        if args[0] == "--version":  # answered before typer is imported
            console.text(f"qamctl {__version__}")
            return ExitCode.OK
    import typer

    from qamctl.cli.app import build

    app = build()
    if _COMPLETE in os.environ:
        return int(app.main(args, prog_name="qamctl", standalone_mode=False) or 0)
    try:
        with app.make_context("qamctl", args, obj=console) as context:
            return int(app.invoke(context))
    except typer.Exit as done:
        return done.exit_code
    except typer.TyperException as fault:
        context = getattr(fault, "ctx", None)
        command = context.command_path if context else "qamctl"
        raise UsageError(f"{fault.format_message().rstrip('.')} (see `{command} --help`)") from None


def _tell(console: Console, fault: QamError) -> int:
    try:
        console.fault(fault)
    except QamError as worse:  # standard output is full: standard error may still be read
        console.output = "table"
        console.fault(worse)
        return int(worse.code)
    return int(fault.code)


def _tell_end(console: Console, code: ExitCode) -> int:
    """One word on standard error, or the one object that a program waits for, unless it has one already."""
    word = "interrupted" if code == ExitCode.INTERRUPTED else "terminated"
    if console.output == "table" or console.shown:
        console.note(word)
        return int(code)
    fault = QamError(f"{word} before there was a result")
    fault.code = code
    return _tell(console, fault)
