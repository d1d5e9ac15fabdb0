"""Azure's host names on this machine: the proxy, its certificates, and the hosts besides the data plane."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from emulator.asking import SUBSCRIPTION, WORKSPACE, FakeClock

from qamctl.emulator.front.certificate import NAMES, make_authority
from qamctl.emulator.front.proxy import Front, proxy
from qamctl.emulator.service import AzureService

ENTRA, ARM = "login.microsoftonline.com", "management.azure.com"
BEARER = {"Authorization": f"Bearer {AzureService(key='k1').token}"}
QUANTUM = "westus.quantum.azure.com"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """A proxy before a service with the key `k1` and one workspace."""
    service = AzureService(key="k1", workspaces=[f"{SUBSCRIPTION}/rg/ws1"])
    with proxy(service, tmp_path) as found:
        yield found


def ask(
    front: Front, host: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """Status and object of an answer."""
    connection = http.client.HTTPSConnection(
        "127.0.0.1", urlsplit(front.url).port, timeout=20,
        context=ssl.create_default_context(cafile=str(front.authority)),
    )  # fmt: skip
    connection.set_tunnel(host, 443)
    sent = urlencode(body) if isinstance(body, dict) else body
    connection.request(method, path, sent, dict(headers or {}))
    found = connection.getresponse()
    text = found.read()
    connection.close()
    return found.status, json.loads(text) if text else None


def test_the_data_plane_is_behind_its_name(front: Front) -> None:
    """With the key or a token; and it tells addresses of Azure's storage."""
    path = f"{WORKSPACE}/storage/sasUri?api-version=2026-01-15-preview"
    body = json.dumps({"containerName": "box"})
    for headers in ({"x-ms-quantum-api-key": "k1"}, BEARER):
        status, told = ask(front, QUANTUM, "POST", path, body, headers)
        assert (status, told["sasUri"].startswith("https://qamctlemulator.blob.core.windows.net/box?")) == (200, True)
    parts = urlsplit(told["sasUri"])
    status, _ = ask(front, parts.netloc, "PUT", f"{parts.path}/a?{parts.query}", "x", {"x-ms-blob-type": "BlockBlob"})
    assert status == 201
    assert ask(front, QUANTUM, "POST", path, body, {"Authorization": "Bearer other"})[0] == 401


def test_a_token_is_given_for_the_key(front: Front) -> None:
    """Any tenant; another secret is refused as Entra does it."""
    path = "/t1/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "client_id": "me"}
    assert ask(front, ENTRA, "POST", path, form | {"client_secret": "k1"})[1]["access_token"] in BEARER["Authorization"]
    assert ask(front, ENTRA, "POST", path, form | {"client_assertion": "k1"})[0] == 200
    assert ask(front, ENTRA, "POST", path, form | {"client_assertion": "jwt"})[0] == 401
    status, told = ask(front, ENTRA, "POST", path, form | {"client_secret": "k2"})
    assert (status, told["error"]) == (401, "invalid_client")
    assert ask(front, ENTRA, "POST", path, {"grant_type": "password"})[1]["error"] == "unsupported_grant_type"
    assert ask(front, ENTRA, "GET", path)[0] == 404
    told = ask(front, ENTRA, "GET", "/t1/v2.0/.well-known/openid-configuration")[1]
    assert told["token_endpoint"] == f"https://{ENTRA}{path}"
    assert ask(front, ENTRA, "GET", "/common/discovery/instance")[1]["metadata"][0]["aliases"] == [ENTRA]


def test_the_resource_of_a_workspace_is_looked_up(front: Front) -> None:
    """By id, and by name; one that there is not is not found."""
    status, told = ask(front, ARM, "GET", f"{WORKSPACE}?api-version=2025-12-15-preview", headers=BEARER)
    assert (status, told["location"]) == (200, "eastus")
    assert told["properties"]["endpointUri"] == "https://eastus.quantum.azure.com/"
    other = WORKSPACE.replace("ws1", "ws2")
    assert ask(front, ARM, "GET", other, headers=BEARER)[0] == 404
    assert ask(front, ARM, "GET", WORKSPACE)[0] == 401
    assert ask(front, ARM, "GET", "/subscriptions", headers=BEARER)[0] == 404
    graph = "/providers/Microsoft.ResourceGraph/resources?api-version=x"
    found = {}
    for name in ("WS1", "ws2"):
        query = json.dumps({"query": f"Resources | where name =~ '{name}' | where resourceGroup =~ 'rg'"})
        found[name] = ask(front, ARM, "POST", graph, query, BEARER)[1]["data"]
    assert [row["subscriptionId"] for row in found["WS1"]] == [SUBSCRIPTION]
    assert found["ws2"] == []
    assert ask(front, ARM, "POST", graph, "[]", BEARER)[1]["data"] == []


def test_where_any_workspace_is_there_any_name_is_found(tmp_path: Path) -> None:
    """In a group that the question may name."""
    with proxy(AzureService(key="k1"), tmp_path) as front:
        query = json.dumps({"query": "Resources | where name =~ 'mine'"})
        path = "/providers/Microsoft.ResourceGraph/resources"
        (row,) = ask(front, ARM, "POST", path, query, BEARER)[1]["data"]
    assert (row["name"], row["resourceGroup"], row["workspaceKind"]) == ("mine", "emulator", "V1")


@pytest.mark.parametrize("host", ["example.org", "quantum.azure.com", "a.b.quantum.azure.com", "quantum.azure.com.org"])
def test_no_tunnel_leads_anywhere_else(front: Front, host: str) -> None:
    """403, and nothing is forwarded."""
    with pytest.raises(OSError, match="403"):
        ask(front, host, "GET", "/")


def test_only_the_port_of_https_is_tunnelled(front: Front) -> None:
    """And there is no tunnel within a tunnel."""
    with socket.create_connection(("127.0.0.1", urlsplit(front.url).port or 0), 20) as one:
        one.sendall(f"CONNECT {QUANTUM}:80 HTTP/1.1\r\nHost: {QUANTUM}:80\r\n\r\n".encode())
        assert one.recv(100).startswith(b"HTTP/1.1 403 ")


def test_without_a_tunnel_a_token_opens_nothing(front: Front) -> None:
    """The proxy's own address is no host of Azure's, whatever the request says."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(front.url).port, timeout=20)
    connection.request("GET", f"{WORKSPACE}/quotas?api-version=2026-01-15-preview", headers={**BEARER, "Host": QUANTUM})
    assert connection.getresponse().status == 401
    connection.close()


def test_whoever_does_not_trust_the_authority_gets_nowhere(front: Front) -> None:
    """The tunnel is closed, and others are answered as ever."""
    connection = http.client.HTTPSConnection("127.0.0.1", urlsplit(front.url).port, timeout=20)
    connection.set_tunnel(QUANTUM, 443)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")
    connection.close()
    assert ask(front, ENTRA, "GET", "/common/discovery/instance")[0] == 200


def test_the_environment_leads_a_process_to_the_proxy(front: Front, tmp_path: Path) -> None:
    """It names the proxy and the certificate, of which no key is written."""
    names = front.environment
    assert names["HTTPS_PROXY"] == front.url
    assert names["NO_PROXY"] == "127.0.0.1,localhost"
    assert Path(names["REQUESTS_CA_BUNDLE"]) == front.authority
    assert [file.name for file in tmp_path.iterdir()] == ["ca.pem"]
    assert b"PRIVATE" not in front.authority.read_bytes()


def test_the_authority_vouches_for_azures_names_only() -> None:
    """Its certificate is bound to them, for two days from the moment that it is told."""
    from cryptography import x509

    now = datetime(2026, 11, 29, tzinfo=UTC)
    found = x509.load_pem_x509_certificate(make_authority(now).certificate)
    names = found.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    assert {name.value for name in names.value.permitted_subtrees or ()} == {n.removeprefix("*.") for n in NAMES}
    assert found.not_valid_before_utc < now < found.not_valid_after_utc
    assert (found.not_valid_after_utc - now).days == 2


def test_certificates_are_made_at_the_time_of_the_clock(tmp_path: Path) -> None:
    """A client whose time is another one refuses them."""
    clock = FakeClock()
    clock.time = 1e9
    with proxy(AzureService(), tmp_path, clock=clock) as front, pytest.raises(ssl.SSLError, match="expired"):
        ask(front, ENTRA, "GET", "/common/discovery/instance")
