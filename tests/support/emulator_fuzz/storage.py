"""Requests to the storage: tokens that open nothing, ranges, blocks and lists of blocks that are none."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from urllib.parse import parse_qsl, quote

from support.emulator_fuzz.request import Header, Scene, Sent, Way, octets, request, stored

_BLOCK: Header = (b"x-ms-blob-type", b"BlockBlob")


def _sent(data: bytes, *, denied: bool = False, silent: bool = False) -> Sent:
    return Sent(data, denied=denied, storage=True, silent=silent)


def token(draw: Random, scene: Scene) -> Sent:
    """A token of which one field is changed, left out, doubled or made up is not what was signed."""
    name = draw.choice(list(scene.tokens))
    fields = parse_qsl(scene.tokens[name], keep_blank_values=True)
    at = draw.randrange(len(fields))
    key, value = fields[at]
    spot = draw.randrange(len(value))
    other = draw.choice("abcxyzABC0189-_:") if value[spot] not in "=" else "x"
    odd = [
        "",
        " ",
        "x",
        "\x00",
        "\udcff",
        "é",
        "9" * 3000,
        "2026-13-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "rwdlacup",
        "' or 1=1",
        "%",
    ]
    changes: list[list[tuple[str, str]]] = [
        [*fields[:at], *fields[at + 1 :]],
        [
            *fields[:at],
            (key, value[:spot] + (other if other != value[spot] else "?") + value[spot + 1 :]),
            *fields[at + 1 :],
        ],
        [*fields[:at], (key, value[:spot] + value[spot + 1 :]), *fields[at + 1 :]],
        [*fields[:at], (key, value + draw.choice(["x", "=", " ", "\x00", "A"])), *fields[at + 1 :]],
        [*fields[:at], (key, draw.choice(odd)), *fields[at + 1 :]],
        [*fields[:at], (key.upper(), value), *fields[at + 1 :]],
        [*fields, (key, draw.choice(odd))],
        [*fields, ("rscd", "attachment")] if name != "blob" else [*fields, ("srt", "sco")],
        [("sig", "A" * 43 + "=")],
        [],
    ]
    text = "&".join(f"{k}={quote(v, safe='', errors='surrogateescape')}" for k, v in draw.choice(changes))
    path = None
    return _sent(stored(scene, "GET", path, token=text), denied=True)


def beyond(draw: Random, scene: Scene) -> Sent:
    """A good token for something else: another container, another blob, another right."""
    box, blob = scene.tokens["box"], scene.tokens["blob"]
    method, path, query, given = draw.choice(
        [
            ("GET", "other/letters", "", box),
            ("GET", f"{scene.box}x/{scene.blob}", "", box),
            ("GET", f"{scene.box}/other", "", blob),
            ("GET", f"{scene.box}/{scene.blob}%00", "", blob),
            ("GET", f"{scene.box}/../{scene.box}/{scene.blob}", "", blob),
            ("PUT", f"{scene.box}/{scene.blob}", "", blob),
            ("PUT", f"{scene.box}/new", "", box),
            ("DELETE", f"{scene.box}/{scene.blob}", "", blob),
            ("DELETE", f"{scene.box}/{scene.blob}", "", box),
            ("GET", scene.box, "restype=container&comp=list", blob),
            ("PUT", "fuzzed", "restype=container", box),
            ("PUT", f"{scene.box}/new", "comp=block&blockid=YQ%3D%3D", box),
            ("PUT", f"{scene.box}/new", "comp=blocklist", blob),
        ]
    )
    return _sent(stored(scene, method, path, b"" if method == "PUT" else None, query, [_BLOCK], given), denied=True)


def range_(draw: Random, scene: Scene) -> Sent:
    """A range that is none, goes backwards, or begins behind the end of the blob."""
    text = draw.choice(
        [b"bytes=9-3", b"bytes=26-", b"bytes=26-30", b"bytes=999999999999999-", b"bytes=99999999999999999999-",
         b"bytes=x-y", b"bytes=", b"bytes", b"bytes=--", b"bytes=1--2", b"items=0-3", b"0-3", b"bytes=0x1-3",
         b"bytes=1_0-20", b"bytes=\xb2-9", b"bytes=0-3,9", b"bytes 0-3", b"bytes=0-3;", b"bytes=NaN-", b"bytes=1.5-3",
         b"bytes=+1-3", b"BYTES:0-3", b"bytes==0-3"]
    )  # fmt: skip
    return _sent(stored(scene, "GET", headers=[(b"x-ms-range", text)]))


def block(draw: Random, scene: Scene) -> Sent:
    """A block goes by a name in base64 of at most 64 bytes."""
    id = draw.choice(
        ["", "blockid=", "blockid=!", "blockid=a", "blockid=YQ", "blockid=YQ%3D", "blockid=YQ%3D%3D%3D", "blockid=%00",
         "blockid=%ff", "blockid=" + "QUFB" * 30, "blockid=Y%0AQ%3D%3D", "blockid=%C3%A9%3D%3D%3D", "blockid=../x",
         "blockid=<x>", "block=YQ%3D%3D"]
    )  # fmt: skip
    return _sent(stored(scene, "PUT", f"{scene.box}/new", b"x", f"comp=block&{id}" if id else "comp=block"))


def block_list(draw: Random, scene: Scene) -> Sent:
    """A list of blocks is a whole piece of XML that names blocks that there are."""
    good = "<BlockList><Latest>YQ==</Latest></BlockList>"
    text = draw.choice(
        ["", "x", good, good[:-1], good[1:], good + "x", good + good, "<BlockList>", "<blocklist></blocklist>",
         "<BlockList/", "[]", "{}", "<BlockList><Latest>YQ==</BlockList>",
         "<BlockList><Latest>YQ==</Uncommitted></BlockList>", "<Blocks></Blocks>",
         "<BlockList><Oldest>YQ==</Oldest></BlockList>", "<BlockList>YQ==</BlockList>", "<BlockList a=b></BlockList>",
         "<a>" * 50_000, "<BlockList>&x;</BlockList>", "<BlockList>&#0;</BlockList>", "<BlockList>\x00</BlockList>",
         "<BlockList>\udcff</BlockList>",
         '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><BlockList>&a;</BlockList>',
         "<!-- <BlockList></BlockList> -->",
         '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><BlockList><Latest>&a;</Latest></BlockList>',
         f'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "{"&a;" * 9}"><!ENTITY c "{"&b;" * 9}">]><BlockList>&c;</BlockList>',
         "<BlockList><Committed>YQ==</Committed></BlockList>", "<x:BlockList></x:BlockList>",
         "<BlockList><Latest/></BlockList>"]
    )  # fmt: skip
    return _sent(stored(scene, "PUT", f"{scene.box}/new", octets(text), "comp=blocklist"))


def component(draw: Random, scene: Scene) -> Sent:
    """A part of a blob or container that there is not: it must not be taken for the whole of it."""
    part = draw.choice(["x", "blocks", "lists", "%00", "%ff", "block,list", "..", "x" * 5000, "block%20"])
    method, path = draw.choice(
        [("GET", None), ("PUT", None), ("GET", scene.box), ("PUT", "fuzzed"), ("PUT", scene.box)]
    )
    kind = "restype=container&" if path is not None else ""
    body = b"x" if method == "PUT" else None
    return _sent(stored(scene, method, path, body, f"{kind}comp={part}", [_BLOCK]))


def kind(draw: Random, scene: Scene) -> Sent:
    """A blob is put as a block blob, which has to be said."""
    text = draw.choice(
        [None, b"", b"x", b"PageBlob", b"AppendBlob", b"BlockBlob,PageBlob", b"Block Blob", b"\xe9", b"b" * 9000]
    )
    headers = [] if text is None else [(b"x-ms-blob-type", text)]
    return _sent(stored(scene, "PUT", f"{scene.box}/new", b"x", headers=headers))


def stored_version(draw: Random, scene: Scene) -> Sent:
    """The version of the storage's interface is a date."""
    text = draw.choice(
        [b"x", b"2025", b"2025-13-45", b"2025-01-05-preview", b"\xe9", b"9" * 5000, b"latest", b"2025/01/05"]
    )
    return _sent(stored(scene, "GET", headers=[(b"x-ms-version", text)]))


def name(draw: Random, scene: Scene) -> Sent:
    """Containers have names of small letters, digits and hyphens; blobs none with control bytes, nor without an end."""
    box = draw.choice(
        [
            "A",
            "ab",
            "-ab",
            "a--b",
            "a_b",
            "a.b",
            "..",
            "%2e%2e",
            "a%20b",
            "%00",
            "%ff",
            "%ed%a0%80",
            "x" * 64,
            "%",
            "a%0ab",
        ]
    )
    blob = draw.choice(["%00", "a%00b", "a%0d%0aSet-Cookie:x", "%ff", "%ed%a0%80", "x" * 1025, "%7f"])
    texts = [
        stored(scene, "PUT", box, b"", "restype=container"),
        stored(scene, "PUT", f"{scene.box}/{blob}", b"x", headers=[_BLOCK]),
        stored(scene, "GET", f"{box}/letters"),
        stored(scene, "GET", f"{scene.box}/{blob}"),
        stored(scene, draw.choice(["GET", "PUT", "DELETE"]), draw.choice(["", "/", "//"]), b""),
    ]
    return _sent(draw.choice(texts))


def most(draw: Random, scene: Scene) -> Sent:
    """A page of a list of blobs has a number of items, at least one."""
    text = draw.choice(["x", "0", "-1", "1.5", "%00", "%D9%A5", "9" * 30, "1e3", "NaN"])
    return _sent(stored(scene, "GET", scene.box, query=f"restype=container&comp=list&maxresults={text}"))


def verb(draw: Random, scene: Scene) -> Sent:
    """A method that the storage does not take there."""
    method, path, query = draw.choice(
        [("POST", None, ""), ("PATCH", None, ""), ("BREW", None, ""), ("OPTIONS", None, ""), ("TRACE", scene.box, ""),
         ("PATCH", scene.box, "restype=container"), ("POST", scene.box, "restype=container"),
         ("PUT", scene.box, "restype=container&comp=list"), ("DELETE", None, "comp=blocklist"),
         ("POST", None, "comp=block"), ("HEAD", None, "comp=block")]
    )  # fmt: skip
    return _sent(stored(scene, method, path, b"", query), silent=method == "HEAD")


def not_there(draw: Random, scene: Scene) -> Sent:
    """What the storage does not have."""
    method, path, query = draw.choice(
        [("GET", f"{scene.box}/nothing", ""), ("HEAD", f"{scene.box}/nothing", ""), ("PUT", "nothing/x", ""),
         ("GET", "nothing", "restype=container&comp=list"), ("PUT", f"{scene.box}/nothing", "comp=metadata"),
         ("GET", f"{scene.box}/..%2f{scene.box}%2f{scene.blob}", ""), ("GET", f"{scene.box}/{scene.blob}/", "")]
    )  # fmt: skip
    body = b"" if method == "PUT" else None
    return _sent(stored(scene, method, path, body, query, [_BLOCK]), silent=method == "HEAD")


def fault(draw: Random, scene: Scene) -> Sent:
    """The storage, too, knows only the emulator's faults."""
    text = draw.choice([b"x", b"slow=x", b"slow=-1", b"failed", b"expired", b"\xe9", b"slow=601"])
    return _sent(stored(scene, draw.choice(["GET", "DELETE"]), headers=[(b"x-qamctl-fault", text)]))


def head(draw: Random, scene: Scene) -> Sent:
    """What is no HTTP is none for the storage either, and is told in its own shape."""
    good = stored(scene, "PUT", f"{scene.box}/new", headers=[_BLOCK])
    spoilt: Sequence[bytes] = [
        good.replace(b"\r\n\r\n", b"\r\nContent-Length: x\r\n\r\n"),
        good.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        good.replace(b"\r\n\r\n", b"\r\nno colon\r\n\r\n"),
        good.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),
        good.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: gzip\r\n\r\n"),
        good.replace(b"\r\n\r\n", b"\r\nx-ms-meta-\xe9: 1\r\n\r\n"),
        good.replace(b"\r\n\r\n", b"\r\nx-ms-meta-a: \x001\r\n\r\n"),
    ]
    return Sent(draw.choice(spoilt), "broken", storage=True)


def path_style(draw: Random, scene: Scene) -> Sent:
    """A path that leaves the account leads nowhere, with whatever token."""
    path = draw.choice(
        ["/devstoreaccount2/box/letters", "/devstoreaccount1x/box", "/DEVSTOREACCOUNT1/box/letters", "/box/input"]
    )
    target = f"{path}?{scene.tokens['any']}"
    return Sent(request("GET", target, [(b"Host", scene.hosts[0].encode())]), denied=True)


WAYS: tuple[Way, ...] = (
    token, token, token, beyond, range_, block, block_list, component, kind, stored_version, name, most, verb,
    not_there, fault, head, path_style,
)  # fmt: skip
