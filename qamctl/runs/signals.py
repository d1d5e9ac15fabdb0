"""Ctrl-C and SIGTERM as a request to stop: the best answer so far is kept and written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from qamctl.errors import ExitCode

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class Interrupted(KeyboardInterrupt):
    """The user insisted: a second signal ends the run where it stands.

    Attributes
    ----------
    code
        130 for SIGINT, 143 for SIGTERM.
    """

    def __init__(self, code: ExitCode) -> None:
        super().__init__(f"interrupted (exit code {int(code)})")
        self.code = code


class Stop:
    """Whether the run was asked to stop; call it, it is cheap.

    Attributes
    ----------
    exit_code
        130 or 143 by the signal that came, None where none did.
    """

    def __init__(self) -> None:
        self.exit_code: ExitCode | None = None

    def __call__(self) -> bool:
        return self.exit_code is not None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        code = _CODES[signal.Signals(number)]
        if self.exit_code is not None:
            raise Interrupted(code)
        self.exit_code = code


@contextmanager
def catch_signals() -> Iterator[Stop]:
    """Turn the first SIGINT or SIGTERM into `stop()` being true; a second one raises `Interrupted`.

    The handlers of before are put back at the end; where they are those of a block around this one, it is told what
    came. Outside the main thread Python takes no handlers: there the flag simply stays down, and whoever runs the main
    thread decides.
    """
    stop = Stop()
    before = {}
    try:
        for number in _CODES:
            try:
                before[number] = signal.signal(number, stop._handle)
            except ValueError:  # not the main thread
                break
        yield stop
    finally:
        for number, handler in before.items():
            # None: installed by someone other than Python, which can't be put back through Python.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for handler in before.values():
            around = getattr(handler, "__self__", None)
            if isinstance(around, Stop) and around.exit_code is None:
                around.exit_code = stop.exit_code
