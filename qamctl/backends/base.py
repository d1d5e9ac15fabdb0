"""What an engine that takes a model or a circuit can do, and the verbs that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.compile import Compiled


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine accepts.

    Attributes
    ----------
    kinds
        Kinds of compiled payload: "qubo", "qir"...
    max_variables
        Largest model it takes, None without a limit.
    exact
        Its best sample is proved optimal.
    package
        The optional package that it needs, as pip names it; None where it is always there.
    """

    kinds: tuple[str, ...]
    max_variables: int | None = None
    exact: bool = False
    package: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Something that was submitted to an engine; local engines finish within `submit`."""

    id: str
    backend: str
    state: str  #: queued, running, succeeded, failed, cancelled
    info: Mapping[str, Any] = field(default_factory=dict)


class Backend(Protocol):
    """An engine for compiled models."""

    name: str
    capabilities: Capabilities

    def submit(self, compiled: Compiled, options: Mapping[str, Any]) -> Job:
        """Start sampling. Options: seed, reads, sweeps, seconds, initial (a sample to start from)."""
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
