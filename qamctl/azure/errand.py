"""A run's dealings with one workspace: the desk, opened when it is first needed, and the time that all of it may take.

Whatever is asked of the service is asked within that time. A fault of the state database is told as every command on
jobs tells it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from qamctl.azure.client import NoTurn
from qamctl.azure.clock import Clock, StoppableClock, SystemClock
from qamctl.azure.patience import Abandoned, within
from qamctl.errors import PendingError
from qamctl.runs.faults import database_faults

if TYPE_CHECKING:
    import sqlite3

    from qamctl.azure.account import Account
    from qamctl.azure.submit import Desk

T = TypeVar("T")

#: Seconds to wait for the jobs of a search, where --timeout says nothing.
TIMEOUT: Final = 3600.0

#: Asked whether the run is told to end.
Stop = Callable[[], bool]


@dataclass
class Errand:
    """What the engine of a run asks a workspace with; safe to use from several threads.

    Attributes
    ----------
    account
        Whose workspace.
    open
        Opens the desk with a clock; None: the account does.
    desk
        None before it was needed.
    endless
        Without --timeout there is no limit.
    """

    account: Account
    open: Callable[[Clock], Desk] | None = None
    clock: Clock = field(default_factory=SystemClock)
    desk: Desk | None = None
    endless: bool = False
    _end: float | None = None
    _turns: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.RLock)

    def deadline(self) -> float | None:
        """The moment at which nobody waits any more: the time begins when it is first asked for."""
        timeout = self.account.timeout
        seconds = timeout if timeout is not None or self.endless else TIMEOUT
        with self._lock:
            if self._end is None and seconds is not None:
                self._end = self.clock.now() + seconds
            return self._end

    def patience(self, desk: Desk) -> float:
        """Until when one thing is tried."""
        patient, end = desk.clock.now() + desk.client.policy.patience, self.deadline()
        return patient if end is None else min(patient, end)

    def opened(self, stop: Stop = lambda: False) -> Desk:
        """The desk, opened when it is first asked for.

        Raises
        ------
        Abandoned
            Its address was not told in time.
        AuthError, SpecError, TemporaryError, UsageError
            As `Account.desk`.
        """
        with self._lock:
            if self.desk is None:
                clock = StoppableClock(stop) if isinstance(self.clock, SystemClock) else self.clock
                self.desk = self.within(partial(self.open or self.account.desk, clock), stop)
            return self.desk

    def within(self, call: Callable[[], T], stop: Stop = lambda: False) -> T:
        """What a call gives, if it comes back in time; as `patience.within`."""
        with database_faults(self.account.state):
            return within(call, self.deadline(), self.clock, stop)

    @contextmanager
    def on_time(self, late: PendingError) -> Iterator[None]:
        """Raise `late` where the time is over, before or while something is done."""
        end = self.deadline()
        if end is not None and self.clock.now() >= end:
            raise late
        try:
            yield
        except (NoTurn, Abandoned) as error:
            raise late from error

    @contextmanager
    def turn(self, id: str, late: PendingError) -> Iterator[None]:
        """Equal parts of a run take turns, so that none withdraws the other's job."""
        with self._lock:
            lock = self._turns.setdefault(id, threading.Lock())
        end = self.deadline()
        if not lock.acquire(timeout=-1 if end is None else max(0.0, end - self.clock.now())):
            raise late
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """The state database.

        Raises
        ------
        SpecError, TemporaryError
            As `runs.faults.database_faults`.
        """
        from qamctl.runs.database import connect

        with database_faults(self.account.state), connect(self.account.state / "state.db", durable=True) as connection:
            yield connection

    def billed(self, id: str) -> tuple[int, str] | None:
        """What a job was billed at, in millionths, and the currency; None where that is not known."""
        with self.connect() as connection:
            row = connection.execute(
                "SELECT micros, currency FROM ledger WHERE job = ? AND entry = 'billed'", (id,)
            ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))
