"""One service, many processes: a rate limit and a circuit breaker that they share, as a row of the state database.

A row holds when the next request may go out, how many attempts failed in a row, and until when nobody asks at all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qamctl.azure.clock import Clock
from qamctl.runs.database import transaction

if TYPE_CHECKING:
    import sqlite3

#: Opens the state database.
Connect = Callable[[], AbstractContextManager["sqlite3.Connection"]]


#: Seconds ahead for which requests are booked at most.
_AHEAD: Final = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How a service is treated.

    Attributes
    ----------
    per_second
        Requests of all processes together.
    failures
        So many in a row, and nobody asks for a while.
    pause, longest_pause
        Seconds of that while; it doubles with every further failure.
    """

    per_second: float = 20.0
    failures: int = 5
    pause: float = 15.0
    longest_pause: float = 600.0


class Throttle:
    """The row of one service.

    Parameters
    ----------
    endpoint
        The service's address.
    """

    def __init__(self, connect: Connect, endpoint: str, clock: Clock, limits: Limits | None = None) -> None:
        self._connect, self._endpoint, self._clock = connect, endpoint, clock
        self.limits = limits or Limits()

    def take(self) -> float:
        """Book the next free moment for a request; the seconds until then."""
        now = self._clock.now()
        with self._connect() as connection, transaction(connection):
            _, closed, free = self._row(connection, now)
            moment = max(now, closed, free)
            self._write(connection, "next_request", moment + 1.0 / self.limits.per_second)
        return moment - now

    def closed_for(self) -> float:
        """Seconds until anybody may ask again; 0 where the service is not avoided."""
        now = self._clock.now()
        with self._connect() as connection:
            return max(0.0, self._row(connection, now)[1] - now)

    def succeeded(self) -> None:
        """The service answered: it is there."""
        with self._connect() as connection:
            if self._row(connection, self._clock.now())[0]:
                with transaction(connection):
                    self._write(connection, "failures", 0)

    def failed(self) -> None:
        """There was no answer, or the service's own fault: after some in a row it is left in peace.

        The first failure after that while begins the next one, twice as long; those of requests that were on their
        way when it began count for nothing.
        """
        limits, now = self.limits, self._clock.now()
        with self._connect() as connection, transaction(connection):
            failures, closed, _ = self._row(connection, now)
            if failures >= limits.failures and closed > now:
                return
            failures += 1
            self._write(connection, "failures", failures)
            if failures >= limits.failures:
                pause = min(limits.longest_pause, limits.pause * 2.0 ** min(failures - limits.failures, 30))
                self._write(connection, "closed_until", max(closed, now + pause))

    def hold(self, seconds: float) -> None:
        """The service asked everybody to wait."""
        now = self._clock.now()
        with self._connect() as connection, transaction(connection):
            until = now + min(max(seconds, 0.0), self.limits.longest_pause)
            self._write(connection, "closed_until", max(self._row(connection, now)[1], until))

    def _row(self, connection: sqlite3.Connection, now: float) -> tuple[int, float, float]:
        """(failures, closed until, next request); of moments further ahead than we set them the clock was set back."""
        row = connection.execute(
            "SELECT failures, closed_until, next_request FROM services WHERE endpoint = ?", (self._endpoint,)
        ).fetchone()
        if row is None:
            return 0, 0.0, 0.0
        closed = row[1] if row[1] <= now + self.limits.longest_pause else 0.0
        return row[0], closed, min(row[2], max(now, closed) + _AHEAD)

    def _write(self, connection: sqlite3.Connection, column: str, value: float) -> None:
        connection.execute(
            "INSERT OR IGNORE INTO services (endpoint, failures, closed_until, next_request) VALUES (?, 0, 0, 0)",
            (self._endpoint,),
        )
        connection.execute(f"UPDATE services SET {column} = ? WHERE endpoint = ?", (value, self._endpoint))
