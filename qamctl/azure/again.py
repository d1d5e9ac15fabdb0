"""Jobs that are sent later than they were written down, or by somebody else: does the budget still allow them?"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from qamctl.azure import store, targets
from qamctl.azure.admission import admission
from qamctl.azure.prices import Estimate
from qamctl.azure.service import TargetStatus

if TYPE_CHECKING:
    from qamctl.azure.account import Account
    from qamctl.azure.clock import Clock
    from qamctl.azure.store import Job


def admission_of(account: Account, job: Job, clock: Clock) -> store.Admit:
    """Whether the budget of an account allows a job of ours in the month in which it is sent.

    Whoever wrote it down allowed the hardware and its price; here it is about the month, and what the run may cost.

    Raises
    ------
    GateError
        From what it gives: they do not.
    """
    # What is not in our data is told by what its queue needs to know.
    target = targets.from_status(TargetStatus(job.target, job.provider, "", 0.0))
    allowed = replace(account, allow_qpu=True)
    return admission(allowed, target, estimate_of(job), job.workspace, clock, id=job.id)


def estimate_of(job: Job) -> Estimate:
    """What a job was estimated at when it was written down (`Estimate.as_dict`)."""
    kept = job.estimate or {}
    return Estimate(target=job.target, **{f.name: kept[f.name] for f in fields(Estimate) if f.name in kept})
