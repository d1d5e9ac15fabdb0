"""The service behind a socket."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from emulator.asking import KEY, WORKSPACE, canned

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.front.server import Handler, Listener, listening, serve
from qamctl.emulator.messages import Request, Response
from qamctl.emulator.service import AzureService

QUOTAS = f"{WORKSPACE}/quotas?api-version=2026-01-15-preview"
HEADERS = {"x-ms-quantum-api-key": KEY}


@contextmanager
def connected(service: AzureService) -> Iterator[http.client.HTTPConnection]:
    """A connection to a service."""
    with serve(service) as url:
        connection = http.client.HTTPConnection("127.0.0.1", int(url.rsplit(":")[-1].strip("/")), timeout=20)
        try:
            yield connection
        finally:
            connection.close()


def raw(service: AzureService, sent: bytes) -> bytes:
    """What comes back for these bytes, until the other side closes."""
    with serve(service) as url, socket.create_connection(("127.0.0.1", int(url.rsplit(":")[-1].strip("/"))), 20) as one:
        one.sendall(sent)
        one.shutdown(socket.SHUT_WR)
        found = b""
        while part := one.recv(65_536):
            found += part
        return found


def test_it_listens_on_this_machine_only() -> None:
    """The address says so, and the socket is bound to no other."""
    with serve(AzureService()) as url:
        assert url.startswith("http://127.0.0.1:")
        port = int(url.rsplit(":")[-1].strip("/"))
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), 5)


def test_one_connection_takes_many_requests() -> None:
    """HTTP/1.1 keeps it open, also after an error."""
    with connected(AzureService()) as connection:
        for headers, status in ((HEADERS, 200), ({}, 401), (HEADERS, 200)):
            connection.request("GET", QUOTAS, headers=headers)
            found = connection.getresponse()
            assert (found.status, bool(found.read())) == (status, status == 200)


def test_bodies_come_in_chunks_too() -> None:
    """With extensions and trailers, which say nothing."""
    with connected(AzureService()) as connection:
        body = iter([b'{"containerName": ', b'"box"}'])
        connection.request("POST", f"{WORKSPACE}/storage/sasUri?api-version=2026-01-15-preview", body, HEADERS)
        found = connection.getresponse()
        assert found.status == 200
        assert "/devstoreaccount1/box?" in json.loads(found.read())["sasUri"]
    path = f"{WORKSPACE}/storage/sasUri?api-version=2026-01-15-preview".encode()
    head = b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nx-ms-quantum-api-key: " + KEY.encode() + b"\r\n"
    chunks = b'8;x=y\r\n{"contai\r\nE\r\nnerName":"box"\r\n1\r\n}\r\n0\r\nExpires: never\r\n\r\n'
    assert raw(AzureService(), head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked() -> None:
    """At once, and the answer follows when the body is there."""
    body = b'{"containerName": "box"}'
    head = (
        f"POST {WORKSPACE}/storage/sasUri?api-version=2026-01-15-preview HTTP/1.1\r\nHost: a\r\n"
        f"x-ms-quantum-api-key: {KEY}\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with serve(AzureService()) as url:
        port = int(url.rsplit(":")[-1].strip("/"))
        with socket.create_connection(("127.0.0.1", port), 20) as one:
            one.sendall(head.encode())
            assert one.recv(65_536).startswith(b"HTTP/1.1 100 ")
            one.sendall(body)
            assert one.recv(65_536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999999999999\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET " + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET //[ HTTP/1.1\r\nHost: a\r\n\r\n", 401),
        (b"GET /\xff%ff%00 HTTP/1.1\r\nHost: a\r\n\r\n", 401),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nx: folded\r\n  on\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nx: y\rx-hidden: z\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", 400),
        (b"GET http://me@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_in_the_services_own_shape(sent: bytes, status: int) -> None:
    """And the next connection is answered as ever."""
    service = AzureService()
    found = raw(service, sent)
    assert found.startswith(f"HTTP/1.1 {status} ".encode()), found
    assert b"Traceback" not in found
    with connected(service) as connection:
        connection.request("GET", QUOTAS, headers=HEADERS)
        assert connection.getresponse().status == 200


def test_a_lost_response_cuts_the_connection() -> None:
    """Without a byte; the next one is answered."""
    service = AzureService(faults=Faults(script=[Event("GET quotas", 1, "lost-after")]))
    with connected(service) as connection:
        connection.request("GET", QUOTAS, headers=HEADERS)
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
        connection.close()
        connection.request("GET", QUOTAS, headers=HEADERS)
        assert connection.getresponse().status == 200


def test_nobody_poses_as_azure() -> None:
    """The host of a request is the one that was asked: a token opens nothing here."""
    service = AzureService()
    with connected(service) as connection:
        connection.putrequest("GET", QUOTAS, skip_host=True)
        connection.putheader("Host", "eastus.quantum.azure.com")
        connection.putheader("Authorization", f"Bearer {service.token}")
        connection.endheaders()
        assert connection.getresponse().status == 401


def test_a_head_has_the_length_and_no_body() -> None:
    """As HTTP wants it, and 204 has neither."""
    service = AzureService(runner=canned)
    with connected(service) as connection:
        connection.request("POST", f"{WORKSPACE}/storage/sasUri?api-version=2026-01-15-preview",
                           json.dumps({"containerName": "box", "blobName": "a"}), HEADERS)  # fmt: skip
        address = json.loads(connection.getresponse().read())["sasUri"]
        path = address[address.index("/devstoreaccount1") :]
        connection.request("PUT", path, b"12345", {"x-ms-blob-type": "BlockBlob", "x-ms-meta-a": " b  c "})
        connection.getresponse().read()
        connection.request("HEAD", path)
        found = connection.getresponse()
        assert (found.status, found.headers["Content-Length"], found.read()) == (200, "5", b"")
        assert found.headers["x-ms-meta-a"] == "b  c"


def test_a_target_may_name_its_host() -> None:
    """As clients send it to proxies (RFC 9112, 3.2.2); it is the path that counts, and errors have its shape."""
    with connected(AzureService()) as connection:
        for start in ("", "http://eastus.quantum.azure.com", "HTTPS://[::1]:443"):
            connection.request("GET", f"{start}{QUOTAS}", headers=HEADERS)
            found = connection.getresponse()
            assert (found.status, bool(json.loads(found.read())["value"])) == (200, True)
        for method, status, kind in (("GET", 403, "application/xml"), ("BREW", 405, "application/xml")):
            connection.request(method, "http://a/devstoreaccount1/box/b")
            found = connection.getresponse()
            assert (found.status, found.headers["Content-Type"], bool(found.read())) == (status, kind, True)


def test_an_answer_has_no_headers_but_those_that_are_meant() -> None:
    """A value with ends of lines in it is one value."""

    def broken(request: Request) -> Response:
        return Response(200, {"x-ms-meta-a": "b\r\nx-other: c"}, b"")

    with listening(Listener(0, Handler, broken)) as listener:
        connection = http.client.HTTPConnection("127.0.0.1", listener.server_port, timeout=20)
        connection.request("GET", "/")
        found = connection.getresponse()
        assert (found.headers["x-ms-meta-a"], found.headers["x-other"]) == ("b x-other: c", None)
        connection.close()


def test_an_error_of_ours_is_an_answer_and_not_the_end() -> None:
    """500 with its kind; the listener goes on."""

    def broken(request: Request) -> Response:
        raise ZeroDivisionError(request.path)

    with listening(Listener(0, Handler, broken)) as listener:
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", listener.server_port, timeout=20)
            connection.request("GET", "/secret")
            found = connection.getresponse()
            text = found.read().decode()
            assert (found.status, "ZeroDivisionError" in text, "secret" in text) == (500, True, False)
            connection.close()


def test_it_stops_and_leaves_nothing_running(capfd: pytest.CaptureFixture[str]) -> None:
    """The port is closed, the thread has ended, and nothing was printed, whoever cut the connection."""
    before = set(threading.enumerate())
    with serve(AzureService()) as url:
        port = int(url.rsplit(":")[-1].strip("/"))
        with socket.create_connection(("127.0.0.1", port), 5) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            one.sendall(b"GET / HTTP/1.1\r\n")
        listeners = [thread for thread in set(threading.enumerate()) - before if "serve_forever" in thread.name]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5)
    assert all(not thread.is_alive() for thread in listeners)
    assert capfd.readouterr() == ("", "")
