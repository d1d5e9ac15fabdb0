"""What commands about Azure Quantum begin with: whose workspace, which state database, which job is meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qamctl.azure.account import Account, account_of
from qamctl.config import resolve
from qamctl.errors import BackendError, TemporaryError, UsageError
from qamctl.runs.faults import database_faults
from qamctl.runs.identity import state_folder
from qamctl.runs.signals import Interrupted

__all__ = [
    "Office", "check_workspace", "database", "database_faults", "find_here", "job_of", "jobs_here", "need_here",
    "open_office", "signals_win", "told_gone",
]  # fmt: skip

if TYPE_CHECKING:
    import sqlite3

    from qamctl.azure.attend import End
    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk
    from qamctl.options import Options
    from qamctl.runs.signals import Stop


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
    def desk(self, end: End | None = None) -> Iterator[Desk]:
        """What asks the service; a fault of the state database inside is told as `database_faults` does.

        Parameters
        ----------
        end
            What nothing that is asked outlasts; None: the client's own patience, and Ctrl-C ends it by itself.

        Raises
        ------
        AuthError, SpecError, UsageError
            The workspace or the login is not said, or makes no sense.
        """
        from qamctl.azure.attend import attended_desk

        with database_faults(self.state):
            yield self.account.desk() if end is None else attended_desk(self.account, end)


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


@contextmanager
def signals_win(stop: Stop) -> Iterator[None]:
    """Let a signal, not the wait that it ended, be what ends a command that has no job to tell of.

    Raises
    ------
    Interrupted
        A signal came, and something was given up for it.
    """
    try:
        yield
    except TemporaryError as error:
        if stop.exit_code is None:
            raise
        raise Interrupted(stop.exit_code) from error


# The state database


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


def job_of(desk: Desk, id: str) -> Job | None:
    """The job of an id as it stands here."""
    from qamctl.azure import store

    with desk.connect() as connection:
        return store.get(connection, id)


def told_gone(error: BackendError) -> BackendError:
    """What `poll` says of a job, with the way out where the service no longer has it."""
    if error.__cause__ is not None:  # the service said something else
        return error
    return BackendError(
        f"{error.message}: it may have run and been billed, so its estimate keeps counting in its month; `qamctl "
        "submit` with another --run-key makes another job of the same file"
    )
