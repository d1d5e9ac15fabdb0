"""What the tests of the emulator's front ask it with: bytes and requests over sockets."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from emulator.asking import KEY, WORKSPACE

VERSION = "api-version=2026-01-15-preview"
QUOTAS = f"{WORKSPACE}/quotas?{VERSION}"


def port_of(url: str) -> int:
    """The port of an address."""
    return urlsplit(url).port or 0


def raw(url: str, sent: bytes) -> bytes:
    """What comes back for these bytes, until the other side closes."""
    with socket.create_connection(("127.0.0.1", port_of(url)), 20) as one:
        one.sendall(sent)
        one.shutdown(socket.SHUT_WR)
        found = b""
        while part := one.recv(65_536):
            found += part
        return found


@contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    """A connection to an address."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(url), timeout=20)
    try:
        yield connection
    finally:
        connection.close()


def ask(
    url: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of an answer; the key is sent unless there are headers."""
    sent = json.dumps(body) if isinstance(body, dict) else body
    with connected(url) as connection:
        connection.request(method, path, sent, {"x-ms-quantum-api-key": KEY} if headers is None else dict(headers))
        found = connection.getresponse()
        return found.status, dict(found.headers), found.read()


def sas(url: str, container: str = "box", blob: str = "a") -> str:
    """Path and query of a blob that may be read and written."""
    names = {"containerName": container, "blobName": blob}
    told = json.loads(ask(url, "POST", f"{WORKSPACE}/storage/sasUri?{VERSION}", names)[2])["sasUri"]
    return str(told[told.index("/devstoreaccount1") :])
