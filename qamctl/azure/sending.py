"""One job of a run on its way: sent at most once, and given up only while nobody can have sent it.

A run that ends without a job must not leave it to be sent, and billed, by the next `jobs drain`. But a job whose PUT
may have left, from here or from another process, may be at work: its row stays, and the run tells of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from qamctl.azure import store
from qamctl.azure.client import Client, NoTurn
from qamctl.azure.service import RemoteJob, Service, ServiceFault, Submission, Uploaded
from qamctl.azure.submit import Desk, Order, complete, complete_if_free, lock_job, write_down
from qamctl.errors import QamError

if TYPE_CHECKING:
    pass


@dataclass
class Gate:
    """A service as one job goes through it: it tells whether the PUT may have left, and can be shut before.

    Attributes
    ----------
    asked
        The service was asked for the job: whoever does so holds the job's lock.
    """

    service: Service
    asked: bool = False
    _doubts: int = 0  # PUTs that the service did not refuse in so many words
    _shut: bool = False
    _lock: Any = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)

    def shut(self) -> bool:
        """Let no PUT pass from now on; False where one has."""
        with self._lock:
            self._shut = True
            return self._doubts == 0

    def get_job(self, id: str) -> RemoteJob:
        """As `Service.get_job`."""
        self.asked = True
        return self.service.get_job(id)

    def upload(self, submission: Submission) -> Uploaded:
        """As `Service.upload`.

        Raises
        ------
        NoTurn
            It was shut.
        """
        with self._lock:
            self._pass(submission.id)
        return self.service.upload(submission)

    def put_job(self, submission: Submission, uploaded: Uploaded) -> RemoteJob:
        """As `Service.put_job`.

        Raises
        ------
        NoTurn
            It was shut.
        """
        with self._lock:
            self._pass(submission.id)
            self._doubts += 1
        try:
            return self.service.put_job(submission, uploaded)
        except ServiceFault as fault:
            if fault.status is not None and 400 <= fault.status < 500 and fault.status not in (408, 409):
                with self._lock:
                    self._doubts -= 1
            raise

    def _pass(self, id: str) -> None:
        if self._shut:
            raise NoTurn(f"job {id} is not sent: the time to wait was over before")


@dataclass
class Sending:
    """A job on its way.

    Attributes
    ----------
    admit
        Whether the budget allows the job that is meant; `admission`.
    entered
        Told the job's row once it is written down, before it is sent.
    row
        As last seen here.
    """

    desk: Desk
    order: Order
    admit: store.Admit
    entered: Callable[[store.Job], None]
    row: store.Job | None = None
    _gate: Gate = field(init=False)
    _fresh: bool = False  # written down by us just now, with the lock in hand: nobody else has it in hand
    _inside: bool = False
    _lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._gate = Gate(self.desk.client.service)

    @property
    def id(self) -> str:
        """The job's."""
        return self.order.id(self.desk.client.service.workspace)

    def run(self, deadline: float) -> store.Job:
        """Write the job down and send it, unless that was done; one that fails before its PUT is given up.

        Raises
        ------
        QamError
            As `qamctl.azure.submit.submit_once`.
        """
        desk, client = self.desk, self.desk.client
        self.row = row = self._written()
        if row.state != "intended":
            return row
        if row.run != self.order.run:  # another run wrote it down, under its own limits
            with desk.connect() as connection:
                self.admit(connection)
        gated = replace(
            desk, client=Client(cast(Service, self._gate), client.throttle, client.clock, client.rng, client.policy)
        )  # fmt: skip
        try:
            self._inside = True
            found = complete_if_free(gated, row.id, deadline, self.admit)
            if found is None:
                self._inside, self._fresh = False, False
                found = complete(gated, row.id, deadline, self.admit)
            self.row = found
            return found
        except QamError:
            self._inside = False
            self.give_up()
            raise

    def give_up(self) -> store.Job | None:
        """Withdraw the job if it is ours alone and its PUT has not left, nor will; the row as it then stands."""
        may = self._gate.shut() and self._fresh
        with self._lock:
            if self.row is None:
                return None
            # Within `run` the lock is ours, from the moment that the service was asked: nobody else can be sending.
            lock = lock_job(self.desk, self.row.id) if may else None
            with lock or nullcontext(), self.desk.connect() as connection:
                if lock is not None or (may and self._inside and self._gate.asked):
                    store.withdraw(connection, self.row.id, self.desk.clock.now())
                self.row = store.get(connection, self.row.id) or self.row
            return self.row

    def _written(self) -> store.Job:
        """The job's row; while it is made, nobody else may take it in hand."""
        lock = lock_job(self.desk, self.id)
        with lock or nullcontext():
            with self.desk.connect() as connection:
                before = store.get(connection, self.id)
            row = write_down(self.desk, self.order, "intended", self.admit)
            never = before is None or (before.is_ended and before.submitted is None)
            self._fresh = lock is not None and never and row.state == "intended"
            self.row = row
            self.entered(row)
        return row
