"""What is seen of every request."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from emulator.asking import KEY, START, WORKSPACE, FakeClock
from emulator.front.sockets import QUOTAS, VERSION, ask, connected, port_of, raw, sas

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.front.proxy import Front, proxy
from qamctl.emulator.front.server import Handler, Listener, listening, serve
from qamctl.emulator.front.watch import Seen, Watching, bare_path
from qamctl.emulator.messages import Request, Response
from qamctl.emulator.service import AzureService

HEADERS = {"x-ms-quantum-api-key": KEY, "User-Agent": "azsdk  python"}
QUANTUM = "westus.quantum.azure.com"


@pytest.fixture
def seen() -> list[Seen]:
    """What was seen."""
    return []


@pytest.fixture
def front(tmp_path: Path, seen: list[Seen]) -> Iterator[Front]:
    """A watched proxy."""
    with proxy(AzureService(key="k1-secret"), tmp_path, watch=seen.append) as found:
        yield found


def test_a_request_is_told_before_its_answer_is_sent(seen: list[Seen]) -> None:
    """With all that is known of it, at the time of the service's clock."""
    with serve(AzureService(clock=FakeClock()), watch=seen.append) as url:
        body = b'{"containerName": "box"}'
        path = f"{WORKSPACE}/storage/sasUri"
        status, _, found = ask(url, "POST", f"{path}?{VERSION}", body, HEADERS)
        (one,) = seen
        assert one.seconds >= 0
        host = f"127.0.0.1:{port_of(url)}"
    assert status == 200
    assert one == Seen(
        START, one.seconds, host, "POST", path, "POST sas", 200, len(body), len(found), agent="azsdk python"
    )


def test_each_request_of_a_connection_is_told_once(seen: list[Seen]) -> None:
    """Also those that are refused; and a connection without a request is none."""
    with serve(AzureService(), watch=seen.append) as url:
        with connected(url) as connection:
            for headers in (HEADERS, {}, HEADERS):
                connection.request("GET", QUOTAS, headers=headers)
                connection.getresponse().read()
        assert raw(url, b"") == b""
    assert [(one.kind, one.status) for one in seen] == [("GET quotas", status) for status in (200, 401, 200)]
    assert [one.agent for one in seen] == ["azsdk python", "", "azsdk python"]


@pytest.mark.parametrize(
    ("sent", "method", "path", "status"),
    [
        (b"nonsense\r\n\r\n", "", "", 400),
        (b"GET /a HTTP/9.9\r\n\r\n", "", "", 400),
        (b"BREW /a?sig=b HTTP/1.1\r\nHost: a\r\n\r\n", "BREW", "/a", 405),
        (b"B" * 300 + b" /a HTTP/1.1\r\nHost: a\r\n\r\n", "B" * 20, "/a", 405),
        (b"GET " + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", "", "", 414),
        (b"GET /a HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", "GET", "/a", 431),
        (b"PUT /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "PUT", "/a", 400),
        (b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nshort", "PUT", "/a", 400),
        (b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort", "PUT", "/a", 400),
        (b"CONNECT a:b@example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT", "", 405),
        (b"GET /a?sig=b HTTP/1.1\r\n\r\n", "GET", "/a", 400),
        (b"GET http://me:b@example.org/a HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/a", 400),
        (b"\r\n", "", "", None),
    ],
)
def test_what_is_no_request_is_told_too(
    sent: bytes, method: str, path: str, status: int | None, seen: list[Seen]
) -> None:
    """Once, with what can be told of it, and not with what the connection asked before."""
    before = f"GET {QUOTAS} HTTP/1.1\r\nHost: a\r\nx-ms-quantum-api-key: {KEY}\r\nUser-Agent: me\r\n\r\n".encode()
    with serve(AzureService(), watch=seen.append) as url:
        raw(url, before + sent)
    assert [one.status for one in seen] == [200, status]
    assert (seen[1].method, seen[1].path, seen[1].kind, seen[1].agent) == (method, path, "", "")


def test_a_body_that_ends_early_is_not_stored(seen: list[Seen]) -> None:
    """Whoever sent it is told so, if there is anybody."""
    with serve(AzureService(), watch=seen.append) as url:
        path = sas(url)
        head = f"PUT {path} HTTP/1.1\r\nHost: a\r\nx-ms-blob-type: BlockBlob\r\nContent-Length: 100\r\n\r\n"
        assert raw(url, head.encode() + b"half").startswith(b"HTTP/1.1 400 ")
        assert ask(url, "GET", path)[0] == 404
    assert [one.status for one in seen] == [200, 400, 404]


def test_faults_are_told_by_their_names(seen: list[Seen]) -> None:
    """Of an answer, and of a connection that was cut, which has no status."""
    script = [Event("GET quotas", 1, "throttle"), Event("GET quotas", 2, "lost-after"), Event("GET quotas", 2, "slow")]
    with serve(AzureService(faults=Faults(script=script, slow_seconds=0.0)), watch=seen.append) as url:
        assert ask(url, "GET", QUOTAS)[0] == 429
        with pytest.raises(http.client.RemoteDisconnected):
            ask(url, "GET", QUOTAS)
        assert ask(url, "GET", QUOTAS)[0] == 200
    assert [(one.status, one.faults, bool(one.sent)) for one in seen] == [
        (429, ("throttle",), True),
        (None, ("lost-after", "slow"), False),
        (200, (), True),
    ]


def test_an_error_of_ours_is_told(seen: list[Seen]) -> None:
    """As the 500 that is answered."""

    def broken(request: Request) -> Response:
        raise ZeroDivisionError

    with listening(Listener(0, Handler, broken, watch=seen.append)) as listener:
        assert ask(f"http://127.0.0.1:{listener.server_port}", "GET", QUOTAS)[0] == 500
    assert [(one.kind, one.status) for one in seen] == [("GET quotas", 500)]


def test_the_bytes_of_an_answer_without_a_body_are_none(seen: list[Seen]) -> None:
    """HEAD has a length, and sends nothing."""
    with serve(AzureService(), watch=seen.append) as url:
        path = sas(url)
        ask(url, "PUT", path, "12345", {"x-ms-blob-type": "BlockBlob"})
        assert ask(url, "HEAD", path)[1]["Content-Length"] == "5"
        ask(url, "GET", path)
    assert [(one.kind, one.received, one.sent) for one in seen[1:]] == [
        ("PUT blob", 5, 0),
        ("HEAD blob", 0, 0),
        ("GET blob", 0, 5),
    ]


def test_a_watcher_that_fails_is_told_nothing_more(seen: list[Seen]) -> None:
    """Its error is kept, others are told as ever, and every request is answered."""

    def broken(one: Seen) -> None:
        raise OSError(28, "No space left on device")

    watch = Watching(broken, broken, seen.append)
    with serve(AzureService(), watch=watch) as url, connected(url) as connection:
        for _ in range(3):
            connection.request("GET", QUOTAS, headers=HEADERS)
            found = connection.getresponse()
            found.read()
            assert found.status == 200
    assert len(seen) == 3
    assert [str(error) for error in watch.errors] == ["[Errno 28] No space left on device"]


def test_a_listener_keeps_the_error_of_its_watcher() -> None:
    """Where the one that it was given can't."""

    def broken(one: Seen) -> None:
        raise ZeroDivisionError

    with listening(Listener(0, Handler, AzureService().handle, watch=broken)) as listener:
        for _ in range(2):
            assert ask(f"http://127.0.0.1:{listener.server_port}", "GET", QUOTAS)[0] == 200
        assert listener.watch is not None
        assert [type(error) for error in listener.watch.errors] == [ZeroDivisionError]


def test_no_secret_is_told(seen: list[Seen]) -> None:
    """Neither keys, right or wrong, nor tokens, nor signatures, nor passwords."""
    with serve(AzureService(), watch=seen.append) as url:
        ask(url, "GET", QUOTAS)
        ask(url, "GET", QUOTAS, headers={"x-ms-quantum-api-key": "wrong-secret"})
        ask(url, "GET", QUOTAS, headers={"Authorization": "Bearer token-secret"})
        path = sas(url)
        ask(url, "PUT", path, "body-secret", {"x-ms-blob-type": "BlockBlob"})
        ask(url, "GET", path + "x")
        raw(url, f"GET http://me:password-secret@{QUANTUM}/a?b=query-secret#c HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        raw(url, f"GET http://{QUANTUM}/a?b=query-secret HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        raw(url, f"BREW {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    told = repr(seen)
    assert len(seen) == 9
    assert KEY not in told
    assert "secret" not in told
    assert "sig=" not in told
    assert path.partition("sig=")[2].partition("&")[0] not in told


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a/b%20c?sig=d?e", "/a/b%20c"),
        ("/a#b?c", "/a"),
        ("http://me:p@host:80/a/http://b?c", "/a/http://b"),
        ("http://host", ""),
        ("/" + "a" * 5000, "/" + "a" * 1999),
        ("*", "*"),
    ],
)
def test_a_path_has_neither_host_nor_query(target: str, path: str) -> None:
    """Whatever form the request line has."""
    assert bare_path(target) == path


def test_tunnels_and_what_goes_through_them_are_told(front: Front, seen: list[Seen]) -> None:
    """With the host that they lead to, and without what opens it."""
    connection = http.client.HTTPSConnection(
        "127.0.0.1", port_of(front.url), timeout=20, context=ssl.create_default_context(cafile=str(front.authority))
    )
    connection.set_tunnel(QUANTUM.upper(), 443, {"Proxy-Authorization": "Basic proxy-secret"})
    for _ in range(2):
        connection.request("GET", QUOTAS, headers={"Authorization": "Bearer a", "x-ms-quantum-api-key": "k1-secret"})
        assert connection.getresponse().read()
    connection.close()
    assert [(one.host, one.kind, one.path, one.status) for one in seen] == [
        (QUANTUM, "CONNECT", "", 200),
        *[(QUANTUM, "GET quotas", QUOTAS.partition("?")[0], 200)] * 2,
    ]
    assert "secret" not in repr(seen)
    assert "Bearer" not in repr(seen)


def test_tunnels_that_are_refused_or_fail_are_told(front: Front, seen: list[Seen]) -> None:
    """The one with the host that was asked for, the other as cut."""
    refused = b"CONNECT me:k1-secret@Example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n"
    assert raw(front.url, refused).startswith(b"HTTP/1.1 403 ")
    with socket.create_connection(("127.0.0.1", port_of(front.url)), 20) as one:
        one.sendall(f"CONNECT {QUANTUM}:443 HTTP/1.1\r\nHost: {QUANTUM}:443\r\n\r\n".encode())
        assert one.recv(1000).startswith(b"HTTP/1.1 200 ")
        one.sendall(b"this is no TLS\r\n\r\n")
        with suppress(ConnectionResetError):
            while one.recv(1000):
                pass
    assert [(told.host, told.kind, told.status) for told in seen] == [
        ("example.org", "CONNECT", 403),
        (QUANTUM, "CONNECT", None),
    ]
    assert "secret" not in repr(seen)
