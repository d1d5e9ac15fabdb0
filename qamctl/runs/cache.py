"""Bytes kept under their own hash: payloads of jobs, and what came back; verified whenever they are read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from qamctl.runs.shelf import Shelf


class Cache:
    """A folder of files named by the SHA-256 of what they hold.

    Parameters
    ----------
    folder
        `cache` in the state folder; made when something is put in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shelf = Shelf(folder)

    def put(self, data: bytes) -> str:
        """Keep bytes, durably; their name (64 hexadecimal digits)."""
        name = hashlib.sha256(data).hexdigest()
        if self.get(name) is None:
            self._shelf.write(name, data, durable=True)
        return name

    def get(self, name: str) -> bytes | None:
        """The bytes of that name; None where there are none, or what is there is damaged."""
        try:
            data = self._shelf.read(name)
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == name else None

    def drop(self, name: str) -> None:
        """Forget bytes."""
        self._shelf.drop(name)

    def size(self) -> int:
        """Bytes in all."""
        return self._shelf.size()
