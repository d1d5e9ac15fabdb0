"""The life of a job, read off the clock: nothing runs in the background, and no job changes unless time passes."""

from __future__ import annotations

from typing import Final

from qamctl.emulator.state import Job, Session
from qamctl.emulator.work import Outcome

#: Words after which nothing happens to a job any more.
TERMINAL: Final = frozenset({"Succeeded", "Failed", "Cancelled"})


def status(job: Job, now: float, cancel_seconds: float) -> str:
    """The word for a job at this time.

    Of a job that is at its end it needs the outcome (`is_due`).
    """
    if job.cancelled is not None:
        return "Cancelled" if now >= job.cancelled + cancel_seconds else "CancellationRequested"
    if now < job.begins:
        return "Waiting"
    if now < job.ends or job.outcome is None:
        return "Finishing" if job.finish and now >= job.ends - job.finish else "Executing"
    return "Succeeded" if job.outcome.error is None else "Failed"


def is_due(job: Job, now: float) -> bool:
    """Whether its time is over, and nobody has run it yet."""
    return job.outcome is None and job.cancelled is None and now >= job.ends


def doomed(job: Job) -> Outcome | None:
    """The outcome that was decided before it ran."""
    return None if job.doom is None else Outcome(error=job.doom)


def session_status(session: Session, words: list[str]) -> str:
    """The word for a session whose jobs have these.

    Of the policy Abort one failed job ends the session; of Continue it is told when the session is closed.
    """
    failed = "Failed" in words
    if failed and session.policy == "Abort":
        return "Failed"
    if session.closed is None:
        return "Executing" if words else "Waiting"
    if any(word not in TERMINAL for word in words):
        return "Executing"
    return "Failure(s)" if failed else "Succeeded"
