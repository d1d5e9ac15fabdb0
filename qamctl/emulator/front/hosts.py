"""Azure's other hosts, as far as a client of Azure Quantum asks them: tokens of Microsoft Entra, and the resource.

A service principal's secret is the service's key; any assertion of a workload identity is taken.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import Any, Final
from urllib.parse import parse_qs

from qamctl.emulator.messages import Request, Response, fault, json_answer
from qamctl.emulator.service import TOKEN, AzureService

LOGIN: Final = "login.microsoftonline.com"
MANAGEMENT: Final = "management.azure.com"

#: Where every workspace is.
LOCATION: Final = "eastus"

_RESOURCE: Final = re.compile(
    r"/+subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Quantum/workspaces/([^/]+)", re.IGNORECASE
)

#: Seconds.
_TOKEN_LIFE: Final = 3599


def respond(service: AzureService, request: Request) -> Response:
    """The answer of whichever host was asked.

    Raises
    ------
    LostResponse
        As `AzureService.handle`.
    """
    host = request.header("host")
    if host == LOGIN:
        return _login(service, request)
    if host == MANAGEMENT:
        return _management(service, request)
    return service.handle(request)


def _login(service: AzureService, request: Request) -> Response:
    tenant = request.path.strip("/").partition("/")[0]
    base = f"https://{LOGIN}/{tenant}"
    if request.path.endswith("/openid-configuration"):
        told = {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "issuer": f"{base}/v2.0",
            "tenant_region_scope": "WW",
        }
        return json_answer(told)
    if request.path.endswith("/discovery/instance"):
        names = {"preferred_network": LOGIN, "preferred_cache": "login.windows.net", "aliases": [LOGIN]}
        where = f"{base}/v2.0/.well-known/openid-configuration"
        return json_answer({"tenant_discovery_endpoint": where, "api-version": "1.1", "metadata": [names]})
    if request.path.endswith("/oauth2/v2.0/token") and request.method == "POST":
        return _token(service, request)
    return json_answer({"error": "invalid_request", "error_description": "There is nothing at this address."}, 404)


def _token(service: AzureService, request: Request) -> Response:
    form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    if form.get("grant_type") != "client_credentials":
        text = "AADSTS70003: The app requested an unsupported grant type."
        return json_answer({"error": "unsupported_grant_type", "error_description": text}, 400)
    secret = form.get("client_secret", "").encode()
    if not form.get("client_assertion") and not hmac.compare_digest(secret, service.key.encode()):
        text = "AADSTS7000215: Invalid client secret provided."
        return json_answer({"error": "invalid_client", "error_description": text}, 401)
    life = {"expires_in": _TOKEN_LIFE, "ext_expires_in": _TOKEN_LIFE}
    return json_answer({"token_type": "Bearer", **life, "access_token": TOKEN})


def _management(service: AzureService, request: Request) -> Response:
    if request.header("authorization") != f"Bearer {TOKEN}":
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return fault(401, "InvalidAuthenticationToken", "The access token is invalid.", headers)
    match = _RESOURCE.fullmatch(request.path)
    if match is not None and request.method == "GET":
        names = match.group(1, 2, 3)
        if not service.has_workspace("/".join(names)):
            what = f"The Resource 'Microsoft.Quantum/Workspaces/{names[2]}'"
            return fault(404, "ResourceNotFound", f"{what} under resource group '{names[1]}' was not found.")
        told = {
            "id": request.path,
            "name": names[2],
            "type": "microsoft.quantum/workspaces",
            "location": LOCATION,
            "properties": {**_properties(), "provisioningState": "Succeeded", "usable": "Yes"},
        }
        return json_answer(told)
    if request.path.lower() == "/providers/microsoft.resourcegraph/resources" and request.method == "POST":
        found = _found(service, request)
        return json_answer({"totalRecords": len(found), "count": len(found), "data": found, "facets": []})
    return fault(404, "NotFound", "There is nothing at this address.")


def _found(service: AzureService, request: Request) -> list[dict[str, Any]]:
    """Workspaces of the name that a query asks for; where any name is taken there is one of it."""
    try:
        query = str(json.loads(request.body).get("query"))
    except (ValueError, AttributeError, RecursionError):
        return []
    wanted = {key: value.lower() for key, value in re.findall(r"(name|resourceGroup)\s*=~\s*'([^']*)'", query)}
    name = wanted.get("name", "")
    known = service.workspaces
    if known is None:
        known = frozenset({f"00000000-0000-0000-0000-000000000000/{wanted.get('resourceGroup', 'emulator')}/{name}"})
    rows = [one.split("/") for one in sorted(known)]
    return [
        {"name": own, "subscriptionId": subscription, "resourceGroup": group, "location": LOCATION, **_properties()}
        for subscription, group, own in rows
        if own == name and wanted.get("resourceGroup", group) == group
    ]


def _properties() -> dict[str, str]:
    return {"endpointUri": f"https://{LOCATION}.quantum.azure.com/", "workspaceKind": "V1"}
