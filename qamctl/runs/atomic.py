"""Files that are written whole or not at all, whatever happens to the process that writes them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from qamctl.errors import QamError, UsageError, write_error

#: `.NAME.PID-TOKEN.tmp`: hidden, beside the file that it becomes, and told apart from anything of the user's.
_TEMP = re.compile(r"\.(?P<name>.+)\.(?P<pid>[0-9]{1,10})-[0-9a-f]{8}\.tmp")
#: Younger than this (seconds), a temporary file of a living process may not have been locked yet.
_YOUNG = 10.0


def write_atomic(path: Path, data: bytes | str, *, durable: bool = True, private: bool = False) -> None:
    """Replace a file by new content in one step.

    A reader sees the old file or the new one, also when the process is killed at any instant. Missing
    parent folders are made.

    Parameters
    ----------
    path
        The file; a symbolic link, a device or a folder of that name is refused, never followed or replaced.
    data
        The content; text is written as UTF-8.
    durable
        Also survive a power cut: the content is synced before the file takes its name, and the name after.
    private
        Readable by the owner only; otherwise as the umask says.

    Raises
    ------
    UsageError
        The place can't be written to.
    TemporaryError
        The disk or the quota is full, or the file-size limit was hit.
    """
    with Pending(path, private=private) as pending:
        pending.write(data)
        pending.commit(durable=durable)


class Pending:
    """A new version of a file, written beside it under a temporary name until `commit`.

    Leaving the block without a commit removes the temporary file. A process that is killed leaves it
    behind, unlocked: `sweep` removes it at the next run.
    """

    def __init__(self, path: Path, *, private: bool = False) -> None:
        self.path = path
        self._folder = self._file = -1
        # 50 characters are at most 200 bytes: the longest legal name still leaves room for the rest.
        self._temp = f".{path.name[:50]}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
        try:
            make_folder(path.parent, private=private)
            self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            check_target(path)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self._temp, flags, 0o600 if private else 0o666, dir_fd=self._folder)
            with contextlib.suppress(OSError):  # a file system without locks: `sweep` then leaves the file alone
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.discard()
            raise write_error(path, error) from error
        except QamError:
            self.discard()
            raise

    def write(self, data: bytes | str) -> None:
        """Append to the new version."""
        try:
            write_all(self._file, data.encode() if isinstance(data, str) else data)
        except OSError as error:
            raise write_error(self.path, error) from error

    def commit(self, *, durable: bool = True) -> None:
        """Give the new version its name."""
        try:
            if durable:
                os.fsync(self._file)
            check_target(self.path)
            os.replace(self._temp, self.path.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._temp = ""
            if durable:
                os.fsync(self._folder)
        except OSError as error:
            raise write_error(self.path, error) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget the new version unless it was committed; harmless when called again."""
        if self._file >= 0:
            if self._temp:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._temp, dir_fd=self._folder)
            os.close(self._file)
        if self._folder >= 0:
            os.close(self._folder)
        self._file = self._folder = -1

    def __enter__(self) -> Pending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def write_all(file: int, data: bytes) -> None:
    """`os.write` until nothing is left: a nearly full disk takes a part first."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def check_target(path: Path) -> None:
    """Refuse a name that is not a plain file.

    Replacing `/dev/stdout` would break the machine, and writing through a link that someone planted in
    the folder would write somewhere else.

    Raises
    ------
    UsageError
        The name is a symbolic link, a folder, a device or a pipe.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise write_error(path, error) from error
    if stat.S_ISLNK(mode):
        raise UsageError(f"can't write {path}: it is a symbolic link to {os.readlink(path)}; name the file itself")
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise UsageError(f"can't write {path}: it is {what}; name a file")


def refuse_overwriting(inputs: Iterable[Path], outputs: Iterable[tuple[str, Path | None]]) -> None:
    """Refuse files to write that are read, under whatever name, or that two flags name.

    Parameters
    ----------
    inputs
        The files that are read.
    outputs
        Each flag and the file that it names, None where it names none.

    Raises
    ------
    UsageError
        One would be overwritten.
    """
    taken = {os.path.realpath(path): "the run reads it" for path in inputs}
    for flag, path in outputs:
        if path is None:
            continue
        place = os.path.realpath(path)
        if reason := taken.get(place):
            raise UsageError(f"{flag} {path} would overwrite a file: {reason}; name another one")
        taken[place] = f"{flag} writes it"


def make_folder(path: Path, *, private: bool = False) -> None:
    """Make a folder and its missing parents, for the owner only where `private`.

    Raises
    ------
    UsageError, TemporaryError
        As for `write_atomic`.
    """
    if os.path.isdir(path):
        return
    if os.path.lexists(path) and not os.path.isdir(path):  # another process may have made it since
        raise UsageError(f"can't write into {path}: it is not a folder; choose another place")
    if path.parent != path:
        make_folder(path.parent, private=private)
    try:
        path.mkdir(0o700 if private else 0o777, exist_ok=True)
    except OSError as error:
        raise write_error(path, error) from error


def sweep(folder: Path) -> int:
    """Remove the temporary files that killed runs left in a folder; returns how many.

    A writer holds a lock on its temporary file, and the kernel drops it with the process: what can be
    locked is stale. Safe beside other runs in the same folder.
    """
    swept = 0
    try:
        with os.scandir(folder) as entries:
            stale = [(entry.path, match) for entry in entries if (match := _TEMP.fullmatch(entry.name))]
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise write_error(folder, error) from error
    for path, match in stale:
        with contextlib.suppress(OSError):  # gone meanwhile, not ours to remove, or locked: left alone
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                young = time.time() - os.fstat(file).st_mtime < _YOUNG
                if young and int(match["pid"]) != os.getpid() and _is_alive(int(match["pid"])):
                    continue
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
                swept += 1
            finally:
                os.close(file)
    return swept


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
