"""What a workspace tells of itself: its targets, its quotas, and addresses with which its storage is written."""

from __future__ import annotations

from typing import Any, Final

from qamctl.emulator import times, versions
from qamctl.emulator.core import Call, Core
from qamctl.emulator.messages import Response, json_answer, json_body, refuse, text_field
from qamctl.emulator.names import is_blob, is_container
from qamctl.emulator.state import Job
from qamctl.emulator.targets import provider_status

#: Jobs that may be under way at the same time, of each provider.
_LIMIT: Final = 1000.0


def providers(core: Core, call: Call) -> Response:
    """Providers and their targets."""
    down = frozenset(core.targets) if "unavailable" in call.faults else frozenset()
    told = provider_status(list(core.targets.values()), down)
    if not versions.has(call.request, versions.MAKES):
        for target in (target for provider in told for target in provider["targets"]):
            del target["numQubits"], target["targetProfile"]
    return json_answer({"value": told, "nextLink": None})


def suite_provider(core: Core, call: Call) -> Response:
    """One provider of a subscription."""
    told = provider_status([target for target in core.targets.values() if _same(target.provider, call.place.id)])
    if not told:
        raise refuse(404, "ProviderNotFound", f"The provider '{call.place.id}' is not available.")
    return json_answer(told[0])


def quotas(core: Core, call: Call) -> Response:
    """What each provider allows, and what is used of it: jobs that are under way, and dollars of this month."""
    told: list[dict[str, Any]] = []
    for provider in dict.fromkeys(target.provider for target in core.targets.values()):
        mine = [job for job in core.jobs_of(call.place.workspace) if job.target.provider == provider]
        open_jobs = [job for job in mine if core.status(job, call.now) in ("Waiting", "Executing")]
        told.append(
            {
                "dimension": f"concurrent_{provider.lower().rpartition('.')[2]}_jobs",
                "scope": "Workspace",
                "providerId": provider.lower(),
                "utilization": float(len(open_jobs)),
                "holds": 0.0,
                "limit": _LIMIT,
                "period": "None",
            }
        )
    return json_answer({"value": told, "nextLink": None})


def usages(core: Core, call: Call) -> Response:
    """What a workspace used of a provider's targets: jobs that ended."""
    provider = call.request.query.get("providerId", "")
    if not provider:
        raise refuse(400, "InvalidQueryParameter", "The parameter 'providerId' is missing.")
    return _usages(core, call, provider, core.jobs_of(call.place.workspace), "WorkspaceTarget")


def suite_usages(core: Core, call: Call) -> Response:
    """What a subscription used of a provider's targets."""
    mine = [job for job in core.state.jobs.values() if job.workspace.startswith(f"{call.place.workspace}/")]
    return _usages(core, call, call.place.id, mine, "SubscriptionTarget")


def address(core: Core, call: Call) -> Response:
    """An address that opens a container, or a blob in it.

    The container is made if it is not there; the older clients looked for it and made it themselves.
    """
    given = json_body(call.request)
    container, blob = text_field(given, "containerName", required=True), text_field(given, "blobName")
    if container is None or not is_container(container):
        raise refuse(400, "InvalidProperty", f"'{container}' is no name of a container.")
    if blob is not None and not is_blob(blob):
        raise refuse(400, "InvalidProperty", "The name of the blob is not valid.")
    if versions.has(call.request, versions.MAKES):
        core.storage.make(container)
    start, end = core.period(call)
    return json_answer({"sasUri": core.storage.upload_address(call.storage, container, blob or None, start, end)})


def _usages(core: Core, call: Call, provider: str, jobs: list[Job], scope: str) -> Response:
    told = []
    for target in core.targets.values():
        ended = [job for job in jobs if job.target.id == target.id and job.outcome is not None]
        if _same(target.provider, provider) and ended:
            last = max(job.ends for job in ended)
            told.append(
                {
                    "providerId": target.provider.lower(),
                    "scope": scope,
                    "targetId": target.id,
                    "usage": {"jobs": len(ended)},
                    "lastModifiedTime": times.precise(last),
                }
            )
    return json_answer({"value": told, "nextLink": None})


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
