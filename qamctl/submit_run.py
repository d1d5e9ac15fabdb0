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
from qamctl.errors import BackendError, ExitCode, PendingError, QamError, SpecError, UsageError
from qamctl.job_view import moment
from qamctl.remote import check_workspace
from qamctl.runs.atomic import write_atomic
from qamctl.runs.identity import loaded_versions, utc_now
from qamctl.runs.log import Log, read_log
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.metrics import build as build_metrics
from qamctl.runs.record import LOG, MANIFEST, RESULT, Run
from qamctl.runs.signals import Stop, catch_signals
from qamctl.submit_read import Program
from qamctl.submit_result import Told, build

if TYPE_CHECKING:
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
        Why the command does not end well: the job failed, or it still runs; None: it succeeded.
    reused
        The job was sent by an earlier call.
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


def write_job_file(
    record: Run, id: str, workspace: str, order: Order, *, circuit: Mapping[str, Any], qir_profile: str | None
) -> None:
    """Say in the run folder which job it is about; call it before anything is sent.

    Parameters
    ----------
    circuit
        Qubits, depth, gates, ... as the target's kind of machine has them.
    qir_profile
        That was asked for.

    Raises
    ------
    TemporaryError, UsageError
        The file can't be written.
    """
    data = {
        "schema": "qamctl/job/1", "run": record.id, "id": id, "workspace": workspace, "target": order.target,
        "provider": order.provider, "name": order.name, "shots": order.shots, "run_key": order.run_key,
        "input_format": order.input_format, "output_format": order.output_format, "estimate": dict(order.estimate),
        "circuit": dict(circuit), "qir_profile": qir_profile, "written": utc_now().isoformat(),
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


def wait_and_finish(
    desk: Desk,
    record: Run,
    program: Program,
    job: Job,
    watch: Stopwatch,
    *,
    seconds: float | None,
    no_wait: bool = False,
    reused: bool = False,
    tick: Tick = lambda jobs: None,
) -> Submitted:
    """Wait for a job that was sent, and write what it came to into its run folder.

    Parameters
    ----------
    seconds
        To wait at most; None: as long as it takes.

    Raises
    ------
    AuthError, BackendError, TemporaryError
        The service does not answer well; the job goes on, and so may the folder.
    """
    from qamctl.azure import poll

    watch.phase("solve")
    deadline = None if seconds is None else desk.clock.now() + seconds
    hit = job.output is not None
    stop = Stop()
    if not no_wait:
        with catch_signals() as stop:
            job = poll.wait(desk, [job.id], deadline=deadline, stop=stop, tick=tick)[0]
    if not job.is_ended:
        return _left(record, job, stop, no_wait=no_wait, reused=reused)
    return finish(desk, record, program, job, watch, hit=hit, reused=reused)


def _left(record: Run, job: Job, stop: Stop, *, no_wait: bool, reused: bool) -> Submitted:
    """The command ends before the job does."""
    back = f"`qamctl jobs wait {job.id}` or `qamctl runs resume {record.id}`"
    if no_wait:
        code, fault = ExitCode.OK, None
    elif stop.exit_code is not None:
        code = stop.exit_code
        fault = QamError(f"the wait was ended, job {job.id} goes on: come back with {back}")
        fault.code = code
    else:
        fault = PendingError(f"the wait ended, and job {job.id} on {job.target} still runs: come back with {back}")
        code = fault.code
    record.log("job", "left", job=job.id, state=job.state, status=job.status, exit_code=int(code))
    return Submitted(job.id, job.state, record.directory, code, fault=fault, reused=reused)


def finish(
    desk: Desk, record: Run, program: Program, job: Job, watch: Stopwatch, *, hit: bool = False, reused: bool = False
) -> Submitted:
    """Write result and metrics of a job that has ended.

    Raises
    ------
    BackendError
        Its output can't be read; it is kept, and nothing is written.
    """
    from qamctl.azure import poll
    from qamctl.azure.results import parse

    watch.phase("check")
    why = None if job.state == "succeeded" else poll.why(job)
    found = None
    if why is None:
        data = poll.output_of(desk, job)
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
        metrics.update(_metrics(desk, record, program, told, result, watch, hit))
        return metrics

    record.log("job", "ended", job=job.id, state=job.state, status=job.status)
    record.finish(result, figures, exit_code=code)
    fault = None if why is None else BackendError(why)
    return Submitted(job.id, job.state, record.directory, code, result, metrics, fault, reused)


def _metrics(
    desk: Desk, record: Run, program: Program, told: Told, result: Mapping[str, Any], watch: Stopwatch, hit: bool
) -> dict[str, Any]:
    job, manifest = told.job, record.manifest
    engine = f"azure:{job.target}"
    search = {
        engine: {"job": job.id, "shots": 0 if told.found is None else told.found.shots,
                 "lost": 0 if told.found is None else told.found.lost, "looks": job.polls,
                 "submitted": moment(job.submitted), "ended": moment(job.ended), "state": job.state}
    }  # fmt: skip
    found = build_metrics(
        run=record.id, kind=manifest["kind"], name=manifest["name"], result=result, stopwatch=watch, now=utc_now(),
        search=search, quantum=None if program.kind == "circuit" else (engine,), cache=(int(hit), int(not hit)),
        model={"shots": job.shots, **((read_job_file(record.directory) or {}).get("circuit") or {})},
        sense=result.get("sense") or "min",
    )  # fmt: skip
    return found | {"credits": credits_of(desk, job, budget_of(manifest))}


def budget_of(manifest: Mapping[str, Any]) -> float | None:
    """The monthly budget that a run was begun with."""
    value = manifest["options"].get("monthly_budget", {}).get("value")
    return None if value is None else float(value)


def share_of(desk: Desk, workspace: str, budget: float, currency: str = "USD") -> float:
    """How much of a month's budget counts as used now."""
    from qamctl.azure.budget import budget_share
    from qamctl.runs import ledger

    with desk.connect() as connection:
        used = ledger.counted(connection, workspace, ledger.month_of(desk.clock.now()), currency)
    return budget_share(used, budget)


def credits_of(desk: Desk, job: Job, budget: float | None) -> dict[str, Any]:
    """What a job was estimated at, what is reserved for it, and what was billed, in the currency of the estimate."""
    from qamctl.runs import ledger

    estimate = job.estimate or {}
    with desk.connect() as connection:
        line = next((line for line in ledger.lines(connection, job.workspace) if line.job == job.id), None)
    block: dict[str, Any] = {
        "estimated": estimate.get("amount", 0), "reserved": 0, "billed": 0, "currency": estimate.get("currency"),
        "confirmed": False,
    }  # fmt: skip
    if line is not None:
        block |= {"reserved": 0 if line.released or line.billed is not None else line.reserved / ledger.MICROS}
        block |= {"billed": (line.billed or 0) / ledger.MICROS, "confirmed": line.billed is not None or line.released}
        if line.billed is not None:
            block["currency"] = line.counted_currency
    if budget is not None:
        block["budget_share"] = share_of(desk, job.workspace, budget)
    return block


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


def needs(desk: Desk, job: Job) -> None:
    """Refuse what can't be waited for: a job of another workspace, or one that waits in the queue.

    Raises
    ------
    UsageError, PendingError
        It can't.
    """
    check_workspace(desk, job)
    if job.state == "queued":
        raise PendingError(f"job {job.id} is in the queue: `qamctl jobs drain` sends it, then come back")
