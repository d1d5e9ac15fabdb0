"""Time as an argument: what waits is told what a second is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from qamctl.errors import TemporaryError

#: Seconds that a pause lasts before a signal is looked for.
_NAP: Final = 0.2


class Stopped(TemporaryError):
    """The run was told to end, by a signal or by who wanted its answer."""


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's."""

    def now(self) -> float:
        """As `Clock.now`."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`."""
        time.sleep(max(0.0, seconds))


class StoppableClock(SystemClock):
    """The machine's clock, whose pauses end when the run is told to."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop

    def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`.

        Raises
        ------
        Stopped
            The run was told to end.
        """
        end = self.now() + seconds
        while (left := end - self.now()) > 0:
            if self._stop():
                raise Stopped("the run was told to end while it waited for Azure Quantum")
            super().sleep(min(left, _NAP))
