"""Verbs on jobs: shown, waited for, read, cancelled, drained; ours, and those that only the service knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from qamctl.errors import AuthError, BackendError, ExitCode, PendingError, QamError, TemporaryError, UsageError
from qamctl.job_view import of_ours, of_theirs
from qamctl.remote import Office, check_workspace, find_here, job_of, need_here, told_gone

if TYPE_CHECKING:
    import sqlite3

    from qamctl.azure.account import Account
    from qamctl.azure.attend import End
    from qamctl.azure.bills import Refreshed
    from qamctl.azure.results import Result
    from qamctl.azure.service import RemoteJob
    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk
    from qamctl.runs.signals import Stop

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


@dataclass
class Wait:
    """What a wait came to.

    Attributes
    ----------
    jobs
        As they stand, in the order that was asked for.
    faults
        Why a job, by its id, could not be waited for to its end; a job that failed is none of them.
    bills
        Late bills that were asked for on the way; None: they were not.
    """

    jobs: list[Job]
    faults: dict[str, QamError] = field(default_factory=dict)
    bills: Refreshed | None = None


def wait(
    office: Office, refs: Sequence[str], end: End, *, tick: Callable[[Sequence[Job]], None] = lambda jobs: None
) -> Wait:
    """Wait for jobs of ours until the end; what befalls one of them does not hold back the others.

    Raises
    ------
    UsageError
        A job is not known, or of another workspace.
    AuthError
        There is no login to ask with.
    """
    jobs = [need_here(office.state, ref) for ref in refs]
    if all(map(is_done, jobs)):
        return Wait(jobs)  # nobody needs to be asked
    from qamctl.azure.bills import ask_on_the_way

    found = Wait(jobs)
    with office.desk(end) as desk:
        for job in jobs:
            check_workspace(desk, job)
        for job in jobs:
            if (fault := _made_sure(desk, office.account, job, end)) is not None:
                found.faults[job.id] = fault
        _wait_for(desk, found, [job.id for job in jobs if job.id not in found.faults], end, tick)
        found.jobs = [job_of(desk, job.id) or job for job in jobs]
        # Cron waits every few minutes: bills that come late are asked for on the way, unless the service just failed.
        if not end.is_over and not any(isinstance(fault, TemporaryError) for fault in found.faults.values()):
            found.bills = ask_on_the_way(desk, end)
    return found


def is_done(job: Job) -> bool:
    """Whether nobody needs to be asked for a job any more: it has ended, and its output was read if it has one."""
    return job.is_ended and (job.output is not None or job.state != "succeeded")


def _made_sure(desk: Desk, account: Account, job: Job, end: End) -> QamError | None:
    """Send a job that whoever was to send it did not; why it can't be waited for, if so."""
    from qamctl.azure import submit
    from qamctl.azure.again import admission_of

    if job.state == "queued":
        return PendingError(f"job {job.id} is in the queue: `qamctl jobs drain` sends it, then wait for it")
    if job.state == "intended":
        try:
            submit.complete(desk, job.id, end.deadline, admission_of(account, job, desk.clock))
        except QamError as error:
            if job_of(desk, job.id) != job:  # it was refused, as its row says; or sent by somebody else
                return None
            if isinstance(error, PendingError | TemporaryError):
                return TemporaryError(f"{error.message}; job {job.id} is not known to be sent, the same call goes on")
            return error
    return None


def _wait_for(desk: Desk, found: Wait, ids: list[str], end: End, tick: Callable[[Sequence[Job]], None]) -> None:
    from qamctl.azure import poll

    error: QamError
    try:
        poll.wait(desk, ids, deadline=end.deadline, stop=end.stop, tick=tick)
        return
    except BackendError as gone:  # the others were waited for before
        error = told_gone(gone)
    except (AuthError, TemporaryError) as away:
        error = away
    for id in ids:
        job = job_of(desk, id)
        if job is not None and not is_done(job):
            # Each is told by its own name.
            found.faults[id] = error if id in error.message else type(error)(f"job {id}: {error.message}")


#: The worst first: what nobody can wait out, then what is lost, then what comes of itself.
_WORST: Final = (ExitCode.AUTH, ExitCode.BACKEND, ExitCode.GATE, ExitCode.TEMPFAIL, ExitCode.PENDING)


def verdict(jobs: Sequence[Job], faults: Mapping[str, QamError] | None = None) -> QamError | None:
    """The worst of what is wrong with jobs that were waited for, and how many others are not well; None: all are."""
    from qamctl.azure.poll import why

    found: list[QamError] = []
    for job in jobs:
        if faults and job.id in faults:
            found.append(faults[job.id])
        elif job.is_ended and job.state != "succeeded":
            found.append(BackendError(why(job)))
        elif job.output is None:
            stands = f"job {job.id} has succeeded, its output was not read" if job.is_ended else why(job)
            found.append(PendingError(f"the wait ended, and {stands}: come back with `qamctl jobs wait {job.id}`"))
    if not found:
        return None
    worst = min(found, key=lambda error: _WORST.index(error.code) if error.code in _WORST else -1)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return type(worst)(f"{worst.message}{more}")


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
        What could not be sent, and why; and what else there is to know.
    fault
        What ended it early: the service is away, or refuses us.
    exit_code
        That of the fault; else 5 where the service refused a job, 9 where the budget holds one back, else 0.
    """

    value: dict[str, Any]
    text: str
    told: list[str]
    fault: QamError | None
    exit_code: ExitCode


def drained(office: Office, *, most: int | None, stop: Stop) -> Drain:
    """Send jobs of the queue by priority and within the budget, ask for bills that came late, and tell it.

    Raises
    ------
    AuthError, UsageError
        There is no login, or no workspace is said.
    """
    from qamctl.azure import queue, store
    from qamctl.azure.again import admission_of
    from qamctl.azure.attend import End
    from qamctl.azure.bills import ask_on_the_way

    bills, end = None, End(stop)
    with office.desk(end) as desk:

        def admit(connection: sqlite3.Connection, job: Job) -> None:
            admission_of(office.account, job, desk.clock)(connection)

        found = queue.drain(desk, most=most, admit=admit, stop=stop)
        refused = {job.id for job, _ in found.failed if (now := job_of(desk, job.id)) and now.state == "refused"}
        with desk.connect() as connection:
            workspace = desk.client.service.workspace
            begun = [job.id for job in store.select(connection, "state = 'intended' AND workspace = ?", (workspace,))]
        if found.stopped is None and not end.is_over:
            bills = ask_on_the_way(desk, end)
    value = {
        "sent": [of_ours(job) for job in found.sent], "left": found.left, "begun": begun,
        "held": [{"job": job.id, "why": why} for job, why in found.held],
        "failed": [{"job": job.id, "why": why, "refused": job.id in refused} for job, why in found.failed],
        "bills": None if bills is None else bills.as_dict(),
    }  # fmt: skip
    told = [
        f"job {job.id} " + ("was refused" if job.id in refused else "could not be sent now, the next drain tries again")
        + f": {why}"
        for job, why in found.failed
    ]  # fmt: skip
    told += [f"job {job.id} stays in the queue: {why}" for job, why in found.held]
    told += [] if bills is None else bills.warnings
    code = ExitCode.BACKEND if found.failed else ExitCode.GATE if found.held else ExitCode.OK
    code = code if found.stopped is None else found.stopped.code
    text = f"{len(found.sent)} sent, {found.left} left in the queue"
    text += f", begun with: {', '.join(begun[:3])}{', ...' * (len(begun) > 3)}" if begun else ""
    return Drain(value, text, told, found.stopped, code)
