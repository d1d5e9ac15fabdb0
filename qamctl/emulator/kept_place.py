"""The folder of a state: one service at a time has it, and the key of its clients lies in it."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qamctl.emulator.keys import is_key, new_key
from qamctl.errors import FULL, AuthError, QamError, SpecError, TemporaryError, UsageError


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder for this process alone, made if it is not there; a process that is killed lets go of it.

    Raises
    ------
    TemporaryError
        Another process has it.
    UsageError
        It can't be written.
    """
    with _told(folder):
        folder.mkdir(0o700, parents=True, exist_ok=True)
        file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with _told(folder):
            _lock(file, folder)
        yield
    finally:
        os.close(file)


def read_key(folder: Path) -> str:
    """The key that is kept in a folder, which this process holds; on first use it is drawn.

    Raises
    ------
    AuthError
        Others may read it, or it is no file.
    SpecError
        What is there is no key.
    UsageError, TemporaryError
        It can't be read or written.
    """
    path = folder / "key"
    with _told(folder):
        if not os.path.lexists(path):
            _write_key(folder, path)
        return _checked_key(path)


def make_private(path: Path) -> None:
    """Make an empty file for its owner, if it is not there.

    Raises
    ------
    UsageError, TemporaryError
        It can't be written.
    """
    with _told(path.parent):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = os.read(file, 20).decode("ascii", "replace").strip()
        raise TemporaryError(
            f"the state folder {folder} is in use by another emulator{f' (process {process})' if process else ''}: "
            "end that one, or choose another folder"
        ) from None
    os.ftruncate(file, 0)
    os.pwrite(file, b"%d\n" % os.getpid(), 0)


def _write_key(folder: Path, path: Path) -> None:
    """Whole or not at all: nobody else writes here, and what a killed process left is written anew."""
    draft = folder / ".key.tmp"
    with suppress(FileNotFoundError):
        draft.unlink()
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(new_key())
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    entries = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(entries)
    finally:
        os.close(entries)


def _checked_key(path: Path) -> str:
    """Looked at and read through one handle, so that it can't be swapped in between."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise AuthError(f"the key {path} is not a file: delete it, and a new one is drawn")
        if status.st_mode & 0o077:
            raise AuthError(
                f"others may read the key {path}: delete it, and a new one is drawn, or run chmod 600 {path}"
            )
        key = os.read(file, 1024).decode("ascii", "replace").strip()
    finally:
        os.close(file)
    if not is_key(key):
        raise SpecError(f"{path} holds no key: delete it, and a new one is drawn")
    return key


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Tell what the machine refuses as a fault that the user can act on."""
    try:
        yield
    except OSError as error:
        raise _fault(folder, error) from error


def _fault(folder: Path, error: OSError) -> QamError:
    """The fault of a folder that can't be used."""
    reason = (error.strerror or str(error)).lower()
    if error.errno in FULL:
        return TemporaryError(
            f"can't write the state folder {folder}: {reason}; free some space or raise the limit, then run again"
        )
    where = f" ({Path(os.fsdecode(error.filename)).name})" if error.filename else ""
    return UsageError(
        f"can't use the state folder {folder}: {reason}{where}; choose another place or fix its permissions"
    )
