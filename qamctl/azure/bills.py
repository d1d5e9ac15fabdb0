"""Bills that come late: jobs that have ended, and of which the service has not said yet what they cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qamctl.azure import poll, store
from qamctl.azure.client import error_of
from qamctl.azure.service import ServiceFault
from qamctl.errors import QamError
from qamctl.runs.database import transaction

if TYPE_CHECKING:
    from qamctl.azure.attend import End
    from qamctl.azure.submit import Desk

#: Jobs that a command asks for on the way, and the seconds since somebody looked at them last, at least.
MOST, REST = 100, 3600.0


@dataclass
class Refreshed:
    """What asking for late bills came to.

    Attributes
    ----------
    asked, billed
        Jobs that were asked for, and those of which a bill was told.
    gone
        Ids that the service no longer knows.
    fault
        What ended it early; what was learned until then is kept.
    """

    asked: int = 0
    billed: int = 0
    gone: list[str] = field(default_factory=list)
    fault: QamError | None = None

    @property
    def warnings(self) -> list[str]:
        """What is to be said where they were asked for on the way to something else."""
        return [] if self.fault is None else [f"late bills were not asked for: {self.fault.message}"]

    def as_dict(self) -> dict[str, Any]:
        """For `-o json`."""
        return {"asked": self.asked, "billed": self.billed, "gone": self.gone}


def ask_on_the_way(desk: Desk, end: End) -> Refreshed:
    """As `ask_late`, by a command that is about something else: for few jobs, each rarely."""
    return ask_late(desk, most=MOST, rest=REST, deadline=end.deadline, stop=end.stop)


def ask_late(
    desk: Desk,
    *,
    most: int | None = None,
    rest: float = 0.0,
    deadline: float | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Refreshed:
    """Ask the service, once each, for jobs of the workspace that lack a bill, and take down what it says.

    These are jobs that succeeded, of targets that cost something, however old; and for `poll.COST_PATIENCE` after
    their end all that were sent, as costs may come late and for jobs that failed, too. Those come first that nobody
    has looked at for the longest time.

    Parameters
    ----------
    most
        Jobs; None: all.
    rest
        Seconds for which nobody has looked at a job that is asked for; 0: whenever that was.
    """
    found, now = Refreshed(), desk.clock.now()
    seen = now - rest if rest else float("inf")  # the next look at a job is due seconds after the last
    with desk.connect() as connection:
        jobs = store.select(
            connection, _UNBILLED, (desk.client.service.workspace, now - poll.COST_PATIENCE, seen), "next_poll, id"
        )  # fmt: skip
    for job in jobs[:most]:
        if stop():
            break
        try:
            remote = desk.client.find(job.id, deadline)
        except ServiceFault as fault:
            found.fault = error_of(fault, f"asking for job {job.id}")
            break
        except QamError as error:
            found.fault = error
            break
        found.asked += 1
        # Nobody waits for a job that has ended: the moment of this look is kept in place of the next one's.
        now = desk.clock.now()
        with desk.connect() as connection:
            if remote is None:
                found.gone.append(job.id)
                with transaction(connection):
                    connection.execute("UPDATE jobs SET next_poll = ? WHERE id = ?", (now, job.id))
            else:
                store.note(connection, job.id, remote, now, now)
                found.billed += remote.cost is not None
    return found


_UNBILLED: Final = """
workspace = ? AND submitted IS NOT NULL AND state IN ('succeeded', 'failed', 'cancelled')
AND NOT EXISTS (SELECT 1 FROM ledger WHERE job = jobs.id AND entry = 'billed')
AND (ended > ? OR state = 'succeeded' AND coalesce(json_extract(estimate, '$.micros'), 0) > 0)
AND next_poll <= ?
"""
