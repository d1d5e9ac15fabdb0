"""Runs and jobs that are gone on with, by whoever comes later: the waiting of `jobs wait`, and `runs resume`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import BackendError, ExitCode, QamError, TemporaryError
from qamctl.job_view import of_ours
from qamctl.remote import Office, database_faults, open_office
from qamctl.remote_jobs import wait
from qamctl.runs.identity import state_folder, utc_now
from qamctl.runs.lock import acquire
from qamctl.runs.log import is_running
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.store import find_run, index_run
from qamctl.submit_read import PROBLEMS, read_program
from qamctl.submit_run import (
    Submitted,
    Tick,
    check_resumable,
    manifest_of,
    needs,
    read_job_file,
    reopen,
    result_of,
    wait_and_finish,
)  # fmt: skip

if TYPE_CHECKING:
    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk
    from qamctl.runs.record import Run

#: Options of a run that hold when it goes on, whatever they are by then.
KEPT: Final = (
    "format", "input_format", "sense", "slot", "max_variables", "depth", "mixer", "shots", "target", "job_name", "tag",
    "priority", "session", "run_key", "max_cost", "max_shots", "allow_qpu", "monthly_budget", "prices", "subscription",
    "resource_group", "workspace", "location", "resource_id", "endpoint", "credential", "key_file",
)  # fmt: skip


def resume(
    ref: str, *, timeout: float | None = None, no_wait: bool = False, tick: Tick = lambda jobs: None
) -> Submitted:
    """Go on with a run whose job has not been waited for to its end, or whose process was killed.

    It goes on with the options that it was begun with, its workspace among them.

    Parameters
    ----------
    ref
        A run: an id, a unique beginning of one, a directory, or `latest`.
    timeout
        Seconds to wait at most; None: as long as it takes.
    no_wait
        Look once.

    Raises
    ------
    UsageError
        There is no such run, or it has no job.
    TemporaryError
        It is still running, or the service is not there.
    QamError
        As `submitting.submit`.
    """
    state = state_folder(os.environ)
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
    with database_faults(state), lock:
        desk = office.account.desk()
        private = manifest["options"].get("out", {}).get("value") is None
        with reopen(info.directory, private=private) as record:
            job = _sent(desk, record, data, office, flags)
            found = wait_and_finish(
                desk, record, program, job, watch, seconds=timeout, no_wait=no_wait, reused=True, tick=tick
            )
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
    fault = BackendError(f"job {data['id']} on {data['target']} {state}: {said}")
    return Submitted(str(data["id"]), state, directory, ExitCode.BACKEND, result, fault=fault, reused=True)


def _sent(desk: Desk, record: Run, data: Mapping[str, Any], office: Office, flags: Mapping[str, object]) -> Job:
    """The job of a run, sent if it was not yet."""
    from qamctl.azure import store, submit

    with desk.connect() as connection:
        job = store.get(connection, str(data["id"]))
    if job is None:
        job = _again(desk, record, data, office, flags)
    needs(desk, job)
    if job.state == "intended":
        job = submit.complete(desk, job.id)
        record.log("job", "submitted", job=job.id, state=job.state, status=job.status)
    return job


def _again(desk: Desk, record: Run, data: Mapping[str, Any], office: Office, flags: Mapping[str, object]) -> Job:
    """Write a job down that the run was about to, when it was killed; the database may have been lost, too."""
    from dataclasses import replace

    from qamctl.azure import payload, submit
    from qamctl.submit_prepare import prepare

    path = record.directory / record.manifest["spec"]["file"]
    ready = prepare(str(path), flags, qir_profile=data.get("qir_profile"), ask=False)
    account = replace(office.account, run=record.id, directory=str(record.directory))
    workspace = desk.client.service.workspace
    order = payload.order_of(
        ready.prepared, ready.target, account, name=str(data["name"]), run_key=str(data.get("run_key") or ""),
        priority=str(flags.get("priority") or "standard"),
    )  # fmt: skip
    if order.id(workspace) != data["id"]:
        raise BackendError(
            f"run {record.id} was about to send job {data['id']}, and its file compiles to another one today (other "
            "versions, or another workspace): submit the file anew"
        )
    admit = payload.admission(account, ready.target, ready.prepared.estimate, workspace, desk.clock.now())
    return submit.write_down(desk, order, "intended", admit)


@dataclass(frozen=True)
class Waited:
    """What a wait came to: the jobs, the run folders that were completed by it, and what went wrong with others."""

    jobs: list[Job]
    finished: list[Submitted]
    warnings: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For `-o json`."""
        return {
            "jobs": [of_ours(job) for job in self.jobs], "completed": [str(done.directory) for done in self.finished]
        }  # fmt: skip


def wait_for(
    office: Office,
    refs: Sequence[str],
    *,
    stop: Callable[[], bool] = lambda: False,
    tick: Tick = lambda jobs: None,
) -> Waited:
    """Wait for jobs, and complete the run folders that asked for them.

    Raises
    ------
    QamError
        As `remote_jobs.wait`.
    """
    jobs = wait(office, refs, stop=stop, tick=tick)
    finished: list[Submitted] = []
    warnings: list[str] = []
    for job in jobs:
        if not job.is_ended or job.directory is None or stop():
            continue
        try:
            if _waits(Path(job.directory), job):
                finished.append(resume(job.directory))
        except QamError as error:  # the job itself is well: its folder can be completed later
            warnings.append(f"the run folder {job.directory} was not completed: {error.message}")
    return Waited(jobs, finished, warnings)


def _waits(directory: Path, job: Job) -> bool:
    """Whether a folder is there, holds the run that asked for the job, and has no result of it yet."""
    if not directory.is_dir():
        return False
    data = read_job_file(directory)
    if data is None or data.get("id") != job.id or data.get("run") != job.run:
        return False
    return result_of(directory, str(data["run"])) is None and not is_running(directory)
