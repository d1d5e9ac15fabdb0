"""What can go wrong, how it is told to the user, and the exit code that follows."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path


class ExitCode(IntEnum):
    """Exit codes of every command; part of the public contract."""

    OK = 0
    BUG = 1
    USAGE = 2
    SPEC = 3
    INFEASIBLE = 4
    BACKEND = 5
    AUTH = 6
    PENDING = 7
    UNSUPPORTED = 8
    GATE = 9
    TEMPFAIL = 75
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text file; lines and columns count from 1, None where unknown."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: a sentence for what is wrong, where it is, and what to do next."""

    message: str
    location: Location | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{hint}"


class QamError(Exception):
    """A fault that the user can act on; the one handler in `cli.main` turns it into an exit code.

    Parameters
    ----------
    message
        One sentence. With several diagnostics it stands above them.
    diagnostics
        The faults with their places, all that were found.
    """

    code = ExitCode.BUG

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.diagnostics = tuple(diagnostics)


class UsageError(QamError):
    """A flag or an argument does not make sense."""

    code = ExitCode.USAGE


class SpecError(QamError):
    """A problem file, a side table or a configuration file is invalid."""

    code = ExitCode.SPEC


class InfeasibleError(QamError):
    """No feasible answer exists, or none was found in the budget."""

    code = ExitCode.INFEASIBLE


class BackendError(QamError):
    """A solver or a remote job failed."""

    code = ExitCode.BACKEND


class AuthError(QamError):
    """Credentials are missing, or the service refused them."""

    code = ExitCode.AUTH


class PendingError(QamError):
    """The wait for a job ended before the job did."""

    code = ExitCode.PENDING


class UnsupportedError(QamError):
    """The target is too small for the problem, or an optional package is missing."""

    code = ExitCode.UNSUPPORTED


class GateError(QamError):
    """A condition that the user set was not met."""

    code = ExitCode.GATE


class TemporaryError(QamError):
    """A lock is held or a service is away: the same call may work later."""

    code = ExitCode.TEMPFAIL


#: What the system says where there is no room to write.
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_error(path: Path, error: OSError) -> QamError:
    """The fault of a failed write, with the path and what to do."""
    reason = (error.strerror or str(error)).lower()
    if error.errno in FULL:
        return TemporaryError(f"can't write {path}: {reason}; free some space or raise the limit, then run again")
    return UsageError(f"can't write {path}: {reason}; choose another place or fix its permissions")
