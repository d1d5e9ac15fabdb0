"""Where requests begin and end."""

from __future__ import annotations

from email.message import Message
from http.client import parse_headers
from io import BytesIO

import pytest

from qamctl.emulator.front import framing
from qamctl.emulator.front.framing import Lines, hosts_of, is_head, is_line, read_body, split_target

CHUNKED = b"Transfer-Encoding: chunked\r\n"


def head(*lines: bytes) -> Message:
    """Headers as the server reads them."""
    return parse_headers(BytesIO(b"".join(lines) + b"\r\n"))


def body(headers: bytes, sent: bytes, version: str = "HTTP/1.1") -> bytes | None:
    """What is read of a body."""
    return read_body(head(headers), BytesIO(sent), version)


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.0\n",
        b"BREW /a%20b?c=d&e HTTP/1.9\r\n",
        b"GET //a HTTP/1.1\r\n",
        b"GET /\xff HTTP/1.1\r\n",
        b"GET http://a HTTP/1.1\r\n",
        b"GET http://a?b HTTP/1.1\r\n",
        b"GET HTTPS://127.0.0.1:80/a?b=http://c HTTP/1.1\r\n",
        b"GET http://[::1]:80/ HTTP/1.1\r\n",
        b"CONNECT a.example:443 HTTP/1.1\r\n",
    ],
)
def test_a_method_a_target_and_a_version_are_a_line(line: bytes) -> None:
    """Of any method, for a path, an address, or a tunnel."""
    assert is_line(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\r\n",
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.1\r",
        b"GET / HTTP/1.1\r\r\n",
        b"GET /\r\n",
        b"GET  / HTTP/1.1\r\n",
        b"GET / HTTP/1.1 \r\n",
        b" GET / HTTP/1.1\r\n",
        b"GET\t/ HTTP/1.1\r\n",
        b"GET\xa0/ HTTP/1.1\r\n",
        b"GET /a b HTTP/1.1\r\n",
        b"GET /\x00 HTTP/1.1\r\n",
        b"GET /\x7f HTTP/1.1\r\n",
        b"GET /a#b HTTP/1.1\r\n",
        b"GET a HTTP/1.1\r\n",
        b"GET * HTTP/1.1\r\n",
        b"GET / HTTP/2.0\r\n",
        b"GET / HTTP/1.10\r\n",
        b"GET / http/1.1\r\n",
        b"GET http:// HTTP/1.1\r\n",
        b"GET http:///a HTTP/1.1\r\n",
        b"GET http://[ HTTP/1.1\r\n",
        b"GET http://me:pass@a/ HTTP/1.1\r\n",
        b"GET http://a:b/ HTTP/1.1\r\n",
        b"GET http://a#b HTTP/1.1\r\n",
        b"GET file:///etc/passwd HTTP/1.1\r\n",
        b"CONNECT  HTTP/1.1\r\n",
    ],
)
def test_nothing_else_is_a_line(line: bytes) -> None:
    """Two readers could see two requests in it, or two targets."""
    assert not is_line(line)


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        ("/a?b=http://c", None, "/a?b=http://c"),
        ("//a", None, "//a"),
        ("http://a:80/b?c", "a:80", "/b?c"),
        ("HTTPS://[::1]/", "[::1]", "/"),
        ("http://a", "a", "/"),
        ("http://a?b", "a", "/?b"),
        ("http://a//b", "a", "//b"),
    ],
)
def test_a_target_has_a_path_and_may_have_a_host(target: str, host: str | None, path: str) -> None:
    """The path begins with a slash whether or not it was sent."""
    assert split_target(target) == (host, path)


@pytest.mark.parametrize(
    "host", [b"a", b"127.0.0.1:80", b"[::1]:80", b"[::1]", b"a_b.example-c", b" \t a", b"a \t", b"A.EXAMPLE."]
)
def test_a_head_has_one_host(host: bytes) -> None:
    """With or without a port, and spaces around it are not part of it."""
    headers = head(b"Host:" + host + b"\r\n", b"x-a:\r\n", b"x-b: \xe9\t\x80\r\n")
    assert is_head(headers, "HTTP/1.1")
    assert hosts_of(headers) == [host.strip().decode()]


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"Host:\r\n",
        b"Host: a\r\nHost: a\r\n",
        b"Host: a\r\nhost: b\r\n",
        b"Host: a, b\r\n",
        b"Host: a b\r\n",
        b"Host: me@a\r\n",
        b"Host: a/b\r\n",
        b"Host: a:b\r\n",
        b"Host: a:1:2\r\n",
        b"Host: [::1\r\n",
        b"Host: \xe9\r\n",
        b"Host: a\r\n b\r\n",
        b"Host : a\r\n",
        b" Host: a\r\n",
        b"Host: a\r\nno colon\r\n",
        b"Host: a\r\n: no name\r\n",
        b"Host: a\r\nx a: b\r\n",
        b"Host: a\r\nx-a : b\r\n",
        b"Host: a\r\nx(a): b\r\n",
        b"Host: a\r\nx-\xe9: b\r\n",
        b"Host: a\r\nx-a: b\x00c\r\n",
        b"Host: a\r\nx-a: b\x7f\r\n",
        b"Host: a\r\nx-a: b\r\n folded\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
    ],
)
def test_nothing_else_is_a_head(lines: bytes) -> None:
    """No host, several, what is none, and lines that are no headers or may hide some."""
    assert not is_head(head(lines), "HTTP/1.1")


def test_a_host_may_miss_in_the_version_that_has_none() -> None:
    """HTTP/1.0; two are too many in any."""
    assert is_head(head(), "HTTP/1.0")
    assert is_head(head(b"Host: a\r\n"), "HTTP/1.0")
    assert not is_head(head(b"Host: a\r\nHost: a\r\n"), "HTTP/1.0")
    assert not is_head(head(), "HTTP/1.9")


@pytest.mark.parametrize(
    ("sent", "is_whole"),
    [
        (b"a: b\r\n\r\nc", True),
        (b"a: b\n\n", True),
        (b"\r\n", True),
        (b"", False),
        (b"a: b\r\n", False),
        (b"a: b\r\n\r", False),
        (b"a: b\rc: d\r\n\r\n", False),
        (b"a: b\r\r\n\r\n", False),
        (b"\ra: b\n\r\n", False),
    ],
)
def test_headers_end_with_an_empty_line(sent: bytes, is_whole: bool) -> None:
    """Not with the connection, and no line of theirs has an end within."""
    lines = Lines(BytesIO(sent))
    parse_headers(lines)
    assert lines.is_whole == is_whole


@pytest.mark.parametrize(
    ("headers", "sent", "found"),
    [
        (b"", b"GET /", b""),
        (b"Content-Length: 0\r\n", b"abc", b""),
        (b"Content-Length: 3\r\n", b"abcGET /", b"abc"),
        (b"Content-Length:\t3 \r\n", b"abc", b"abc"),
        (b"Content-Length: 0003\r\n", b"abc", b"abc"),
        (b"Content-Length: 4\r\n", b"abc", None),
        (b"Content-Length: 3\r\nContent-Length: 3\r\n", b"abc", None),
        (b"Content-Length: 3\r\ncontent-length: 2\r\n", b"abc", None),
        (b"Content-Length: 3, 3\r\n", b"abc", None),
        (b"Content-Length:\r\n", b"", None),
        (b"Content-Length: -1\r\n", b"abc", None),
        (b"Content-Length: +3\r\n", b"abc", None),
        (b"Content-Length: 1_0\r\n", b"a" * 10, None),
        (b"Content-Length: 0x3\r\n", b"abc", None),
        (b"Content-Length: \xb2\r\n", b"abc", None),
        (b"Content-Length: 9999999999999999999\r\n", b"abc", None),
        (b"Content-Length: 3\r\n" + CHUNKED, b"3\r\nabc\r\n0\r\n\r\n", None),
        (CHUNKED + CHUNKED, b"0\r\n\r\n", None),
        (b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n", None),
        (b"Transfer-Encoding: identity\r\n", b"0\r\n\r\n", None),
        (b"Transfer-Encoding: chunked\xa0\r\n", b"0\r\n\r\n", None),
        (b"Transfer-Encoding:\r\n", b"0\r\n\r\n", None),
        (b"Transfer-Encoding: \tCHUNKED \r\n", b"0\r\n\r\n", b""),
    ],
)
def test_the_end_of_a_body_is_told_once(headers: bytes, sent: bytes, found: bytes | None) -> None:
    """By a row of digits or by chunks, and never by both."""
    assert body(headers, sent) == found


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (b"0\r\n\r\n", b""),
        (b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET /", b"abc0123456789"),
        (b"003;x=y;z\r\na\r\n\r\n00\r\n\r\n", b"a\r\n"),
        (b"1\r\na\r\n0\r\nExpires: never\r\nx:\r\n\r\n", b"a"),
        (b"", None),
        (b"\r\n", None),
        (b"0\r\n", None),
        (b"0\r\nx: y\r\n", None),
        (b"0\r\nno colon\r\n\r\n", None),
        (b"0\r\n : y\r\n\r\n", None),
        (b"0\r\nx: \x00\r\n\r\n", None),
        (b"0\r\n\n", None),
        (b"0\n\r\n", None),
        (b"1\na\r\n0\r\n\r\n", None),
        (b"1\r\na\n0\r\n\r\n", None),
        (b"1\r\nab\r\n0\r\n\r\n", None),
        (b"2\r\na\r\n0\r\n\r\n", None),
        (b"1\r\na", None),
        (b"1\r\na\r\n", None),
        (b"5\r\nabc", None),
        (b"+1\r\na\r\n0\r\n\r\n", None),
        (b"-1\r\na\r\n0\r\n\r\n", None),
        (b"0x1\r\na\r\n0\r\n\r\n", None),
        (b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n", None),
        (b" 1\r\na\r\n0\r\n\r\n", None),
        (b"1 \r\na\r\n0\r\n\r\n", None),
        (b"\xb2\r\nab\r\n0\r\n\r\n", None),
        (b";x\r\na\r\n0\r\n\r\n", None),
        (b"1;\x00\r\na\r\n0\r\n\r\n", None),
        (b"1;" + b"x" * 2000 + b"\r\na\r\n0\r\n\r\n", None),
        (b"ffffffff\r\na\r\n0\r\n\r\n", None),
        (b"0\r\n" + b"x: y\r\n" * 101 + b"\r\n", None),
        (b"0\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", None),
    ],
)
def test_chunks_end_where_they_say(sent: bytes, found: bytes | None) -> None:
    """Each with the end of a line, and all with an empty line, whatever stands before it that is a header."""
    assert body(CHUNKED, sent) == found


def test_what_follows_a_body_is_left() -> None:
    """It is the next request."""
    for headers, sent in ((b"Content-Length: 3\r\n", b"abc"), (CHUNKED, b"3\r\nabc\r\n0\r\nx: y\r\n\r\n")):
        stream = BytesIO(sent + b"GET /")
        assert read_body(head(headers), stream, "HTTP/1.1") == b"abc"
        assert stream.read() == b"GET /"


def test_there_are_no_chunks_before_their_version() -> None:
    """HTTP/1.0 does not have them, so that nobody may mean them."""
    assert body(CHUNKED, b"0\r\n\r\n", "HTTP/1.0") is None
    assert body(CHUNKED, b"0\r\n\r\n", "HTTP/1.9") == b""


def test_a_body_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its length, and by its chunks together."""
    monkeypatch.setattr(framing, "MOST", 4)
    assert body(b"Content-Length: 4\r\n", b"abcd") == b"abcd"
    assert body(b"Content-Length: 5\r\n", b"abcde") is None
    assert body(CHUNKED, b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n") == b"abcd"
    assert body(CHUNKED, b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n") is None
