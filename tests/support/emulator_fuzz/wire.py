"""Requests that are no HTTP/1.1: lines, versions and headers that RFC 9112 does not have."""

from __future__ import annotations

from random import Random

from support.emulator_fuzz.request import Header, Scene, Sent, Way, asked, own, request

#: Bytes that no line of a request has; a line would end at some of the others.
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n") + b"\x7f"


def _target(scene: Scene) -> str:
    return f"{scene.root}/quotas?{scene.version}"


def request_line(draw: Random, scene: Scene) -> Sent:
    """A request line is a method, a target and a version with one space between each."""
    target = _target(scene).encode()
    lines = [
        b"GET",
        b"GET ",
        target,
        b"GET %s" % target,
        b"GET %s HTTP/1.1 again" % target,
        b"GET %s x HTTP/1.1" % target,
        b" GET %s HTTP/1.1" % target,
        b"GET  %s  HTTP/1.1" % target,
        b"GET\t%s\tHTTP/1.1" % target,
        b"GET\x0b%s\x0cHTTP/1.1" % target,
        b"GET\xa0%s\x85HTTP/1.1" % target,
        b"GET %s\x00 HTTP/1.1" % target,
        b"GET %s%c HTTP/1.1" % (target, draw.choice(_CONTROLS)),
        b"HTTP/1.1 200 OK",
        bytes(draw.choices([byte for byte in range(256) if byte not in b"\r\n"], k=draw.randint(1, 200))),
    ]
    head = b"\r\n".join(name + b": " + value for name, value in own(scene))
    return Sent(draw.choice(lines) + b"\r\n" + head + b"\r\n\r\n", "broken")


def method(draw: Random, scene: Scene) -> Sent:
    """A method that the service does not have, or that is no word."""
    word = draw.choice(
        ["BREW", "OPTIONS", "TRACE", "LINK", "MOVE", "PROPFIND", "get", "Get", "GETT", "G@T", "GET,PUT", "{}", "<x>",
         "__init__", "do_GET", "answer", "G" * draw.randint(30, 5000), "(", "GÉT", "1"]
    )  # fmt: skip
    return Sent(request(word, _target(scene), own(scene)))


def version(draw: Random, scene: Scene) -> Sent:
    """A version is `HTTP/`, a digit, a point and a digit; the service speaks the first major one."""
    text = draw.choice(
        ["HTTP/2.0", "HTTP/9.9", "HTTP/0.9", "HTTP/1", "HTTP/", "HTTP", "HTTP/1.", "HTTP/.1", "HTTP/1.1.1", "HTTP/a.b",
         "HTTP/-1.1", "HTTP/+1.1", "HTTP/01.1", "HTTP/1.10", "HTTP/1.١", "HTTP/1.²", "http/1.1", "HTPP/1.1",
         "HTTP/1.1x", "HTTP/1,1", "HTTP\\1.1", "HTTPS/1.1", "HTTP/99999999999.1", "ICY/1.0", "RTSP/1.0", "SIP/2.0"]
    )  # fmt: skip
    return Sent(request("GET", _target(scene), own(scene), version=text.encode()), "broken")


def target(draw: Random, scene: Scene) -> Sent:
    """A target begins with a slash and has no fragment, and none is longer than anybody's limit."""
    good = _target(scene)
    text = draw.choice(
        [good[1:], "*", f"?{scene.version}", "quotas", f"\\{good[1:]}", f"{good}#x", good.replace("?", "#?", 1),
         f"/{'x' * draw.randint(66_000, 90_000)}", f"{good}&x={'y' * draw.randint(66_000, 90_000)}",
         "http://[", "http://[::1", "//[/x", "http:x", "file:///etc/passwd"]
    )  # fmt: skip
    return Sent(request("GET", text, own(scene)))


def header_line(draw: Random, scene: Scene) -> Sent:
    """A header is a word, a colon at once, and printable text: anything else may hide another header."""
    control = bytes([draw.choice(_CONTROLS)])
    lines = [
        b"no colon",
        b"nocolon",
        b": no name",
        b":",
        b"x-a : b",
        b"x-a\t: b",
        b"Content-Length : 5",
        b" x-first: it goes on from nothing",
        b"x a: b",
        b"x(a): b",
        b"x-\xe9: b",
        b"x-\xff\xfe: b",
        b'"x-a": b',
        b"x-a\x00b: c",
        b"x-a: b\x00c",
        b"x-a: b\rc",
        b"x-a: b\r\rc: d",
        b"x-a: %s" % control,
        b"x-a%s: b" % control,
        b"GET / HTTP/1.1",
        b"\x0b",
    ]
    line = draw.choice(lines)
    first = line.startswith(b" ")
    head = [name + b": " + value for name, value in own(scene)]
    head.insert(0 if first else draw.randint(1, len(head)), line)
    return Sent(b"GET %s HTTP/1.1\r\n" % _target(scene).encode() + b"\r\n".join(head) + b"\r\n\r\n", "broken")


def folded(draw: Random, scene: Scene) -> Sent:
    """A length, a coding or a host that goes on in the next line is none, whoever joins the lines."""
    name, value = draw.choice(
        [(b"Content-Length", b"1\r\n 0"), (b"Content-Length", b"\r\n\t5x"), (b"Transfer-Encoding", b"chun\r\n ked"),
         (b"Host", b"127.0.0.1\r\n :80")]
    )  # fmt: skip
    head = [(b"x-ms-quantum-api-key", scene.key.encode())] if name == b"Host" else own(scene)
    return Sent(request("GET", _target(scene), [*head, (name, value)]), "broken")


def too_much(draw: Random, scene: Scene) -> Sent:
    """More headers, or a longer one, than anybody sends."""
    many: list[Header] = [(b"x-%d" % k, b"y") for k in range(draw.randint(150, 400))]
    long: list[Header] = [(b"x-long", b"y" * draw.randint(66_000, 150_000))]
    named: list[Header] = [(b"x" * draw.randint(66_000, 90_000), b"y")]
    return Sent(request("GET", _target(scene), own(scene, *draw.choice([many, many, long, named]))), "broken")


def host(draw: Random, scene: Scene) -> Sent:
    """A request says which host it asks, once, by what may be one (RFC 9112, 3.2)."""
    good = (b"Host", scene.hosts[0].encode())
    hosts: list[list[Header]] = [
        [],
        [good, (b"Host", b"eastus.quantum.azure.com")],
        [(b"Host", b"example.org"), good],
        *(
            [(b"Host", text)]
            for text in (b"a b", b"a/b", b"user@host", b"[", b"[::1", b"a\\b", b"a?b", b"<x>", b"a, b")
        ),
        [(b"Host", b"127.0.0.1:port")],
        [(b"Host", b"127.0.0.1:1:2")],
    ]
    head = [*draw.choice(hosts), (b"x-ms-quantum-api-key", scene.key.encode())]
    return Sent(request("GET", _target(scene), head), "broken")


def foreign(draw: Random, scene: Scene) -> Sent:
    """Another protocol, whose first line ends somewhere."""
    texts = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"EHLO example.org\r\n",
        b"USER anonymous\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + draw.randbytes(64).replace(b"\n", b"x") + b"\n",
        b'{"jsonrpc": "2.0"}\n',
        b"stats\r\n",
        b"\x00\x00\x00\x2a\xfeSMB\n",
    ]
    return Sent(draw.choice(texts), "cut")


def cut_head(draw: Random, scene: Scene) -> Sent:
    """A request of which not even the head has come is none: it must not be carried out."""
    whole = asked(scene, "DELETE", f"jobs/{scene.job}", headers=[(b"x-a", b"b")])
    return Sent(whole[: draw.randint(1, len(whole) - 1)], "cut")


def nothing(draw: Random, scene: Scene) -> Sent:
    """There is no request in empty lines, nor in bytes without a line."""
    blank = [b"\r\n", b"\n", b"\r\n\r\n\r\n", b"\r", b"\x00", b" ", draw.randbytes(20).replace(b"\n", b"x")]
    return Sent(draw.choice(blank), "cut")


WAYS: tuple[Way, ...] = (
    request_line, method, version, target, header_line, folded, too_much, host, foreign, cut_head, nothing,
)  # fmt: skip
