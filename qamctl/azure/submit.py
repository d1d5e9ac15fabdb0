"""Submit once: whatever happens in between, a job that was asked for is sent exactly one time.

Its id follows from what it is. It is written down, with the credits that it may cost, before the first byte leaves;
then the service is asked for it, and only where it has no job of that id the input is uploaded and the job created.
A process that is killed anywhere leaves a row that says `intended`: whoever comes next does the same from the start.
Two processes that submit the same job take turns by a lock; should they be on two machines, the second one's attempt
to create the job meets the id that is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from qamctl.azure import store
from qamctl.azure.client import Client, error_of, told
from qamctl.azure.clock import Clock
from qamctl.azure.identity import content_key, job_id
from qamctl.azure.service import RemoteJob, ServiceFault, Submission, Uploaded
from qamctl.azure.store import Job
from qamctl.azure.throttle import Connect
from qamctl.errors import BackendError, PendingError
from qamctl.runs.cache import Cache
from qamctl.runs.lock import Lock, acquire

#: Seconds between two looks whether another process has done with a job.
TURN: Final = 0.2

#: Times that the service may say of a job that it is there, and not show it.
CONFLICTS: Final = 3


@dataclass(frozen=True)
class Desk:
    """What submitting and waiting work with.

    Attributes
    ----------
    state
        The state folder.
    connect
        Opens the state database, durably.
    at
        Told the name of every point between two steps; tests end the process there.
    """

    state: Path
    connect: Connect
    cache: Cache
    client: Client
    clock: Clock
    at: Callable[[str], None] = field(default=lambda name: None)


@dataclass(frozen=True, slots=True)
class Order:
    """A job as it is asked for.

    Attributes
    ----------
    payload
        What is sent.
    params
        The job's input parameters, as the target takes them; shots among them.
    priority
        A word of `store.PRIORITIES`.
    run_key
        Another one makes another job of the same content.
    estimate
        What is reserved: {micros, currency, formula, ...}.
    run, directory
        The run that asks, and its folder.
    """

    name: str
    target: str
    provider: str
    payload: bytes = field(repr=False)
    input_format: str
    output_format: str
    content_type: str
    shots: int | None
    params: Mapping[str, Any]
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    priority: str = "standard"
    session: str | None = None
    run_key: str = ""
    estimate: Mapping[str, Any] = field(default_factory=dict)
    run: str | None = None
    directory: str | None = None

    @property
    def content(self) -> str:
        """`identity.content_key`."""
        return content_key(
            payload_sha256=hashlib.sha256(self.payload).hexdigest(), target=self.target,
            input_format=self.input_format, output_format=self.output_format, params=self.params,
        )  # fmt: skip

    def id(self, workspace: str) -> str:
        """The job's id in a workspace."""
        return job_id(self.content, workspace=workspace, run_key=self.run_key)


def submit_once(
    desk: Desk, order: Order, *, admit: store.Admit = lambda connection: None, deadline: float | None = None
) -> Job:
    """Send a job, unless it was sent.

    Parameters
    ----------
    admit
        Asked within the transaction that reserves the credits; raises where the budget does not allow the job.
    deadline
        Moment of the clock after which nothing is tried any more; None: the client's patience.

    Returns
    -------
    Job
        As it stands: `submitted`, or ended where it was sent long ago.

    Raises
    ------
    GateError
        From `admit`.
    AuthError, BackendError
        The service refused the job; the reservation is released.
    TemporaryError
        The service is not there: the job stays `intended`, and the same call goes on with it.
    """
    job = write_down(desk, order, "intended", admit)
    return complete(desk, job.id, deadline, admit) if job.state == "intended" else job


def enqueue(desk: Desk, order: Order) -> Job:
    """Put a job into the queue, unless it is there or was sent; nothing is asked of the service."""
    return write_down(desk, order, "queued", lambda connection: None)


def write_down(desk: Desk, order: Order, state: str, admit: store.Admit) -> Job:
    """The job's row, durably; the one that there is where it was asked for before."""
    now = desk.clock.now()
    desk.at("begin")
    payload = desk.cache.put(order.payload)
    desk.at("payload kept")
    request = {
        "input_format": order.input_format, "output_format": order.output_format, "content_type": order.content_type,
        "params": dict(order.params), "metadata": dict(order.metadata), "tags": list(order.tags),
        "session": order.session, "run_key": order.run_key, "priority": order.priority,
    }  # fmt: skip
    workspace = desk.client.service.workspace
    job = Job(
        id=order.id(workspace), workspace=workspace, target=order.target, provider=order.provider, name=order.name,
        shots=order.shots, state=state, priority=store.PRIORITIES[order.priority], payload=payload,
        content=order.content, request=request, created=now, run=order.run, directory=order.directory,
        estimate=dict(order.estimate),
    )  # fmt: skip
    with desk.connect() as connection:
        found = store.enter(connection, job, now, admit)
    desk.at("written down")
    return found


def complete(desk: Desk, id: str, deadline: float | None = None, admit: store.Admit = lambda connection: None) -> Job:
    """Send a job that is `intended`, unless the service has it already; other jobs are left as they are.

    Parameters
    ----------
    admit
        Asked again where the month has changed since the job was reserved.

    Raises
    ------
    GateError
        From `admit`; the job stays `intended`.
    AuthError, BackendError, TemporaryError
        As `submit_once`.
    """
    deadline = desk.clock.now() + desk.client.policy.patience if deadline is None else deadline
    while (lock := lock_job(desk, id)) is None:
        if desk.clock.now() > deadline:
            raise PendingError(f"another process is still submitting job {id}: look with `qamctl jobs show {id}`")
        desk.clock.sleep(TURN)
    with lock:
        job = row_of(desk, id)
        return _finish(desk, job, deadline, admit) if job.state == "intended" else job


def complete_if_free(
    desk: Desk, id: str, deadline: float | None = None, admit: store.Admit = lambda connection: None
) -> Job | None:
    """As `complete`; None where another process is at it, or was faster."""
    deadline = desk.clock.now() + desk.client.policy.patience if deadline is None else deadline
    lock = lock_job(desk, id)
    if lock is None:
        return None
    with lock:
        job = row_of(desk, id)
        return _finish(desk, job, deadline, admit) if job.state == "intended" else None


def row_of(desk: Desk, id: str) -> Job:
    """The job of that id as it is written down.

    Raises
    ------
    BackendError
        Nobody wrote it down here.
    """
    with desk.connect() as connection:
        job = store.get(connection, id)
    if job is None:
        raise BackendError(f"there is no job {id} here")
    return job


def _finish(desk: Desk, job: Job, deadline: float, admit: store.Admit) -> Job:
    """Ask the service for a job, send it where it is not there, and take down what became of it."""
    id = job.id
    try:
        remote = desk.client.find(id, deadline)
    except ServiceFault as fault:  # nothing is known of the job: it stays intended
        raise error_of(fault, f"submitting job {id}") from fault
    desk.at("asked")
    if remote is None:
        with desk.connect() as connection:
            store.renew(connection, job, desk.clock.now(), admit)
        remote = _sent(desk, job, deadline)
    if remote.target.lower() != job.target.lower():
        other = f"the service has another job under the id {id}: on {remote.target}, not on {job.target}"
        raise _refused(desk, job, "JobIdTaken", other, f"{other}; give a --run-key to make a job of its own")
    desk.at("sent")
    now = desk.clock.now()
    with desk.connect() as connection:
        job = store.note(connection, id, remote, now, now + desk.client.policy.first_look)
    desk.at("noted")
    return job


def _sent(desk: Desk, job: Job, deadline: float) -> RemoteJob:
    try:
        return _send(desk, _submission(desk, job), deadline)
    except ServiceFault as fault:
        if fault.status == 409:  # it may be there, though the service does not show it: it stays intended
            raise BackendError(
                f"submitting job {job.id} to {job.target}: the service says that there is a job of that id, and does "
                f"not show it ({told(fault)}); submit it again later, or give a --run-key to make a job of its own"
            ) from fault
        if fault.status in (401, 403):  # the credentials are refused, not the job: it stays intended
            raise error_of(fault, f"submitting job {job.id}") from fault
        error = error_of(fault, f"submitting job {job.id} to {job.target}")
        raise _refused(desk, job, fault.code or str(fault.status), fault.message, error.message) from fault


def _refused(desk: Desk, job: Job, code: str, reason: str, message: str) -> BackendError:
    """What to raise of a job that the service will not have; its reservation is released."""
    with desk.connect() as connection:
        store.refuse(connection, job.id, code, reason, desk.clock.now())
    return BackendError(message)


def _send(desk: Desk, submission: Submission, deadline: float) -> RemoteJob:
    """Upload and create; after every doubtful answer the service is asked what it has."""
    client, id, failures = desk.client, submission.id, 0
    what = f"creating job {id}"
    while True:
        uploaded = _upload(desk, submission, deadline)
        desk.at("uploaded")
        try:
            return client.once(what, partial(client.service.put_job, submission, uploaded), deadline)
        except ServiceFault as fault:
            desk.at("in doubt")
            failures += 1
            found = client.find(id, deadline)
            if found is not None:
                return found
            if not fault.passing and not (fault.status == 409 and failures < CONFLICTS):
                raise
            client.pause(what, fault, failures, deadline)


def _upload(desk: Desk, submission: Submission, deadline: float) -> Uploaded:
    """Put the input in its place."""
    client, what = desk.client, f"uploading the input of job {submission.id}"
    return client.with_fresh_token(lambda: client.call(what, partial(client.service.upload, submission), deadline))


def _submission(desk: Desk, job: Job) -> Submission:
    payload = desk.cache.get(job.payload)
    if payload is None:
        raise BackendError(
            f"the input of job {job.id} is no longer in {desk.cache.folder}, or was damaged: submit its file again"
        )
    request = job.request
    return Submission(
        id=job.id, name=job.name, target=job.target, provider=job.provider, payload=payload,
        input_format=request["input_format"], output_format=request["output_format"],
        content_type=request["content_type"], params=request["params"], metadata=request["metadata"],
        tags=tuple(request["tags"]), priority="High" if request["priority"] == "high" else None,
        session=request["session"],
    )  # fmt: skip


def lock_job(desk: Desk, id: str) -> Lock | None:
    """The job for ourselves, against other processes of this machine; None while one of them has it."""
    now = datetime.fromtimestamp(desk.clock.now(), UTC)
    return acquire(desk.state, Path("job") / id, run=id, now=now, mode="skip")
