"""Runs and jobs that are gone on with, by whoever comes later: the waiting of `jobs wait`, and `runs resume`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import BackendError, ExitCode, PendingError, QamError, TemporaryError
from qamctl.job_view import of_ours
from qamctl.remote import Office, check_workspace, database_faults, job_of, open_office, signals_win, told_gone
from qamctl.remote_jobs import is_done, verdict, wait
from qamctl.runs.identity import state_folder, utc_now
from qamctl.runs.lock import acquire
from qamctl.runs.log import is_running
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.signals import Stop, catch_signals
from qamctl.runs.store import find_run, index_run
from qamctl.submit_read import PROBLEMS, read_program
from qamctl.submit_run import (
    Submitted,
    Tick,
    check_resumable,
    fault_of,
    manifest_of,
    read_job_file,
    reopen,
    result_of,
    sent_or_left,
    wait_and_finish,
)  # fmt: skip

if TYPE_CHECKING:
    from qamctl.azure.attend import End
    from qamctl.azure.bills import Refreshed
    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk
    from qamctl.runs.record import Run

#: Seconds in which a folder is completed from what is here, at least.
FOLDER: Final = 5.0

#: Options of a run that hold when it goes on, whatever they are by then.
KEPT: Final = (
    "format", "input_format", "sense", "slot", "max_variables", "depth", "mixer", "shots", "target", "job_name", "tag",
    "priority", "session", "run_key", "max_cost", "max_shots", "allow_qpu", "monthly_budget", "prices", "subscription",
    "resource_group", "workspace", "location", "resource_id", "endpoint", "credential", "key_file",
)  # fmt: skip


def resume(
    ref: str,
    *,
    timeout: float | None = None,
    no_wait: bool = False,
    tick: Tick = lambda jobs: None,
    signals: Callable[[], AbstractContextManager[Stop]] = catch_signals,
) -> Submitted:
    """Go on with a run whose job has not been waited for to its end, or whose process was killed.

    It goes on with the options that it was begun with, its workspace among them; what was to be put into the queue is.

    Parameters
    ----------
    ref
        A run: an id, a unique beginning of one, a directory, or `latest`.
    timeout
        Seconds at most, from now on; None: as long as it takes.
    no_wait
        Look once.
    signals
        What tells, as soon as the run's file is read, that the command is to end.

    Raises
    ------
    UsageError
        There is no such run, or it has no job.
    TemporaryError
        It is still running.
    QamError
        As `submitting.submit`.
    """
    from qamctl.azure.attend import attended_desk, end_of, now

    begun, state = now(), state_folder(os.environ)
    info = find_run(state, ref)
    data = check_resumable(info.directory, info.id)
    done = result_of(info.directory, info.id)
    if done is not None:
        return _complete_already(info.directory, data, done)
    if is_running(info.directory):
        raise TemporaryError(f"run {info.id} is still running (process {info.pid}): it waits for its job by itself")
    manifest, watch = manifest_of(info.directory), Stopwatch()
    flags = _kept(manifest)
    program = read_program(str(info.directory / manifest["spec"]["file"]), flags)
    office = open_office(flags, profile=None, config_file=None)
    lock = acquire(state, info.directory, run=info.id, now=utc_now())
    assert lock is not None  # it raises where the lock is held
    with signals() as stop, signals_win(stop), database_faults(state), lock:
        end = end_of(stop, begun, timeout)
        desk = attended_desk(office.account, end)
        row = job_of(desk, str(data["id"]))
        if row is not None:
            check_workspace(desk, row)
        private = manifest["options"].get("out", {}).get("value") is None
        with reopen(info.directory, private=private) as record:
            row = row or _again(desk, record, data, office, flags, end)
            if row.state == "queued":
                return _in_queue(record, row)
            job = sent_or_left(desk, record, row.id, end, partial(_sent, desk, record, row, office, end, no_wait))
            if isinstance(job, Submitted):
                return job
            found = wait_and_finish(
                desk, record, program, job, watch, end, no_wait=no_wait, reused=True, tick=tick
            )  # fmt: skip
    index_run(state, info.directory, result=found.result)
    return found


def _kept(manifest: Mapping[str, Any]) -> dict[str, object]:
    """The options of a run as flags; those that say nothing of its kind of file are left out."""
    options: Mapping[str, Any] = manifest["options"]
    left_out = PROBLEMS if manifest["kind"] == "circuit" else ()
    return {
        name: options[name]["value"]
        for name in KEPT
        if name in options and name not in left_out and _is_said(options[name]["value"])
    }


def _is_said(value: object) -> bool:
    return value is not None and value is not False and value not in ("", [])


def _complete_already(directory: Path, data: Mapping[str, Any], result: dict[str, Any]) -> Submitted:
    block = result.get("job") or {}
    state, error = str(block.get("state")), block.get("error") or {}
    if state == "succeeded":
        code = ExitCode.OK if result.get("solution") is not None else ExitCode.INFEASIBLE
        return Submitted(str(data["id"]), state, directory, code, result, reused=True)
    said = ": ".join(str(error[key]) for key in ("code", "message") if error.get(key)) or "the service gave no reason"
    fault = fault_of(state, f"job {data['id']} on {data['target']} {state}: {said}", reused=True)
    return Submitted(str(data["id"]), state, directory, ExitCode.BACKEND, result, fault=fault, reused=True)


def _in_queue(record: Run, job: Job) -> Submitted:
    """A run whose job nobody sends before the queue is drained."""
    record.log("job", "queued", job=job.id, state=job.state)
    fault = PendingError(f"job {job.id} is in the queue: `qamctl jobs drain` sends it, then come back")
    return Submitted(job.id, job.state, record.directory, fault.code, fault=fault, reused=True)


def _sent(desk: Desk, record: Run, job: Job, office: Office, end: End, look: bool) -> Job:
    """The job of a run, sent if it was not yet; as the service tells it now where nobody will wait."""
    from qamctl.azure import poll, submit
    from qamctl.azure.again import admission_of

    if job.state == "intended":
        account = replace(office.account, run=record.id)
        job = submit.complete(desk, job.id, end.deadline, admission_of(account, job, desk.clock))
        record.log("job", "submitted", job=job.id, state=job.state, status=job.status)
    try:
        return poll.look(desk, job.id, deadline=end.deadline) if look else job
    except BackendError as error:
        raise told_gone(error) from error.__cause__


def _again(
    desk: Desk, record: Run, data: Mapping[str, Any], office: Office, flags: Mapping[str, object], end: End
) -> Job:
    """Write a job down that the run was about to, when it was killed; the database may have been lost, too."""
    from qamctl.azure import payload, submit
    from qamctl.azure.admission import admission
    from qamctl.azure.sessions import open_session
    from qamctl.submit_prepare import prepare

    path = record.directory / record.manifest["spec"]["file"]
    ready = prepare(str(path), flags, qir_profile=data.get("qir_profile"), ask=False)
    queued = bool(data.get("queued"))
    # The month in which a job of the queue is sent has to pay for it.
    budget = None if queued else office.account.monthly_budget
    account = replace(office.account, run=record.id, directory=str(record.directory), monthly_budget=budget)
    workspace = desk.client.service.workspace
    session = data.get("session") or flags.get("session")
    order = payload.order_of(
        ready.prepared, ready.target, account, name=str(data["name"]), run_key=str(data.get("run_key") or ""),
        priority=str(flags.get("priority") or "standard"),
        session=open_session(desk, None if session is None else str(session), ready.target, end.deadline),
    )  # fmt: skip
    if order.id(workspace) != data["id"]:
        raise BackendError(
            f"run {record.id} was about to send job {data['id']}, and its file compiles to another one today (other "
            "versions, or another workspace): submit the file anew"
        )
    admit = admission(account, ready.target, ready.prepared.estimate, workspace, desk.clock, id=order.id(workspace))
    return submit.write_down(desk, order, "queued" if queued else "intended", admit)


@dataclass(frozen=True)
class Waited:
    """What a wait came to.

    Attributes
    ----------
    jobs
        As they stand.
    fault
        The worst of what is wrong with them; None: all succeeded.
    finished
        The run folders that were completed by it.
    warnings
        What else is to be known.
    """

    jobs: list[Job]
    fault: QamError | None
    finished: list[Submitted]
    warnings: list[str]
    bills: Refreshed | None = None

    def as_dict(self) -> dict[str, Any]:
        """For `-o json`."""
        return {
            "jobs": [of_ours(job) for job in self.jobs], "completed": [str(done.directory) for done in self.finished],
            "bills": None if self.bills is None else self.bills.as_dict(),
        }  # fmt: skip


def wait_for(
    office: Office, refs: Sequence[str], *, stop: Stop | None = None, tick: Tick = lambda jobs: None
) -> Waited:
    """Wait for jobs, for the `timeout` of the options at most, and complete the run folders that asked for them.

    Parameters
    ----------
    stop
        Whether a signal came; None: it ends the wait by itself.

    Raises
    ------
    QamError
        As `remote_jobs.wait`.
    """
    from qamctl.azure.attend import end_of, now

    stop = stop or Stop()
    end = end_of(stop, now(), office.options.timeout)
    found = wait(office, refs, end, tick=tick)
    finished: list[Submitted] = []
    warnings = [] if found.bills is None else found.bills.warnings
    for job in found.jobs:
        if not is_done(job) or job.directory is None or stop():
            continue
        try:
            if _waits(Path(job.directory), job):  # its output is here: nobody is asked
                left = None if end.deadline is None else max(FOLDER, end.deadline - now())
                done = resume(job.directory, timeout=left, signals=lambda: nullcontext(stop))
                finished += [done] if done.result is not None else []
        except QamError as error:  # the job itself is well: its folder can be completed later
            warnings.append(f"the run folder {job.directory} was not completed: {error.message}")
    return Waited(found.jobs, verdict(found.jobs, found.faults), finished, warnings, found.bills)


def _waits(directory: Path, job: Job) -> bool:
    """Whether a folder is there, holds the run that asked for the job, and has no result of it yet."""
    if not directory.is_dir():
        return False
    data = read_job_file(directory)
    if data is None or data.get("id") != job.id or data.get("run") != job.run:
        return False
    return result_of(directory, str(data["run"])) is None and not is_running(directory)
