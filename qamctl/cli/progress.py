"""What is told while a run is under way: a line that is drawn over itself, or one line every half minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from qamctl.cli.table import cell
from qamctl.console import Console

#: Seconds between two lines where the streams are no terminals, and between two drawings where they are.
SLOW, FAST = 30.0, 0.1


class Progress:
    """Listens to a run. As a context manager it wipes what it drew.

    Parameters
    ----------
    clock
        Seconds that never go back.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._begin = self._told = clock()
        self._drawn = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def wipe(self) -> None:
        """Leave a clean line for what comes next."""
        if self._drawn:
            self._console.overwrite("")
            self._drawn = False

    def tick(self, best: Mapping[str, Any]) -> None:
        """The search goes on; `best` holds figures of the best answer so far, and may be empty."""
        now = self._clock()
        pause = FAST if self._console.live else SLOW
        if self._console.quiet or now - self._told < pause:
            return
        self._told = now
        figures = ", ".join(f"{name} {cell(value)}" for name, value in best.items())
        line = f"{now - self._begin:.0f} s: {figures or 'no answer yet'}"
        if self._console.live:
            self._console.overwrite(line)
            self._drawn = True
        else:
            self._console.note(line)

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """A line of the run's log: told with `-v`; that the run waits for a lock is always told."""
        self.wipe()
        if self._console.verbose:
            figures = "".join(f" {key}={cell(value)}" for key, value in fields.items())
            self._console.note(f"[{self._clock() - self._begin:8.3f} s] {name}{figures}")
        elif name == "waiting":
            self._console.note(str(fields.get("message", "waiting for the lock")))
