"""Where a request goes: what it asks for, of which workspace, and what it is counted as."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from qamctl.emulator.messages import Request

#: The name that stands for the storage account in addresses on this machine; every such service uses it.
LOCAL_ACCOUNT: Final = "devstoreaccount1"

#: The storage account's name where hosts are those of Azure.
ACCOUNT: Final = "qamctlemulator"

_WORKSPACE: Final = re.compile(
    r"/+subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Quantum/workspaces/([^/]+)/(.+)",
    re.IGNORECASE | re.ASCII,
)
_SUITE: Final = re.compile(
    r"/+subscriptions/([^/]+)/providers/Microsoft\.Quantum/suiteOffers/([^/]+)/(quotaUsages|providerStatus)",
    re.IGNORECASE | re.ASCII,
)

#: What stands behind the workspace, with the name that it goes by; a group is the id.
_ROUTES: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("job", r"jobs/([^/:]+)"),
        ("job:cancel", r"jobs/([^/:]+):cancel"),
        ("job options", r"jobUpdateOptions/([^/:]+)"),
        ("jobs", r"jobs"),
        ("items", r"topLevelItems"),
        ("session", r"sessions/([^/:]+)"),
        ("session:close", r"sessions/([^/:]+):close"),
        ("session jobs", r"sessions/([^/:]+)/jobs"),
        ("sessions", r"sessions"),
        ("providers", r"providerStatus"),
        ("quotas", r"quotas"),
        ("usages", r"quotaUsages"),
        ("sas", r"storage/sasUri"),
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a request asks for.

    Attributes
    ----------
    kind
        Method and name, as `PUT job` or `GET blob`: what requests are counted and faults are planned by.
    workspace
        `subscription/resource-group/name`, lower case; empty for the storage.
    id
        Of the job or session, or the provider of a suite; empty where there is none.
    container, blob
        Of the storage; None where the request names none.
    """

    kind: str
    name: str
    workspace: str = ""
    id: str = ""
    container: str | None = None
    blob: str | None = None


def find(request: Request) -> Place:
    """The place of a request; its name is empty where there is no such place."""
    stored = storage_path(request)
    if stored is not None:
        return _stored(request, stored)
    match = _WORKSPACE.fullmatch(request.path)
    if match is not None:
        workspace = "/".join(match.group(1, 2, 3)).lower()
        for name, pattern in _ROUTES:
            found = pattern.fullmatch(match[4])
            if found is not None:
                return Place(f"{request.method} {name}", name, workspace, found[1] if found.groups() else "")
        return Place(f"{request.method} unknown", "", workspace)
    suite = _SUITE.fullmatch(request.path)
    if suite is not None:
        name = "suite usages" if suite[3].lower() == "quotausages" else "suite providers"
        return Place(f"{request.method} {name}", name, suite[1].lower(), suite[2])
    return Place(f"{request.method} unknown", "")


def storage_path(request: Request) -> str | None:
    """The path within the storage account; None for a request that is not for the storage."""
    if ".blob." in request.header("host"):
        return request.path
    prefix = f"/{LOCAL_ACCOUNT}"
    return request.path[len(prefix) :] if request.path.startswith(f"{prefix}/") else None


def storage_address(request: Request, base: str | None) -> str:
    """Where the storage account is, for whoever sent this request; no slash at its end.

    Parameters
    ----------
    base
        What it is anyway; None: on Azure's hosts a host of Azure's, else the host that was asked.
    """
    if base is not None:
        return base.rstrip("/")
    host = request.header("host")
    if host.endswith(".azure.com"):
        return f"https://{ACCOUNT}.blob.core.windows.net"
    return f"http://{host or '127.0.0.1'}/{LOCAL_ACCOUNT}"


def own_address(request: Request) -> str:
    """The address of the data plane as the request has it, without a path."""
    host = request.header("host")
    return f"https://{host}" if host.endswith(".azure.com") else f"http://{host or '127.0.0.1'}"


def _stored(request: Request, path: str) -> Place:
    container, _, blob = path.lstrip("/").partition("/")
    if not container:
        return Place(f"{request.method} account", "storage")
    part = request.query.get("comp", "")
    if not blob:
        name = {"": "container", "list": "blobs"}.get(part, "unknown")
        return Place(f"{request.method} {name}", "storage", container=container)
    name = part if part in ("block", "blocklist", "metadata") else "unknown" if part else "blob"
    return Place(f"{request.method} {name}", "storage", container=container, blob=blob)
