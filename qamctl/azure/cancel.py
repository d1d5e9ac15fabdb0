"""End a job: one that was not sent is withdrawn, one that was is cancelled by the service, if it still can."""

from __future__ import annotations

from functools import partial

from qamctl.azure import poll, store
from qamctl.azure.client import error_of
from qamctl.azure.service import ServiceFault
from qamctl.azure.store import Job
from qamctl.azure.submit import Desk, lock_job, row_of
from qamctl.errors import PendingError


def cancel(desk: Desk, id: str) -> Job:
    """Ask that a job ends, and give it as it then stands; what was cancelled at the service may still be billed.

    Raises
    ------
    PendingError
        Another process is sending it at this moment.
    AuthError, BackendError, TemporaryError
        It is not known, or the service does not answer well.
    """
    # Whoever sends a job holds this lock: with it nothing is sent between our look and our word.
    lock = lock_job(desk, id)
    if lock is None:
        raise PendingError(f"another process is sending job {id} at this moment: cancel it again")
    with lock:
        job = row_of(desk, id)
        if job.is_ended:
            return job
        try:
            if job.state == "intended" and (remote := desk.client.find(id)) is not None:
                now = desk.clock.now()
                with desk.connect() as connection:
                    job = store.note(connection, id, remote, now, now)
            if job.state in ("queued", "intended"):
                with desk.connect() as connection:
                    store.withdraw(connection, id, desk.clock.now())
                return row_of(desk, id)
            if not job.is_ended:
                desk.client.call(f"cancelling job {id}", partial(desk.client.service.cancel_job, id))
        except ServiceFault as fault:
            raise error_of(fault, f"cancelling job {id}") from fault
    return poll.look(desk, id)
