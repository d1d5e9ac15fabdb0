"""The request log: one JSON object a line, in a file that only its owner reads."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from qamctl.emulator.front.watch import Seen, Watcher, entry
from qamctl.errors import UsageError

#: Without blocking, so that nobody waits for the other end of a pipe only to be told that it is none.
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: What to do about the errors that have a next step of their own.
_STEPS: Final[Mapping[int, str]] = {
    errno.ELOOP: "it is a symbolic link; name the file itself",
    errno.EISDIR: "it is a folder; name a file in it",
    errno.ENOENT: "its folder is not there; make it first",
    errno.ENXIO: "it is not a regular file; name a file",
}


@contextmanager
def open_log(file: Path) -> Iterator[Watcher]:
    """A watcher that appends requests to a file, while the block runs; what comes later is not written.

    Each line has `time`, `method`, `path`, `kind`, `status` (null: the connection was cut), `seconds`, `received`,
    `sent`, `faults`, `host` and `agent`: see `watch.Seen`. Several processes may append to one file.

    Parameters
    ----------
    file
        An existing one is continued; a new one can be read by its owner only.

    Yields
    ------
    Watcher
        Raises `OSError` where a line can't be written whole.

    Raises
    ------
    UsageError
        The file can't be opened.
    """
    handle = _opened(file)
    lock, is_open = threading.Lock(), True

    def write(seen: Seen) -> None:
        line = json.dumps(entry(seen)).encode() + b"\n"
        with lock:  # a thread that outlasts the block may not write into whatever file has the number by then
            if is_open and os.write(handle, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))

    try:
        yield write
    finally:
        with lock:
            is_open = False
            os.close(handle)


def _opened(file: Path) -> int:
    try:
        handle = os.open(file, _FLAGS, 0o600)
    except OSError as error:
        raise UsageError(f"can't write the request log {file}: {_step(error)}") from None
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise UsageError(f"can't write the request log {file}: {_STEPS[errno.ENXIO]}")


def _step(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return _STEPS.get(error.errno or 0, f"{reason}; choose another place or fix its permissions")
