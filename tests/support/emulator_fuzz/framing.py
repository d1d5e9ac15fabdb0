"""Requests of which nobody can tell where the body ends, or whose body does not come: ways to slip in another one."""

from __future__ import annotations

import json
from random import Random

from support.emulator_fuzz.request import Header, Scene, Sent, Way, own, request, stored

_CHUNKED = (b"Transfer-Encoding", b"chunked")


def _body() -> bytes:
    """What would be taken, and make a container that nobody may find afterwards."""
    return json.dumps({"containerName": "smuggled"}).encode()


def _post(scene: Scene, *headers: Header, rest: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    path = f"{scene.root}/storage/sasUri?{scene.version}"
    return request("POST", path, own(scene, *headers), version=version) + rest


def length(draw: Random, scene: Scene) -> Sent:
    """A length is a row of digits, and no body is larger than any block."""
    value = draw.choice(
        [b"x", b"-1", b"+5", b"1_0", b"0x10", b"1e3", b"5.0", b"", b"5 6", b"5,6", b"5;", b"NaN", b"\xb2", b"\xd9\xa5",
         b'"5"', b"9" * 20, b"9" * 5000, b"99999999999999", b"18446744073709551616", b"4294967296000"]
    )  # fmt: skip
    return Sent(_post(scene, (b"Content-Length", value), rest=_body()), "broken")


def lengths(draw: Random, scene: Scene) -> Sent:
    """Two lengths that differ: whoever takes the one sees another request than whoever takes the other."""
    own_length, other = str(len(_body())).encode(), str(draw.choice([0, 5, 10, 1000])).encode()
    pair = [(b"Content-Length", own_length), (draw.choice([b"Content-Length", b"content-length"]), other)]
    draw.shuffle(pair)
    return Sent(_post(scene, *pair, rest=_body()), "broken")


def length_and_chunks(draw: Random, scene: Scene) -> Sent:
    """A length and a coding at once (RFC 9112, 6.1): an attempt at smuggling, or a fault of the sender."""
    pair = [(b"Content-Length", str(draw.choice([0, 4, len(_body()), 500])).encode()), _CHUNKED]
    draw.shuffle(pair)
    return Sent(_post(scene, *pair, rest=b"%x\r\n%s\r\n0\r\n\r\n" % (len(_body()), _body())), "broken")


def coding(draw: Random, scene: Scene) -> Sent:
    """A coding that there is not, that is there twice, or under which the body has no end."""
    value = draw.choice(
        [b"gzip", b"identity", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"xchunked", b"chunkedx", b"",
         b"chunked;q=1", b'"chunked"', b"chunked,", b"chunk ed", b"\x0bchunked", b"deflate", b"chunked\xa0"]
    )  # fmt: skip
    return Sent(_post(scene, (b"Transfer-Encoding", value), rest=b"0\r\n\r\n"), "broken")


def codings(draw: Random, scene: Scene) -> Sent:
    """Two codings, or one in a version of HTTP that has none."""
    rest = b"%x\r\n%s\r\n0\r\n\r\n" % (len(_body()), _body())
    if draw.random() < 0.5:
        return Sent(_post(scene, _CHUNKED, rest=rest, version=b"HTTP/1.0"), "broken")
    return Sent(
        _post(scene, _CHUNKED, (b"Transfer-Encoding", draw.choice([b"identity", b"gzip"])), rest=rest), "broken"
    )


def chunks(draw: Random, scene: Scene) -> Sent:
    """The size of a chunk is a row of hexadecimal digits, and after so many bytes the line ends."""
    size, body = b"%x" % len(_body()), _body()
    good = size + b"\r\n" + body + b"\r\n"
    sizes = [
        b"-" + size,
        b"+" + size,
        b"0x" + size,
        size[:1] + b"_" + size[1:],
        b" " + size,
        size + b" ",
        b"1 d",
        b"1.d",
    ]
    parts = [
        *(bad + b"\r\n" + body + b"\r\n" for bad in sizes),
        *(bad + b"\r\n" + body + b"\r\n" for bad in (b"x", b"", b"\xb2", b"f" * 9, b"f" * 16, b"f" * 400, b";x=y")),
        size + b";" + b"x" * draw.randint(66_000, 90_000) + b"\r\n" + body + b"\r\n",
        b"%x\r\n%s\r\n" % (len(body) - 3, body),
        b"%x\r\n%sxx\r\n" % (len(body), body),
        size + b"\r\n" + body + b"xx",
        good + b"zz\r\n\r\n",
        good + b"-0\r\n\r\n",
        good + b"0\r\nno colon\r\n\r\n",
        good + b"0\r\n" + b"x: y\r\n" * 300 + b"\r\n",
        good + b"0\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
    ]
    return Sent(_post(scene, _CHUNKED, rest=draw.choice(parts) + b"0\r\n\r\n"), "broken")


def cut_body(draw: Random, scene: Scene) -> Sent:
    """A body of which a part has not come is none: half a program must not be kept as the whole."""
    body = _body()
    many = b"abcdefghij" * draw.randint(1, 900)
    kind: Header = (b"x-ms-blob-type", b"BlockBlob")
    blob = stored(scene, "PUT", f"{scene.box}/half", many, headers=[kind])
    texts = [
        (_post(scene, (b"Content-Length", b"%d" % (len(body) + draw.randint(1, 10**8))), rest=body), False),
        (_post(scene, _CHUNKED, rest=b"%x\r\n%s\r\n" % (len(body), body)), False),
        (_post(scene, _CHUNKED, rest=b"%x\r\n%s" % (len(body) + 9, body)), False),
        (_post(scene, _CHUNKED, rest=b"%x\r\n%s\r\n0\r\n" % (len(body), body)), False),
        (_post(scene, _CHUNKED, rest=b""), False),
        (blob[: -draw.randint(1, len(many))], True),
    ]
    data, storage = draw.choice(texts)
    return Sent(data, "cut", storage=storage)


def waiting(draw: Random, scene: Scene) -> Sent:
    """Whoever waits to be told to go on is told that the length is none, and does not send the body."""
    length_ = draw.choice([b"x", b"-5", b"9" * 15, b"5, 7"])
    head = [(b"Expect", b"100-continue"), (b"Content-Length", length_)]
    return Sent(_post(scene, *head, rest=b""), "broken")


WAYS: tuple[Way, ...] = (length, lengths, length_and_chunks, coding, codings, chunks, cut_body, waiting)
