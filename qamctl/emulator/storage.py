"""Where blobs lie: with the service, or with a service of their own; the data plane asks for no more than this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from qamctl.emulator.sas import Signer
from qamctl.emulator.state import State


class Storage(Protocol):
    """An account with containers of blobs.

    Addresses begin with `base`, where the storage is for whoever asks; a storage of its own knows better, and
    leaves it out of account. All are valid from `start` to `end`, seconds since 1970. Whatever is asked of a storage
    that is away raises `TemporaryError`.
    """

    def make(self, container: str) -> None:
        """Make a container, if it is not there."""
        ...

    def read(self, container: str, blob: str) -> bytes | None:
        """A blob; None: it is not there."""
        ...

    def write(self, container: str, blob: str, data: bytes, now: float, content_type: str) -> None:
        """Put a blob in its place."""
        ...

    def drop(self, container: str) -> None:
        """Remove a container, if it is there, with its blobs."""
        ...

    def upload_address(self, base: str, container: str, blob: str | None, start: float, end: float) -> str:
        """The address with which a client writes a container, or one blob of it."""
        ...

    def container_address(self, base: str, container: str, start: float, end: float) -> str:
        """The address with which a client reads a container."""
        ...

    def blob_address(self, base: str, container: str, blob: str, start: float, end: float, file_name: str) -> str:
        """The address with which a client reads a blob, and the name under which a browser saves it."""
        ...


@dataclass(frozen=True, slots=True)
class OwnStorage:
    """The blobs of `State`, which `blobs` serves; whoever asks holds the service's lock."""

    state: State
    signer: Signer

    def make(self, container: str) -> None:
        """As `Storage` has it."""
        self.state.make_container(container)

    def read(self, container: str, blob: str) -> bytes | None:
        """As `Storage` has it."""
        found = self.state.containers.get(container, {}).get(blob)
        return None if found is None else found.data

    def write(self, container: str, blob: str, data: bytes, now: float, content_type: str) -> None:
        """As `Storage` has it."""
        self.state.write(container, blob, data, now, content_type=content_type)

    def drop(self, container: str) -> None:
        """As `Storage` has it."""
        self.state.drop_container(container)

    def upload_address(self, base: str, container: str, blob: str | None, start: float, end: float) -> str:
        """As `Storage` has it."""
        if blob is not None:
            return f"{base}/{container}/{blob}?{self.signer.blob(container, blob, 'rcw', start, end)}"
        return f"{base}/{container}?{self.signer.account('rwlac', start, end)}"

    def container_address(self, base: str, container: str, start: float, end: float) -> str:
        """As `Storage` has it."""
        return f"{base}/{container}?{self.signer.container(container, 'rl', start, end)}"

    def blob_address(self, base: str, container: str, blob: str, start: float, end: float, file_name: str) -> str:
        """As `Storage` has it."""
        return f"{base}/{container}/{blob}?{self.signer.blob(container, blob, 'r', start, end, file_name)}"
