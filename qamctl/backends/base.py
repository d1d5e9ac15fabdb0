"""What an engine that takes a model or a circuit can do, and the verbs that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.payload import Payload


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine accepts.

    Attributes
    ----------
    kinds
        Kinds of payload: "qubo" (`qubo.compile.Compiled`), "model" (`qubo.payload.Uncompiled`), "qir"...
    max_variables
        Largest model it takes, None without a limit.
    any_variables
        Largest model it takes whatever the couplings, where it takes larger ones if they are easy; windows are cut
        to this size. None: `max_variables` says it all.
    batch
        Jobs that it works on side by side.
    shots
        Of an engine that measures circuits: how often, where nothing else is said. None: it is a search.
    exact
        Its best sample is proved optimal.
    package
        The optional package that it needs, as pip names it; None where it is always there.
    remote
        It is a service far away: its jobs wait in a queue for minutes, cost money, and outlive this process.
    """

    kinds: tuple[str, ...]
    max_variables: int | None = None
    exact: bool = False
    package: str | None = None
    any_variables: int | None = None
    shots: int | None = None
    batch: int = 1
    remote: bool = False

    @property
    def quantum(self) -> bool:
        """Whether it measures circuits: on a device, or a simulation of one."""
        return self.shots is not None


@dataclass(frozen=True, slots=True)
class Job:
    """Something that was submitted to an engine; local engines finish within `submit`.

    Attributes
    ----------
    state
        queued, running, succeeded, failed or cancelled.
    info
        `error`: why it failed. `poll_seconds`: how long to wait before the next look, where the engine knows.
        `remote`: the id that a service knows the job by.
    """

    id: str
    backend: str
    state: str
    info: Mapping[str, Any] = field(default_factory=dict)


class Backend(Protocol):
    """An engine for models."""

    name: str
    capabilities: Capabilities

    def submit(self, compiled: Payload, options: Mapping[str, Any]) -> Job:
        """Start sampling.

        Options
        -------
        An engine ignores those that mean nothing to it.

        seed
            Of everything random.
        reads, sweeps
            How many samples, and how much work for each; reads are the shots of an engine that measures circuits.
        depth, mixer, angles, noise
            Of QAOA circuits; a file in which the training of their angles is kept; a preset of simulated noise.
        seconds
            Wall time.
        steps
            A budget of work in place of time, from which equal seeds give equal samples.
        initial
            [n] a sample to start from.
        threads, target
            Cores to use; an energy that is good enough.
        stop, report
            Functions: whether to end now; told every better sample with its energy.
        """
        ...

    def poll(self, job: Job) -> Job:
        """The job as it stands now."""
        ...

    def fetch(self, job: Job) -> dimod.SampleSet:
        """The samples of a finished job."""
        ...

    def cancel(self, job: Job) -> Job:
        """Stop the job."""
        ...
