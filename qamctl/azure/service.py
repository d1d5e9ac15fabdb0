"""Azure Quantum as we see it: its verbs, one attempt each, and what they give; nothing here holds a token.

`sdk.SdkService` speaks them over the network. Whoever stands behind the protocol, the rest is the same: retries
(`client`), submission exactly once (`submit`), waiting (`poll`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

#: What the service says of a job, in lower case, by what we call it; all of them are in one of these.
WAITING: Final = frozenset({"queued", "waiting"})
RUNNING: Final = frozenset({"executing", "finishing", "cancellationrequested", "cancelling"})
SUCCEEDED: Final = frozenset({"succeeded", "completed"})
FAILED: Final = frozenset({"failed"})
CANCELLED: Final = frozenset({"cancelled"})


class ServiceFault(Exception):
    """One attempt of a verb failed.

    Parameters
    ----------
    message
        What the service said, without tokens.
    status
        Of HTTP; None: there was no answer.
    code
        The service's own word, as `JobNotFound`; empty where it gave none.
    retry_after
        Seconds that the service asks to wait.
    """

    def __init__(
        self, message: str, *, status: int | None = None, code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.code, self.retry_after = message, status, code, retry_after

    @property
    def passing(self) -> bool:
        """Whether the same attempt may work later: no answer, 408, 429, or the service's own fault."""
        return self.status is None or self.status in (408, 429) or self.status >= 500


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything that makes a job.

    Attributes
    ----------
    id
        Ours: `identity.job_id`.
    input_format, output_format, content_type
        As the service names them: `qir.v1`, `microsoft.quantum-results.v2`, `qir.v1`.
    params
        `inputParams`: shots, items, ...
    priority
        Standard or High; None: not said.
    """

    id: str
    name: str
    target: str
    provider: str
    payload: bytes = field(repr=False)
    input_format: str
    output_format: str
    content_type: str
    params: Mapping[str, Any]
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    priority: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Where the input of a job lies; the container's address holds a token, and is never written or shown."""

    container_uri: str = field(repr=False)
    input_uri: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What the service says that a job cost; `events` as it lists them."""

    total: float
    currency: str
    events: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A job as the service has it.

    Attributes
    ----------
    status
        Its word, as `Waiting`.
    error
        (code, message) of a job that failed.
    created, began, ended
        ISO-8601; None where not said.
    details
        All that the service said, without tokens.
    """

    id: str
    name: str
    target: str
    provider: str
    status: str
    input_format: str = ""
    output_format: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    session: str | None = None
    error: tuple[str, str] | None = None
    cost: Cost | None = None
    created: str | None = None
    began: str | None = None
    ended: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """submitted (it waits or runs), succeeded, failed or cancelled; a word that is not known counts as running."""
        word = self.status.lower()
        known = {"succeeded": SUCCEEDED, "failed": FAILED, "cancelled": CANCELLED}
        return next((state for state, words in known.items() if word in words), "submitted")


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """A target as the service tells it today.

    Attributes
    ----------
    availability
        Available, Degraded or Unavailable.
    queue_seconds
        Average time in the queue.
    qubits, profile
        None where the service does not say; profile is a key of `qamctl.quantum.qir.PROFILES`.
    """

    id: str
    provider: str
    availability: str
    queue_seconds: float
    qubits: int | None = None
    profile: str | None = None
    status_page: str | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """What a provider allows, as the service tells it."""

    dimension: str
    scope: str
    provider: str
    used: float
    held: float
    limit: float
    period: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session of jobs."""

    id: str
    name: str
    target: str
    provider: str
    status: str


class Service(Protocol):
    """The verbs, one attempt each.

    Attributes
    ----------
    workspace
        `subscription/resource-group/name`, lower case: whose jobs these are.
    endpoint
        The address, without anything secret: what rate limits are counted by.

    Raises
    ------
    ServiceFault
        From every verb.
    """

    workspace: str
    endpoint: str

    def get_job(self, id: str) -> RemoteJob:
        """A job; status 404 where there is none."""
        ...

    def upload(self, submission: Submission) -> Uploaded:
        """Put the input where the service finds it, over what an earlier attempt may have left."""
        ...

    def put_job(self, submission: Submission, uploaded: Uploaded) -> RemoteJob:
        """Create the job under our id."""
        ...

    def cancel_job(self, id: str) -> RemoteJob | None:
        """Ask the service to cancel; None where it does not say what became of the job."""
        ...

    def list_jobs(self, query: str | None, order: str | None, skip: int, top: int) -> Sequence[RemoteJob]:
        """One page of jobs; `query` and `order` in the service's own (OData) language."""
        ...

    def output(self, job: RemoteJob) -> bytes:
        """What a job that succeeded gave, as it is stored."""
        ...

    def input(self, job: RemoteJob) -> bytes:
        """What a job was given."""
        ...

    def targets(self) -> Sequence[TargetStatus]:
        """Every target of the workspace."""
        ...

    def quotas(self) -> Sequence[Quota]:
        """Quotas of the workspace's providers."""
        ...

    def open_session(self, id: str, name: str, provider: str, target: str) -> Session:
        """Open a session under our id."""
        ...

    def get_session(self, id: str) -> Session:
        """A session; status 404 where there is none."""
        ...

    def close_session(self, id: str) -> Session:
        """No more jobs will come."""
        ...
