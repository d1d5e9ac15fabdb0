"""Jobs as plain data for people and programs: ours and those that only the service knows, in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from qamctl.azure.service import RemoteJob
    from qamctl.azure.store import Job

#: Words of `--priority`, by their place in the queue (`qamctl.azure.store.PRIORITIES`).
_PRIORITIES: Final = {-1: "low", 0: "standard", 1: "high"}


def of_ours(job: Job) -> dict[str, Any]:
    """A job of ours: what it is, how it stands, what it may cost and did."""
    request = job.request
    return {
        "id": job.id, "name": job.name, "target": job.target, "provider": job.provider, "workspace": job.workspace,
        "state": job.state, "status": job.status, "shots": job.shots,
        "priority": _PRIORITIES.get(job.priority, str(job.priority)), "tags": list(request.get("tags") or ()),
        "session": request.get("session"), "run_key": request.get("run_key") or None, "created": moment(job.created),
        "submitted": moment(job.submitted), "ended": moment(job.ended), "estimate": _estimate(job.estimate),
        "cost": _cost(job.details), "error": None if job.error is None else dict(job.error), "run": job.run,
        "directory": job.directory, "looks": job.polls,
    }  # fmt: skip


def of_theirs(job: RemoteJob) -> dict[str, Any]:
    """A job as the service tells it; what only its owner's machine knows is missing."""
    shots = job.params.get("shots", job.params.get("count"))
    return {
        "id": job.id, "name": job.name, "target": job.target, "provider": job.provider, "state": job.state,
        "status": job.status, "shots": shots, "tags": list(job.tags), "session": job.session, "created": job.created,
        "began": job.began, "ended": job.ended,
        "cost": None if job.cost is None else {"amount": job.cost.total, "currency": job.cost.currency},
        "error": None if job.error is None else {"code": job.error[0], "message": job.error[1]},
    }  # fmt: skip


def moment(at: float | None) -> str | None:
    """A moment (seconds since 1970) as ISO-8601 in UTC, whole seconds."""
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _estimate(estimate: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not estimate:
        return None
    keys = ("amount", "currency", "formula", "verified")
    return {key: estimate[key] for key in keys if key in estimate}


def _cost(details: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the service says that a job cost."""
    told = (details or {}).get("costEstimate")
    if not isinstance(told, Mapping) or told.get("estimatedTotal") is None:
        return None
    return {"amount": told["estimatedTotal"], "currency": told.get("currencyCode")}
