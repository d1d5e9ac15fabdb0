"""The log of a run: one JSON object a line, appended as things happen."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from qamctl.errors import write_error
from qamctl.runs.atomic import make_folder, write_all
from qamctl.runs.canonical import line

#: Fields that every event has.
RESERVED = ("time", "run", "part", "event")
_TAIL = 1 << 16


class Log:
    """Appends events to `log.jsonl`, and to a second file where the user names one.

    The log stays locked while the run lives, and the kernel frees it with the process: `is_running` needs
    no process ids, which are reused.

    Parameters
    ----------
    path
        The run's log; an older one is replaced.
    run
        The run's id, in every line.
    clock
        Gives the time of an event.
    copy
        A further file that lines are appended to; other runs may share it.
    """

    def __init__(
        self, path: Path, *, run: str, clock: Callable[[], datetime], copy: Path | None = None, private: bool = False
    ) -> None:
        self.path, self._run, self._clock = path, run, clock
        self._files: list[tuple[Path, int]] = []
        at = path
        try:
            # The new log is locked before it takes its name, so that it never looks like a dead run's.
            temp = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            file = os.open(temp, flags | os.O_EXCL | os.O_NOFOLLOW, 0o600 if private else 0o666)
            self._files.append((path, file))
            fcntl.flock(file, fcntl.LOCK_EX)
            os.replace(temp, path)
            if copy is not None:
                at = copy
                make_folder(copy.parent)
                self._files.append((copy, os.open(copy, flags, 0o666)))
        except OSError as error:
            self.close()
            raise write_error(at, error) from error

    def __call__(self, part: str, event: str, /, **fields: Any) -> None:
        """Append one event.

        Parameters
        ----------
        part
            What speaks: run, spec, schedule, or an engine's name.
        event
            What happened, as a short word: started, improved, ended...
        fields
            Figures and names that belong to it.

        Raises
        ------
        TemporaryError, UsageError
            A log file can't be written.
        """
        if any(name in fields for name in RESERVED):
            raise TypeError(f"the fields {', '.join(RESERVED)} are set by the log itself")
        entry = {"time": self._clock().isoformat(), "run": self._run, "part": part, "event": event, **fields}
        text = (line(entry) + "\n").encode()
        for path, file in self._files:
            try:
                write_all(file, text)
            except OSError as error:
                raise write_error(path, error) from error

    def close(self) -> None:
        """Close the files; harmless when called again."""
        while self._files:
            os.close(self._files.pop()[1])


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a log; a last line that a killed process left unfinished is not an event."""
    with path.open("rb") as file:
        for text in file:
            if text.endswith(b"\n"):
                yield json.loads(text)


def last_event(path: Path) -> dict[str, Any]:
    """The last whole event of a log, {} where there is none; reads the end of the file only."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = file.read().split(b"\n")[:-1]
        event = json.loads(lines[-1]) if lines else {}
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def is_running(directory: Path) -> bool:
    """Whether the run of a directory is still alive: its log is locked."""
    try:
        file = os.open(directory / "log.jsonl", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False  # no log: no run
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
