"""Bytes kept under their own hash: payloads of jobs, and what came back; verified whenever they are read."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from qamctl.runs.atomic import write_atomic


class Cache:
    """A folder of files named by the SHA-256 of what they hold.

    Parameters
    ----------
    folder
        `cache` in the state folder; made when something is put in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep bytes, durably; their name (64 hexadecimal digits)."""
        name = hashlib.sha256(data).hexdigest()
        if self.get(name) is None:
            write_atomic(self._path(name), data, private=True)
        return name

    def get(self, name: str) -> bytes | None:
        """The bytes of that name; None where there are none, or what is there is damaged."""
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == name else None

    def drop(self, name: str) -> None:
        """Forget bytes."""
        self._path(name).unlink(missing_ok=True)

    def size(self) -> int:
        """Bytes in all."""
        return sum(_size(entry) for shard in _entries(self.folder) for entry in _entries(Path(shard.path)))

    def _path(self, name: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", name):
            raise ValueError(f"{name!r} is no SHA-256")
        return self.folder / name[:2] / name


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:  # dropped, or renamed, a moment ago
        return 0
