"""The tables of a kept state: what they are, how they are read, and how a change goes into them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from qamctl.emulator.kept_rows import (
    pack,
    pack_job,
    pack_properties,
    pack_session,
    unpack,
    unpack_blob,
    unpack_job,
    unpack_session,
)
from qamctl.emulator.state import State, Touched
from qamctl.emulator.targets import Target

#: The steps that make the tables what they are, oldest first; a released one is never changed, and `user_version`
#: counts how many were taken. By their places jobs and sessions come in the order in which the state holds them.
STEPS: Final = (
    """
    CREATE TABLE jobs (
        place INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        content TEXT NOT NULL,
        target TEXT NOT NULL
    ) STRICT;
    CREATE TABLE counts (
        job BLOB PRIMARY KEY,
        puts INTEGER NOT NULL,
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sessions (place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, content TEXT NOT NULL) STRICT;
    CREATE TABLE containers (name BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE blobs (
        container BLOB NOT NULL,
        name BLOB NOT NULL,
        properties TEXT NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (container, name)
    ) STRICT;
    CREATE TABLE blocks (
        container BLOB NOT NULL,
        blob BLOB NOT NULL,
        block BLOB NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (container, blob, block)
    ) STRICT;
    CREATE TABLE counters (orders INTEGER NOT NULL, writes INTEGER NOT NULL) STRICT;
    INSERT INTO counters VALUES (0, 0)
    """,
)


def read(connection: sqlite3.Connection, targets: Mapping[str, Target]) -> State:
    """All that is kept.

    Parameters
    ----------
    targets
        What is offered, by id.

    Raises
    ------
    sqlite3.Error, LookupError, TypeError, ValueError, AttributeError, RecursionError
        It makes no sense.
    """
    rows, state = connection.execute, State()
    state.order, state.writes = rows("SELECT orders, writes FROM counters").fetchone()
    for id, content, target in rows("SELECT id, content, target FROM jobs ORDER BY place"):
        state.jobs[unpack(id)] = unpack_job(unpack(id), content, target, targets)
    for id, puts, created in rows("SELECT job, puts, created FROM counts"):
        state.puts[unpack(id)] = puts
        if created:
            state.created[unpack(id)] = created
    for id, content in rows("SELECT id, content FROM sessions ORDER BY place"):
        state.sessions[unpack(id)] = unpack_session(unpack(id), content)
    state.containers = {unpack(name): {} for (name,) in rows("SELECT name FROM containers")}
    for container, name, properties, data in rows("SELECT container, name, properties, data FROM blobs"):
        state.containers[unpack(container)][unpack(name)] = unpack_blob(properties, data)
    for container, blob, block, data in rows("SELECT container, blob, block, data FROM blocks"):
        state.blocks[unpack(container), unpack(blob), unpack(block)] = data
    return state


def write(connection: sqlite3.Connection, state: State, touched: Iterable[Touched]) -> None:
    """Bring the rows of what was touched up to date, and the counters; within a transaction of the caller's.

    Raises
    ------
    sqlite3.Error
        It can't be written.
    """
    for kind, *names in touched:
        _WRITE[kind](connection, state, *names)
    connection.execute("UPDATE counters SET orders = ?, writes = ?", (state.order, state.writes))


def _write_job(connection: sqlite3.Connection, state: State, id: str) -> None:
    """One that is changed, or replaced, keeps its place, as in the state."""
    key, job = pack(id), state.jobs.get(id)
    if job is None:
        connection.execute("DELETE FROM jobs WHERE id = ?", (key,))
    else:
        connection.execute(
            "INSERT INTO jobs (id, content, target) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET content = excluded.content, target = excluded.target",
            (key, *pack_job(job)),
        )
    connection.execute("INSERT OR REPLACE INTO counts VALUES (?, ?, ?)", (key, state.puts[id], state.created[id]))


def _write_session(connection: sqlite3.Connection, state: State, id: str) -> None:
    connection.execute(
        "INSERT INTO sessions (id, content) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET content = excluded.content",
        (pack(id), pack_session(state.sessions[id])),
    )


def _write_container(connection: sqlite3.Connection, state: State, name: str) -> None:
    """With its blobs: it may have been removed and made again since it was last kept."""
    key = pack(name)
    connection.execute("DELETE FROM blobs WHERE container = ?", (key,))
    if name not in state.containers:
        connection.execute("DELETE FROM containers WHERE name = ?", (key,))
        return
    connection.execute("INSERT OR IGNORE INTO containers VALUES (?)", (key,))
    for blob in state.containers[name]:
        _write_blob(connection, state, name, blob)


def _write_blob(connection: sqlite3.Connection, state: State, container: str, name: str) -> None:
    key, blob = (pack(container), pack(name)), state.containers.get(container, {}).get(name)
    if blob is None:
        connection.execute("DELETE FROM blobs WHERE container = ? AND name = ?", key)
        return
    connection.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?)", (*key, pack_properties(blob), blob.data))


def _write_block(connection: sqlite3.Connection, state: State, container: str, blob: str, block: str) -> None:
    key, data = (pack(container), pack(blob), pack(block)), state.blocks.get((container, blob, block))
    if data is None:
        connection.execute("DELETE FROM blocks WHERE container = ? AND blob = ? AND block = ?", key)
        return
    connection.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?)", (*key, data))


#: As `state.Touched` has it.
_WRITE: Final[Mapping[str, Callable[..., None]]] = {
    "job": _write_job,
    "session": _write_session,
    "container": _write_container,
    "blob": _write_blob,
    "block": _write_block,
}
