"""Logins: chosen by word or by what is plainly there, with what is missing named, and nothing asked of the network."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qamctl.azure.clean import Secret
from qamctl.azure.credentials import choose, make_credential
from qamctl.azure.sdk import connect
from qamctl.azure.service import ServiceFault
from qamctl.azure.workspace import Place
from qamctl.errors import AuthError, UsageError

PLACE = Place("11111111-2222-3333-4444-555555555555", "rg", "ws1", "eastus")
KEYED = replace(PLACE, endpoint="https://eastus.quantum.azure.com/", key=Secret("canary-key"))
IDENTITY = {"AZURE_TENANT_ID": "11111111-2222-3333-4444-666666666666", "AZURE_CLIENT_ID": "client"}
SECRET = {"AZURE_CLIENT_SECRET": "canary-secret"}
GITHUB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.example/token?v=1",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary",
}
FILE = {"AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/token"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a login asks nobody; connections to this machine are those of the tests."""
    connect_socket = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert address[0] == "127.0.0.1", f"a connection to {address}"
        connect_socket(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.mark.parametrize(
    ("place", "environ", "kind"),
    [
        (KEYED, {**IDENTITY, **SECRET, **FILE}, "key"),
        (PLACE, {**IDENTITY, **FILE}, "workload-identity"),
        (PLACE, {**IDENTITY, **GITHUB, **SECRET}, "workload-identity"),
        (PLACE, {**IDENTITY, "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"}, "cli"),
        (PLACE, {**GITHUB, **SECRET}, "environment"),
        (PLACE, {**IDENTITY, **SECRET}, "environment"),
        (PLACE, {**IDENTITY, "AZURE_CLIENT_CERTIFICATE_PATH": "/c.pem"}, "environment"),
        (PLACE, {"AZURE_CLIENT_SECRET": "s"}, "environment"),
        (PLACE, {**IDENTITY, "AZURE_CLIENT_SECRET": " "}, "cli"),
        (PLACE, IDENTITY, "cli"),
        (PLACE, {}, "cli"),
        (replace(PLACE, credential="browser"), {**IDENTITY, **SECRET}, "browser"),
        (replace(KEYED, credential="managed-identity"), SECRET, "managed-identity"),
    ],
)
def test_the_login_is_the_one_that_is_asked_for_or_plainly_there(
    place: Place, environ: dict[str, str], kind: str
) -> None:
    """A word wins, then a key, a federated token, a principal's secret, the CLI; a browser only by word."""
    assert choose(place, environ) == kind


def test_a_key_is_a_key() -> None:
    """The key of the place, in azure-core's own dress."""
    from azure.core.credentials import AzureKeyCredential

    found = make_credential(KEYED, {})
    assert isinstance(found, AzureKeyCredential)
    assert found.key == "canary-key"
    with pytest.raises(AuthError, match="QAMCTL_AZURE_KEY"):
        make_credential(replace(PLACE, credential="key"), {})


def made(kind: str, environ: dict[str, str]) -> str:
    return type(make_credential(replace(PLACE, credential=kind), environ)).__name__


def test_each_word_gives_its_login(tmp_path: Path) -> None:
    """By word, without a look at the network; the environment is the one that is given."""
    assert made("environment", {**IDENTITY, **SECRET}) == "ClientSecretCredential"
    assert made("managed-identity", {}) == "ManagedIdentityCredential"
    assert made("workload-identity", {**IDENTITY, **FILE, **GITHUB}) == "WorkloadIdentityCredential"
    assert made("workload-identity", {**IDENTITY, **GITHUB}) == "ClientAssertionCredential"
    assert made("browser", {}) == "InteractiveBrowserCredential"
    authority = {"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us"}
    assert made("browser", {**IDENTITY, **authority}) == "InteractiveBrowserCredential"
    az = tmp_path / "az"
    az.write_text("#!/bin/sh\nexit 1\n")
    az.chmod(0o700)
    assert made("cli", {"PATH": str(tmp_path), **IDENTITY}) == "AzureCliCredential"


def test_a_certificate_is_taken_where_it_is(tmp_path: Path) -> None:
    """A principal with a certificate; one that is not there, or is none, is told without its content."""
    path = tmp_path / "c.pem"
    environ = {**IDENTITY, "AZURE_CLIENT_CERTIFICATE_PATH": str(path), "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "true"}
    with pytest.raises(AuthError, match="AZURE_CLIENT_CERTIFICATE_PATH names is not there"):
        make_credential(PLACE, environ)
    path.write_text("canary, and no certificate")
    with pytest.raises(AuthError, match="set up wrongly") as caught:
        make_credential(PLACE, environ)
    assert "canary" not in caught.value.message
    path.write_bytes(certificate())
    assert type(make_credential(PLACE, environ)).__name__ == "CertificateCredential"


def certificate() -> bytes:
    """A key and a certificate of its own."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "test")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=9999))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("kind", "environ", "missing"),
    [
        ("environment", {}, ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"]),
        ("environment", SECRET, ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"]),
        ("environment", {**IDENTITY, "AZURE_CLIENT_SECRET": ""}, ["AZURE_CLIENT_SECRET"]),
        (
            "workload-identity",
            {},
            ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "id-token: write"],
        ),
        ("workload-identity", GITHUB, ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"]),
        ("workload-identity", IDENTITY, ["AZURE_FEDERATED_TOKEN_FILE", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"]),
        ("cli", {"PATH": "/nowhere"}, ["az login", "QAMCTL_AZURE_KEY"]),
    ],
)
def test_what_is_missing_is_named(kind: str, environ: dict[str, str], missing: list[str]) -> None:
    """All of it, and only it, with exit code 6, before anything is asked of the network."""
    with pytest.raises(AuthError) as caught:
        make_credential(replace(PLACE, credential=kind), environ)
    assert all(name in caught.value.message for name in missing)
    assert ("AZURE_TENANT_ID" in caught.value.message) == ("AZURE_TENANT_ID" in missing or kind == "cli")
    assert "canary" not in caught.value.message


def test_no_such_login() -> None:
    """A word that is none of ours is told with those that are."""
    with pytest.raises(UsageError, match="managed-identity"):
        make_credential(replace(PLACE, credential="default"), {})


def test_a_tenant_that_can_be_none_is_told_by_its_variable() -> None:
    """azure-identity refuses odd letters; the secret beside them is not repeated."""
    with pytest.raises(AuthError, match="AZURE_TENANT_ID") as caught:
        make_credential(PLACE, {**SECRET, "AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "a b/canary"})
    assert "canary" not in caught.value.message


@contextmanager
def github(status: int, body: bytes) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """What GitHub gives tokens by; its address, and what it was asked."""
    asked: list[tuple[str, str | None]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Nothing is printed."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def assertion(url: str) -> Any:
    """What Azure would be given in exchange for its token."""
    environ = {**IDENTITY, "ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary-bearer"}
    return make_credential(replace(PLACE, credential="workload-identity"), environ)._func()


@pytest.mark.parametrize(("query", "sent"), [("", "?"), ("?api-version=2.0", "?api-version=2.0&")])
def test_github_is_asked_for_a_token_for_azure(query: str, sent: str) -> None:
    """With the job's own bearer, for Azure's audience, beside what the address asks already."""
    with github(200, json.dumps({"value": "assertion-1"}).encode()) as (url, asked):
        assert assertion(url + query) == "assertion-1"
    assert asked == [(f"/token{sent}audience=api%3A%2F%2FAzureADTokenExchange", "bearer canary-bearer")]


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (403, b"", "status 403"), (200, b"no JSON", "held no token"), (200, b"{}", "held no token"),
        (200, b"[]", "held no token"), (500, b"", "status 500"),
    ],
)  # fmt: skip
def test_a_token_that_github_does_not_give_is_told(status: int, body: bytes, message: str) -> None:
    """A refusal is a login that is not available."""
    from azure.identity import CredentialUnavailableError

    with github(status, body) as (url, _), pytest.raises(CredentialUnavailableError, match=message) as caught:
        assertion(url)
    assert "canary" not in str(caught.value)


def test_github_out_of_reach_may_pass() -> None:
    """Nobody there is a fault of the connection, and the service's verb tells it so."""
    from azure.core.exceptions import ServiceRequestError

    with pytest.raises(ServiceRequestError, match="can't be reached"):
        assertion("http://127.0.0.1:9/token")


def test_github_is_not_asked_in_the_clear() -> None:
    """The address of GitHub's tokens must be https."""
    with pytest.raises(AuthError, match="https"):
        assertion("http://github.example/token")


def test_a_login_that_fails_at_its_first_use_is_a_fault(tmp_path: Path) -> None:
    """`az` that is not logged in gives 401 `Credential` at the first verb, not when the service is made."""
    az = tmp_path / "az"
    az.write_text("#!/bin/sh\necho \"ERROR: Please run 'az login' to setup account.\" >&2\nexit 1\n")
    az.chmod(0o700)
    azure = connect(
        replace(PLACE, endpoint="https://127.0.0.1:9/", credential="cli"), {"PATH": f"{tmp_path}:/bin:/usr/bin"}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        with pytest.raises(ServiceFault) as caught:
            azure.get_job("x")
    assert (caught.value.status, caught.value.code) == (401, "Credential")
    assert "az login" in caught.value.message
