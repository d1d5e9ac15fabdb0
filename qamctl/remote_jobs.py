"""Verbs on jobs: shown, waited for, read, cancelled, drained; ours, and those that only the service knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from qamctl.errors import AuthError, BackendError, ExitCode, PendingError, QamError, UsageError
from qamctl.job_view import of_ours, of_theirs
from qamctl.remote import Office, check_workspace, find_here, need_here

if TYPE_CHECKING:
    import sqlite3

    from qamctl.azure.prices import Estimate
    from qamctl.azure.queue import Drained
    from qamctl.azure.results import Result
    from qamctl.azure.service import RemoteJob
    from qamctl.azure.store import Job
    from qamctl.azure.targets import Target

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A job as it is shown: `view` as plain data, `known` whether it is one of ours."""

    view: dict[str, Any]
    known: bool


def show(office: Office, ref: str, *, refresh: bool = False) -> Shown:
    """A job: of ours as the database has it, or as the service tells it now; of somebody else as the service has it.

    Raises
    ------
    UsageError
        Neither knows it, or it is of another workspace.
    AuthError, BackendError, TemporaryError
        The service does not answer well.
    """
    from qamctl.azure import poll

    job = find_here(office.state, ref)
    if job is not None and not refresh:
        return Shown(of_ours(job), True)
    if job is not None:
        with office.desk() as desk:
            check_workspace(desk, job)
            return Shown(of_ours(poll.look(desk, job.id)), True)
    return Shown(of_theirs(theirs(office, ref)), False)


def theirs(office: Office, ref: str) -> RemoteJob:
    """A job that only the service knows.

    Raises
    ------
    UsageError
        It does not, or can't be asked.
    """
    from qamctl.azure.client import error_of
    from qamctl.azure.service import ServiceFault

    if not _UUID.fullmatch(ref.strip()):
        _nobody(ref, "give an id, or a unique beginning of one, of `qamctl jobs list`")
    try:
        with office.desk() as desk:
            found = desk.client.find(ref.strip())
            workspace = desk.client.service.workspace
    except AuthError as error:
        raise UsageError(f"no job {ref} is known here, and the service can't be asked: {error.message}") from error
    except ServiceFault as fault:
        raise error_of(fault, f"asking for job {ref}") from fault
    if found is None:
        _nobody(ref, f"nor in the workspace {workspace}: it may be of another one (--profile)")
    return found


def _nobody(ref: str, hint: str) -> NoReturn:
    raise UsageError(f"no job {ref} is known here: {hint}")


def wait(
    office: Office,
    refs: Sequence[str],
    *,
    stop: Callable[[], bool] = lambda: False,
    tick: Callable[[Sequence[Job]], None] = lambda jobs: None,
) -> list[Job]:
    """Wait for jobs of ours, for the `timeout` of the options at most.

    Raises
    ------
    AuthError, BackendError, TemporaryError, UsageError
        A job is not known, or the service does not answer well.
    PendingError
        A job is in the queue.
    """
    from qamctl.azure import poll, submit

    jobs = [need_here(office.state, ref) for ref in refs]
    ended = [job for job in jobs if job.is_ended and (job.output is not None or job.state != "succeeded")]
    if len(ended) == len(jobs):
        return ended  # nobody needs to be asked
    with office.desk() as desk:
        for job in jobs:
            check_workspace(desk, job)
            if job.state == "queued":
                raise PendingError(f"job {job.id} is in the queue: `qamctl jobs drain` sends it, then wait for it")
            if job.state == "intended":  # whoever was to send it was killed
                submit.complete(desk, job.id)
        seconds = office.options.timeout
        deadline = None if seconds is None else desk.clock.now() + seconds
        return poll.wait(desk, [job.id for job in jobs], deadline=deadline, stop=stop, tick=tick)


def verdict(jobs: Sequence[Job]) -> QamError | None:
    """What is wrong with jobs that were waited for: one of them still runs, or did not succeed; None: nothing."""
    from qamctl.azure.poll import why

    running = [job for job in jobs if not job.is_ended]
    if running:
        more = f" (and {len(running) - 1} more)" if len(running) > 1 else ""
        return PendingError(
            f"the wait ended, and {why(running[0])}{more}: come back with `qamctl jobs wait {running[0].id}`"
        )
    failed = [job for job in jobs if job.state != "succeeded"]
    if not failed:
        return None
    return BackendError(why(failed[0]) + (f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""))


@dataclass(frozen=True)
class Output:
    """What a job gave: the bytes as they are stored, and what they say, item by item (empty for `raw`)."""

    id: str
    data: bytes
    results: tuple[Result, ...] = ()


def output(office: Office, ref: str, *, raw: bool = False) -> Output:
    """The output of a job, ours or not; from the cache where it is there.

    Raises
    ------
    BackendError
        The job did not succeed (its own error is told), or its output can't be read.
    """
    from qamctl.azure import poll

    job = find_here(office.state, ref)
    if job is None:
        return _their_output(office, ref, raw)
    data = None if job.output is None else _cached(office.state, job.output)
    if data is None:
        if job.is_ended and job.state != "succeeded":
            raise BackendError(poll.why(job))
        with office.desk() as desk:
            check_workspace(desk, job)
            job = poll.look(desk, job.id)
            data = poll.output_of(desk, job)
    return Output(job.id, data, () if raw else parsed(job, data))


def parsed(job: Job, data: bytes) -> tuple[Result, ...]:
    """The output of a job of ours, read.

    Raises
    ------
    BackendError
        It can't be read.
    """
    from qamctl.azure.results import parse

    bits = job.request.get("metadata", {}).get("bits")
    width = int(bits) if isinstance(bits, str) and bits.isdecimal() else None
    return parse(data, format=job.request["output_format"], shots=job.shots, bits=width)


def items(found: Output, only: int | None = None) -> list[dict[str, Any]]:
    """The circuits of an output as plain data.

    Parameters
    ----------
    only
        The number of one of them, from 1; None: all.

    Raises
    ------
    UsageError
        There is none of that number.
    """
    rows = [
        {"counts": one.counts, "shots": one.shots, "lost": one.lost, "estimated": one.estimated,
         "probabilities": one.probabilities, "format": one.format}
        for one in found.results
    ]  # fmt: skip
    if only is None:
        return rows
    if only > len(rows):
        raise UsageError(f"--item {only}: job {found.id} gave the results of {len(rows)} circuits, counted from 1")
    return rows[only - 1 : only]


def _their_output(office: Office, ref: str, raw: bool) -> Output:
    from qamctl.azure.client import error_of
    from qamctl.azure.results import parse
    from qamctl.azure.service import ServiceFault

    remote = theirs(office, ref)
    if remote.state != "succeeded":
        if remote.state == "submitted":
            raise BackendError(f"job {remote.id} on {remote.target} still runs ({remote.status})")
        said = ": ".join(part for part in remote.error or () if part) or "the service gave no reason"
        raise BackendError(f"job {remote.id} on {remote.target} {remote.state}: {said}")
    try:
        with office.desk() as desk:
            service = desk.client.service
            data = desk.client.call(f"reading the output of job {remote.id}", lambda: service.output(remote))
    except ServiceFault as fault:
        raise error_of(fault, f"reading the output of job {remote.id}") from fault
    shots = remote.params.get("shots", remote.params.get("count"))
    known = shots if isinstance(shots, int) and not isinstance(shots, bool) else None
    return Output(remote.id, data, () if raw else parse(data, format=remote.output_format, shots=known))


def _cached(state: Path, name: str) -> bytes | None:
    from qamctl.runs.cache import Cache

    return Cache(state / "cache").get(name)


def cancel(office: Office, ref: str) -> Job:
    """Ask that a job ends: one that was not sent is withdrawn, one that was is cancelled by the service if it can.

    Raises
    ------
    PendingError
        Another process is sending it at this moment.
    AuthError, BackendError, TemporaryError, UsageError
        It is not known, or the service does not answer well.
    """
    from qamctl.azure.cancel import cancel as cancel_job

    job = need_here(office.state, ref)
    if job.is_ended:
        return job
    with office.desk() as desk:
        check_workspace(desk, job)
        return cancel_job(desk, job.id)


@dataclass(frozen=True)
class Drain:
    """What became of the queue, for people and programs.

    Attributes
    ----------
    value, text
        The object, and the line.
    told
        What could not be sent, and why.
    exit_code
        5 where the service refused a job, 9 where the budget holds one back, else 0.
    """

    value: dict[str, Any]
    text: str
    told: list[str]
    exit_code: ExitCode


def drained(office: Office, *, most: int | None, stop: Callable[[], bool] = lambda: False) -> Drain:
    """Send jobs of the queue, and tell it.

    Raises
    ------
    AuthError, TemporaryError
        As `drain`.
    """
    found = drain(office, most=most, stop=stop)
    value = {
        "sent": [of_ours(job) for job in found.sent], "left": found.left,
        "held": [{"job": job.id, "why": why} for job, why in found.held],
        "failed": [{"job": job.id, "why": why} for job, why in found.failed],
    }  # fmt: skip
    told = [f"job {job.id} was refused: {why}" for job, why in found.failed]
    told += [f"job {job.id} stays in the queue: {why}" for job, why in found.held]
    code = ExitCode.BACKEND if found.failed else ExitCode.GATE if found.held else ExitCode.OK
    return Drain(value, f"{len(found.sent)} sent, {found.left} left in the queue", told, code)


def drain(office: Office, *, most: int | None, stop: Callable[[], bool] = lambda: False) -> Drained:
    """Send jobs of the queue, by priority and within the budget.

    Raises
    ------
    AuthError, TemporaryError
        The service is not there, or refuses us.
    """
    from qamctl.azure import payload, queue

    # Whoever put a job there allowed the hardware and its price; here it is about the month, and what a run says.
    account = replace(office.account, allow_qpu=True)
    with office.desk() as desk:
        workspace = desk.client.service.workspace

        def admit(connection: sqlite3.Connection, job: Job) -> None:
            payload.admission(account, _target(job), _estimate(job), workspace, desk.clock.now())(connection)

        return queue.drain(desk, most=most, admit=admit, stop=stop)


def _target(job: Job) -> Target:
    """The target of a job; of one that is not in our data, what its queue needs to know."""
    from qamctl.azure import targets
    from qamctl.azure.service import TargetStatus

    return targets.from_status(TargetStatus(job.target, job.provider, "", 0.0))


def _estimate(job: Job) -> Estimate:
    """What a job was estimated at when it was put into the queue (`Estimate.as_dict`)."""
    from dataclasses import fields

    from qamctl.azure.prices import Estimate

    kept = job.estimate or {}
    return Estimate(target=job.target, **{f.name: kept[f.name] for f in fields(Estimate) if f.name in kept})
