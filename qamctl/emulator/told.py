"""A job as the service tells it: all that it says of itself follows from the clock, as it was recorded."""

from __future__ import annotations

from typing import Any, Final, Literal
from urllib.parse import urlsplit

from qamctl.emulator import life, times
from qamctl.emulator.core import Call, Core
from qamctl.emulator.state import Job

#: To whom a job is told: who made it, who asks for it, or who lists many. Only the second gets tokens.
To = Literal["maker", "asker", "lister"]

#: Formats that are a provider's own: their results lie in `rawOutputData`, all others' in `outputData`.
_RAW: Final = frozenset(
    {
        "ionq.quantum-results.v1",
        "honeywell.quantum-results.v1",
        "rigetti.quil-results.v1",
        "pasqal.pulser-results.v1",
        "microsoft.quantum-log.v1",
    }
)

#: Errors with which a job comes back from its provider before it ran.
REFUSALS: Final = frozenset({"ProviderTimeout", "InvalidProperty", "PropertyNotSpecified"})

#: The provider whose jobs were chemistry.
_CHEMISTRY: Final = "microsoft-elements"

#: Part of the wait after which the provider has the job: QIR is translated before, which takes some seconds.
_HANDED: Final = 0.1
_HANDED_QIR: Final = 0.4

#: Since when the service notes when a job changed (2025-06-01): the recorded listing has no such time of older jobs.
_NOTED_SINCE: Final = 1_748_736_000.0


def view(core: Core, call: Call, job: Job, to: To = "asker") -> dict[str, Any]:
    """A job, for whoever asks."""
    word = core.status(job, call.now)
    ended = word in life.TERMINAL and word != "Cancelled"
    outcome = job.outcome if ended else None
    error = outcome.error if outcome is not None else None
    refused = error is not None and error[0] in REFUSALS
    begun = job.cancelled is None and call.now >= job.begins and not refused
    ran = word == "Finishing" or (ended and not refused)
    zone = "Z" if to == "lister" else "+00:00"
    modified = _modified(job, call.now)
    gone = job.cancelled if word == "Cancelled" else None
    return {
        **_addresses(core, call, job, output_name(job, ran), to),
        "inputDataFormat": job.given["inputDataFormat"],
        "inputParams": job.given["inputParams"],
        "metadata": job.given["metadata"],
        "sessionId": job.session,
        "jobPriority": "Basic",
        **({} if job.priority is None else {"priority": job.priority}),
        "status": word,
        "jobType": kind(job),
        "outputDataFormat": job.given["outputDataFormat"],
        "beginExecutionTime": times.brief(job.begins) if begun else None,
        "cancellationTime": None if gone is None else times.brief(gone),
        "lastModifiedTime": times.precise(modified, zone) if modified >= _NOTED_SINCE else None,
        "quantumComputingData": {"count": _count(job)} if _is_counted(job, call.now, ended) else None,
        "errorData": None if error is None else {"code": error[0], "message": error[1]},
        "isCancelling": word == "CancellationRequested",
        "tags": job.tags,
        "name": job.name,
        "id": job.id,
        "providerId": job.target.provider.lower(),
        "target": job.target.id,
        "creationTime": times.precise(job.created, zone),
        "endExecutionTime": times.brief(job.ends - job.finish) if ran else None,
        "costEstimate": outcome.cost if outcome is not None and error is None else None,
        "itemType": "Job",
    }


def output_name(job: Job, ran: bool = True) -> str:
    """The blob in which the result lies; before it ran none is named but the usual."""
    return "rawOutputData" if ran and job.given["outputDataFormat"] in _RAW else "outputData"


def kind(job: Job) -> str:
    """As `jobType`."""
    return "QuantumChemistry" if job.target.provider.lower() == _CHEMISTRY else "QuantumComputing"


def _handed(job: Job) -> float:
    """When its provider has it."""
    part = _HANDED_QIR if job.given["inputDataFormat"] == "qir.v1" else _HANDED
    return job.created + part * (job.begins - job.created)


def _is_counted(job: Job, now: float, ended: bool) -> bool:
    return kind(job) == "QuantumComputing" and (ended or now >= _handed(job))


def _modified(job: Job, now: float) -> float:
    """When it last changed: by a request, or as time went by."""
    if job.cancelled is not None:
        return job.modified
    return max([job.modified, *(moment for moment in (_handed(job), job.begins, job.ends) if moment <= now)])


def _count(job: Job) -> int:
    items = (job.given["inputParams"] or {}).get("items")
    return max(1, len(items)) if isinstance(items, list) else 1


def _addresses(core: Core, call: Call, job: Job, output: str, to: To) -> dict[str, str]:
    """Where its blobs are; for who asks for the job each opens with a token of its own."""
    place, source = f"{call.storage}/{job.container}", "/".join(job.input_place)
    if to != "asker":
        parts = urlsplit(call.storage)
        port = "" if parts.port else ":443"  # as the service writes it
        later = f"{parts.scheme}://{parts.netloc}{port}{parts.path}/{job.container}/{output}"
        return {"containerUri": place, "inputDataUri": f"{call.storage}/{source}", "outputDataUri": later}
    start, end = core.period(call)
    file = f"{job.name}-{job.id}"
    opened, own = core.storage, job.container
    return {
        "containerUri": opened.container_address(call.storage, own, start, end),
        "inputDataUri": opened.blob_address(call.storage, *job.input_place, start, end, f"{file}.input.json"),
        "outputDataUri": opened.blob_address(call.storage, own, output, start, end, f"{file}.output.json"),
    }
