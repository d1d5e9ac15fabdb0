"""The story of `qamctl submit`: read, compile, estimate, write down, send once, wait, check, write."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from qamctl import __version__
from qamctl.azure.account import Account
from qamctl.errors import ExitCode, TemporaryError, UsageError
from qamctl.remote import database_faults
from qamctl.runs.atomic import refuse_overwriting
from qamctl.runs.identity import loaded_versions, run_id, utc_now
from qamctl.runs.lock import acquire, lock_target
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.record import Run, open_run
from qamctl.runs.store import index_run
from qamctl.submit_prepare import Ready, dry_run, prepare
from qamctl.submit_read import Program
from qamctl.submit_run import Submitted, Tick, share_of, wait_and_finish, write_job_file

if TYPE_CHECKING:
    from qamctl.azure.service import Service
    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk

__all__ = ["Submitted", "dry_run", "submit"]


def submit(
    path: str,
    flags: Mapping[str, object],
    *,
    qir_profile: str | None = None,
    enqueue: bool = False,
    profile: str | None = None,
    config_file: Path | None = None,
    command: Sequence[str] = (),
    tick: Tick = lambda jobs: None,
    sent: Callable[[Job], None] = lambda job: None,
) -> Submitted:
    """Send a file as a job, exactly once, and wait for it as the options say.

    Parameters
    ----------
    enqueue
        Put it into the queue instead; nothing is asked of the service, and no login is needed.
    command
        The command line, for the record.
    tick, sent
        Told the job after every look; told it once when the service has it.

    Raises
    ------
    QamError
        Whatever ends the run before its job is sent, and a service that does not answer while it is waited for.
    """
    watch, started = Stopwatch(), utc_now()
    ready = prepare(path, flags, qir_profile=qir_profile, profile=profile, config_file=config_file, watch=watch)
    problem, state = ready.program.problem, ready.account.state
    options = problem.options
    _check_copies(ready.program)
    if enqueue and options.session is not None:
        raise UsageError("--session needs the service to open it, and --enqueue asks nobody: leave one of them out")
    id = run_id(problem.name, started, os.urandom(4).hex())
    directory = Path(os.path.abspath(state / "runs" / id if options.out is None else options.out))
    ready = replace(ready, account=replace(ready.account, run=id, directory=str(directory)))
    with database_faults(state):
        # A login that is missing, or a database that can't be read, shows before there is a folder.
        desk = offline_desk(ready.account) if enqueue else ready.account.desk()
        with desk.connect():
            pass
        session = None if enqueue else _open_session(desk, ready)
        lock = acquire(
            state, lock_target(options.out, None) or directory, run=id, now=started, mode=options.if_locked
        )  # fmt: skip
        if lock is None:
            raise TemporaryError(f"another run holds {directory}: run it again later")
        with (
            lock,
            open_run(
                id=id, state=state, kind=ready.program.kind, name=problem.name, source=problem.source,
                options=problem.resolved.values(), origins=problem.resolved.origins, seed=problem.seed,
                versions=loaded_versions(__version__), command=command, started=started, out=options.out,
                result=options.result, metrics=options.metrics, log_file=options.log_file, no_copy=options.no_copy,
            ) as record,
        ):  # fmt: skip
            found = _send_and_wait(desk, record, ready, watch, enqueue, session, tick, sent)
        warnings = _budget_warnings(desk, options.monthly_budget)
    return replace(found, warnings=(*warnings, *index_run(state, directory, result=found.result)))


def _budget_warnings(desk: Desk, budget: float | None) -> list[str]:
    from qamctl.azure.budget import budget_warning

    share = None if budget is None else share_of(desk, desk.client.service.workspace, budget)
    return [warning] if (warning := budget_warning(share)) is not None else []


def _send_and_wait(
    desk: Desk,
    record: Run,
    ready: Ready,
    watch: Stopwatch,
    enqueue: bool,
    session: str | None,
    tick: Tick,
    sent: Callable[[Job], None],
) -> Submitted:
    from qamctl.azure import payload
    from qamctl.azure.submit import submit_once, write_down

    options, account = ready.program.problem.options, ready.account
    workspace = desk.client.service.workspace
    order = payload.order_of(
        ready.prepared, ready.target, account, name=ready.name, run_key=options.run_key, priority=options.priority,
        session=session,
    )  # fmt: skip
    id = order.id(workspace)
    write_job_file(
        record, id, workspace, order, circuit=ready.prepared.report, qir_profile=ready.qir_profile
    )  # fmt: skip
    record.log("job", "intended", job=id, target=order.target, shots=order.shots, estimate=dict(order.estimate))
    if enqueue:  # the month in which it is sent has to pay for it
        admit = payload.admission(
            replace(account, monthly_budget=None), ready.target, ready.prepared.estimate, workspace, desk.clock.now()
        )
        job = write_down(desk, order, "queued", admit)
        record.log("job", "queued" if job.state == "queued" else "known", job=id, state=job.state)
        return Submitted(job.id, job.state, record.directory, ExitCode.OK, reused=job.run != record.id)
    admit = payload.admission(account, ready.target, ready.prepared.estimate, workspace, desk.clock.now())
    job = submit_once(desk, order, admit=admit)
    reused = job.run != record.id
    record.log("job", "known" if reused else "submitted", job=id, state=job.state, status=job.status)
    sent(job)
    return wait_and_finish(
        desk, record, ready.program, job, watch, seconds=options.timeout, no_wait=options.no_wait, reused=reused,
        tick=tick,
    )  # fmt: skip


def _open_session(desk: Desk, ready: Ready) -> str | None:
    """The id of the session that the job is to belong to; the first job of a name opens it.

    Raises
    ------
    AuthError, BackendError, TemporaryError
        The service refuses, or does not answer well.
    """
    from qamctl.azure.client import error_of
    from qamctl.azure.service import ServiceFault

    name, target = ready.program.problem.options.session, ready.target
    if name is None or is_uuid(name):
        return name
    service = desk.client.service
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(["qamctl session", service.workspace, target.id, name])))
    what = f"opening the session {name!r}"
    try:
        try:
            desk.client.call(what, lambda: service.get_session(id))
        except ServiceFault as fault:
            if fault.status != 404:
                raise
            desk.client.call(what, lambda: service.open_session(id, name, target.provider, target.id))
    except ServiceFault as fault:
        raise error_of(fault, what) from fault
    return id


def is_uuid(text: str) -> bool:
    """Whether a text is an id as the service has them."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _check_copies(program: Program) -> None:
    """Refuse files to write that would overwrite what is read, or each other."""
    options, source = program.problem.options, program.problem.source
    if options.metrics is not None and options.metrics.suffix not in (".json", ".prom"):
        raise UsageError(f"--metrics {options.metrics}: name a file that ends in .json or .prom")
    refuse_overwriting(source.files, (("--result", options.result), ("--metrics", options.metrics)))


class _NotAsked:
    """Stands where a service would, for what only needs to know the workspace."""

    def __init__(self, workspace: str, endpoint: str) -> None:
        self.workspace, self.endpoint = workspace, endpoint


def offline_desk(account: Account) -> Desk:
    """A desk whose service is not asked: no login is needed, and no connection opened.

    Raises
    ------
    AuthError, UsageError
        The workspace is not said.
    """
    from qamctl.azure.clock import SystemClock
    from qamctl.azure.open import make_desk

    place = account.place()
    service = _NotAsked(place.workspace_key, place.endpoint or "")
    return make_desk(account.state, cast("Service", service), SystemClock())
