"""What every route works with: the settings of the service, its state, and the request at hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from qamctl.azure.clock import Clock
from qamctl.emulator import life
from qamctl.emulator.faults import Faults
from qamctl.emulator.messages import Request
from qamctl.emulator.place import Place
from qamctl.emulator.programs.noise import preset_of
from qamctl.emulator.sas import Signer
from qamctl.emulator.state import Job, Session, State
from qamctl.emulator.storage import Storage
from qamctl.emulator.targets import Target
from qamctl.emulator.timing import Timing
from qamctl.emulator.work import Runner, Work

#: What is answered to a second request that makes a job under an id that there is.
SecondPut = Literal["conflict", "same", "replace"]

#: Seconds by which a token is valid before it was made, for clocks that go slow.
_BEFORE: Final = 300.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way.

    Attributes
    ----------
    now
        Seconds since 1970, once for the whole request.
    storage
        The address of the storage for whoever asks.
    faults
        What is going wrong with it: words of `faults.FAULTS`, and seconds where they were said.
    """

    request: Request
    place: Place
    now: float
    storage: str
    faults: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(slots=True)
class Core:
    """Settings and state; see `service.AzureService` for the settings."""

    clock: Clock
    seed: int
    key: str = field(repr=False)
    timing: Timing
    cancel_seconds: float
    token_seconds: float
    targets: Mapping[str, Target]
    workspaces: frozenset[str] | None
    second_put: SecondPut
    lost_shots: float
    noise: str
    faults: Faults
    runner: Runner = field(repr=False)
    signer: Signer = field(repr=False)
    storage: Storage = field(repr=False)
    state: State = field(default_factory=State)

    def status(self, job: Job, now: float) -> str:
        """The word for a job."""
        return life.status(job, now, self.cancel_seconds)

    def session_status(self, session: Session, now: float) -> str:
        """The word for a session."""
        words = [self.status(job, now) for job in self.state.jobs.values() if job.session == session.id]
        return life.session_status(session, words)

    def jobs_of(self, workspace: str) -> list[Job]:
        """Jobs of a workspace, in the order in which they were made."""
        return [job for job in self.state.jobs.values() if job.workspace == workspace]

    def period(self, call: Call) -> tuple[float, float]:
        """When a token that is made now begins and ends to be valid."""
        if "expired" in call.faults:
            return call.now - 2 * _BEFORE, call.now - 1
        return call.now - _BEFORE, call.now + self.token_seconds

    def foretell(self, job: Job, call: Call) -> None:
        """Decide what a new job is in for."""
        if "stuck" in call.faults:
            job.begins = job.ends = math.inf
        if "failed" in call.faults:
            job.doom = ("JobProcessingError", "The provider failed to process the job.")
        if "unavailable" in call.faults or job.target.availability == "Unavailable":
            provider = job.target.provider.lower()
            text = (
                f"There was a problem submitting the job to '{provider}'. Please check the provider's status and try "
            )
            job.doom = ("ProviderTimeout", f"{text}submitting the job again later.")

    def work(self, job: Job) -> Work | None:
        """What a job's runner needs; None: its input was never put."""
        data = self.storage.read(*job.input_place)
        if data is None:
            return None
        formats = (str(job.given["inputDataFormat"]), str(job.given["outputDataFormat"]))
        params = job.given["inputParams"]
        noise = preset_of(self.noise, job.target)
        return Work(job.id, job.target, data, *formats, params, self.seed, self.lost_shots, noise)
