"""A state file that one process holds: lines are only ever added, and none is lost.

A line is written whole and synced before the lock on the file is given back. A process that is killed in the middle
leaves an unfinished last line, which the next one cuts off; it was never acknowledged.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from qamctl.errors import QamError, SpecError, UsageError, write_error
from qamctl.reason.events import Damage, is_beginning, is_sealed
from qamctl.reason.ledger import Ledger, State, taken


class HeldFile:
    """A state file that is locked by this process, and what it says."""

    def __init__(self, path: Path, file: int) -> None:
        self.path, self._file = path, file
        self.ledger, self._size, finished, self.notes = _read(file, path)
        try:
            if os.fstat(file).st_size > self._size:
                os.ftruncate(file, self._size)
            if not finished:
                self._write(b"\n")
        except OSError as error:
            raise write_error(path, error) from error

    def append(self, event: str, now: str, content: Mapping[str, Any]) -> None:
        """Add a line, which is on the disk when this returns."""
        try:
            line = self.ledger.line(event, now, content)
            self.ledger.take(line.removesuffix(b"\n"))
        except (Damage, TypeError, ValueError) as error:
            raise UsageError(f"{self.path} can't keep this {event}: {error}; nothing was written") from None
        try:
            self._write(line)
        except OSError as error:
            with suppress(OSError):  # what stays is an unfinished line, which the next process cuts off
                os.ftruncate(self._file, self._size)
            raise write_error(self.path, error) from error

    def _write(self, data: bytes) -> None:
        view, place = memoryview(data), self._size
        while view:
            written = os.pwrite(self._file, view, place)
            view, place = view[written:], place + written
        os.fsync(self._file)
        self._size = place


@contextmanager
def held(path: Path) -> Iterator[HeldFile]:
    """The file, locked for this process alone.

    Raises
    ------
    FileNotFoundError
        There is none.
    SpecError
        It is damaged, or of another version.
    UsageError, TemporaryError
        It can't be read or written.
    """
    file = _open_locked(path, alone=True)
    try:
        yield HeldFile(path, file)
    finally:
        os.close(file)


def looked_at(path: Path) -> State:
    """The state in a file, which is left as it is; raises as `held`."""
    file = _open_locked(path, alone=False)
    try:
        ledger, _, _, notes = _read(file, path)
        return ledger.state(notes)
    finally:
        os.close(file)


def create(path: Path, header: bytes) -> None:
    """Make the file, whole or not at all, unless another process was faster.

    Raises
    ------
    UsageError, TemporaryError
        It can't be written.
    """
    # `.NAME.PID-TOKEN.tmp` is what is swept up elsewhere when a process was killed.
    temporary = path.with_name(f".{path.name[:50]}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            view = memoryview(header)
            while view:
                view = view[os.write(file, view) :]
            os.fsync(file)
        finally:
            os.close(file)
        try:
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise write_error(path, error) from error


def _open_locked(path: Path, *, alone: bool) -> int:
    """The open file, once no other process writes to it (`alone`: nor reads it); closing it frees the lock."""
    flags = os.O_CLOEXEC | os.O_NONBLOCK | (os.O_RDWR | os.O_NOFOLLOW if alone else os.O_RDONLY)
    while True:
        try:
            file = os.open(path, flags)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _open_error(path, error) from error
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise UsageError(f"{path} is not a regular file; name a file as `state`")
            fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            if os.path.samestat(os.stat(path), os.fstat(file)):
                return file
        except OSError as error:
            os.close(file)
            if error.errno == errno.ENOENT:
                raise
            raise _open_error(path, error) from error
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # another file took the name while we waited


def _read(file: int, path: Path) -> tuple[Ledger, int, bool, tuple[str, ...]]:
    """The ledger, the bytes that count, whether an end of line is behind them, and what the user should know."""
    try:
        with open(file, "rb", closefd=False) as stream:
            data = stream.read()
    except OSError as error:
        raise _open_error(path, error) from error
    *lines, tail = data.split(b"\n")
    ledger: Ledger | None = None
    for number, line in enumerate(lines, 1):
        ledger = taken(ledger, line, number, str(path))
    if ledger is None and not tail:
        raise SpecError(f"{path} is empty, and no state file; remove it, and the next run begins one")
    if not tail and ledger is not None:
        return ledger, len(data), True, ()
    if ledger is None or not is_beginning(tail) or is_sealed(ledger.chain, tail):
        # Whole but for the end of the line: nothing of it is lost. Or else: damage, which `taken` tells.
        ledger = taken(ledger, tail, len(lines) + 1, str(path))
        return ledger, len(data), False, (f"{path}: the end of the last line was missing",)
    note = (
        f"{path}: line {len(lines) + 1} is unfinished, as when a process is killed while it writes: "
        f"its {len(tail):,} bytes are left out"
    )
    return ledger, len(data) - len(tail), True, (note,)


def _open_error(path: Path, error: OSError) -> QamError:
    if error.errno == errno.ELOOP:
        return UsageError(f"can't write {path}: it is a symbolic link; name the file itself")
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"can't open {path}: {reason}; name another file as `state` or fix its permissions")
