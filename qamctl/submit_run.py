"""The run folder of a job: what stands there before anything is sent, and how it is completed, today or another day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl import __version__
from qamctl.errors import (
    AuthError,
    BackendError,
    ExitCode,
    PendingError,
    QamError,
    SpecError,
    TemporaryError,
    UsageError,
)
from qamctl.remote import job_of, told_gone
from qamctl.runs.atomic import write_atomic
from qamctl.runs.identity import loaded_versions, utc_now
from qamctl.runs.log import Log, read_log
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.record import LOG, MANIFEST, RESULT, Run
from qamctl.submit_read import Program
from qamctl.submit_result import Told, build, metrics_of, share_of

if TYPE_CHECKING:
    from qamctl.azure.attend import End
    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk, Order

JOB_FILE: Final = "job.json"

#: Told the jobs that are waited for, after every look.
Tick = Callable[[Sequence["Job"]], None]


@dataclass(frozen=True)
class Submitted:
    """What `submit`, or a wait for its job, came to.

    Attributes
    ----------
    id, state
        Of the job.
    result, metrics
        The contents of the files; None and empty where the job has not ended.
    fault
        Why the command does not end well: the job failed, or was left; None: it succeeded.
    reused
        The job was asked for by an earlier call.
    note
        A word about the job that is on its way.
    """

    id: str
    state: str
    directory: Path
    exit_code: ExitCode
    result: dict[str, Any] | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    fault: QamError | None = None
    reused: bool = False
    warnings: tuple[str, ...] = ()
    note: str = ""


def write_job_file(
    record: Run,
    id: str,
    workspace: str,
    order: Order,
    *,
    circuit: Mapping[str, Any],
    qir_profile: str | None,
    queued: bool = False,
) -> None:
    """Say in the run folder which job it is about; call it before anything is sent.

    Parameters
    ----------
    circuit
        Qubits, depth, gates, ... as the target's kind of machine has them.
    qir_profile
        That was asked for.
    queued
        The job is put into the queue, not sent.

    Raises
    ------
    TemporaryError, UsageError
        The file can't be written.
    """
    data = {
        "schema": "qamctl/job/1", "run": record.id, "id": id, "workspace": workspace, "target": order.target,
        "provider": order.provider, "name": order.name, "shots": order.shots, "run_key": order.run_key,
        "input_format": order.input_format, "output_format": order.output_format, "estimate": dict(order.estimate),
        "session": order.session, "queued": queued, "circuit": dict(circuit), "qir_profile": qir_profile,
        "written": utc_now().isoformat(),
    }  # fmt: skip
    write_atomic(record.directory / JOB_FILE, json.dumps(data, indent=1) + "\n", private=record.private)


def read_job_file(directory: Path) -> dict[str, Any] | None:
    """What `write_job_file` wrote for the run that is in the folder; None where there is nothing of it.

    Raises
    ------
    SpecError
        The file can't be read.
    """
    path = directory / JOB_FILE
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SpecError(f"can't read {path}: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != "qamctl/job/1":
        raise SpecError(f"can't read {path}: it is no job of qamctl")
    return data


def manifest_of(directory: Path) -> dict[str, Any]:
    """The manifest of a run folder that `find_run` has found, and so has read already."""
    found: dict[str, Any] = json.loads((directory / MANIFEST).read_bytes())
    return found


def result_of(directory: Path, run: str) -> dict[str, Any] | None:
    """The result of a run where it has one."""
    try:
        found = json.loads((directory / RESULT).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("run") == run else None


@contextmanager
def reopen(directory: Path, *, private: bool) -> Iterator[Run]:
    """The run of a folder, to be completed; its log goes on.

    A log is written anew with every opening, so the earlier events are told once more, each at its own time.
    """
    manifest = manifest_of(directory)
    earlier = list(read_log(directory / LOG)) if (directory / LOG).exists() else []
    times = iter([datetime.fromisoformat(event["time"]) for event in earlier])
    log = Log(directory / LOG, run=manifest["run"], clock=lambda: next(times, None) or utc_now(), private=private)
    for event in earlier:
        log(
            event["part"],
            event["event"],
            **{k: v for k, v in event.items() if k not in ("time", "run", "part", "event")},
        )
    options = manifest["options"]
    copies = [options.get(name, {}).get("value") for name in ("result", "metrics")]
    result, metrics = (None if path is None else Path(path) for path in copies)
    with Run(manifest["run"], directory, manifest, log, result, metrics, private) as record:
        log("run", "resumed")
        yield record


def sent_or_left(
    desk: Desk, record: Run, id: str, end: End, verb: Callable[[], Job], *, reused: bool = False
) -> Job | Submitted:
    """The job that a verb has sent; how it was left where a signal, the deadline, or the service came in between.

    Raises
    ------
    GateError, BackendError
        The budget does not allow the job, or the service refused it.
    """
    try:
        return verb()
    except (AuthError, PendingError, TemporaryError) as error:
        if job_of(desk, id) is None:  # nothing was written down
            raise
        return left(desk, record, id, end, error, reused=reused)


def wait_and_finish(
    desk: Desk,
    record: Run,
    program: Program,
    job: Job,
    watch: Stopwatch,
    end: End,
    *,
    no_wait: bool = False,
    reused: bool = False,
    tick: Tick = lambda jobs: None,
) -> Submitted:
    """Wait for a job that was sent, and write what it came to into its run folder.

    Where the wait ends before the job does, that is told, and the folder may be completed later.

    Raises
    ------
    BackendError
        The service no longer has the job, or its output can't be read.
    """
    from qamctl.azure import poll

    watch.phase("solve")
    hit, data = job.output is not None, b""
    try:
        if not no_wait:
            job = poll.wait(desk, [job.id], deadline=end.deadline, stop=end.stop, tick=tick)[0]
        if job.state == "succeeded":
            data = poll.output_of(desk, job, end.deadline)
    except (AuthError, TemporaryError) as error:
        return left(desk, record, job.id, end, error, reused=reused)
    except BackendError as error:
        raise told_gone(error) from error.__cause__
    if not job.is_ended:
        return left(desk, record, job.id, end, no_wait=no_wait, reused=reused)
    return finish(desk, record, program, job, watch, data, hit=hit, reused=reused)


def left(
    desk: Desk,
    record: Run,
    id: str,
    end: End,
    fault: QamError | None = None,
    *,
    no_wait: bool = False,
    reused: bool = False,
) -> Submitted:
    """The command ends before its job does: why, how the job stands, and how to come back.

    Parameters
    ----------
    fault
        What ended it; None: a signal, the deadline, or that nobody was to wait.
    """
    job = job_of(desk, id)
    assert job is not None  # it was written down before anything was asked
    told = _why_left(job, record.id, end, fault, no_wait)
    code = ExitCode.OK if told is None else told.code
    record.log("job", "left", job=job.id, state=job.state, status=job.status, exit_code=int(code))
    return Submitted(job.id, job.state, record.directory, code, fault=told, reused=reused)


def _why_left(job: Job, run: str, end: End, fault: QamError | None, no_wait: bool) -> QamError | None:
    from qamctl.azure.client import NoTurn

    back = f"`qamctl jobs wait {job.id}` or `qamctl runs resume {run}`"
    # Of a job that is `intended` nobody knows whether the service has it: whoever goes on with it asks first.
    sent = job.state != "intended"
    stands = f"job {job.id} on {job.target} " + (
        "is not known to be sent" if not sent else "has ended, its output was not read" if job.is_ended else "goes on"
    )
    back = f"come back with {back}" if sent else f"the same command goes on with it, or {back}"
    if end.stop.exit_code is not None:
        found = QamError(f"the command was told to end, {stands}: {back}")
        found.code = end.stop.exit_code
        return found
    if fault is None and no_wait:
        return None
    if fault is None or (sent and isinstance(fault, NoTurn)):
        return PendingError(f"the wait ended, {stands}: {back}")
    kind = TemporaryError if isinstance(fault, PendingError) and not sent else type(fault)
    return kind(f"{fault.message}; {stands}: {back}")


def finish(
    desk: Desk,
    record: Run,
    program: Program,
    job: Job,
    watch: Stopwatch,
    data: bytes,
    *,
    hit: bool = False,
    reused: bool = False,
) -> Submitted:
    """Write result and metrics of a job that has ended.

    Parameters
    ----------
    data
        Its output; empty where it did not succeed.

    Raises
    ------
    BackendError
        The output can't be read; it is kept, and nothing is written.
    """
    from qamctl.azure import poll
    from qamctl.azure.results import parse

    watch.phase("check")
    why = None if job.state == "succeeded" else poll.why(job)
    found = None
    if why is None:
        items = parse(data, format=job.request["output_format"], shots=job.shots, bits=program.bits)
        if len(items) != 1:
            raise BackendError(
                f"job {job.id} gave the results of {len(items)} circuits, and one was sent: see `qamctl jobs output "
                f"{job.id}`"
            )
        found = items[0]
    told = Told(job, found, why)
    provenance = record.provenance(loaded_versions(__version__))
    result = build(program, told, run=record.id, provenance=provenance, folder=record.directory)
    watch.phase("write")
    solved = result["solution"] is not None
    code = ExitCode.OK if solved else ExitCode.BACKEND if why is not None else ExitCode.INFEASIBLE
    metrics: dict[str, Any] = {}

    def figures() -> dict[str, Any]:
        circuit = (read_job_file(record.directory) or {}).get("circuit") or {}
        metrics.update(metrics_of(desk, record.manifest, program, told, result, watch, circuit, hit=hit))
        return metrics

    record.log("job", "ended", job=job.id, state=job.state, status=job.status)
    record.finish(result, figures, exit_code=code)
    fault = None if why is None else fault_of(job.state, why, reused=reused)
    return Submitted(job.id, job.state, record.directory, code, result, metrics, fault, reused)


def kept_output(desk: Desk, job: Job) -> bytes | None:
    """What a job that has ended gave, without asking anybody; empty where it did not succeed, None: it is not here."""
    if job.state != "succeeded":
        return b""
    return None if job.output is None else desk.cache.get(job.output)


def fault_of(state: str, why: str, *, reused: bool) -> BackendError:
    """What is wrong with a job that did not succeed, and the way to another one."""
    earlier = " (it was sent by an earlier call)" if reused and state != "refused" else ""
    if state == "refused":  # `store.enter` begins anew with it
        return BackendError(f"{why}; the same `qamctl submit` sends it anew")
    return BackendError(
        f"{why}{earlier}; the same `qamctl submit` finds this job again, and one with another --run-key makes another"
    )


def budget_warnings(desk: Desk, budget: float | None) -> list[str]:
    """What is to be said of the month's budget, where there is one."""
    from qamctl.azure.budget import budget_warning

    share = None if budget is None else share_of(desk, desk.client.service.workspace, budget)
    return [warning] if (warning := budget_warning(share)) is not None else []


def check_resumable(directory: Path, run: str) -> dict[str, Any]:
    """The job file of a run that can be completed.

    Raises
    ------
    UsageError
        It never had a job, or the folder holds another run by now.
    """
    data = read_job_file(directory)
    if data is None or data.get("run") != run:
        raise UsageError(
            f"run {run} has no job to wait for: only runs of `qamctl submit` are resumed, others are run again"
        )
    return data
