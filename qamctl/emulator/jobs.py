"""Jobs: made, told, changed, cancelled and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from qamctl.emulator import life, times
from qamctl.emulator.core import Call, Core
from qamctl.emulator.listing import page
from qamctl.emulator.messages import Response, json_answer, json_body, refuse, text_field
from qamctl.emulator.place import LOCAL_ACCOUNT
from qamctl.emulator.state import Job
from qamctl.emulator.targets import Target

#: Formats that are a provider's own: their results lie in `rawOutputData`, all others' in `outputData`.
_RAW: Final = frozenset(
    {
        "ionq.quantum-results.v1",
        "honeywell.quantum-results.v1",
        "rigetti.quil-results.v1",
        "microsoft.quantum-log.v1",
    }
)

#: Shots of a job that does not say.
_SHOTS: Final = 500

#: What is kept of a request to make a job.
_KEPT: Final = ("inputDataFormat", "outputDataFormat", "inputParams", "metadata")


def put(core: Core, call: Call) -> Response:
    """Make a job under the id in the path."""
    id = call.place.id
    core.state.puts[id] += 1
    given = json_body(call.request)
    target = _check(core, call, given)
    there = core.state.jobs.get(id)
    if there is not None:
        if core.second_put == "conflict":
            raise refuse(409, "JobAlreadyExists", f"A job with the id '{id}' already exists in the workspace.")
        if core.second_put == "same":
            return json_answer(view(core, call, there, fresh=True))
    job = _made(core, call, given, target)
    core.state.jobs[id] = job
    core.state.created[id] += 1
    core.state.touch("job", id)
    return json_answer(view(core, call, job, fresh=True))


def get(core: Core, call: Call) -> Response:
    """Tell a job."""
    return json_answer(view(core, call, _find(core, call)))


def patch(core: Core, call: Call) -> Response:
    """Change its name, tags or priority."""
    job = _find(core, call)
    given = json_body(call.request)
    name, priority = text_field(given, "name"), text_field(given, "priority")
    tags = _tags(given)
    job.name = name or job.name
    job.priority = priority or job.priority
    job.tags = job.tags if given.get("tags") is None else tags
    job.modified = call.now
    core.state.touch("job", job.id)
    return json_answer({"id": job.id, "name": job.name, "priority": job.priority, "tags": job.tags})


def delete(core: Core, call: Call) -> Response:
    """Remove it with its blobs."""
    job = _find(core, call)
    del core.state.jobs[job.id]
    core.state.touch("job", job.id)
    core.storage.drop(job.container)
    return Response(204)


def cancel(core: Core, call: Call) -> Response:
    """Ask for its end; of a job that has ended nothing changes."""
    job = _find(core, call)
    if job.cancelled is None and core.status(job, call.now) not in life.TERMINAL:
        job.cancelled = job.modified = call.now
        core.state.touch("job", job.id)
    return json_answer(view(core, call, job))


def listed(core: Core, call: Call) -> Response:
    """A page of the workspace's jobs."""
    return page(core, call, core.jobs_of(call.place.workspace), view)


def view(core: Core, call: Call, job: Job, *, fresh: bool = False) -> dict[str, Any]:
    """A job as the service tells it.

    Parameters
    ----------
    fresh
        As the answer to the request that made it: without tokens, and the work is not counted yet.
    """
    word = core.status(job, call.now)
    begun = job.cancelled is None and call.now >= job.begins
    ended = word in life.TERMINAL and word != "Cancelled"
    outcome = job.outcome if ended else None
    modified = max([job.modified, *(moment for moment in (job.begins, job.ends) if moment <= call.now and begun)])
    error = outcome.error if outcome is not None else None
    gone = job.cancelled if word == "Cancelled" else None
    return {
        **_addresses(core, call, job, ended, fresh),
        "inputDataFormat": job.given["inputDataFormat"],
        "inputParams": job.given["inputParams"],
        "metadata": job.given["metadata"],
        "sessionId": job.session,
        "jobPriority": "Basic",
        **({} if job.priority is None else {"priority": job.priority}),
        "status": word,
        "jobType": "QuantumComputing",
        "outputDataFormat": job.given["outputDataFormat"],
        "beginExecutionTime": times.brief(job.begins) if begun else None,
        "cancellationTime": None if gone is None else times.brief(gone),
        "lastModifiedTime": times.precise(modified),
        "quantumComputingData": None if fresh else {"count": _count(job)},
        "errorData": None if error is None else {"code": error[0], "message": error[1]},
        "isCancelling": word == "CancellationRequested",
        "tags": job.tags,
        "name": job.name,
        "id": job.id,
        "providerId": job.target.provider.lower(),
        "target": job.target.id,
        "creationTime": times.precise(job.created),
        "endExecutionTime": times.brief(job.ends) if ended else None,
        "costEstimate": outcome.cost if outcome is not None and error is None else None,
        "itemType": "Job",
    }


def output_name(job: Job, ended: bool = True) -> str:
    """The blob in which the result lies; before the end none is named but the usual."""
    return "rawOutputData" if ended and job.given["outputDataFormat"] in _RAW else "outputData"


def _addresses(core: Core, call: Call, job: Job, ended: bool, fresh: bool) -> dict[str, str]:
    """Where its blobs are; each opens with a token of its own, but in the answer to the request that made it."""
    place = f"{call.storage}/{job.container}"
    output = output_name(job, ended)
    if fresh:
        parts = urlsplit(call.storage)
        port = "" if parts.port else ":443"  # as the service writes it
        later = f"{parts.scheme}://{parts.netloc}{port}{parts.path}/{job.container}/{output}"
        return {"containerUri": place, "inputDataUri": f"{place}/inputData", "outputDataUri": later}
    start, end = core.period(call)
    file = f"{job.name}-{job.id}"
    opened, own = core.storage, job.container
    return {
        "containerUri": opened.container_address(call.storage, own, start, end),
        "inputDataUri": opened.blob_address(call.storage, own, "inputData", start, end, f"{file}.input.json"),
        "outputDataUri": opened.blob_address(call.storage, own, output, start, end, f"{file}.output.json"),
    }


def _count(job: Job) -> int:
    items = (job.given["inputParams"] or {}).get("items")
    return max(1, len(items)) if isinstance(items, list) else 1


def asked_shots(params: Mapping[str, Any]) -> int:
    """The shots that a job asks for, for its times; what is no number is found out when it runs."""
    found = next((params[name] for name in ("shots", "count") if params.get(name) is not None), None)
    text = str(found)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else _SHOTS


def _find(core: Core, call: Call) -> Job:
    job = core.state.jobs.get(call.place.id)
    if job is None or job.workspace != call.place.workspace:
        raise refuse(404, "JobNotFound", f"The job '{call.place.id}' was not found in the workspace.")
    return job


def _check(core: Core, call: Call, given: Mapping[str, Any]) -> Target:
    """The target of a job that may be made.

    Raises
    ------
    Refused
        400, with what is wrong.
    """
    for name in ("containerUri", "inputDataFormat", "target", "providerId"):
        text_field(given, name, required=True)
    for name in ("name", "outputDataFormat", "inputDataUri", "sessionId", "priority"):
        text_field(given, name)
    _tags(given)
    for name in ("inputParams", "metadata"):
        if not isinstance(given.get(name), dict | None):
            raise refuse(400, "InvalidProperty", f"The request body is invalid: '{name}' must be an object.")
    if not _container(given["containerUri"]):
        raise refuse(400, "InvalidJobDefinition", "The container address names no container.")
    target = core.targets.get(given["target"])
    if target is None or target.provider.lower() != given["providerId"].lower():
        wanted = f"The target '{given['target']}' of the provider '{given['providerId']}'"
        raise refuse(400, "InvalidJobDefinition", f"{wanted} is not available in the workspace.")
    session = given.get("sessionId")
    if session is not None:
        found = core.state.sessions.get(session)
        if found is None or found.workspace != call.place.workspace:
            raise refuse(404, "SessionNotFound", f"The session '{session}' was not found in the workspace.")
        if found.closed is not None or core.session_status(found, call.now) in ("Failed", "Succeeded"):
            raise refuse(400, "InvalidJobDefinition", f"The session '{session}' is in a terminal state.")
    return target


def _made(core: Core, call: Call, given: Mapping[str, Any], target: Target) -> Job:
    kept: dict[str, Any] = {name: given.get(name) for name in _KEPT}
    kept["inputParams"] = kept["inputParams"] or {}
    kept["outputDataFormat"] = kept["outputDataFormat"] or "microsoft.quantum-results.v2"
    if kept["metadata"] is not None:
        kept["metadata"] = {key: str(value) for key, value in kept["metadata"].items()}
    due = core.timing(target, call.place.id, asked_shots(kept["inputParams"]))
    begins = call.now + due.queue
    job = Job(
        id=call.place.id,
        workspace=call.place.workspace,
        given=kept,
        target=target,
        container=_container(given["containerUri"]),
        created=call.now,
        begins=begins,
        ends=begins + due.run,
        order=core.state.next_order(),
        name=given.get("name") or "azure-quantum-job",
        tags=_tags(given),
        priority=given.get("priority"),
        session=given.get("sessionId"),
        modified=call.now,
        finish=due.finish,
    )
    core.foretell(job, call)
    return job


def _tags(given: Mapping[str, Any]) -> list[str]:
    tags = given.get("tags")
    if tags is None:
        return []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise refuse(400, "InvalidProperty", "The request body is invalid: 'tags' must be a list of texts.")
    return tags


def _container(address: str) -> str:
    """The container in an address of either style."""
    try:
        path = urlsplit(address).path
    except ValueError:
        return ""
    parts = [part for part in path.split("/") if part]
    return "" if not parts else parts[1] if parts[0] == LOCAL_ACCOUNT and len(parts) > 1 else parts[0]
