"""What a command of the user asks of a service, none of which outlasts the command's deadline or a signal.

A deadline that only counted attempts would be missed by the seconds that a service hangs, and a signal heeded between
them only. So what is asked is waited for no longer than that (`patience.within`), and left to itself beyond. Whatever
it was, the database is true: a job that may or may not have been sent is `intended`, and whoever comes next asks first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from qamctl.azure.client import NoTurn
from qamctl.azure.clock import StoppableClock, Stopped, SystemClock
from qamctl.azure.patience import Abandoned, within
from qamctl.runs.signals import Stop

if TYPE_CHECKING:
    from qamctl.azure.account import Account
    from qamctl.azure.service import Service
    from qamctl.azure.submit import Desk

T = TypeVar("T")

_CLOCK: Final = SystemClock()

#: Seconds for a login to be found and the SDK to be loaded, at least: with them a job can be written down, and told.
OPENING: Final = 5.0


@dataclass(frozen=True)
class End:
    """When a command ends, whether or not its work is done.

    Attributes
    ----------
    stop
        Whether a signal came.
    deadline
        Moment of the machine's clock; None: none.
    """

    stop: Stop
    deadline: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether a signal came, or the deadline."""
        return self.stop() or (self.deadline is not None and _CLOCK.now() >= self.deadline)

    def within(self, verb: Callable[[], T]) -> T:
        """What a verb gives, if that is before the end.

        Raises
        ------
        Stopped
            A signal came before.
        NoTurn
            The deadline came before.
        """
        if self.stop():
            raise Stopped("the command was told to end")
        if self.is_over:
            raise NoTurn("the --timeout was over before Azure Quantum was asked")
        try:
            return within(verb, self.deadline, _CLOCK, self.stop)
        except Abandoned:
            if self.stop():
                raise Stopped("the command was told to end while it waited for Azure Quantum") from None
            raise NoTurn("Azure Quantum did not answer within the --timeout") from None


def end_of(stop: Stop, begun: float, seconds: float | None) -> End:
    """The end of a command that began at a moment and may take so many seconds (None: as long as it takes)."""
    return End(stop, None if seconds is None else begun + seconds)


def now() -> float:
    """The moment of the clock that ends are counted by."""
    return _CLOCK.now()


class Attended:
    """A service, each verb of which ends when its command does."""

    def __init__(self, service: Service, end: End) -> None:
        self.workspace, self.endpoint = service.workspace, service.endpoint
        self._service, self._end = service, end

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._service, name)
        return lambda *args: self._end.within(partial(verb, *args))


def attended_desk(account: Account, end: End) -> Desk:
    """The desk of an account, of which nothing outlasts the end: not the login, no request, and no pause.

    Raises
    ------
    AuthError, SpecError, UsageError
        As `Account.desk`.
    NoTurn, Stopped
        The end came before.
    """
    from dataclasses import replace

    from qamctl.azure.client import Client

    opened = End(end.stop, None if end.deadline is None else max(end.deadline, now() + OPENING))
    desk = opened.within(partial(account.desk, StoppableClock(end.stop)))
    client = desk.client
    service = cast("Service", Attended(client.service, end))
    return replace(
        desk, client=Client(service, client.throttle, client.clock, client.rng, client.policy)
    )  # fmt: skip
