"""Jobs: made, told, changed, cancelled and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from qamctl.emulator import life, versions
from qamctl.emulator.core import Call, Core
from qamctl.emulator.listing import page
from qamctl.emulator.messages import Response, check_id, json_answer, json_body, refuse, text_field
from qamctl.emulator.names import is_container
from qamctl.emulator.place import LOCAL_ACCOUNT
from qamctl.emulator.state import Job
from qamctl.emulator.targets import Target
from qamctl.emulator.told import REFUSALS, view

#: What is kept of a request to make a job.
_KEPT: Final = ("inputDataFormat", "outputDataFormat", "inputParams", "metadata")


def put(core: Core, call: Call) -> Response:
    """Make a job under the id in the path."""
    id = call.place.id
    check_id(id)
    core.state.puts[id] += 1
    core.state.touch("job", id)
    given = json_body(call.request)
    target = _check(core, call, given)
    there = core.state.jobs.get(id)
    if there is not None:
        if core.second_put == "conflict":
            raise refuse(409, "JobAlreadyExists", f"A job with the id '{id}' already exists in the workspace.")
        if core.second_put == "same":
            return json_answer(view(core, call, there, "maker"))
    job = _made(core, call, given, target)
    core.state.jobs[id] = job
    core.state.created[id] += 1
    return json_answer(view(core, call, job, "maker"))


def get(core: Core, call: Call) -> Response:
    """Tell a job."""
    return json_answer(view(core, call, _find(core, call)))


def patch(core: Core, call: Call) -> Response:
    """Change its name, tags or priority."""
    job = _find(core, call)
    given = json_body(call.request)
    name, priority = text_field(given, "name"), text_field(given, "priority")
    text_field(given, "id")
    tags = tags_of(given)
    job.name = name or job.name
    job.priority = priority or job.priority
    job.tags = job.tags if given.get("tags") is None else tags
    job.modified = call.now
    core.state.touch("job", job.id)
    return json_answer({"id": job.id, "name": job.name, "priority": job.priority, "tags": job.tags})


def delete(core: Core, call: Call) -> Response:
    """Remove it with its blobs; in the older versions of the interface: ask for its end."""
    if not versions.has(call.request, versions.CANCELS):
        cancel(core, call)
        return Response(204)
    job = _find(core, call)
    core.storage.drop(job.container)  # first: a storage that is away leaves the job where it is
    del core.state.jobs[job.id]
    core.state.touch("job", job.id)
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
    return page(core, call, core.jobs_of(call.place.workspace), in_list)


def in_list(core: Core, call: Call, job: Job) -> dict[str, Any]:
    """A job among others."""
    return view(core, call, job, "lister")


def asked_shots(target: Target, params: Mapping[str, Any]) -> int:
    """The shots that a job asks for, for its times; what is no number is found out when it runs."""
    found = next((params[name] for name in ("shots", "count") if params.get(name) is not None), None)
    text = str(found)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else target.default_shots


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
    for name in ("name", "outputDataFormat", "inputDataUri", "sessionId", "priority", "itemType"):
        text_field(given, name)
    tags_of(given)
    for name in ("inputParams", "metadata"):
        if not isinstance(given.get(name), dict | None):
            raise refuse(400, "InvalidProperty", f"The request body is invalid: '{name}' must be an object.")
    if not is_container(_container(given["containerUri"])):
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
    due = core.timing(target, call.place.id, asked_shots(target, kept["inputParams"]))
    begins = call.now + due.queue
    job = Job(
        id=call.place.id,
        workspace=call.place.workspace,
        given=kept,
        target=target,
        container=_container(given["containerUri"]),
        source=_source(given.get("inputDataUri")),
        created=call.now,
        begins=begins,
        ends=begins + due.run,
        order=core.state.next_order(),
        name=given.get("name") or "azure-quantum-job",
        tags=tags_of(given),
        priority=given.get("priority"),
        session=given.get("sessionId"),
        modified=call.now,
        finish=due.finish,
    )
    core.foretell(job, call)
    if job.doom is not None and job.doom[0] in REFUSALS:
        job.begins = job.ends
    return job


def tags_of(given: Mapping[str, Any]) -> list[str]:
    """The tags in a request's body."""
    tags = given.get("tags")
    if tags is None:
        return []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise refuse(400, "InvalidProperty", "The request body is invalid: 'tags' must be a list of texts.")
    return tags


def _container(address: str) -> str:
    """The container in an address of either style."""
    return next(iter(_parts(address)), "")


def _source(address: str | None) -> str:
    """Container and blob in an address of either style; empty where it names none."""
    parts = _parts(address or "")
    return "/".join(parts) if len(parts) > 1 else ""


def _parts(address: str) -> list[str]:
    try:
        found = urlsplit(address)
    except ValueError:
        return []
    if found.scheme not in ("http", "https") or not found.netloc:
        return []
    parts = [unquote(part) for part in found.path.split("/") if part]
    return parts[1:] if parts[:1] == [LOCAL_ACCOUNT] else parts
