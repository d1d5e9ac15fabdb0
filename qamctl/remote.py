"""What commands about Azure Quantum begin with: whose workspace, which state database, which job is meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qamctl.azure.account import Account, account_of
from qamctl.config import resolve
from qamctl.errors import SpecError, TemporaryError, UsageError
from qamctl.runs.identity import state_folder

if TYPE_CHECKING:
    import sqlite3

    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk
    from qamctl.options import Options

#: SQLite's codes (https://www.sqlite.org/rescode.html): somebody else writes, or the place can't be written now.
_BUSY: Final = (5, 6)
_PLACE: Final = (8, 10, 13, 14)


@dataclass(frozen=True)
class Office:
    """Whose jobs a command is about.

    Attributes
    ----------
    account
        What the options say of Azure Quantum.
    options
        All of them.
    """

    account: Account
    options: Options

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.account.state

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """What asks the service; a fault of the state database inside is told as `database_faults` does.

        Raises
        ------
        AuthError, SpecError, UsageError
            The workspace or the login is not said, or makes no sense.
        """
        with database_faults(self.state):
            yield self.account.desk()


def open_office(flags: Mapping[str, object], *, profile: str | None, config_file: Path | None) -> Office:
    """The office by flags, environment and configuration files.

    Raises
    ------
    SpecError, UsageError
        An option is at fault.
    """
    options = resolve(
        flags, {}, profile=profile, config_file=config_file, cwd=Path.cwd(), environ=os.environ
    ).options  # fmt: skip
    return Office(account_of(options, state_folder(os.environ), os.environ), options)


# The state database


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


@contextmanager
def database(state: Path) -> Iterator[sqlite3.Connection | None]:
    """The state database for reading; None where there is none yet: nothing is made.

    Raises
    ------
    SpecError, TemporaryError
        As `database_faults`.
    """
    path = state / "state.db"
    if not path.exists():
        yield None
        return
    from qamctl.runs.database import connect

    with database_faults(state), connect(path, durable=True) as connection:
        yield connection


# Jobs that are known here


def jobs_here(state: Path) -> list[Job]:
    """Every job of ours, the latest first."""
    from qamctl.azure import store

    with database(state) as connection:
        return [] if connection is None else store.select(connection, "1 = 1", (), "created DESC, id")


def find_here(state: Path, ref: str) -> Job | None:
    """The job of an id or a unique beginning of one; None where no id begins so.

    Raises
    ------
    UsageError
        Several do.
    """
    from qamctl.azure import store

    word = ref.strip().lower()
    with database(state) as connection:
        if connection is None or not word:
            return None
        found = store.select(connection, "substr(id, 1, ?) = ?", (len(word), word))
    if len(found) > 1:
        some = ", ".join(job.id for job in found[:3]) + (", ..." if len(found) > 3 else "")
        raise UsageError(f"{len(found)} jobs begin with {ref}: {some}; give more of the id")
    return found[0] if found else None


def need_here(state: Path, ref: str) -> Job:
    """As `find_here`.

    Raises
    ------
    UsageError
        There is no such job.
    """
    job = find_here(state, ref)
    if job is None:
        raise UsageError(f"no job {ref} is known here: give an id, or a unique beginning of one, of `qamctl jobs list`")
    return job


def check_workspace(desk: Desk, job: Job) -> None:
    """Refuse a job of another workspace than the one that is asked.

    Raises
    ------
    UsageError
        It is; both are named.
    """
    mine = desk.client.service.workspace
    if job.workspace != mine:
        raise UsageError(
            f"job {job.id} is of the workspace {job.workspace}, and the options name {mine}: take the --profile of its "
            "workspace"
        )
