"""The index of runs: finds, lists and prunes them; the run folders are the truth, the database can be rebuilt.

A damaged, read-only or missing database is worth a warning and never fails a run: everything here then
works from the folders.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamctl.errors import QamError, UsageError
from qamctl.runs.info import RunInfo, read_run
from qamctl.runs.lock import sweep_locks

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Listing", "RunInfo", "find_run", "index_run", "list_runs", "prune", "read_run", "reindex"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Runs, the latest first, and what is wrong with the index, if anything."""

    runs: tuple[RunInfo, ...]
    warning: str | None = None


#: Seconds that a run is given from its manifest to its log before it counts as killed.
_STARTING = 60.0

_COLUMNS = ", ".join(field.name for field in fields(RunInfo))
_MARKS = ", ".join("?" for _ in fields(RunInfo))


def index_run(
    state: Path, directory: Path, *, result: Mapping[str, Any] | None = None, exit_code: int | None = None
) -> list[str]:
    """Write the row of a run as it stands now; rows of earlier runs in the same directory go.

    Call it when the run has been opened (a killed run is then known wherever its directory is) and when it
    has ended.

    Parameters
    ----------
    result
        The run's result where it is at hand: saves reading result.json again.
    exit_code
        Where it is at hand; None: as the log has it.

    Returns
    -------
    list of str
        A warning where the index can't be written: the run is complete without it.
    """
    info = read_run(directory, result)
    if info is None:
        return []
    if exit_code is not None:
        info = replace(info, exit_code=int(exit_code))

    warning = _with_database(state, lambda connection: _put(connection, [info]))
    return [] if warning is None else [warning]


def list_runs(state: Path, *, kind: str | None = None, limit: int | None = None) -> Listing:
    """The runs of the index, and those of the state folder that it does not know; it learns them by this.

    Parameters
    ----------
    kind
        Only runs of this kind.
    limit
        At most so many, the latest.
    """
    rows: list[RunInfo] = []
    warning = None
    if (state / "state.db").exists():
        warning = _with_database(state, lambda connection: rows.extend(_rows(connection)))
    runs = [info for row in rows if (info := _now(row)) is not None]
    known = {info.id for info in runs}
    found = [
        info for id, directory in _folders(state) if id not in known and (info := _named(id, directory)) is not None
    ]
    late = [info for info in found if info.ended is not None]
    if late and warning is None:
        warning = _with_database(state, lambda connection: _put(connection, late))
    runs += found
    if kind is not None:
        runs = [info for info in runs if info.kind == kind]
    runs.sort(key=lambda info: (info.started, info.id), reverse=True)
    return Listing(tuple(runs[:limit]), warning)


def find_run(state: Path, ref: str) -> RunInfo:
    """The run that `ref` names: an id, a unique prefix of one, a directory, or `latest`.

    Raises
    ------
    UsageError
        There is no such run, or several begin like this.
    """
    if ref != "latest" and (info := read_run(Path(os.path.abspath(ref)))) is not None:
        return info
    if ref and (info := _by_id(state, ref)) is not None:
        return info
    runs = list_runs(state).runs
    if ref == "latest" and runs:
        return runs[0]
    found = [info for info in runs if ref and info.id.startswith(ref)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"no run {ref}: give an id, a unique beginning of one, a run directory, or latest (see `qamctl runs list`)"
        )
    some = ", ".join(info.id for info in found[:3]) + (", ..." if len(found) > 3 else "")
    raise UsageError(f"{len(found)} runs begin with {ref}: {some}; give more of the id")


def reindex(state: Path) -> Listing:
    """Write the index anew from the run folders; a damaged database is put aside first, never deleted."""
    listing = list_runs(state)
    if listing.warning is not None and _is_damaged(state / "state.db"):
        _put_aside(state / "state.db")

    runs = [info for id, directory in _folders(state) if (info := _named(id, directory)) is not None]
    return Listing(listing.runs, _with_database(state, lambda connection: _put(connection, runs, anew=True)))


def prune(
    state: Path, *, now: datetime, keep: int | None = None, older_than: timedelta | None = None, dry_run: bool = False
) -> Listing:
    """Remove runs and give back which; a run that is still running is never removed.

    A folder in the state folder goes as a whole. Of a run elsewhere (`--out`) only the link to it and the
    row go: the folder is the user's.

    Parameters
    ----------
    now
        The time, with its zone.
    keep
        The latest so many stay.
    older_than
        Runs that started later stay.
    dry_run
        Only say what would go.

    Raises
    ------
    UsageError
        Neither `keep` nor `older_than` is given, or a folder can't be removed.
    """
    if keep is None and older_than is None:
        raise UsageError("prune needs to know what to keep: give --keep N or --older-than AGE")
    listing = list_runs(state)
    gone = [info for info in listing.runs[keep or 0 :] if info.status != "running" and not _is_starting(info, now)]
    if older_than is not None:
        gone = [info for info in gone if datetime.fromisoformat(info.started) < now - older_than]
    if dry_run:
        return Listing(tuple(gone), listing.warning)
    for info in gone:
        _remove(state / "runs" / info.id)
    _finish_removals(state)
    sweep_locks(state)
    if not (state / "state.db").exists():
        return Listing(tuple(gone), listing.warning)
    keys = [(info.id,) for info in gone]
    warning = _with_database(state, lambda connection: connection.executemany("DELETE FROM runs WHERE id = ?", keys))
    return Listing(tuple(gone), warning)


def _with_database(state: Path, use: Callable[[sqlite3.Connection], object]) -> str | None:
    """Do something with the database; a fault becomes a warning."""
    import sqlite3  # costs milliseconds: only where the index is used

    from qamctl.runs.database import connect

    path = state / "state.db"
    try:
        with connect(path) as connection:
            use(connection)
    except (sqlite3.Error, OSError, QamError) as error:
        return f"the index of runs {path} can't be used: {error}; the run folders are complete without it"
    return None


def _put(connection: sqlite3.Connection, rows: Iterable[RunInfo], *, anew: bool = False) -> None:
    from qamctl.runs.database import transaction

    with transaction(connection):
        if anew:
            connection.execute("DELETE FROM runs")
        for row in rows:
            values = [_column(value) for value in astuple(row)]
            connection.execute("DELETE FROM runs WHERE directory = ? AND id <> ?", (str(row.directory), row.id))
            connection.execute(f"INSERT OR REPLACE INTO runs ({_COLUMNS}) VALUES ({_MARKS})", values)


def _column(value: object) -> object:
    """A value as SQLite takes it: paths as text, whole numbers beyond 64 bits as floats."""
    if isinstance(value, Path):
        return str(value)
    return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def _rows(connection: sqlite3.Connection, where: str = "", *values: str) -> list[RunInfo]:
    found = connection.execute(f"SELECT {_COLUMNS} FROM runs {where}", values).fetchall()
    return [RunInfo(row[0], Path(row[1]), *row[2:]) for row in found]


def _by_id(state: Path, ref: str) -> RunInfo | None:
    """A run by its whole id, without looking at any other."""
    rows: list[RunInfo] = []
    if (state / "state.db").exists():
        _with_database(state, lambda connection: rows.extend(_rows(connection, "WHERE id = ?", ref)))
    return _now(rows[0]) if rows else None


def _now(row: RunInfo) -> RunInfo | None:
    """The row as it stands now: None when its folder has gone or holds another run."""
    if row.ended is not None and row.directory.name == row.id:
        return row if (row.directory / "manifest.json").exists() else None
    return _named(row.id, row.directory)


def _named(id: str, directory: Path) -> RunInfo | None:
    """The run of that id as its directory tells it; None where another has taken its place."""
    info = read_run(directory)
    return info if info is not None and info.id == id else None


def _folders(state: Path) -> list[tuple[str, Path]]:
    """Ids and directories of the runs that the state folder knows; a run elsewhere is a link."""
    try:
        with os.scandir(state / "runs") as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
            return [
                (entry.name, Path(os.readlink(entry.path) if entry.is_symlink() else entry.path)) for entry in visible
            ]
    except FileNotFoundError:
        return []


def _remove(entry: Path) -> None:
    """Take a run's folder out of sight in one step (`_finish_removals` deletes what is in it), or its link."""
    try:
        if entry.is_symlink():
            entry.unlink()
        else:
            entry.rename(entry.with_name(f".pruned-{entry.name}"))
    except FileNotFoundError:
        return  # another prune was faster
    except OSError as error:
        raise UsageError(f"can't remove {entry}: {error.strerror}; fix its permissions") from error


def _finish_removals(state: Path) -> None:
    """Delete what this prune and killed ones took out of sight, and links to runs that are no more."""
    import shutil

    for directory in (state / "runs").glob(".pruned-*"):
        shutil.rmtree(directory, ignore_errors=True)  # another prune may be at it; what stays goes next time
    for id, directory in _folders(state):
        link = state / "runs" / id
        if link.is_symlink() and _named(id, directory) is None:
            _remove(link)


def _is_starting(info: RunInfo, now: datetime) -> bool:
    """Whether a run may be between its manifest and its log, which tells that it runs."""
    if (info.directory / "log.jsonl").exists():
        return False
    try:
        return now.timestamp() - info.directory.stat().st_mtime < _STARTING
    except FileNotFoundError:
        return False


def _is_damaged(path: Path) -> bool:
    """Whether SQLite can't read the file for what is in it; not when it is busy, closed, or of a later version."""
    import sqlite3

    from qamctl.runs.database import connect

    try:
        with connect(path) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except (sqlite3.OperationalError, OSError, QamError):
        return False
    except sqlite3.DatabaseError:
        return True


def _put_aside(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(path.with_name(f"{path.name}.damaged-{os.urandom(4).hex()}{suffix}"))
