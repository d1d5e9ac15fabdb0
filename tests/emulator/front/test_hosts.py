"""The hosts beside the data plane: Entra, the resource manager, and where qdk tells of its use."""

from __future__ import annotations

import http.client
import json
import ssl
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from emulator.asking import SUBSCRIPTION, WORKSPACE, FakeClock

from qamctl.emulator.front.hosts import LOGIN, MANAGEMENT, respond
from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.messages import Response, make_request
from qamctl.emulator.service import AzureService

INGESTION = "westus2-2.in.applicationinsights.azure.com"
ALL = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Quantum/workspaces"
NOBODY = "99999999-2222-3333-4444-555555555555"


def arm(service: AzureService, method: str, path: str, body: Any = b"", headers: Any = None) -> Response:
    """Ask the resource manager, with a token unless other headers are given."""
    url = f"https://{MANAGEMENT}{path}?api-version=2025-12-15-preview"
    bearer = {"Authorization": f"Bearer {service.token}"}
    return respond(service, make_request(method, url, bearer if headers is None else headers, body))


def names(service: AzureService, path: str) -> list[str]:
    """The ids of listed workspaces, without what they have in common."""
    found = arm(service, "GET", path)
    assert found.status == 200
    parts = [one["id"].split("/") for one in json.loads(found.body)["value"]]
    return [f"{one[4]}/{one[-1]}" for one in parts]


def test_workspaces_of_a_subscription_and_of_a_group_are_listed() -> None:
    """Those that there are, and no one else's."""
    service = AzureService(workspaces=[f"{SUBSCRIPTION}/rg/ws1", f"{SUBSCRIPTION}/rg/ws2", f"{SUBSCRIPTION}/two/ws3"])
    assert names(service, ALL) == ["rg/ws1", "rg/ws2", "two/ws3"]
    assert names(service, ALL.replace("/providers", "/resourceGroups/RG/providers")) == ["rg/ws1", "rg/ws2"]
    assert names(service, ALL.replace("/providers", "/resourceGroups/none/providers")) == []
    assert names(service, ALL.replace(SUBSCRIPTION, NOBODY)) == []


def test_where_any_workspace_is_taken_the_one_asked_for_is_listed() -> None:
    """By the names of the question, else by the emulator's own."""
    service = AzureService()
    assert names(service, ALL) == ["emulator/emulator"]
    assert names(service, ALL.replace("/providers", "/resourceGroups/mine/providers")) == ["mine/emulator"]
    assert arm(service, "GET", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/mine").status == 200


def test_a_workspace_is_told_with_its_providers_storage_and_address() -> None:
    """What the portal shows of it, and clients look for."""
    told = json.loads(arm(AzureService(), "GET", WORKSPACE).body)
    assert told["id"] == WORKSPACE.replace("/workspaces/", "/Workspaces/")
    properties = told["properties"]
    assert {"ionq", "rigetti", "quantinuum"} <= {one["providerId"] for one in properties["providers"]}
    assert (properties["workspaceKind"], properties["apiKeyEnabled"], properties["usable"]) == ("V1", True, "Yes")
    assert properties["endpointUri"] == "https://eastus.quantum.azure.com/"
    assert "/providers/Microsoft.Storage/storageAccounts/" in properties["storageAccount"]


def test_keys_are_told_to_who_has_a_token_only() -> None:
    """With connection strings that the SDK takes."""
    service = AzureService(key="k1", workspaces=[f"{SUBSCRIPTION}/rg/ws1"])
    path = f"{WORKSPACE}/listKeys"
    for headers in ({}, {"Authorization": "Bearer k1"}, {"x-ms-quantum-api-key": "k1"}):
        refused = arm(service, "POST", path, headers=headers)
        assert (refused.status, b"k1" in refused.body) == (401, False)
    told = json.loads(arm(service, "POST", path).body)
    assert (told["primaryKey"]["key"], told["secondaryKey"]["key"]) == ("k1", "k1")
    string = f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=rg;WorkspaceName=ws1;ApiKey=k1;"
    assert told["primaryConnectionString"] == f"{string}QuantumEndpoint=https://eastus.quantum.azure.com/;"
    assert arm(service, "POST", path.replace("ws1", "ws2")).status == 404
    assert arm(service, "GET", path).status == 404


def test_nothing_can_be_made_or_changed_by_the_resource_manager() -> None:
    """Workspaces are a setting of the service."""
    for method in ("PUT", "PATCH", "DELETE"):
        assert arm(AzureService(), method, WORKSPACE, {}).status == 404


@pytest.mark.parametrize(
    "query", [b"", b"[]", b"null", b'{"query": 3}', b'{"query": "Resources"}', b"\xff", b"[" * 9999]
)
def test_a_graph_query_without_a_name_finds_nothing(query: bytes) -> None:
    """Whatever it is."""
    found = arm(AzureService(), "POST", "/providers/Microsoft.ResourceGraph/resources", query)
    assert (found.status, json.loads(found.body)["data"]) == (200, [])


@pytest.mark.parametrize(("date", "bound"), [("2025-10-09", False), ("2025-11-20", True), ("2026-11-29", True)])
def test_entra_tells_of_itself_what_it_told_at_that_time(date: str, bound: bool) -> None:
    """Since the end of 2025 there are tokens that are bound to a certificate, as recorded."""
    clock = FakeClock()
    clock.time = datetime.fromisoformat(f"{date}T00:00:00Z").timestamp()
    url = f"https://{LOGIN}/t1/v2.0/.well-known/openid-configuration"
    told = json.loads(respond(AzureService(clock=clock), make_request("GET", url)).body)
    assert told["issuer"] == f"https://{LOGIN}/t1/v2.0"
    assert ("mtls_endpoint_aliases" in told, "tls_client_certificate_bound_access_tokens" in told) == (bound, bound)


@pytest.mark.parametrize(("body", "count"), [(b"[{}, {}]", 2), (b"[]", 0), (b"{}", 1), (b"", 1), (b"[" * 9999, 1)])
def test_telemetry_is_thanked_for_and_goes_nowhere(body: bytes, count: int) -> None:
    """Whatever comes; the service counts no request."""
    service = AzureService()
    found = respond(service, make_request("POST", f"https://{INGESTION}//v2.1/track", {}, body))
    told = {"itemsReceived": count, "itemsAccepted": count, "appId": None, "errors": []}
    assert (found.status, json.loads(found.body)) == (200, told)
    assert not service.requests
    assert respond(service, make_request("GET", f"https://{INGESTION}/v2.1/track")).status == 404


def test_the_proxy_stands_in_for_where_qdk_tells_of_its_use(tmp_path: Path) -> None:
    """Its certificate covers every region, so that a client that tells of itself is not told off."""
    with proxy(AzureService(), tmp_path) as front:
        context = ssl.create_default_context(cafile=str(front.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", urlsplit(front.url).port, timeout=20, context=context)
        connection.set_tunnel(INGESTION, 443)
        connection.request("POST", "//v2.1/track", b"[{}]")
        assert json.loads(connection.getresponse().read())["itemsAccepted"] == 1
        connection.close()
