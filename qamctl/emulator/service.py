"""The service itself: one function from a request to an answer, without sockets, threads or a clock of its own."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from qamctl.azure.clock import Clock, SystemClock
from qamctl.emulator import blobs, jobs, sessions, versions, workspace
from qamctl.emulator.core import Call, Core, SecondPut
from qamctl.emulator.faults import HEADER, Drawn, Faults, UnknownFault, asked
from qamctl.emulator.messages import (
    LostResponse,
    Refused,
    Request,
    Response,
    fault,
    make_request,
    refuse,
    unauthorized,
    with_headers,
    xml_fault,
)
from qamctl.emulator.place import Place, find, storage_address
from qamctl.emulator.running import Running
from qamctl.emulator.sas import Signer
from qamctl.emulator.state import Job, Keeper, Session, State
from qamctl.emulator.storage import OwnStorage, Storage
from qamctl.emulator.targets import TARGETS, Target
from qamctl.emulator.timing import Timing, fixed
from qamctl.emulator.work import Outcome, Runner, Work, lasting
from qamctl.errors import TemporaryError

__all__ = ["AzureService", "LostResponse", "Outcome", "Request", "Response", "Work", "make_request"]

_T = TypeVar("_T")

_DAY: Final = 86_400.0

_ROUTES: Final[Mapping[str, Callable[[Core, Call], Response]]] = {
    "PUT job": jobs.put,
    "GET job": jobs.get,
    "PATCH job": jobs.patch,
    "PATCH job options": jobs.patch,
    "DELETE job": jobs.delete,
    "POST job:cancel": jobs.cancel,
    "GET jobs": jobs.listed,
    "GET items": sessions.items,
    "PUT session": sessions.put,
    "GET session": sessions.get,
    "POST session:close": sessions.close,
    "GET session jobs": sessions.jobs_in,
    "GET sessions": sessions.listed,
    "GET providers": workspace.providers,
    "GET quotas": workspace.quotas,
    "GET usages": workspace.usages,
    "POST sas": workspace.address,
    "GET suite providers": workspace.suite_provider,
    "GET suite usages": workspace.suite_usages,
}


#: Kinds of request that are served, of the data plane and of the storage.
KINDS: Final = (*_ROUTES, *blobs.KINDS)


class AzureService:
    """Azure Quantum's data plane and its storage, in memory.

    Parameters
    ----------
    clock
        All that happens to a job follows from it; None: the machine's.
    seed
        Equal seeds give a job of the same id the same results.
    key
        What `x-ms-quantum-api-key` must be.
    queue_seconds, run_seconds
        How long a job waits and runs, unless `timing` says.
    timing
        How long each job waits and runs; None: as the two before.
    cancel_seconds
        How long a cancellation takes.
    token_seconds
        How long the addresses of blobs are valid.
    targets
        What is offered.
    workspaces
        The ones that there are, as `subscription/resource-group/name`; None: any.
    faults
        What goes wrong; None: nothing.
    runner
        Runs a job's program, outside of every lock, when somebody asks for a job whose time is over; None: on the
        simulators of `qamctl.quantum`, in threads that outlast every connection.
    second_put
        What is answered to a second request that makes a job under an id that there is, which nobody has recorded
        of the real service: `conflict` (409), `same` (200 and the first job), `replace` (200 and another job).
    lost_shots
        Probability with which a shot of QIR loses each of its bits.
    noise
        What jobs are simulated with that ask for nothing: `none`; `target`, machines and noisy simulators as their
        maker's; or a preset of `qamctl.quantum.noise` for all. See `programs.noise.check_noise`.
    base_url
        Where the storage account is; None: where the data plane was asked.
    storage
        Where the blobs lie, with `base_url`; None: here. While it raises `TemporaryError`, what needs it is answered
        by 503.
    patience
        Seconds that an answer waits for programs that are due; one that takes longer is told as at work.
    state, keeper
        What was kept of an earlier service, and what keeps this one's; None: nothing.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        key: str = "emulator-key",
        queue_seconds: float = 0.5,
        run_seconds: float = 0.3,
        timing: Timing | None = None,
        cancel_seconds: float = 0.3,
        token_seconds: float = _DAY,
        targets: Sequence[Target] = TARGETS,
        workspaces: Iterable[str] | None = None,
        faults: Faults | None = None,
        runner: Runner | None = None,
        second_put: SecondPut = "conflict",
        lost_shots: float = 0.0,
        noise: str = "none",
        base_url: str | None = None,
        storage: Storage | None = None,
        patience: float = 20.0,
        state: State | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self._base_url = base_url
        self._own_storage = storage is None
        self._lock = threading.RLock()
        state = state or State()
        state.keeper = keeper
        signer = Signer(hashlib.sha256(f"storage\0{key}".encode()).digest())
        self._core = Core(
            clock=clock or SystemClock(),
            seed=seed,
            key=key,
            timing=timing or fixed(queue_seconds, run_seconds),
            cancel_seconds=cancel_seconds,
            token_seconds=token_seconds,
            targets={target.id: target for target in targets},
            workspaces=None if workspaces is None else frozenset(name.lower() for name in workspaces),
            second_put=second_put,
            lost_shots=lost_shots,
            noise=noise,
            faults=faults or Faults(),
            runner=runner or lasting(_simulated),
            signer=signer,
            storage=storage or OwnStorage(state, signer),
            state=state,
        )
        self._running = Running(self._core, self._lock, patience)

    @property
    def jobs(self) -> Mapping[str, Job]:
        """The jobs that there are, by id."""
        return self._core.state.jobs

    @property
    def sessions(self) -> Mapping[str, Session]:
        """The sessions that there are, by id."""
        return self._core.state.sessions

    @property
    def requests(self) -> Counter[str]:
        """How many requests came, by kind (`place.Place.kind`), whatever became of them."""
        return self._core.state.requests

    @property
    def puts(self) -> Counter[str]:
        """How many requests to make a job were handled, by its id."""
        return self._core.state.puts

    @property
    def created(self) -> Counter[str]:
        """How many jobs were made under each id: never more than 1, unless `second_put` is `replace`."""
        return self._core.state.created

    @property
    def key(self) -> str:
        """What opens the data plane."""
        return self._core.key

    @property
    def token(self) -> str:
        """What stands for a token of Microsoft Entra, where the hosts are Azure's: whoever has the key gets it."""
        return hashlib.sha256(f"token\0{self._core.key}".encode()).hexdigest()

    def is_bearer(self, request: Request) -> bool:
        """Whether a request has that token."""
        return _same(request.header("authorization"), f"Bearer {self.token}")

    @property
    def workspaces(self) -> frozenset[str] | None:
        """The ones that there are; None: any."""
        return self._core.workspaces

    @property
    def clock(self) -> Clock:
        """What all that happens to a job follows from."""
        return self._core.clock

    def look(self, view: Callable[[Core], _T]) -> _T:
        """What a view makes of settings and state; nothing changes meanwhile, so it may not take long."""
        with self._lock:
            return view(self._core)

    def has_workspace(self, name: str) -> bool:
        """Whether there is a workspace `subscription/resource-group/name`."""
        return self._core.workspaces is None or name.lower() in self._core.workspaces

    def status(self, id: str) -> str:
        """The word for a job now, as the service would tell it.

        Raises
        ------
        KeyError
            There is no such job.
        TemporaryError
            It is to be decided, and the storage is away.
        """
        core, job = self._core, self._core.state.jobs[id]
        now = core.clock.now()
        self._running.run([job], now)
        return core.status(job, now)

    def handle(self, request: Request) -> Response:
        """Answer a request.

        Raises
        ------
        LostResponse
            No answer comes.
        """
        core, place = self._core, find(request)
        with self._lock:
            core.state.requests[place.kind] += 1
            drawn = core.faults.drawn(place.kind, core.state.requests[place.kind], core.state.requests.total())
        try:
            faults = {**drawn, **asked(request.header(HEADER), place.kind)}
        except UnknownFault as error:
            told = xml_fault if place.name == "storage" else fault
            return told(400, "UnknownFault", f"The header {HEADER} is not valid: {error}.")
        if not faults:
            return self._answer(request, place, faults)
        return with_headers(self._befallen(request, place, faults), {HEADER: ", ".join(faults)})

    def _befallen(self, request: Request, place: Place, faults: Drawn) -> Response:
        """The answer to a request that something befalls."""
        core, names = self._core, tuple(faults)
        if "slow" in faults:
            core.clock.sleep(_given(faults["slow"], core.faults.slow_seconds))
        if "lost-before" in faults:
            raise LostResponse("the connection is cut before the request is read", names)
        if "throttle" in faults:
            return _busy(place, _given(faults["throttle"], core.faults.retry_after))
        if "error-before" in faults:
            return _error(place)
        answer = self._answer(request, place, faults)
        if "twice" in faults:
            answer = self._answer(request, place, faults)
        if "lost-after" in faults:
            raise LostResponse("the connection is cut before the answer is sent", names)
        return _error(place) if "error-after" in faults else answer

    def _answer(self, request: Request, place: Place, faults: Drawn) -> Response:
        core = self._core
        call = Call(request, place, core.clock.now(), storage_address(request, self._base_url), faults)
        if place.name != "storage" and not self._is_known(request):
            return unauthorized()
        try:
            self._running.run(self._running.concerned(request, place), call.now)
            with self._lock:
                try:
                    return self._routed(call)
                except Refused as refused:
                    return refused.answer
                finally:
                    core.state.keep()
        except TemporaryError as error:  # no job is decided by it: the next look at them tries again
            return fault(503, "ServiceUnavailable", f"The storage is not available: {error.message}.")

    def _routed(self, call: Call) -> Response:
        if call.place.name != "storage":
            _check(self._core, call)
            return _ROUTES[call.place.kind](self._core, call)
        if not self._own_storage:
            raise refuse(404, "NotFound", "The storage is elsewhere.")
        return blobs.answer(self._core, call)

    def _is_known(self, request: Request) -> bool:
        if _same(request.header("x-ms-quantum-api-key"), self._core.key):
            return True
        return request.header("host").endswith(".azure.com") and self.is_bearer(request)


def _same(given: str, wanted: str) -> bool:
    """Compare secrets, in a time that tells nothing of them."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _given(value: float | None, default: float) -> float:
    return default if value is None else value


def _busy(place: Place, seconds: float) -> Response:
    """The answer of whoever is asked too much."""
    after = {"Retry-After": f"{seconds:g}"}
    if place.name == "storage":
        return with_headers(xml_fault(503, "ServerBusy", "The server is currently unable to receive requests."), after)
    return fault(429, "TooManyRequests", "Too many requests: try again later.", after)


def _error(place: Place) -> Response:
    if place.name == "storage":
        return xml_fault(500, "InternalError", "The server encountered an internal error. Please retry the request.")
    return fault(500, "InternalServerError", "An internal error occurred.")


def _check(core: Core, call: Call) -> None:
    """Refuse what no route can answer."""
    if not call.place.name:
        raise refuse(404, "NotFound", "There is nothing at this address.")
    versions.check(call.request, call.place.kind)
    own, known = call.place.workspace, core.workspaces
    if known is not None and "/" in own and own not in known:
        raise refuse(404, "WorkspaceNotFound", "The workspace was not found.")
    if call.place.kind not in _ROUTES:
        raise refuse(405, "MethodNotAllowed", "The address does not take this method.")


def _simulated(work: Work) -> Outcome:
    """Run a program on the simulators; they are loaded by the first job that needs them."""
    from qamctl.emulator.programs.execute import run

    return run(work)
