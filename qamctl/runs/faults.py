"""Faults of the state database as the user is told them: what is wrong with the file, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from qamctl.errors import SpecError, TemporaryError

#: SQLite's codes (https://www.sqlite.org/rescode.html): somebody else writes, or the place can't be written now.
_BUSY: Final = (5, 6)
_PLACE: Final = (8, 10, 13, 14)


@contextmanager
def database_faults(state: Path) -> Iterator[None]:
    """Tell a fault of the state database as one that the user can act on.

    Raises
    ------
    SpecError
        It is damaged, or of a later version.
    TemporaryError
        It is busy, or can't be written now.
    """
    import sqlite3

    path = state / "state.db"
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in _BUSY:
            raise TemporaryError(f"another process writes to {path} and did not end in time: try again") from error
        if primary in _PLACE:
            raise TemporaryError(
                f"can't use {path} ({error}): see that its disk and its folder can be written"
            ) from error
        if primary is None and "later qamctl" in str(error):
            raise SpecError(
                f"can't use {path}: {error}; jobs and credits are read by the version that wrote them"
            ) from error
        raise SpecError(
            f"the state database {path} is damaged ({error}): move it away together with {path.name}-wal and "
            f"{path.name}-shm, and put back a copy ({path.name}.v*.backup beside it is of the last update). Without a "
            "copy begin anew: ids of jobs follow from what they are, so that nothing is sent twice, and every run "
            "folder has a job.json that names its job"
        ) from error
