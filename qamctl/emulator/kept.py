"""The state in a folder: every request that was answered is kept, also when the process is killed in the next instant.

A folder holds `emulator.db` (SQLite), `key`, and `lock`, which says who has it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from qamctl.emulator.kept_place import held, make_private, read_key
from qamctl.emulator.kept_tables import STEPS, read, write
from qamctl.emulator.state import State, Touched
from qamctl.emulator.targets import Target
from qamctl.errors import QamError, SpecError, TemporaryError

#: The file in the folder.
NAME: Final = "emulator.db"

#: Marks a database as one of these: "qame".
_OWN: Final = 0x71616D65

#: Seconds to wait for another process that has a look at the file.
PATIENCE: Final = 5.0

#: SQLite's codes (https://www.sqlite.org/rescode.html): somebody else uses it, or the place can't be written now.
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PLACE: Final = (
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)


class NotKept(OSError):
    """A change could not be kept; it is there while the process lasts, and is kept with the next one."""


class Kept:
    """A `state.Keeper`, with what was kept before.

    Attributes
    ----------
    state
        As it was when the last change was kept.
    key
        What opens the data plane; it stays the same.
    """

    def __init__(self, file: Path, connection: sqlite3.Connection, state: State, key: str) -> None:
        self.state, self.key = state, key
        self._file, self._connection = file, connection
        self._lock, self._closed = threading.Lock(), False

    def keep(self, state: State, touched: Iterable[Touched]) -> None:
        """Keep what was touched, in one transaction.

        Raises
        ------
        NotKept
            Nothing of it was.
        """
        with self._lock:
            if self._closed:
                raise NotKept(f"can't keep a change in {self._file}: the service has ended")
            try:
                with _transaction(self._connection):
                    write(self._connection, state, touched)
            except (sqlite3.Error, OverflowError) as error:
                raise NotKept(f"can't keep a change in {self._file}: {error}") from error

    def close(self) -> None:
        """Let requests that are still on their way end, and refuse later ones."""
        with self._lock:
            self._closed = True


@contextmanager
def open_kept(folder: Path, targets: Mapping[str, Target]) -> Iterator[Kept]:
    """The state in a folder, which no other service has while the block runs; the folder is made if it is not there.

    Parameters
    ----------
    targets
        What is offered, by id.

    Raises
    ------
    TemporaryError
        Another process has the folder, or it can't be written now.
    SpecError
        What is kept there is damaged, is something else, or is of a later version.
    AuthError
        Others may read the key.
    UsageError
        The place can't be written.
    """
    file = folder / NAME
    with held(folder):
        key = read_key(folder)
        make_private(file)
        with _opened(file) as connection:
            kept = Kept(file, connection, _load(file, connection, targets), key)
            try:
                yield kept
            finally:
                kept.close()


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    # Requests come in threads of their own, one at a time.
    with _faults(file):
        connection = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    with closing(connection):
        with _faults(file):
            _prepare(file, connection)
        yield connection


def _prepare(file: Path, connection: sqlite3.Connection) -> None:
    """Hold that the file is ours, and bring its tables up to date."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    is_new = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not is_new and connection.execute("PRAGMA application_id").fetchone()[0] != _OWN:
        raise SpecError(f"{file} is a database of something else: choose another folder")
    if version > len(STEPS):
        raise SpecError(
            f"{file} was made by a later qamctl (version {version} of its tables; {len(STEPS)} is known here): "
            "update qamctl, or choose another folder"
        )
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise _damaged(file, "its pages don't fit together")
    connection.execute("PRAGMA journal_mode = WAL")
    # A killed process loses nothing by it; a power cut may lose the last changes, and leaves the file whole.
    connection.execute("PRAGMA synchronous = NORMAL")
    if version < len(STEPS):
        with _transaction(connection):
            for step in STEPS[version:]:
                for statement in step.split(";"):  # `executescript` would commit behind our back
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_OWN}")
            connection.execute(f"PRAGMA user_version = {len(STEPS)}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _load(file: Path, connection: sqlite3.Connection, targets: Mapping[str, Target]) -> State:
    try:
        with _faults(file):
            return read(connection, targets)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(file, f"{type(error).__name__}: {error}") from error


@contextmanager
def _faults(file: Path) -> Iterator[None]:
    """Tell a fault of the database as one that the user can act on."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            raise TemporaryError(f"another process uses {file} and did not end in time: run again") from error
        if code in _PLACE:
            raise TemporaryError(
                f"can't use {file} ({error}): see that its disk and its folder can be written"
            ) from error
        raise _damaged(file, str(error)) from error


def _damaged(file: Path, reason: str) -> QamError:
    return SpecError(f"{file} is damaged ({reason}): delete the folder {file.parent}, or choose another one")
