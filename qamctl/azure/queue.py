"""The queue of jobs: enqueued at any time, drained by cron, by priority and within the budget; no kill loses one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from qamctl.azure import store
from qamctl.azure.store import Job
from qamctl.azure.submit import Desk, complete_if_free
from qamctl.errors import AuthError, BackendError, GateError, QamError, TemporaryError

if TYPE_CHECKING:
    import sqlite3

#: Asked before a job is sent, within the transaction that reserves its credits; raises where it may not be sent.
Admission = Callable[["sqlite3.Connection", Job], None]

#: By priority, then by age.
ORDER = "priority DESC, created, id"


@dataclass
class Drained:
    """What one process took off the queue.

    Attributes
    ----------
    sent
        Jobs that this process gave the service.
    held
        Jobs that the budget holds back, each with the reason.
    failed
        Jobs that the service refused, or may not be sent as it says, each with the reason.
    stopped
        What ended the drain early: the service is not there, or refuses us; what was not sent stays where it is.
    left
        Jobs that are still in the queue, those held back among them.
    """

    sent: list[Job] = field(default_factory=list)
    held: list[tuple[Job, str]] = field(default_factory=list)
    failed: list[tuple[Job, str]] = field(default_factory=list)
    stopped: QamError | None = None
    left: int = 0


def drain(
    desk: Desk,
    *,
    most: int | None = None,
    admit: Admission = lambda connection, job: None,
    stop: Callable[[], bool] = lambda: False,
    deadline: float | None = None,
) -> Drained:
    """Send jobs of the queue, those first that an earlier process had begun with when it ended.

    Several processes may drain one queue: each job is claimed by one of them, and none waits for another.

    Parameters
    ----------
    most
        Jobs to send at most; None: all.
    """
    found, passed = Drained(), set[str]()
    workspace = desk.client.service.workspace
    while not stop() and (most is None or len(found.sent) < most):
        job = _next(desk, workspace, passed, admit, found)
        if job is None:
            break
        passed.add(job.id)
        desk.at("claimed")
        try:
            sent = complete_if_free(desk, job.id, deadline, partial(_as_admit, admit, job))
        except GateError as error:
            found.held.append((job, error.message))
            continue
        except (AuthError, BackendError, TemporaryError) as error:
            if not _is_of_the_job(error):
                found.stopped = error
                break
            found.failed.append((job, error.message))
            continue
        if sent is not None:
            found.sent.append(sent)
    with desk.connect() as connection:
        found.left = len(store.select(connection, "state = 'queued' AND workspace = ?", (workspace,)))
    return found


def _as_admit(admit: Admission, job: Job, connection: sqlite3.Connection) -> None:
    admit(connection, job)


def _is_of_the_job(error: QamError) -> bool:
    """Whether other jobs may fare better: this one was refused, or is what we may not do (403)."""
    return isinstance(error, BackendError) or getattr(error.__cause__, "status", None) == 403


def _next(desk: Desk, workspace: str, passed: set[str], admit: Admission, found: Drained) -> Job | None:
    """A job to send: one that was left half-way, or the next of the queue that the budget allows."""

    def may(connection: sqlite3.Connection, job: Job) -> bool:
        try:
            admit(connection, job)
        except GateError as error:
            passed.add(job.id)
            found.held.append((job, error.message))
            return False
        return True

    with desk.connect() as connection:
        for job in store.select(connection, "state = 'intended' AND workspace = ?", (workspace,), ORDER):
            if job.id not in passed:
                return job
        while True:
            held = len(found.held)
            claimed = store.claim(connection, workspace, desk.clock.now(), may, passed)
            if claimed is not None or len(found.held) == held:
                return claimed
