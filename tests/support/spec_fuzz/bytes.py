"""Texts with a few cuts, copies, swaps and foreign pieces, as a hand that slips or a disk that fails would leave them."""

# ruff: noqa: E501 - a table of short pieces
from __future__ import annotations

import random

#: Pieces that have broken readers before.
PIECES = [
    b"&a ", b"*a", b"<<: *a", b"!!python/object:os.system ", b"!x ", b"---\n", b"...\n", b"? ", b"- ", b": ", b"{", b"}",
    b"[", b"]", b",", b"|\n", b">\n", b"\"", b"'", b"#", b"%YAML 1.1\n", b"\t", b"\r\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\\u0000", b"\\ud800", b"\\x07", b"null", b"~", b"true", b"no", b".nan", b".inf", b"-.inf",
    b"NaN", b"Infinity", b"1e999", b"-1e999", b"1e-999", b"9" * 30, b"9" * 5000, b"-1", b"0x1F", b"0o17", b"012", b"1_000",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"1000000000001", b"0.0000001", b"1e30",
    b"PT", b"P1Y", b"P999999999999999D", b"-PT5M", b"2026-99-99", b"0001-01-01T00:00:00+23:59", b"9999-12-31", b"t1", b"a1",
    b"cpu=1|cpu=2", b"=", b"|", b"t1+", b"t1:FS", b"t1:XX-", b"{table: tasks.csv}", b"{table: ../../etc/passwd}",
    b"{table: /etc/passwd}", b"{table: .}", b"{table: \"a\\0b\"}", b"{csv: x}", b"[[[[[[[[", b"{a: {a: {a: {a: ",
    "日本".encode(), "\U0001f600".encode(), "٣".encode(), b"none", b"any", b"kind: cluster", b"{count: 9999999999}",
    b"{size: {min: 0}}", b"{size: {max: 1}}", b"kind: together", b"a1", b"m1", b"eu", b"zone=a//b", b"1e12", b"levels: [zone]\n", b"\xed\xa0\x80",
]  # fmt: skip


def mutated(text: bytes, rng: random.Random) -> bytes:
    """The text with a few cuts, copies, swaps and foreign pieces."""
    out = bytearray(text)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at, to = sorted((rng.randrange(len(out) + 1), rng.randrange(len(out) + 1)))
        to = min(to, at + rng.choice((0, 1, 2, 5, 40)))
        match rng.randrange(6):
            case 0:
                del out[at:to]
            case 1:
                out[at:at] = rng.choice(PIECES)
            case 2:
                out[at:to] = rng.choice(PIECES)
            case 3:
                out[at:at] = out[at:to] * rng.choice((1, 2, 50))
            case 4:
                out[at:to] = bytes([rng.randrange(256)])
            case _:
                words = [w for w in bytes(out).replace(b",", b" ").split() if w]
                out[at:to] = rng.choice(words) if words else b""
    return bytes(out)
