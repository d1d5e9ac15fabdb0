"""One run at a time on one spec or one run directory: a kernel lock that a crash releases by itself."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from qamctl.errors import TemporaryError, write_error
from qamctl.runs.atomic import make_folder, write_all
from qamctl.runs.signals import Interrupted, Stop

#: Seconds between two tries of a waiting run: short first, for a holder that is about to end.
_FIRST_PAUSE, _LAST_PAUSE = 0.02, 0.25


class Lock:
    """A lock that is held; release it with `release` or by leaving the block."""

    def __init__(self, path: Path, file: int) -> None:
        self.path, self._file = path, file

    def release(self) -> None:
        """Give the lock back; harmless when called again.

        The file is removed while it is still locked. Whoever waits on the removed file notices that the
        name has gone and starts over (see `acquire`), so no two runs ever hold the same name.
        """
        if self._file >= 0:
            with suppress(OSError):  # removing is tidiness only; what counts is the close
                self.path.unlink()
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lock_target(out: Path | None, spec: Path | None) -> Path | None:
    """What a run locks: its run directory where one was named, else its spec; None for standard input.

    Links are resolved, so that two names of one place are one lock.
    """
    target = out if out is not None else spec
    return Path(os.path.realpath(target)) if target is not None else None


def acquire(
    state: Path,
    target: Path,
    *,
    run: str,
    now: datetime,
    mode: str = "fail",
    waiting: Callable[[str], None] | None = None,
    stop: Stop | None = None,
) -> Lock | None:
    """Take the lock of a target.

    Parameters
    ----------
    state
        The state folder; locks are files in its `locks`.
    target
        What `lock_target` gave.
    run
        The id of the run that takes it, shown to those who come later.
    now
        The time, shown likewise.
    mode
        When it is held: `fail` raises, `wait` waits until it is free, `skip` gives None.
    waiting
        Called once with a sentence on the holder when the wait begins.
    stop
        Asked while waiting; None: signals are not caught, and Ctrl-C ends the wait by itself.

    Raises
    ------
    TemporaryError
        The lock is held and the mode is `fail`.
    Interrupted
        A signal ended the wait.
    """
    folder = state / "locks"
    make_folder(folder, private=True)
    path = folder / f"{hashlib.sha256(os.fsencode(target)).hexdigest()[:32]}.lock"
    pause, told = _FIRST_PAUSE, False
    while True:
        file = _try(path)
        if file is not None:
            _sign(path, file, {"pid": os.getpid(), "run": run, "target": str(target), "since": now.isoformat()})
            return Lock(path, file)
        if mode == "skip":
            return None
        if mode == "fail":
            raise TemporaryError(
                f"{target} is locked by {_holder(path)}; "
                "wait for it to end and run again, or use --if-locked wait or --if-locked skip"
            )
        if not told and waiting is not None:
            waiting(f"waiting for {_holder(path)} to release {target}")
        told = True
        if stop is not None and stop.exit_code is not None:
            raise Interrupted(stop.exit_code)
        time.sleep(pause)
        pause = min(_LAST_PAUSE, pause * 1.5)


def sweep_locks(state: Path) -> int:
    """Remove the lock files of runs that were killed; those that are held stay. Returns how many went."""
    swept = 0
    for path in (state / "locks").glob("*.lock"):
        file = _try(path)
        if file is not None:
            Lock(path, file).release()
            swept += 1
    return swept


def _try(path: Path) -> int | None:
    """The locked file, or None where another run holds it."""
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise write_error(path, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, file):
                return file
        except BlockingIOError:
            os.close(file)
            return None
        except OSError as error:
            os.close(file)
            raise write_error(path, error) from error
        os.close(file)  # the last holder removed the name between our open and our lock


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _sign(path: Path, file: int, holder: dict[str, Any]) -> None:
    try:
        os.ftruncate(file, 0)
        write_all(file, json.dumps(holder).encode())
    except OSError as error:
        os.close(file)
        raise write_error(path, error) from error


def _holder(path: Path) -> str:
    """The holder as words; it may have ended, or not yet signed, since the lock was found held."""
    try:
        holder = json.loads(path.read_bytes())
        return f"run {holder['run']} (process {int(holder['pid'])}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
