"""Runs a command beside the service: signals are passed on, and nothing that it started is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final

from qamctl.errors import UsageError

#: Signals that go to the command; it decides what they mean.
_PASSED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

#: Seconds that what a command left behind gets to end by itself.
_GRACE: Final = 2.0

_LEASH: Final = Path(__file__).with_name("leash.py")


def run_command(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command in a session of its own, and wait for it.

    What is still there of its process group when it ends gets SIGTERM, and SIGKILL two seconds later.

    Returns
    -------
    int
        Its exit code; 128 and the signal's number where a signal ended it, as shells tell it.

    Raises
    ------
    UsageError
        There is no such command.
    """
    if shutil.which(command[0], path=environ.get("PATH", os.defpath)) is None:
        raise UsageError(f"there is no command {command[0]!r} to run: check the words after --")
    leashed = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command]
    child = subprocess.Popen(leashed, env=dict(environ), start_new_session=True)
    try:
        with _passing(lambda number: _signal(child.pid, number)):
            code = child.wait()
    finally:
        _clear(child)
    return code if code >= 0 else 128 - code


def wait_for_end() -> None:
    """Wait for SIGINT, SIGTERM or SIGHUP, which are how a service is ended."""
    ended = threading.Event()
    with _passing(lambda number: ended.set()):
        while not ended.wait(0.2):  # in slices, so that a signal is handled at once
            pass


@contextmanager
def _passing(pass_on: Callable[[int], object]) -> Iterator[None]:
    """Hand signals on while the block runs; the handlers of before are put back."""
    before: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        pass_on(number)

    try:
        for one in _PASSED:
            if signal.getsignal(one) is not signal.SIG_IGN:
                before[one] = signal.signal(one, handle)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _clear(child: subprocess.Popen[bytes]) -> None:
    """End what is left of the command's process group."""
    _signal(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline and _signal(child.pid, 0):
        child.poll()
        time.sleep(0.02)
    _signal(child.pid, signal.SIGKILL)
    child.wait()


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; False: there is none any more."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False
