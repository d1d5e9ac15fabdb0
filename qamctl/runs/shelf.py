"""A folder of files that are named by hashes: written whole, read back, counted, and cleared, the least used first.

Jobs' payloads and whole answers lie on such shelves; what a file has to hold so that it counts is theirs to say.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qamctl.runs.atomic import sweep, write_atomic

#: Folders that the files of a shelf lie in.
FOLDERS: Final = 256

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Item:
    """A file on a shelf.

    Attributes
    ----------
    size
        In bytes.
    used
        When it was written or marked as used last, in seconds since 1970, by the clock of the file system.
    """

    name: str
    size: int
    used: float


class Shelf:
    """Files by name, 64 hexadecimal digits; the first two of them are the folder that a file lies in.

    Parameters
    ----------
    folder
        Made when something is put in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where a file lies, or would.

        Raises
        ------
        ValueError
            The name is none: nothing leads out of the folder.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no SHA-256")
        return self.folder / name[:2] / name

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises
        ------
        FileNotFoundError
            There is none.
        OSError
            What lies there is no file, or can't be read.
        """
        # A link is not followed, and a pipe that somebody put there is not waited for.
        file = os.open(self.path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(file, "rb") as stream:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError("it is not a regular file")
            return stream.read()

    def write(self, name: str, data: bytes, *, durable: bool) -> None:
        """Put a file in, whole or not at all; whatever lies in its place, a folder even, makes room.

        Raises
        ------
        TemporaryError, UsageError
            As `atomic.write_atomic`.
        """
        path = self.path(name)
        if not _is_file(path):
            self.drop(name)
        write_atomic(path, data, durable=durable, private=True)

    def drop(self, name: str) -> None:
        """Forget a file, and whatever else lies in its place; what can't be removed stays."""
        path = self.path(name)
        with suppress(OSError):
            if not _is_folder(path.parent):
                path.parent.unlink()
            elif _is_folder(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()

    def mark(self, name: str) -> None:
        """Note that a file was used just now."""
        with suppress(OSError):  # gone meanwhile, or the folder is read-only: the order is a matter of thrift alone
            os.utime(self.path(name))

    def items(self) -> list[Item]:
        """Every file, in no order; what another process drops meanwhile may be missing."""
        return [item for shard in _entries(self.folder) for item in _items(Path(shard.path))]

    def estimate(self, name: str) -> int:
        """Bytes in all, by the folder of one name: names are hashes, so that each folder holds about as much."""
        return FOLDERS * sum(item.size for item in _items(self.path(name).parent))

    def size(self) -> int:
        """Bytes in all."""
        return sum(item.size for item in self.items())

    def surplus(self, *, most: int | None = None, keep: int | None = None, before: float | None = None) -> list[Item]:
        """What would have to go, the least recently used first.

        Parameters
        ----------
        most
            Bytes that may stay in all.
        keep
            So many may stay at most; with `before`, those that were used last stay whatever their age.
        before
            Seconds since 1970: only what was used last before then is in question.
        """
        gone, total = [], 0
        for place, item in enumerate(sorted(self.items(), key=lambda item: (item.used, item.name), reverse=True)):
            total += item.size
            old = before is None or item.used < before
            ruled_out = (keep is not None or before is not None) and place >= (keep or 0) and old
            if ruled_out or (most is not None and total > most):
                gone.append(item)
        return gone[::-1]

    def clear(self, items: list[Item]) -> None:
        """Forget files, and what killed processes left half written beside them."""
        for item in items:
            self.drop(item.name)
        for shard in _entries(self.folder):
            if shard.is_dir(follow_symlinks=False):
                sweep(Path(shard.path))


def _items(shard: Path) -> list[Item]:
    return [
        Item(entry.name, found.st_size, found.st_mtime)
        for entry in _entries(shard)
        if _NAME.fullmatch(entry.name) and (found := _stat(entry)) is not None
    ]


def _is_file(path: Path) -> bool:
    return not path.is_symlink() and path.is_file()


def _is_folder(path: Path) -> bool:
    return not path.is_symlink() and path.is_dir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # not there, or a file: nothing can be read from it either
        return []


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # dropped, or renamed, a moment ago
        return None
