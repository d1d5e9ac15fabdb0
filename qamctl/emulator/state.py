"""All that the service remembers: jobs, sessions, blobs, and how often each was asked for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from qamctl.emulator.targets import Target
from qamctl.emulator.work import Outcome


@dataclass(slots=True)
class Job:
    """One job.

    Attributes
    ----------
    given
        The body of the request that made it.
    container
        Where its blobs lie.
    source
        `container/blob` of its input; empty: `inputData` in its own container.
    created, begins, ends
        Seconds since 1970; infinite for a job that never begins.
    cancelled
        When its cancellation was asked for.
    doom
        Code and message of the error with which it is going to fail, whatever its program.
    finish
        Seconds before its end in which it is told as Finishing.
    outcome
        None until somebody needs it.
    task
        What decides the outcome, once it has begun.
    order
        Jobs and sessions in the order in which they were made.
    """

    id: str
    workspace: str
    given: Mapping[str, Any] = field(repr=False)
    target: Target
    container: str
    created: float
    begins: float
    ends: float
    order: int
    name: str
    tags: list[str]
    priority: str | None = None
    session: str | None = None
    cancelled: float | None = None
    modified: float = 0.0
    doom: tuple[str, str] | None = None
    finish: float = 0.0
    outcome: Outcome | None = None
    source: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    task: Future[None] | None = field(default=None, repr=False)

    @property
    def input_place(self) -> tuple[str, str]:
        """Container and blob of its input."""
        container, _, blob = (self.source or f"{self.container}/inputData").partition("/")
        return container, blob


@dataclass(slots=True)
class Session:
    """One session.

    Attributes
    ----------
    policy
        Abort: the first job that fails ends it; or Continue.
    closed
        When; None while it is open.
    priority, tags
        As they were given; None: not at all.
    """

    id: str
    workspace: str
    name: str
    provider: str
    target: str
    policy: str
    created: float
    order: int
    closed: float | None = None
    priority: str | None = None
    tags: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes with their properties.

    Attributes
    ----------
    metadata
        By name, without the prefix of the header.
    written
        Seconds since 1970.
    tag
        Another one for everything that is written.
    """

    data: bytes = field(repr=False)
    content_type: str
    encoding: str
    metadata: Mapping[str, str]
    written: float
    tag: str


#: What changed: ("job", id), ("session", id), ("container", name), ("blob", container, name), and
#: ("block", container, blob, block). What is not there any more was removed.
Touched = tuple[str, ...]


class Keeper(Protocol):
    """Keeps what changed, so that it is there when the service starts again."""

    def keep(self, state: State, touched: Iterable[Touched]) -> None:
        """Keep all of it, or, where the process ends meanwhile, nothing."""
        ...


@dataclass(slots=True)
class State:
    """Everything at once; whoever reads or changes it holds the service's lock, and says what was touched.

    Attributes
    ----------
    jobs
        By id, also those of other workspaces.
    containers
        Blobs by name, by container.
    blocks
        What was put and not yet committed: bytes by (container, blob, block).
    requests
        How many of each kind, as `PUT job`.
    puts
        How many requests to create a job came for each id.
    created
        How many jobs came to be under each id: 1, unless a second request replaced it.
    order
        Of the next job or session.
    writes
        Of the next blob.
    touched
        What changed since it was kept, in that order.
    keeper
        None: nothing outlasts the process.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    containers: dict[str, dict[str, Blob]] = field(default_factory=dict)
    blocks: dict[tuple[str, str, str], bytes] = field(default_factory=dict, repr=False)
    requests: Counter[str] = field(default_factory=Counter)
    puts: Counter[str] = field(default_factory=Counter)
    created: Counter[str] = field(default_factory=Counter)
    order: int = 0
    writes: int = 0
    touched: dict[Touched, None] = field(default_factory=dict)
    keeper: Keeper | None = field(default=None, repr=False)

    def touch(self, *what: str) -> None:
        """Say what changed; see `Touched`."""
        if self.keeper is not None:
            self.touched[what] = None

    def keep(self) -> None:
        """Keep what changed; if that fails, it is tried again with the next change.

        Raises
        ------
        OSError
            It can't be kept.
        """
        if self.keeper is not None and self.touched:
            self.keeper.keep(self, self.touched)
            self.touched.clear()

    def make_container(self, container: str) -> None:
        """Make a container, if it is not there."""
        if container not in self.containers:
            self.containers[container] = {}
            self.touch("container", container)

    def drop_container(self, container: str) -> None:
        """Remove a container, if it is there, with its blobs and what was put for them."""
        if self.containers.pop(container, None) is not None:
            self.touch("container", container)
            for key in [key for key in self.blocks if key[0] == container]:
                del self.blocks[key]
                self.touch("block", *key)

    def next_order(self) -> int:
        """Its place among jobs and sessions."""
        self.order += 1
        return self.order

    def write(
        self,
        container: str,
        name: str,
        data: bytes,
        now: float,
        *,
        content_type: str = "application/octet-stream",
        encoding: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> Blob:
        """Put a blob in its place."""
        self.writes += 1
        blob = Blob(data, content_type, encoding, metadata or {}, now, f'"0x8DE{self.writes:012X}"')
        self.make_container(container)
        self.containers[container][name] = blob
        self.touch("blob", container, name)
        return blob
