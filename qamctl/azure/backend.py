"""Targets of Azure Quantum behind the verbs of every engine: a model becomes a circuit, a job, and samples again.

A job whose output is kept is not sent again: then nothing is asked of the network, not even for a login. A job that
failed in an earlier run is tried once more under another run key; within a run it is not. Nothing is asked of the
service once the time to wait is over, and nobody waits for what it was asked before (`patience`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from qamctl.azure import poll, store, targets
from qamctl.azure.admission import admission
from qamctl.azure.book import Book
from qamctl.azure.errand import Errand
from qamctl.azure.patience import Abandoned, together
from qamctl.azure.sending import Sending
from qamctl.azure.service import ServiceFault
from qamctl.azure.submit import lock_job
from qamctl.azure.work import Work, make, read
from qamctl.backends.base import Capabilities, Job
from qamctl.errors import PendingError, QamError, UsageError
from qamctl.runs.faults import database_faults

if TYPE_CHECKING:
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

#: Variables of a part up to which it is enumerated here, exactly and in a moment, before a quantum computer is paid.
ENUMERATED: Final = 8

#: Runs that a job which fails again and again is tried in.
TRIES: Final = 100

#: Seconds that the last looks at jobs may take, all together.
LAST_WORDS: Final = 1.5

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
        Whose jobs they are. Nothing is opened before a job has to be sent.
    book
        What became of the jobs of this run.
    """

    name: str
    capabilities: Capabilities
    targets: Mapping[str, Target]
    account: Account | None
    book: Book = field(default_factory=Book)
    _errand: Errand | None = None
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
        PendingError
            The time to wait is over.
        SpecError
            The state database is damaged, or of a later version.
        AuthError, BackendError, GateError, TemporaryError
            As `qamctl.azure.submit.submit_once`.
        """
        work = Work(payload, self.targets[str(options.get("route") or next(iter(self.targets)))])
        if not make(work, options, self._priced(), self._account.state):
            return Job("none", self.name, "succeeded", {"work": work})
        order = self._order(work, options)
        kept, track = self._kept(order), options.get("track", {})
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
        work, errand = self._work(job), self.errand
        assert work.row is not None  # it was sent
        late = PendingError(
            f"job {job.id} on {work.target.id} still runs, and the time to wait is over: look for it with "
            f"`qamctl jobs wait {job.id}`; the same command goes on with it"
        )
        with errand.on_time(late):
            desk = errand.opened(work.stop)
            call = partial(poll.look, desk, job.id, among=max(1, self._waiting), deadline=errand.patience(desk))
            work.row = row = errand.within(call, work.stop)
        if row.is_ended:
            with self._lock:
                self._waiting -= 1
            self.book.note(row, self._account, errand.billed(row.id))
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
        return read(work, self._output(work, work.row))

    def cancel(self, job: Job) -> Job:
        """Wait for the job no longer; what was sent is paid for, so that it runs on, for the next run to find."""
        with self._lock:
            self._waiting -= 1
        return replace(job, state="cancelled")

    def settle(self) -> None:
        """Ask once more, all at once, for what jobs cost that have no bill yet, and for those that may have been sent.

        Whoever does not answer in a moment is left alone; once the time to wait is over nobody is asked. From then on
        the book is closed.
        """
        desk, clock = self.errand.desk, self.errand.clock
        if desk is not None:
            until, end = clock.now() + LAST_WORDS, self.errand.deadline()
            until = until if end is None else min(until, end)
            asked = [partial(self._found, desk, id, until) for id in self.book.intended()]
            asked += [partial(self._last_look, desk, id, until) for id in self.book.unbilled()]
            together(asked, until, clock)
        self.book.close()

    def _last_look(self, desk: Desk, id: str, until: float) -> None:
        with suppress(QamError):
            with database_faults(desk.state):
                row = poll.look(desk, id, deadline=until)
            self.book.note(row, self._account, self.errand.billed(id))

    def _found(self, desk: Desk, id: str, until: float) -> None:
        """Take down a job that the service has, though nobody was told so when it was sent."""
        with suppress(QamError, ServiceFault), database_faults(desk.state):
            lock = lock_job(desk, id)
            if lock is None:
                return
            with lock:
                remote = desk.client.find(id, until)
                if remote is not None:
                    now = desk.clock.now()
                    with desk.connect() as connection:
                        row = store.note(connection, id, remote, now, now)
                    self.book.note(row, self._account, self.errand.billed(id))

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
        with self.errand.connect() as connection:
            found = store.cached(connection, order.content)
        return next((job for job in found if job.output is not None and cache.get(job.output) is not None), None)

    def _sent(self, work: Work, order: Order, options: Mapping[str, Any], track: dict[str, Any]) -> store.Job:
        """The job of an order, once the service has it."""
        assert work.prepared is not None  # it was made into an order
        account, errand, part = self._account, self.errand, options.get("part")
        work.stop = options.get("stop") or work.stop
        errand.endless = work.payload.kind == "circuit"
        late = PendingError(f"the time to wait was over before a job could be sent to {work.target.id}")
        with errand.on_time(late):
            desk = errand.opened(work.stop)
        with database_faults(account.state):
            order = self._again(order, desk)
        id = order.id(desk.client.service.workspace)

        def entered(row: store.Job) -> None:
            track["job"] = row.id
            self.book.enter(row, account, cached=False, part=part)

        admit = admission(
            account, work.target, work.prepared.estimate, desk.client.service.workspace, desk.clock, id=id,
            others=lambda currency: self.book.counted(currency, but=id, all=account.run is None),
        )  # fmt: skip
        sending = Sending(desk, order, admit, entered)
        with errand.turn(id, late), errand.on_time(late):
            try:
                return errand.within(partial(sending.run, errand.patience(desk)), work.stop)
            except Abandoned:
                sending.give_up()
                raise
            finally:
                if sending.row is not None:
                    self.book.note(sending.row, account, None)

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

    @property
    def errand(self) -> Errand:
        """What it asks the workspace with.

        Raises
        ------
        ValueError
            It was made without an account.
        """
        if self.account is None:
            raise ValueError(f"the engine {self.name} was made without an account, and takes no jobs")
        with self._lock:
            if self._errand is None:
                self._errand = Errand(self.account)
            return self._errand

    @property
    def _account(self) -> Account:
        return self.errand.account

    def _priced(self) -> Any:
        from qamctl.azure.prices import load_prices

        if self._prices is None:
            self._prices = load_prices(self._account.prices)
        return self._prices

    def least(self, target: str) -> int:
        """Variables of a part that a target gets at least: what costs from USD 97 a job is not spent on trifles.

        Without --allow-qpu a quantum computer gets every part, to say itself that it may not be used.
        """
        return ENUMERATED + 1 if self.targets[target].qpu and self._account.allow_qpu else 0

    def price(self, target: str, variables: int, couplings: int, shots: int, depth: int) -> float:
        """About what a part of so many variables and couplings may cost on a target, before it is compiled."""
        from qamctl.azure.prices import CircuitFigures, estimate

        two, one = depth * couplings, (1 + 3 * depth) * variables
        figures = CircuitFigures(variables, one, two, variables, depth * (couplings + 2))
        return estimate(self.targets[target], figures, shots, self._priced()).amount

    def _output(self, work: Work, row: store.Job) -> bytes:
        from qamctl.runs.cache import Cache

        data = None if row.output is None else Cache(self._account.state / "cache").get(row.output)
        if data is not None:
            return data
        late = PendingError(
            f"job {row.id} on {work.target.id} has ended, and its output was not read before the time to wait was "
            f"over: the same command, or `qamctl jobs output {row.id}`, reads it"
        )
        with self.errand.on_time(late):
            desk = self.errand.opened(work.stop)
            return self.errand.within(partial(poll.output_of, desk, row, self.errand.patience(desk)), work.stop)

    def _work(self, job: Job) -> Work:
        return cast(Work, job.info["work"])

    def _job(self, work: Work, row: store.Job) -> Job:
        ready = row.state == "succeeded" and row.output is not None
        state = "succeeded" if ready else "failed" if row.is_ended and row.state != "succeeded" else "running"
        info: dict[str, Any] = {"work": work, "remote": row.id}
        if state == "failed":
            info["error"] = reason(row)
        else:
            info["poll_seconds"] = max(0.0, row.next_poll - self.errand.clock.now())
        return Job(row.id, self.name, state, info)


def reason(job: store.Job) -> str:
    """Why a job gave nothing, in the service's words."""
    error = job.error or {}
    words = ": ".join(str(error[name]) for name in ("code", "message") if error.get(name))
    return words or f"it {job.state}, and the service gave no reason"
