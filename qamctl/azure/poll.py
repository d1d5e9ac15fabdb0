"""Wait calmly: one loop looks at any number of jobs, each rarely; when the next look is due is kept with the job.

So a process that ends, or is killed, leaves its waiting to the next one, and cron asks no more often than one that
stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from qamctl.azure import store
from qamctl.azure.client import NoTurn, error_of
from qamctl.azure.service import RemoteJob, ServiceFault
from qamctl.azure.store import Job
from qamctl.azure.submit import Desk
from qamctl.errors import BackendError

#: Seconds that a wait sleeps at a time, so that a signal is seen soon.
NAP: Final = 0.5

#: Seconds after its end in which a job that succeeded is asked what it cost, where the service has not said so yet.
COST_PATIENCE: Final = 7 * 86_400.0

#: How much longer than the policy says an interval is at most.
_JITTER: Final = 0.2


def look(desk: Desk, id: str, *, among: int = 1, deadline: float | None = None) -> Job:
    """Ask the service for a job of ours, and take down what it says; a job that succeeded brings its output.

    Parameters
    ----------
    among
        How many jobs are waited for: the more, the rarer each is looked at.

    Raises
    ------
    AuthError, BackendError, TemporaryError
        The service does not answer well. BackendError, too, where it has no such job.
    """
    with desk.connect() as connection:
        job = store.get(connection, id)
    if job is None:
        raise BackendError(f"there is no job {id} here")
    if job.state in ("queued", "intended") or (job.is_ended and not _lacks(job, desk.clock.now())):
        return job
    try:
        remote = desk.client.find(id, deadline)
        if remote is None:
            raise BackendError(f"the service no longer has job {id}, which was submitted to {job.target}")
        desk.at("looked")
        now = desk.clock.now()
        with desk.connect() as connection:
            job = store.note(connection, id, remote, now, now + _interval(desk, job, among))
        desk.at("noted")
        return fetch(desk, job, remote, deadline) if job.state == "succeeded" and job.output is None else job
    except ServiceFault as fault:
        raise error_of(fault, f"asking for job {id}") from fault


def fetch(desk: Desk, job: Job, remote: RemoteJob, deadline: float | None = None) -> Job:
    """Bring the output of a job into the cache."""
    client, addresses = desk.client, iter([remote])

    def read() -> bytes:
        # The address of the output holds a token; where it has expired, asking for the job gives another.
        at = next(addresses, None) or client.find(job.id, deadline) or remote
        return client.call(f"reading the output of job {job.id}", lambda: client.service.output(at), deadline)

    data = client.with_fresh_token(read)
    desk.at("read")
    output = desk.cache.put(data)
    with desk.connect() as connection:
        store.keep_output(connection, job.id, output)
        found = store.get(connection, job.id)
    assert found is not None  # it was there a moment ago
    return found


def output_of(desk: Desk, job: Job, deadline: float | None = None) -> bytes:
    """The output of a job that succeeded; read anew where the cache lost it.

    Raises
    ------
    BackendError
        It did not succeed.
    """
    data = None if job.output is None else desk.cache.get(job.output)
    if data is not None:
        return data
    if job.state != "succeeded":
        raise BackendError(why(job))
    try:
        remote = desk.client.find(job.id, deadline)
        if remote is None:
            raise BackendError(f"the service no longer has job {job.id}, and its output is not kept here")
        job = fetch(desk, job, remote, deadline)
    except ServiceFault as fault:
        raise error_of(fault, f"reading the output of job {job.id}") from fault
    data = desk.cache.get(job.output or "")
    assert data is not None  # it was put there a moment ago
    return data


def wait(
    desk: Desk,
    ids: Iterable[str],
    *,
    deadline: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    tick: Callable[[Sequence[Job]], None] = lambda jobs: None,
) -> list[Job]:
    """Wait until jobs have ended, the deadline has come, or `stop`.

    Parameters
    ----------
    deadline
        Moment of the clock; None: as long as it takes, unless the service is away for the policy's `outage`.
    stop
        Asked twice a second.
    tick
        Told the jobs after every look.

    Returns
    -------
    list of Job
        In the order of `ids`; those that have not ended still run.

    Raises
    ------
    AuthError, TemporaryError
        As `look`.
    BackendError
        The service no longer has one of the jobs; the others are waited for before.
    """
    with desk.connect() as connection:
        jobs = {id: store.get(connection, id) for id in dict.fromkeys(ids)}
    lost = [id for id, job in jobs.items() if job is None]
    if lost:
        raise BackendError(f"there is no job {lost[0]} here")
    known: dict[str, Job] = {id: job for id, job in jobs.items() if job is not None}
    gone: dict[str, BackendError] = {}
    while True:
        left_over = [job for job in known.values() if job.id not in gone]
        open_jobs = [job for job in left_over if job.state == "submitted" or _wants_output(job)]
        if gone and not open_jobs:
            raise next(iter(gone.values()))
        if not open_jobs or stop():
            return list(known.values())
        now = desk.clock.now()
        if deadline is not None and now >= deadline:
            return list(known.values())
        due = min(open_jobs, key=lambda job: job.next_poll)
        left = due.next_poll - now
        # Further ahead than we ever set it: the clock was set back, which must not make anybody wait for hours.
        is_due = left <= 0 or left > desk.client.policy.last_look * (1 + _JITTER)
        if not is_due and not _wants_output(due):
            desk.clock.sleep(min(left, NAP, float("inf") if deadline is None else deadline - now))
            continue
        patient = now + desk.client.policy.outage if deadline is None else deadline
        try:
            known[due.id] = look(desk, due.id, among=len(open_jobs), deadline=patient)
        except NoTurn:  # the wait is over before the look is due
            return list(known.values())
        except BackendError as error:  # this one is lost, the others are not
            gone[due.id] = error
            continue
        tick(list(known.values()))


def why(job: Job) -> str:
    """What became of a job that did not succeed, with the service's own reason."""
    error = job.error or {}
    code, message = error.get("code"), error.get("message")
    reason = ": ".join(str(part) for part in (code, message) if part) or "the service gave no reason"
    if job.state == "submitted":
        return f"job {job.id} on {job.target} still runs ({job.status})"
    return f"job {job.id} on {job.target} {job.state}: {reason}"


def _wants_output(job: Job) -> bool:
    return job.state == "succeeded" and job.output is None


def _lacks(job: Job, now: float) -> bool:
    """Whether a job that has ended may still bring something: its output, or what it cost."""
    costless = job.submitted is not None and (job.details or {}).get("costEstimate") is None
    return _wants_output(job) or (costless and now - (job.ended or now) < COST_PATIENCE)


def _interval(desk: Desk, job: Job, among: int) -> float:
    """Seconds to the next look: longer each time, and the longer the more jobs there are; with jitter."""
    policy = desk.client.policy
    calm = min(policy.last_look, policy.first_look * 1.5 ** min(job.polls, 60))
    shared = min(policy.last_look, policy.spread * among)
    # Never below what the policy says: at thirty seconds a job costs no more than two requests a minute.
    return max(calm, shared) * (1.0 + _JITTER * desk.client.rng.random())
