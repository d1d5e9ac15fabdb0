"""Targets of Azure Quantum behind the verbs of every engine: a model becomes a circuit, a job, and samples again.

A job whose output is kept is not sent again: then nothing is asked of the network, not even for a login. A job that
failed in an earlier run is tried once more under another run key; within a run it is not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from qamctl.azure import poll, store, targets
from qamctl.azure.book import Book
from qamctl.azure.client import NoTurn
from qamctl.azure.clock import Clock, StoppableClock, SystemClock
from qamctl.azure.submit import complete, write_down
from qamctl.azure.work import Work, make, read
from qamctl.backends.base import Capabilities, Job
from qamctl.errors import PendingError, QamError, UsageError

if TYPE_CHECKING:
    import sqlite3

    import dimod

    from qamctl.azure.account import Account
    from qamctl.azure.submit import Desk, Order
    from qamctl.azure.targets import Target
    from qamctl.qubo.payload import Payload

#: What the name of an engine begins with.
PREFIX: Final = "azure:"

#: The classical engine as one of the targets that share the parts of a problem.
CLASSICAL: Final = "classical"

#: Jobs that are in flight at once.
BATCH: Final = 8

#: Seconds to wait for the jobs of a search, where --timeout says nothing.
TIMEOUT: Final = 3600.0

#: Runs that a job which fails again and again is tried in.
TRIES: Final = 100

#: Seconds that the last look at a job may take.
_LAST_WORDS: Final = 5.0

#: What payloads are taken: circuits, and models, of which the QAOA circuit is run.
_KINDS: Final = ("circuit", "qubo", "polynomial")


def backend(names: Sequence[str], account: Account | None) -> AzureBackend:
    """The engine of one target, or of several that share the parts of a problem (`balance`).

    Parameters
    ----------
    names
        Of targets; `classical` among them: the classical engine may have parts too.
    account
        Whose jobs they are; None: the engine only tells what it can do.

    Raises
    ------
    UsageError
        There is no such target; the nearest are named.
    """
    found = {name: targets.find(name) for name in dict.fromkeys(names) if name != CLASSICAL}
    if not found:
        raise UsageError(f"backend {PREFIX}{CLASSICAL} names no target: name one as well, as azure:ionq.simulator")
    analog = [target.id for target in found.values() if target.kind is None]
    if analog:
        raise UsageError(
            f"{analog[0]} runs no circuits of gates, and so no models: it takes its own programs, by `qamctl submit`"
        )
    sizes = [target.qubits for target in found.values()]
    most = None if None in sizes else max(size for size in sizes if size is not None)
    able = Capabilities(
        _KINDS, max_variables=most, any_variables=most, batch=BATCH, remote=True,
        shots=min(target.default_shots for target in found.values()),
    )  # fmt: skip
    return AzureBackend(PREFIX + "+".join(dict.fromkeys(names)), able, found, account)


@dataclass
class AzureBackend:
    """A `Backend` over targets of a workspace; safe to use from several threads.

    Attributes
    ----------
    name, capabilities
        As in `backends.base`.
    targets
        By name; the first one is taken where the options do not say.
    account
        Whose jobs they are.
    open
        Opens the desk with a clock; None: the account does. Nothing is opened before a job has to be sent.
    book
        What became of the jobs of this run.
    """

    name: str
    capabilities: Capabilities
    targets: Mapping[str, Target]
    account: Account | None
    open: Callable[[Clock], Desk] | None = None
    clock: Clock = field(default_factory=SystemClock)
    book: Book = field(default_factory=Book)
    _desk: Desk | None = None
    _begun: float | None = None
    _waiting: int = 0
    _prices: Any = None
    _lock: Any = field(default_factory=threading.RLock)

    @property
    def classical(self) -> bool:
        """Whether the classical engine is one of those that share the parts."""
        return len(self.targets) > 1 or CLASSICAL in self.name.removeprefix(PREFIX).split("+")

    def submit(self, payload: Payload, options: Mapping[str, Any]) -> Job:
        """Send the circuit of a payload, unless its result is kept here; it returns when the service has the job.

        Options, besides those of `Backend.submit`: `route`, the target; `part`, its number among the parts of a
        problem; `track`, a dict that gets the job's id as `job` before it is sent.

        Raises
        ------
        UnsupportedError
            The target can't run the circuit.
        AuthError, BackendError, GateError, TemporaryError
            As `qamctl.azure.submit.submit_once`.
        """
        work = Work(payload, self.targets[str(options.get("route") or next(iter(self.targets)))])
        if not make(work, options, self._priced()):
            return Job("none", self.name, "succeeded", {"work": work})
        order = self._order(work, options)
        kept = self._kept(order)
        track = options.get("track", {})
        if kept is not None:
            work.row, work.cached = kept, True
            track.update(job=kept.id, cached=True)
            self.book.enter(kept, self._account, cached=True, part=options.get("part"))
            return Job(kept.id, self.name, "succeeded", {"work": work, "remote": kept.id})
        work.row = row = self._sent(work, order, options, track)
        with self._lock:
            self._waiting += 1
        return self._job(work, row)

    def poll(self, job: Job) -> Job:
        """The job as the service tells it.

        Raises
        ------
        PendingError
            The time to wait is over, and the job still runs.
        AuthError, BackendError, TemporaryError
            As `qamctl.azure.poll.look`.
        """
        work, desk = self._work(job), self._opened(lambda: False)
        assert work.row is not None  # it was sent
        late = PendingError(
            f"job {job.id} on {work.target.id} still runs, and the time to wait is over: look for it with "
            f"`qamctl jobs wait {job.id}`; the same command goes on with it"
        )
        if work.deadline is not None and self.clock.now() >= work.deadline:
            raise late
        try:
            work.row = row = poll.look(desk, job.id, among=max(1, self._waiting), deadline=self._patience(desk, work))
        except NoTurn:
            raise late from None
        if row.is_ended:
            with self._lock:
                self._waiting -= 1
            self.book.note(row, self._account, self._billed(row.id))
        return self._job(work, row)

    def fetch(self, job: Job) -> dimod.SampleSet:
        """The samples of a job that succeeded; their `info` has `job`, `cached` and `cost`, an upper bound.

        Raises
        ------
        BackendError
            Its output can't be read.
        """
        work = self._work(job)
        if work.result is not None:
            return work.result
        assert work.row is not None  # it was sent, or found
        return read(work, self._output(work.row))

    def cancel(self, job: Job) -> Job:
        """Wait for the job no longer; what was sent is paid for, so that it runs on, for the next run to find."""
        with self._lock:
            self._waiting -= 1
        return replace(job, state="cancelled")

    def settle(self) -> None:
        """Ask once more for what jobs cost that have ended without a figure; whoever does not answer is left alone."""
        if self._desk is None:
            return
        for id in self.book.unbilled():
            with suppress(QamError):
                row = poll.look(self._desk, id, deadline=self.clock.now() + _LAST_WORDS)
                self.book.note(row, self._account, self._billed(id))

    # What a job is made of

    def _order(self, work: Work, options: Mapping[str, Any]) -> Order:
        from qamctl.azure.payload import order_of

        assert work.prepared is not None  # there is something to run
        name = str(options.get("name") or "qamctl")
        part = "" if options.get("part") is None else f", part {options['part']}"
        return order_of(work.prepared, work.target, self._account, name=f"{name}{part}")

    def _kept(self, order: Order) -> store.Job | None:
        """A job that computed the same, and whose output is still here."""
        from qamctl.runs.cache import Cache

        cache = Cache(self._account.state / "cache")
        with self._connect() as connection:
            found = store.cached(connection, order.content)
        return next((job for job in found if job.output is not None and cache.get(job.output) is not None), None)

    def _sent(self, work: Work, order: Order, options: Mapping[str, Any], track: dict[str, Any]) -> store.Job:
        from qamctl.azure.payload import admission

        assert work.prepared is not None  # it was made into an order
        desk, account, points = self._opened(options.get("stop")), self._account, list[str]()
        work.deadline = self._deadline(None if work.payload.kind == "circuit" else TIMEOUT)
        late = PendingError(f"the time to wait was over before a job could be sent to {work.target.id}")
        if work.deadline is not None and self.clock.now() >= work.deadline:
            raise late
        order = self._again(order, desk)
        workspace, now = desk.client.service.workspace, desk.clock.now()
        admit = admission(account, work.target, work.prepared.estimate, workspace, now)
        row = write_down(desk, order, "intended", admit)
        track["job"] = row.id
        self.book.enter(row, account, cached=False, part=options.get("part"))
        if row.state != "intended":
            return row
        try:
            row = complete(replace(desk, at=points.append), row.id, self._patience(desk, work))
        except QamError as error:
            self.book.note(self._left(desk, row.id, sent="uploaded" in points), account, None)
            if isinstance(error, NoTurn):
                raise late from error
            raise
        self.book.note(row, account, None)
        return row

    def _left(self, desk: Desk, id: str, *, sent: bool) -> store.Job:
        """A job that could not be sent as it stands; one that the service never heard of is withdrawn."""
        with desk.connect() as connection:
            job = store.get(connection, id)
            assert job is not None  # it was written down
            if job.state == "intended" and not sent and job.run == self._account.run:
                store.withdraw(connection, id, desk.clock.now())
            return store.get(connection, id) or job

    def _again(self, order: Order, desk: Desk) -> Order:
        """The order, under a run key of its own where an earlier run's job of it failed."""
        workspace = desk.client.service.workspace
        with desk.connect() as connection:
            for k in range(TRIES):
                tried = order if k == 0 else replace(order, run_key=f"{order.run_key}again-{k}")
                found = store.get(connection, tried.id(workspace))
                lost = found is not None and found.state in ("failed", "cancelled") and found.submitted is not None
                if found is None or not lost or (found.run is not None and found.run == self._account.run):
                    return tried
        return order

    # The desk, and what is asked of it

    @property
    def _account(self) -> Account:
        if self.account is None:
            raise ValueError(f"the engine {self.name} was made without an account, and takes no jobs")
        return self.account

    def _connect(self) -> AbstractContextManager[sqlite3.Connection]:
        from qamctl.runs.database import connect

        return connect(self._account.state / "state.db", durable=True)

    def _opened(self, stop: Callable[[], bool] | None) -> Desk:
        with self._lock:
            if self._desk is None:
                clock = StoppableClock(stop or (lambda: False)) if isinstance(self.clock, SystemClock) else self.clock
                self._desk = (self.open or self._account.desk)(clock)
            return self._desk

    def desk(self, stop: Callable[[], bool] = lambda: False) -> Desk:
        """The desk, opened when it is first asked for."""
        return self._opened(stop)

    def _priced(self) -> Any:
        from qamctl.azure.prices import load_prices

        if self._prices is None:
            self._prices = load_prices(self._account.prices)
        return self._prices

    def price(self, target: str, variables: int, couplings: int, shots: int, depth: int) -> float:
        """About what a part of so many variables and couplings may cost on a target, before it is compiled."""
        from qamctl.azure.prices import CircuitFigures, estimate

        two, one = depth * couplings, (1 + 3 * depth) * variables
        figures = CircuitFigures(variables, one, two, variables, depth * (couplings + 2))
        return estimate(self.targets[target], figures, shots, self._priced()).amount

    def _deadline(self, otherwise: float | None) -> float | None:
        """The moment at which nobody waits any more: the time begins with the first job that is sent."""
        seconds = self._account.timeout or otherwise
        with self._lock:
            if self._begun is None:
                self._begun = self.clock.now()
            return None if seconds is None else self._begun + seconds

    def _patience(self, desk: Desk, work: Work) -> float:
        """Until when one thing is tried."""
        patient = desk.clock.now() + desk.client.policy.patience
        return patient if work.deadline is None else min(patient, work.deadline)

    def _billed(self, id: str) -> tuple[int, str] | None:
        with self._connect() as connection:
            row = connection.execute(
                "SELECT micros, currency FROM ledger WHERE job = ? AND entry = 'billed'", (id,)
            ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def _output(self, row: store.Job) -> bytes:
        from qamctl.runs.cache import Cache

        data = None if row.output is None else Cache(self._account.state / "cache").get(row.output)
        return poll.output_of(self._opened(None), row) if data is None else data

    def _work(self, job: Job) -> Work:
        return cast(Work, job.info["work"])

    def _job(self, work: Work, row: store.Job) -> Job:
        ready = row.state == "succeeded" and row.output is not None
        state = "succeeded" if ready else "failed" if row.is_ended and row.state != "succeeded" else "running"
        info: dict[str, Any] = {"work": work, "remote": row.id}
        if state == "failed":
            info["error"] = reason(row)
        else:
            info["poll_seconds"] = max(0.0, row.next_poll - self.clock.now())
        return Job(row.id, self.name, state, info)


def reason(job: store.Job) -> str:
    """Why a job gave nothing, in the service's words."""
    error = job.error or {}
    words = ": ".join(str(error[name]) for name in ("code", "message") if error.get(name))
    return words or f"it {job.state}, and the service gave no reason"
