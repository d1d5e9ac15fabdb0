"""The story of `qamctl submit`: read, compile, estimate, write down, send once, wait, check, write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from qamctl import __version__
from qamctl.azure.account import Account
from qamctl.errors import ExitCode, TemporaryError, UsageError
from qamctl.remote import database_faults, signals_win
from qamctl.runs.atomic import refuse_overwriting
from qamctl.runs.identity import loaded_versions, run_id, utc_now
from qamctl.runs.lock import Lock, acquire, lock_target
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.record import Run, open_run
from qamctl.runs.signals import Stop, catch_signals
from qamctl.runs.store import index_run
from qamctl.submit_prepare import Ready, dry_run, prepare
from qamctl.submit_read import Program
from qamctl.submit_run import (
    Submitted,
    Tick,
    budget_warnings,
    finish,
    kept_output,
    left,
    sent_or_left,
    wait_and_finish,
    write_job_file,
)

if TYPE_CHECKING:
    from datetime import datetime

    from qamctl.azure.attend import End
    from qamctl.azure.service import Service
    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk, Order

__all__ = ["Submitted", "dry_run", "offline_desk", "submit"]

#: Seconds between two looks at a folder that another run holds.
_TURN: Final = 0.2


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
    signals: Callable[[], AbstractContextManager[Stop]] = catch_signals,
) -> Submitted:
    """Send a file as a job, exactly once, and wait for it as the options say.

    The option `timeout` is for all of it, from now on: what is compiled, asked, uploaded, waited for and read.

    Parameters
    ----------
    enqueue
        Put it into the queue instead; nothing is asked of the service, and no login is needed.
    command
        The command line, for the record.
    tick, sent
        Told the job after every look; told it once when the service has it.
    signals
        What tells, as soon as the file is compiled, that the command is to end.

    Raises
    ------
    QamError
        Whatever ends the run before its job is written down, and what the service refuses.
    Interrupted
        A signal came before that.
    """
    from qamctl.azure.attend import attended_desk, end_of, now
    from qamctl.azure.sessions import open_session

    watch, started, begun = Stopwatch(), utc_now(), now()
    ready = prepare(
        path, flags, qir_profile=qir_profile, profile=profile, config_file=config_file, watch=watch, begun=begun
    )  # fmt: skip
    problem, state = ready.program.problem, ready.account.state
    options = problem.options
    _check_copies(ready.program)
    if enqueue and options.session is not None:
        raise UsageError("--session needs the service to open it, and --enqueue asks nobody: leave one of them out")
    id = run_id(problem.name, started, os.urandom(4).hex())
    directory = Path(os.path.abspath(state / "runs" / id if options.out is None else options.out))
    ready = replace(ready, account=replace(ready.account, run=id, directory=str(directory)))
    with signals() as stop, signals_win(stop), database_faults(state):
        end = end_of(stop, begun, options.timeout)
        # A login that is missing, or a database that can't be read, shows before there is a folder.
        with _naming_the_job(ready):
            desk = offline_desk(ready.account, stop) if enqueue else attended_desk(ready.account, end)
            with desk.connect():
                pass
            session = None if enqueue else open_session(desk, options.session, ready.target, end.deadline)
            lock = _lock(desk, lock_target(options.out, None) or directory, id, started, options.if_locked, end)
        with (
            lock,
            open_run(
                id=id, state=state, kind=ready.program.kind, name=problem.name, source=problem.source,
                options=problem.resolved.values(), origins=problem.resolved.origins, seed=problem.seed,
                versions=loaded_versions(__version__), command=command, started=started, out=options.out,
                result=options.result, metrics=options.metrics, log_file=options.log_file, no_copy=options.no_copy,
            ) as record,
        ):  # fmt: skip
            order = _order(desk, record, ready, session, enqueue)
            if enqueue:
                found = _enqueue(desk, record, ready, order, watch, end)
            else:
                found = _send_and_wait(desk, record, ready, order, watch, end, tick, sent)
        warnings = [*ready.warnings, *budget_warnings(desk, options.monthly_budget)]
    return replace(found, warnings=(*warnings, *index_run(state, directory, result=found.result)))


@contextmanager
def _naming_the_job(ready: Ready) -> Iterator[None]:
    """Say of what passes, before anything is written down, which job it was about."""
    try:
        yield
    except TemporaryError as error:
        id = _asked(ready, None).id(ready.account.place().workspace_key)
        raise type(error)(
            f"{error.message}; job {id} was not asked for, and the same command goes on with it"
        ) from error  # fmt: skip


def _lock(desk: Desk, target: Path, id: str, started: datetime, mode: str, end: End) -> Lock:
    """The run's folder for itself; whoever is to wait for it does so until the end."""
    once = "skip" if mode == "wait" else mode
    while (lock := acquire(desk.state, target, run=id, now=started, mode=once)) is None:
        if mode != "wait" or end.is_over:
            raise TemporaryError(f"another run holds {target}: run it again later")
        desk.clock.sleep(_TURN)
    return lock


def _order(desk: Desk, record: Run, ready: Ready, session: str | None, enqueue: bool) -> Order:
    """The job as it is asked for; the run folder names it from now on."""
    workspace, order = desk.client.service.workspace, _asked(ready, session)
    id = order.id(workspace)
    write_job_file(
        record, id, workspace, order, circuit=ready.prepared.report, qir_profile=ready.qir_profile, queued=enqueue
    )  # fmt: skip
    record.log("job", "intended", job=id, target=order.target, shots=order.shots, estimate=dict(order.estimate))
    return order


def _asked(ready: Ready, session: str | None) -> Order:
    from qamctl.azure import payload

    options = ready.program.problem.options
    return payload.order_of(
        ready.prepared, ready.target, ready.account, name=ready.name, run_key=options.run_key,
        priority=options.priority, session=session,
    )  # fmt: skip


def _enqueue(desk: Desk, record: Run, ready: Ready, order: Order, watch: Stopwatch, end: End) -> Submitted:
    """Put the job into the queue, with the priority that was asked for last; one that has ended is told."""
    from qamctl.azure import store
    from qamctl.azure.admission import admission
    from qamctl.azure.submit import write_down

    # The month in which it is sent has to pay for it.
    account, workspace = replace(ready.account, monthly_budget=None), desk.client.service.workspace
    admit = admission(account, ready.target, ready.prepared.estimate, workspace, desk.clock, id=order.id(workspace))
    job = write_down(desk, order, "queued", admit)
    reused, note = job.run != record.id, ""
    record.log("job", "queued" if job.state == "queued" else "known", job=job.id, state=job.state)
    if job.is_ended and (data := kept_output(desk, job)) is not None:
        return finish(desk, record, ready.program, job, watch, data, hit=bool(data), reused=True)
    if job.state == "queued" and reused:
        note = f"job {job.id} is in the queue already"
        with desk.connect() as connection:
            if job.priority != store.PRIORITIES[order.priority]:
                changed = store.reprioritise(connection, job.id, order.priority)
                note += f", its priority is {order.priority} now" if changed else ""
    elif job.state != "queued":
        return left(desk, record, job.id, end, no_wait=True, reused=True)
    return Submitted(job.id, job.state, record.directory, ExitCode.OK, reused=reused, note=note)


def _send_and_wait(
    desk: Desk,
    record: Run,
    ready: Ready,
    order: Order,
    watch: Stopwatch,
    end: End,
    tick: Tick,
    sent: Callable[[Job], None],
) -> Submitted:
    from qamctl.azure.admission import admission
    from qamctl.azure.submit import submit_once

    options, workspace = ready.program.problem.options, desk.client.service.workspace
    admit = admission(
        ready.account, ready.target, ready.prepared.estimate, workspace, desk.clock, id=order.id(workspace)
    )
    send = partial(submit_once, desk, order, admit=admit, deadline=end.deadline)
    job = sent_or_left(desk, record, order.id(workspace), end, send)
    if isinstance(job, Submitted):
        return job
    reused = job.run != record.id
    record.log("job", "known" if reused else "submitted", job=job.id, state=job.state, status=job.status)
    sent(job)
    return wait_and_finish(
        desk, record, ready.program, job, watch, end, no_wait=options.no_wait, reused=reused, tick=tick
    )  # fmt: skip


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


def offline_desk(account: Account, stop: Stop | None = None) -> Desk:
    """A desk whose service is not asked: no login is needed, and no connection opened.

    Raises
    ------
    AuthError, UsageError
        The workspace is not said.
    """
    from qamctl.azure.clock import StoppableClock
    from qamctl.azure.open import make_desk

    place = account.place()
    service = _NotAsked(place.workspace_key, place.endpoint or "")
    return make_desk(account.state, cast("Service", service), StoppableClock(stop or Stop()))
