"""The service with patience: which failures are tried again, how often, how long, and how the last one is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from qamctl.azure.clock import Clock
from qamctl.azure.service import RemoteJob, Service, ServiceFault
from qamctl.azure.throttle import Throttle
from qamctl.errors import AuthError, BackendError, QamError, TemporaryError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a client is; all in seconds.

    Attributes
    ----------
    first_pause, last_pause
        Between two attempts, at first and at most, drawn at random from the upper half up to that ("equal jitter").
    patience
        For one call with all its attempts, where the caller sets no deadline.
    first_look, last_look, spread
        Between two looks at a job, at first and at most; of many jobs each is looked at once in `spread` for each
        of them, at most `last_look`, so that a thousand cost no more than two requests each a minute.
    outage
        How long a wait without a deadline bears a service that does not answer.
    """

    first_pause: float = 0.5
    last_pause: float = 30.0
    patience: float = 120.0
    first_look: float = 1.0
    last_look: float = 30.0
    spread: float = 1.5
    outage: float = 3600.0


#: Attempts where the storage refuses a token.
TOKENS: Final = 3

#: A service on this machine, for tests: nobody is bothered by quick looks.
LOOPBACK = Policy(
    first_pause=0.05, last_pause=1.0, patience=30.0, first_look=0.05, last_look=0.5, spread=0.02, outage=120.0
)  # fmt: skip


class NoTurn(TemporaryError):
    """The deadline has come, or so many requests are before this one that its turn would come after it."""


class Client:
    """A service whose passing failures are waited out.

    Parameters
    ----------
    throttle
        Shared with the other processes that ask this service.
    rng
        Of the pauses.
    """

    def __init__(
        self, service: Service, throttle: Throttle, clock: Clock, rng: random.Random, policy: Policy | None = None
    ) -> None:
        self.service, self.throttle, self.clock, self.rng = service, throttle, clock, rng
        self.policy = policy or Policy()

    def call(self, what: str, verb: Callable[[], T], deadline: float | None = None) -> T:
        """Try until it works, it can't work, or the deadline.

        Parameters
        ----------
        what
            For the message: "asking for job X".
        deadline
            Moment of the clock; None: the policy's patience from now.

        Raises
        ------
        ServiceFault
            The service refused.
        TemporaryError
            It did not answer well in time.
        """
        deadline = self.clock.now() + self.policy.patience if deadline is None else deadline
        failures = 0
        while True:
            try:
                return self.once(what, verb, deadline)
            except ServiceFault as fault:
                if not fault.passing:
                    raise
                failures += 1
                self.pause(what, fault, failures, deadline)

    def once(self, what: str, verb: Callable[[], T], deadline: float) -> T:
        """One attempt, when its turn has come.

        Raises
        ------
        ServiceFault
            It failed, in whatever way.
        TemporaryError
            Its turn would come after the deadline; `NoTurn` where that is nobody's fault.
        """
        while (wait := self.throttle.take()) > 0:
            if self.clock.now() + wait > deadline:
                raise self._too_late(what, wait)
            self.clock.sleep(wait)
            if self.throttle.closed_for() <= 0:  # else the service failed, or asked to wait, in the meantime
                break
        if self.clock.now() > deadline:
            raise NoTurn(f"{what}: the time to wait was over before; nothing is lost, run the same command again")
        try:
            found = verb()
        except ServiceFault as fault:
            if fault.status is None or fault.status >= 500:
                self.throttle.failed()
            else:
                self.throttle.succeeded()
            if fault.retry_after is not None and fault.passing:
                self.throttle.hold(fault.retry_after)
            raise
        self.throttle.succeeded()
        return found

    def _too_late(self, what: str, wait: float) -> TemporaryError:
        endpoint = self.service.endpoint
        if self.throttle.closed_for() > 0:
            return TemporaryError(
                f"{what}: the service at {endpoint} is left in peace for another {wait:.0f} s after it failed or asked "
                "to wait; try again then"
            )
        return NoTurn(f"{what}: requests to {endpoint} are {wait:.1f} s behind; allow more time, or try again later")

    def pause(self, what: str, fault: ServiceFault, failures: int, deadline: float) -> None:
        """Wait before the next attempt, twice as long each time.

        Raises
        ------
        TemporaryError
            The next attempt would come after the deadline.
        """
        most = min(self.policy.last_pause, self.policy.first_pause * 2.0 ** min(failures - 1, 30))
        seconds = most * (0.5 + 0.5 * self.rng.random())
        if fault.retry_after is not None:
            seconds = max(seconds, fault.retry_after)
        if self.clock.now() + seconds > deadline:
            raise TemporaryError(
                f"{what}: {told(fault)}, {failures} time{'s' * (failures != 1)} in a row; nothing is lost, run the "
                "same command again later"
            ) from fault
        self.clock.sleep(seconds)

    def find(self, id: str, deadline: float | None = None) -> RemoteJob | None:
        """The job as the service has it; None where it has none.

        Raises
        ------
        ServiceFault, TemporaryError
            As `call`.
        """
        try:
            return self.call(f"asking for job {id}", lambda: self.service.get_job(id), deadline)
        except ServiceFault as fault:
            if fault.status == 404:
                return None
            raise

    def with_fresh_token(self, verb: Callable[[], T]) -> T:
        """Do again what the storage refused: the token may have expired on the way, and each time there is another.

        Raises
        ------
        ServiceFault, TemporaryError
            As `verb`; and where one token after the other is refused.
        """
        for _ in range(TOKENS - 1):
            try:
                return verb()
            except ServiceFault as fault:
                if fault.status != 403 or fault.code != "AuthenticationFailed":
                    raise
        return verb()


def told(fault: ServiceFault) -> str:
    """What a fault says, in a few words."""
    head = "no answer" if fault.status is None else f"status {fault.status}"
    code = f" {fault.code}" if fault.code else ""
    message = " ".join(fault.message.split())[:300]
    return f"the service gave {head}{code}" + (f" ({message})" if message else "")


def error_of(fault: ServiceFault, what: str) -> QamError:
    """A fault that no patience mends, as the user is told it."""
    if fault.passing:
        return TemporaryError(f"{what}: {told(fault)}; try again later")
    if fault.status == 401 or (fault.status == 403 and fault.code != "AuthenticationFailed"):
        return AuthError(
            f"{what}: the service refused the credentials ({told(fault)}): check that the key or login is current and "
            "may use this workspace (`qamctl doctor` says which one was taken)"
        )
    if fault.status == 404:
        return BackendError(f"{what}: the service knows nothing of that name ({told(fault)})")
    return BackendError(f"{what}: {told(fault)}")
