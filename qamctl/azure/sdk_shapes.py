"""From the JSON of Azure Quantum to our types, and back; shapes that are not the documented ones are refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qamctl.azure.clean import Cleaner
from qamctl.azure.sdk_faults import bad_answer
from qamctl.azure.service import Cost, Quota, RemoteJob, Session, Submission, TargetStatus, Uploaded

Json = Mapping[str, Any]


def job_of(said: Any, cleaner: Cleaner) -> RemoteJob:
    """A job, without tokens.

    Raises
    ------
    ServiceFault
        It is none: it lacks an id or a status.
    """
    data = _object(cleaner.clean_data(said), "job")
    return RemoteJob(
        id=_text(data, "id", "job"),
        name=str(data.get("name") or ""),
        target=str(data.get("target") or ""),
        provider=str(data.get("providerId") or ""),
        status=_text(data, "status", "job"),
        input_format=str(data.get("inputDataFormat") or ""),
        output_format=str(data.get("outputDataFormat") or ""),
        params=_mapping(data.get("inputParams")),
        tags=tuple(map(str, data.get("tags") or ())),
        session=data.get("sessionId") or None,
        error=_error(data.get("errorData")),
        cost=_cost(data.get("costEstimate")),
        created=data.get("creationTime"),
        began=data.get("beginExecutionTime"),
        ended=data.get("endExecutionTime") or data.get("cancellationTime"),
        details=data,
    )


def body_of(submission: Submission, uploaded: Uploaded) -> dict[str, Any]:
    """What creates a job; what is not said is left out."""
    said = {
        "itemType": "Job",
        "name": submission.name,
        "providerId": submission.provider,
        "target": submission.target,
        "containerUri": uploaded.container_uri,
        "inputDataUri": uploaded.input_uri,
        "inputDataFormat": submission.input_format,
        "outputDataFormat": submission.output_format,
        "inputParams": dict(submission.params),
        "metadata": dict(submission.metadata),
        "tags": list(submission.tags),
        "priority": submission.priority,
        "sessionId": submission.session,
    }
    optional = ("metadata", "tags", "priority", "sessionId")
    return {name: value for name, value in said.items() if name not in optional or value}


def targets_of(said: Any, cleaner: Cleaner) -> list[TargetStatus]:
    """The targets of one provider."""
    provider = _object(cleaner.clean_data(said), "provider")
    found = []
    for target in provider.get("targets") or ():
        data = _object(target, "target")
        qubits = data.get("numQubits")
        status = TargetStatus(
            id=_text(data, "id", "target"),
            provider=_text(provider, "id", "provider"),
            availability=str(data.get("currentAvailability") or "Unavailable"),
            queue_seconds=_number(data.get("averageQueueTime")) or 0.0,
            qubits=qubits if isinstance(qubits, int) and qubits > 0 else None,
            profile=profile_of(data.get("targetProfile")),
            status_page=data.get("statusPage") or None,
        )
        found.append(status)
    return found


def profile_of(name: object) -> str | None:
    """A profile as we call it: Adaptive_RI is adaptive-ri; None for one that we do not know.

    What is more than Adaptive_RIF, as its later extensions are, takes what Adaptive_RIF takes.
    """
    word = str(name or "").lower().replace("_", "-")
    known = ("adaptive-rif", "adaptive-ri", "base")
    return next(
        (profile for profile in known if word == profile or (profile != "base" and word.startswith(profile))), None
    )


def quota_of(said: Any, cleaner: Cleaner) -> Quota:
    """A quota."""
    data = _object(cleaner.clean_data(said), "quota")
    used, held, limit = (_number(data.get(name)) for name in ("utilization", "holds", "limit"))
    if limit is None:
        raise bad_answer("a quota without a limit")
    return Quota(
        _text(data, "dimension", "quota"), str(data.get("scope") or ""), str(data.get("providerId") or ""),
        used or 0.0, held or 0.0, limit, str(data.get("period") or ""),
    )  # fmt: skip


def session_of(said: Any, cleaner: Cleaner) -> Session:
    """A session."""
    data = _object(cleaner.clean_data(said), "session")
    name, target, provider = (str(data.get(name) or "") for name in ("name", "target", "providerId"))
    return Session(_text(data, "id", "session"), name, target, provider, _text(data, "status", "session"))


def _object(said: Any, what: str) -> Json:
    if not isinstance(said, Mapping):
        raise bad_answer(f"a {what} that is no object")
    return said


def _mapping(said: Any) -> Json:
    return said if isinstance(said, Mapping) else {}


def _text(data: Json, name: str, what: str) -> str:
    text = data.get(name)
    if not isinstance(text, str) or not text:
        raise bad_answer(f"a {what} without {name}")
    return text


def _number(said: Any) -> float | None:
    is_number = isinstance(said, (int, float)) and not isinstance(said, bool)
    return float(said) if is_number and math.isfinite(said) else None


def _error(said: Any) -> tuple[str, str] | None:
    """Code and message; None where the service says neither."""
    data = _mapping(said)
    code, message = str(data.get("code") or ""), str(data.get("message") or "")
    return (code, message) if code or message else None


def _cost(said: Any) -> Cost | None:
    data = _mapping(said)
    total = _number(data.get("estimatedTotal"))
    events = tuple(event for event in data.get("events") or () if isinstance(event, Mapping))
    return None if total is None else Cost(total, str(data.get("currencyCode") or ""), events)
