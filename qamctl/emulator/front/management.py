"""Azure's resource manager, as far as clients of Azure Quantum ask it: which workspaces there are, and their keys.

All of it wants a token. Nothing can be made or changed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from qamctl.emulator.messages import Request, Response, fault, json_answer
from qamctl.emulator.place import ACCOUNT
from qamctl.emulator.service import AzureService

MANAGEMENT: Final = "management.azure.com"

#: Where every workspace is.
LOCATION: Final = "eastus"

#: The subscription and the group of a workspace where any is taken and nobody said which.
_ANY_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
_ANY: Final = "emulator"

#: When everything was made, as far as anybody is told.
_MADE: Final = "2026-01-15T00:00:00.0000000Z"

_KIND: Final = "Microsoft.Quantum/Workspaces"


class _Workspace(NamedTuple):
    subscription: str
    group: str
    name: str

    @property
    def id(self) -> str:
        """Its resource id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{_KIND}/{self.name}"


def manage(service: AzureService, request: Request) -> Response:
    """The answer of `MANAGEMENT`."""
    if not service.is_bearer(request):
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return fault(401, "InvalidAuthenticationToken", "The access token is invalid.", headers)
    for method, pattern, answer in _ROUTES:
        match = pattern.fullmatch(request.path)
        if match is not None and request.method == method:
            return answer(service, request, match.groups())
    return fault(404, "NotFound", "There is nothing at this address.")


def _workspace(service: AzureService, request: Request, names: tuple[str, ...]) -> Response:
    """One of them."""
    asked = _Workspace(*names)
    return json_answer(_resource(service, asked)) if _is_there(service, asked) else _missing(asked)


def _keys(service: AzureService, request: Request, names: tuple[str, ...]) -> Response:
    """The keys of one: there is one key, which stands in both places."""
    asked = _Workspace(*names)
    if not _is_there(service, asked):
        return _missing(asked)
    key = {"createdAt": _MADE, "key": service.key}
    string = (
        f"SubscriptionId={asked.subscription};ResourceGroupName={asked.group};WorkspaceName={asked.name};"
        f"ApiKey={service.key};QuantumEndpoint={_properties()['endpointUri']};"
    )
    strings = dict.fromkeys(("primaryConnectionString", "secondaryConnectionString"), string)
    return json_answer({"apiKeyEnabled": True, "primaryKey": key, "secondaryKey": key, **strings})


def _workspaces(service: AzureService, request: Request, names: tuple[str, ...]) -> Response:
    """Those of a subscription, or of a group in it."""
    found = _known(service, names[0], *names[1:])
    return json_answer({"value": [_resource(service, one) for one in found]})


def _resources(service: AzureService, request: Request, names: tuple[str, ...]) -> Response:
    """Whatever there is in a subscription: workspaces, if the filter lets them through."""
    wanted = _wanted(request.query.get("$filter", ""), "eq")
    place = wanted.get("location", LOCATION).lower().replace(" ", "")
    lets = wanted.get("resourcetype", _KIND).lower() == _KIND.lower() and place == LOCATION
    found = _known(service, names[0], wanted.get("resourcegroup"), wanted.get("name")) if lets else []
    more = {"createdTime": _MADE, "changedTime": _MADE, "provisioningState": "Succeeded"}
    return json_answer({"value": [{**_head(one), **more} for one in found]})


def _group(service: AzureService, request: Request, names: tuple[str, ...]) -> Response:
    """A group: it is there if there is a workspace in it."""
    if not _known(service, *names):
        return fault(404, "ResourceGroupNotFound", f"Resource group '{names[1]}' could not be found.")
    told = {"id": f"/subscriptions/{names[0]}/resourceGroups/{names[1]}", "name": names[1], "location": LOCATION}
    kind = "Microsoft.Resources/resourceGroups"
    return json_answer({**told, "type": kind, "properties": {"provisioningState": "Succeeded"}})


def _graph(service: AzureService, request: Request, names: tuple[str, ...]) -> Response:
    """Workspaces of the name that a query asks for; where any name is taken there is one of it."""
    try:
        query = str(json.loads(request.body).get("query"))
    except (ValueError, AttributeError, RecursionError):
        query = ""
    wanted = _wanted(query, "=~")
    found = _known(service, None, wanted.get("resourcegroup"), wanted["name"]) if "name" in wanted else []
    rows = [
        {"name": one.name, "subscriptionId": one.subscription, "resourceGroup": one.group, "location": LOCATION}
        | _properties()
        for one in found
    ]
    return json_answer({"totalRecords": len(rows), "count": len(rows), "data": rows, "facets": []})


def _known(
    service: AzureService, subscription: str | None, group: str | None = None, name: str | None = None
) -> list[_Workspace]:
    """The workspaces that there are; where any is taken, the one that was asked for."""
    if service.workspaces is None:
        return [_Workspace(subscription or _ANY_SUBSCRIPTION, group or _ANY, name or _ANY)]
    every = [_Workspace(*one.split("/")) for one in sorted(service.workspaces)]
    asked = (subscription, group, name)
    return [one for one in every if all(a is None or a.lower() == b for a, b in zip(asked, one, strict=True))]


def _is_there(service: AzureService, asked: _Workspace) -> bool:
    return service.has_workspace("/".join(asked))


def _missing(asked: _Workspace) -> Response:
    text = f"The Resource '{_KIND}/{asked.name}' under resource group '{asked.group}' was not found."
    return fault(404, "ResourceNotFound", text)


def _wanted(text: str, sign: str) -> dict[str, str]:
    """What a filter or a query wants: names in lower case -> values."""
    return {name.lower(): value for name, value in re.findall(rf"(\w+)\s*{sign}\s*'([^']*)'", text)}


def _head(one: _Workspace) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "type": _KIND, "location": LOCATION, "tags": {}}


def _resource(service: AzureService, one: _Workspace) -> dict[str, Any]:
    """One as it is told in full."""
    names = service.look(lambda core: list(dict.fromkeys(target.provider for target in core.targets.values())))
    plan = {"providerSku": "emulator", "provisioningState": "Succeeded"}
    group = f"/subscriptions/{one.subscription}/resourceGroups/{one.group}"
    identity = dict.fromkeys(("principalId", "tenantId"), _ANY_SUBSCRIPTION)
    who = {"createdBy": _ANY, "createdByType": "Application", "createdAt": _MADE}
    changed = {"lastModifiedBy": _ANY, "lastModifiedByType": "Application", "lastModifiedAt": _MADE}
    properties = {
        "providers": [{"providerId": name.lower(), **plan} for name in names],
        "provisioningState": "Succeeded",
        "usable": "Yes",
        "storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}",
        "apiKeyEnabled": True,
        **_properties(),
    }
    told = {"identity": {"type": "SystemAssigned", **identity}, "systemData": {**who, **changed}}
    return {**_head(one), **told, "properties": properties}


def _properties() -> dict[str, str]:
    return {"endpointUri": f"https://{LOCATION}.quantum.azure.com/", "workspaceKind": "V1"}


_Answer = Callable[[AzureService, Request, tuple[str, ...]], Response]

_IN_GROUP: Final = r"/+subscriptions/([^/]+)/resourceGroups/([^/]+)"
_ALL: Final = "providers/Microsoft.Quantum/workspaces"

#: Method, address and what answers it; its groups are subscription, group and name.
_ROUTES: Final[tuple[tuple[str, re.Pattern[str], _Answer], ...]] = tuple(
    (method, re.compile(pattern, re.IGNORECASE), answer)
    for method, pattern, answer in (
        ("GET", rf"{_IN_GROUP}/{_ALL}/([^/]+)", _workspace),
        ("POST", rf"{_IN_GROUP}/{_ALL}/([^/]+)/listKeys", _keys),
        ("GET", rf"{_IN_GROUP}/{_ALL}", _workspaces),
        ("GET", rf"/+subscriptions/([^/]+)/{_ALL}", _workspaces),
        ("GET", r"/+subscriptions/([^/]+)/resources", _resources),
        ("GET", _IN_GROUP, _group),
        ("POST", r"/+providers/Microsoft\.ResourceGraph/resources", _graph),
    )
)
