"""Good requests of which a byte was flipped, lost or doubled, where it can't but spoil them."""

from __future__ import annotations

import json
from random import Random
from urllib.parse import quote, unquote

from support.emulator_fuzz.data import GOOD, any_kind, sent
from support.emulator_fuzz.request import Scene, Sent, Way, asked, stored


def _mutated(draw: Random, text: bytes) -> bytes:
    """The text with one to three changes; it may be the same by chance."""
    found = bytearray(text)
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        at = draw.randrange(len(found))
        change = draw.randrange(4)
        if change == 0:
            found[at] ^= 1 << draw.randrange(8)
        elif change == 1:
            del found[at : at + draw.choice([1, 1, 2, 5])]
        elif change == 2:
            found[at:at] = found[at : at + draw.choice([1, 2, 8])]
        else:
            found[at] = draw.randrange(256)
        if not found:
            break
    return bytes(found)


def body(draw: Random, scene: Scene) -> Sent:
    """A body of which bytes changed so that a strict reader does not take it for JSON any more."""
    kind, given = any_kind(draw)
    good = json.dumps(given).encode()
    while _is_json(spoilt := _mutated(draw, good)):
        pass
    return Sent(sent(scene, kind, spoilt))


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text.decode(), parse_constant=float)
    except ValueError:
        return False
    return True


def path(draw: Random, scene: Scene) -> Sent:
    """An address of which bytes changed, before the id, is another one, for which there is nothing."""
    good = f"{scene.root}/jobs".encode()
    while True:
        spoilt = b"/" + _mutated(draw, good[1:])
        if spoilt.lower() != good.lower() and not spoilt.startswith((b"//", b"/ ")) and not set(spoilt) & set(b"\n%"):
            break
    whole = asked(scene, draw.choice(["GET", "DELETE", "PATCH"]), f"jobs/{scene.job}")
    return Sent(whole.replace(good, spoilt, 1), "broken")


def method(draw: Random, scene: Scene) -> Sent:
    """A method of which bytes changed is none."""
    good = draw.choice([b"GET", b"DELETE", b"PATCH"])
    known = {b"GET", b"PUT", b"POST", b"PATCH", b"DELETE", b"HEAD"}
    while True:
        spoilt = _mutated(draw, good)
        if spoilt and spoilt not in known and not set(spoilt) & set(b"\r\n") and spoilt.strip():
            break
    whole = asked(scene, good.decode(), f"jobs/{scene.job}")
    return Sent(spoilt + whole[len(good) :], "broken")


def ending(draw: Random, scene: Scene) -> Sent:
    """A version of which bytes changed is none that the service speaks, or the line has one word too many."""
    good = b"HTTP/1.1"
    while True:
        spoilt = _mutated(draw, good)
        changed = spoilt not in (good, b"HTTP/1.0") and not spoilt.startswith(b"HTTP/1.") and b"\n" not in spoilt
        if changed and spoilt.strip() == spoilt and spoilt:
            break
    return Sent(asked(scene, "DELETE", f"jobs/{scene.job}").replace(good, spoilt, 1), "broken")


def key(draw: Random, scene: Scene) -> Sent:
    """A key of which bytes changed opens nothing."""
    good = scene.key.encode()
    while True:
        spoilt = _mutated(draw, good)
        if spoilt.strip() != good and not any(byte < 0x20 or byte == 0x7F for byte in spoilt):
            break
    whole = asked(scene, "DELETE", f"jobs/{scene.job}")
    return Sent(whole.replace(b": " + good, b": " + spoilt, 1), denied=True)


def signature(draw: Random, scene: Scene) -> Sent:
    """A token of which bytes changed opens nothing."""
    start, sign, given = scene.tokens["any"].rpartition("sig=")
    good = unquote(given).encode()
    while (spoilt := _mutated(draw, good)) == good:
        pass
    whole = stored(scene, draw.choice(["GET", "DELETE"]), token=f"{start}{sign}{quote(spoilt, safe='')}")
    return Sent(whole, denied=True, storage=True)


def doubled(draw: Random, scene: Scene) -> Sent:
    """A request in which another one is wrapped, or of which the head comes twice."""
    whole = sent(scene, "session", json.dumps(GOOD["session"]).encode())
    line, _, rest = whole.partition(b"\r\n")
    head, _, content = rest.partition(b"\r\n\r\n")
    texts = [
        b"\r\n".join([line, line, rest]),
        b"\r\n".join([line, head, line, head, b"", content]),
        b"\r\n".join([line, head, head.replace(b"127.0.0.1", b"127.0.0.2").replace(b"azure", b"azur"), b"", content]),
        line + b" " + line + b"\r\n" + rest,
        line.replace(b" ", b"  ") + b"\r\n" + rest,
    ]
    return Sent(draw.choice(texts), "broken")


WAYS: tuple[Way, ...] = (body, body, path, method, ending, key, signature, doubled)
