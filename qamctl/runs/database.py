"""The state folder's SQLite file: how it is opened, made and brought up to date."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from qamctl.runs.atomic import make_folder

#: Milliseconds to wait for another process that writes.
_BUSY = 10_000

#: The steps that make the database what it is, oldest first. A released step is never changed; `user_version`
#: counts how many were taken.
MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        directory TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        objective ANY,
        bound ANY,
        started TEXT NOT NULL,
        ended TEXT,
        exit_code INTEGER,
        pid INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_by_start ON runs (started);
    CREATE INDEX runs_by_directory ON runs (directory);
    """,
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        workspace TEXT NOT NULL,
        target TEXT NOT NULL,
        provider TEXT NOT NULL,
        name TEXT NOT NULL,
        shots INTEGER,
        state TEXT NOT NULL,
        status TEXT,
        priority INTEGER NOT NULL,
        payload TEXT NOT NULL,
        content TEXT NOT NULL,
        request TEXT NOT NULL,
        run TEXT,
        directory TEXT,
        created REAL NOT NULL,
        submitted REAL,
        ended REAL,
        next_poll REAL NOT NULL,
        polls INTEGER NOT NULL,
        error TEXT,
        output TEXT,
        estimate TEXT,
        details TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX jobs_by_state ON jobs (state, priority, created);
    CREATE INDEX jobs_by_content ON jobs (content);
    CREATE TABLE ledger (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL,
        entry TEXT NOT NULL CHECK (entry IN ('reserved', 'billed', 'released')),
        micros INTEGER NOT NULL,
        currency TEXT NOT NULL,
        workspace TEXT NOT NULL,
        target TEXT NOT NULL,
        run TEXT,
        month TEXT NOT NULL,
        at REAL NOT NULL,
        source TEXT NOT NULL,
        UNIQUE (job, entry)
    ) STRICT;
    CREATE INDEX ledger_by_month ON ledger (workspace, month);
    CREATE TABLE services (
        endpoint TEXT PRIMARY KEY,
        failures INTEGER NOT NULL,
        closed_until REAL NOT NULL,
        next_request REAL NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
)


@contextmanager
def connect(
    path: Path, migrations: Sequence[str] = MIGRATIONS, *, durable: bool = False
) -> Iterator[sqlite3.Connection]:
    """Open the database in autocommit mode, made and migrated where that is due, and close it at the end.

    Write-ahead logging, so that readers never wait; `synchronous` is NORMAL: a power cut may lose the last
    rows, which the run folders give back, and never damages the file.

    Parameters
    ----------
    durable
        A power cut loses nothing that was committed: for what is nowhere else, as money and jobs.

    Raises
    ------
    sqlite3.Error
        The file is damaged, can't be written, or was made by a later version.
    OSError, QamError
        The folder can't be written.
    """
    if not path.exists():
        make_folder(path.parent, private=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(path, timeout=_BUSY / 1000, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        if _version(connection) != len(migrations):
            _migrate(connection, path, migrations)
        yield connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Take the write lock at once (a later upgrade could fail half-way), commit at the end, undo on a fault."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    # The switch to WAL does not wait for others as statements do, so one process at a time gets here.
    file = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        version = _version(connection)
        if version > len(migrations):
            later = f"version {version} of the database, of which {len(migrations)} are known here"
            raise sqlite3.OperationalError(f"it was made by a later qamctl ({later}); update qamctl")
        if version == len(migrations):
            return  # another process was faster
        if version > 0:
            _back_up(connection, path, version)
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            for step in migrations[version:]:
                for statement in step.split(";"):  # `executescript` would commit behind our back
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(migrations)}")
    finally:
        os.close(file)


def _back_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Keep the database as it is, whole, before it is changed: `state.db.v1.backup`."""
    temp = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    os.close(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        connection.execute("VACUUM INTO ?", (str(temp),))
        os.replace(temp, path.with_name(f"{path.name}.v{version}.backup"))
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
