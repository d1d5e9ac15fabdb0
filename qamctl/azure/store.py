"""Our jobs, as rows of the state database: written down before anything is sent, and true after every crash.

A job is `queued` (for `jobs drain`), `intended` (from now on it will be sent, exactly once), `submitted` (the service
has it), and in the end `succeeded`, `failed`, `cancelled` or `refused` (the service would not have it).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from qamctl.azure.service import RemoteJob
from qamctl.runs import ledger
from qamctl.runs.database import transaction

#: States in which nothing more will happen.
ENDED: Final = ("succeeded", "failed", "cancelled", "refused")

#: Words of `--priority`, and their places in the queue.
PRIORITIES: Final = {"low": -1, "standard": 0, "high": 1}

#: Jobs of the queue that are looked at within one transaction, so that other processes get their turn.
CANDIDATES: Final = 50

_COLUMNS: Final = (
    "id", "workspace", "target", "provider", "name", "shots", "state", "status", "priority", "payload", "content",
    "request", "run", "directory", "created", "submitted", "ended", "next_poll", "polls", "error", "output",
    "estimate", "details",
)  # fmt: skip
_JSON: Final = ("request", "error", "estimate", "details")


@dataclass(frozen=True, slots=True)
class Job:
    """A job of ours.

    Attributes
    ----------
    id
        `identity.job_id`.
    workspace
        `Service.workspace`.
    status
        The service's word, as last seen.
    priority
        A place of `PRIORITIES`.
    payload, output
        Names in the cache: what is sent, what came back.
    content
        `identity.content_key`.
    request
        The rest of what is sent: input_format, output_format, content_type, params, metadata, tags, session, run_key.
    run, directory
        The run that asked for it, and its folder.
    created, submitted, ended, next_poll
        Seconds since 1970.
    error
        {code, message} of a job that failed or was refused.
    estimate
        {micros, currency, formula, ...} that was reserved.
    details
        What the service said last.
    """

    id: str
    workspace: str
    target: str
    provider: str
    name: str
    shots: int | None
    state: str
    priority: int
    payload: str
    content: str
    request: Mapping[str, Any]
    created: float
    status: str | None = None
    run: str | None = None
    directory: str | None = None
    submitted: float | None = None
    ended: float | None = None
    next_poll: float = 0.0
    polls: int = 0
    error: Mapping[str, Any] | None = None
    output: str | None = None
    estimate: Mapping[str, Any] | None = None
    details: Mapping[str, Any] | None = None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


def get(connection: sqlite3.Connection, id: str) -> Job | None:
    """The job of that id."""
    found = select(connection, "id = ?", (id,))
    return found[0] if found else None


def select(connection: sqlite3.Connection, where: str, values: Sequence[Any] = (), order: str = "created") -> list[Job]:
    """Jobs by a condition in SQL of ours; the values are bound."""
    rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM jobs WHERE {where} ORDER BY {order}", values)
    return [_job(row) for row in rows]


def _job(row: Sequence[Any]) -> Job:
    fields = dict(zip(_COLUMNS, row, strict=True))
    for name in _JSON:
        fields[name] = None if fields[name] is None else json.loads(fields[name])
    return Job(**fields)


def _put(connection: sqlite3.Connection, job: Job) -> None:
    values = [getattr(job, name) for name in _COLUMNS]
    values = [
        json.dumps(value, sort_keys=True) if name in _JSON and value is not None else value
        for name, value in zip(_COLUMNS, values, strict=True)
    ]
    marks = ", ".join("?" for _ in _COLUMNS)
    connection.execute(f"INSERT OR REPLACE INTO jobs ({', '.join(_COLUMNS)}) VALUES ({marks})", values)


def _set(connection: sqlite3.Connection, id: str, **fields: Any) -> None:
    values = [
        json.dumps(value, sort_keys=True) if name in _JSON and value is not None else value
        for name, value in fields.items()
    ]
    connection.execute(f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in fields)} WHERE id = ?", [*values, id])


Admit = Callable[[sqlite3.Connection], None]


def enter(connection: sqlite3.Connection, job: Job, now: float, admit: Admit = lambda connection: None) -> Job:
    """Write a job down, and reserve what it may cost, unless it is there: then that one.

    One that was refused, or cancelled before it was sent, begins anew.

    Parameters
    ----------
    job
        `queued`, or `intended`: then its estimate is reserved.
    admit
        Asked within the transaction; raises where the budget does not allow the job.
    """
    with transaction(connection):
        found = get(connection, job.id)
        if found is not None and found.state == "queued" and job.state == "intended":
            found = None  # asked for again, now: it need not wait for the queue
        elif found is not None and not _never_sent(found):
            return found
        admit(connection)
        _put(connection, job)
        if job.state == "intended":
            _reserve(connection, job, now)
    return job


def _never_sent(job: Job) -> bool:
    return job.state == "refused" or (job.state == "cancelled" and job.submitted is None)


def _reserve(connection: sqlite3.Connection, job: Job, now: float) -> None:
    ledger.forget(connection, job.id, "released")
    ledger.forget(connection, job.id, "reserved")
    _entry(connection, job, "reserved", int((job.estimate or {}).get("micros", 0)), now, "estimate")


def renew(connection: sqlite3.Connection, job: Job, now: float, admit: Admit) -> None:
    """Let the month in which a job is sent pay for it, where it was reserved in an earlier one.

    Parameters
    ----------
    admit
        Asked within the transaction; raises where this month's budget does not allow the job, which then stays as it
        is.
    """
    month = ledger.month_of(now)
    with transaction(connection):
        row = connection.execute(
            "SELECT month FROM ledger WHERE job = ? AND entry = 'reserved'", (job.id,)
        ).fetchone()  # fmt: skip
        if row is not None and row[0] == month:
            return
        admit(connection)
        _reserve(connection, job, now)


def _entry(
    connection: sqlite3.Connection, job: Job, entry: str, micros: int, now: float, source: str, currency: str = ""
) -> None:
    currency = currency or str((job.estimate or {}).get("currency", "USD"))
    ledger.write(connection, ledger.Entry(
        job.id, entry, micros, currency, job.workspace, job.target, job.run, ledger.month_of(now), now, source
    ))  # fmt: skip


def claim(
    connection: sqlite3.Connection,
    workspace: str,
    now: float,
    admit: Callable[[sqlite3.Connection, Job], bool],
    skip: Collection[str] = (),
) -> Job | None:
    """Take the next job off the queue: from now on it will be sent.

    The choice is made within the transaction: nobody takes it too, and none of higher priority comes in between.

    Parameters
    ----------
    admit
        Asked for one job after the other, by priority and age, until it lets one through.
    skip
        Ids of jobs that are passed over.

    Returns
    -------
    Job or None
        None where there is none that may be sent, among the next `CANDIDATES`.
    """
    with transaction(connection):
        rows = connection.execute(
            "SELECT id FROM jobs WHERE state = 'queued' AND workspace = ? ORDER BY priority DESC, created, id LIMIT ?",
            (workspace, len(skip) + CANDIDATES),
        ).fetchall()
        for id in [id for (id,) in rows if id not in skip][:CANDIDATES]:
            job = get(connection, id)
            assert job is not None  # within one transaction nothing goes
            if admit(connection, job):
                _set(connection, id, state="intended")
                _reserve(connection, job, now)
                return get(connection, id)
    return None


def reprioritise(connection: sqlite3.Connection, id: str, priority: str) -> bool:
    """Give a job of the queue another priority, a word of `PRIORITIES`; False: it is no longer in the queue."""
    with transaction(connection):
        job = get(connection, id)
        if job is None or job.state != "queued":
            return False
        _set(connection, id, priority=PRIORITIES[priority], request={**job.request, "priority": priority})
        return True


def note(connection: sqlite3.Connection, id: str, remote: RemoteJob, now: float, next_poll: float) -> Job:
    """Take down what the service says of a job: its state, and when it has ended what it cost.

    The ledger is settled in the same transaction: billed by the service's own figure; released where a job that did
    not succeed has none. A job that succeeded counts with its reservation until the figure is there.
    """
    with transaction(connection):
        job = get(connection, id)
        assert job is not None  # it was written down before it was sent
        if job.submitted is not None and job.is_ended and remote.state == "submitted":
            return job  # an answer that was overtaken by a later one
        if job.submitted is None and job.is_ended:
            ledger.forget(connection, id, "released")  # given up as never sent, and the service has it after all
        ended, details = remote.state != "submitted", dict(remote.details)
        if remote.cost is not None:  # what is not there is asked for later
            details.setdefault("costEstimate", {"estimatedTotal": remote.cost.total})
        _set(
            connection, id, state=remote.state, status=remote.status, submitted=job.submitted or now,
            ended=(job.ended or now) if ended else None, next_poll=next_poll, polls=job.polls + 1,
            error=None if remote.error is None else {"code": remote.error[0], "message": remote.error[1]},
            details=details,
        )  # fmt: skip
        if ended:
            _settle(connection, job, remote, now)
        found = get(connection, id)
        assert found is not None
        return found


def _settle(connection: sqlite3.Connection, job: Job, remote: RemoteJob, now: float) -> None:
    if remote.cost is not None:
        _entry(connection, job, "billed", ledger.to_micros(remote.cost.total), now, "service", remote.cost.currency)
    elif remote.state != "succeeded":
        _entry(connection, job, "released", 0, now, remote.status)


def refuse(connection: sqlite3.Connection, id: str, code: str, message: str, now: float) -> bool:
    """The service would not have the job: nothing was sent that could cost anything. As `withdraw`."""
    return _close(connection, id, "refused", now, error={"code": code, "message": message})


def withdraw(connection: sqlite3.Connection, id: str, now: float) -> bool:
    """The job is not sent, as its owner wishes; False: it was sent, or has ended, and stays as it is."""
    return _close(connection, id, "cancelled", now)


def _close(connection: sqlite3.Connection, id: str, state: str, now: float, **fields: Any) -> bool:
    with transaction(connection):
        job = get(connection, id)
        assert job is not None
        if job.state not in ("queued", "intended"):
            return False
        _set(connection, id, state=state, ended=now, **fields)
        if job.state == "intended":
            _entry(connection, job, "released", 0, now, state)
        return True


def keep_output(connection: sqlite3.Connection, id: str, output: str) -> None:
    """The output of a job is in the cache under this name."""
    with transaction(connection):
        _set(connection, id, output=output)


def cached(connection: sqlite3.Connection, content: str) -> list[Job]:
    """Jobs that computed this, and whose output was kept, the latest first."""
    return select(
        connection, "content = ? AND state = 'succeeded' AND output IS NOT NULL", (content,), "created DESC"
    )  # fmt: skip
