"""Where a request begins and ends (RFC 9112): whatever could be read in two ways is refused."""

from __future__ import annotations

import re
from email.message import Message
from typing import BinaryIO, Final

#: Bytes of the largest body: blocks of blobs have up to 100 MiB.
MOST: Final = 256 * 1024 * 1024

_AUTHORITY: Final = r"(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"

#: Method, target and version, with one space between each, and nothing that no line has. Targets may have their host
#: before the path, as they are sent to proxies (3.2.2).
_LINE: Final = re.compile(
    rb"(?:CONNECT [^\x00-\x20\x7f]+|[!-~]+ (?:/|(?i:https?)://%s(?:[/?]|(?= )))[^\x00-\x20\x7f#]*) HTTP/1\.[0-9]\r?\n"
    % _AUTHORITY.encode()
)
_ABSOLUTE: Final = re.compile(r"https?://([^/?]*)", re.IGNORECASE)

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HOST: Final = re.compile(_AUTHORITY, re.ASCII)

_LENGTH: Final = re.compile(r"[0-9]{1,15}", re.ASCII)

#: The size of a chunk; what may stand behind it says nothing that is needed here.
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")

_TRAILER: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")

#: Bytes of a line, and lines after the last chunk.
_WIDE, _TRAILERS = 65_537, 100


class Lines:
    """A stream of headers that knows what can't be told from those that were read.

    Attributes
    ----------
    is_whole
        Whether the last line was an empty one, not the end of the connection, and each ended where it seems to: the
        reader of headers takes a carriage return for the end of a line, too.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.is_whole = False
        self._stream = stream
        self._is_clean = True

    def readline(self, limit: int = -1) -> bytes:
        """As of the stream."""
        line = self._stream.readline(limit)
        self._is_clean = self._is_clean and b"\r" not in line.removesuffix(b"\n").removesuffix(b"\r")
        self.is_whole = self._is_clean and line in (b"\r\n", b"\n")
        return line


def is_line(line: bytes) -> bool:
    """Whether bytes are the first line of a request."""
    return _LINE.fullmatch(line) is not None


def is_head(headers: Message, version: str) -> bool:
    """Whether headers are such as HTTP has, with one host among them."""
    if headers.defects or headers.get_payload():
        return False
    fields = [(name, str(value)) for name, value in headers.items()]
    if not all(_NAME.fullmatch(name) and _VALUE.fullmatch(value) for name, value in fields):
        return False
    hosts = hosts_of(headers)
    return all(_HOST.fullmatch(host) for host in hosts) and len(hosts) in ((0, 1) if version == "HTTP/1.0" else (1,))


def hosts_of(headers: Message) -> list[str]:
    """The Host headers, without the spaces that may stand around each."""
    return [str(host).strip(" \t") for host in headers.get_all("Host", [])]


def split_target(target: str) -> tuple[str | None, str]:
    """The host that a target names, None where it names none; and its path with the query."""
    match = _ABSOLUTE.match(target)
    if match is None:
        return None, target
    return match[1], "/" + target[match.end() :].removeprefix("/")


def read_body(headers: Message, stream: BinaryIO, version: str) -> bytes | None:
    """The body of a request; None: where it ends can't be told, or it does not come whole.

    Parameters
    ----------
    version
        As `HTTP/1.1`; in 1.0 there are no chunks.
    """
    lengths, codings = (
        [str(value).strip(" \t") for value in headers.get_all(name, [])]
        for name in ("Content-Length", "Transfer-Encoding")
    )
    if codings:
        is_plain = [coding.lower() for coding in codings] == ["chunked"]
        return _chunks(stream) if is_plain and not lengths and version != "HTTP/1.0" else None
    if not lengths:
        return b""
    if len(lengths) > 1 or _LENGTH.fullmatch(lengths[0]) is None or int(lengths[0]) > MOST:
        return None
    return _bytes(stream, int(lengths[0]))


def _chunks(stream: BinaryIO) -> bytes | None:
    parts: list[bytes] = []
    total = 0
    while True:
        match = _CHUNK.fullmatch(stream.readline(1024))
        size = MOST + 1 if match is None else int(match[1], 16)
        if total + size > MOST:
            return None
        if size == 0:
            return b"".join(parts) if _has_ended(stream) else None
        part = _bytes(stream, size)
        if part is None or stream.read(2) != b"\r\n":
            return None
        parts.append(part)
        total += size


def _has_ended(stream: BinaryIO) -> bool:
    """Read what follows the last chunk, up to the empty line."""
    for _ in range(_TRAILERS):
        line = stream.readline(_WIDE)
        if line == b"\r\n":
            return True
        if _TRAILER.fullmatch(line) is None:
            return False
    return False


def _bytes(stream: BinaryIO, size: int) -> bytes | None:
    """So many bytes; None: the connection ended before."""
    found = stream.read(size)
    return found if len(found) == size else None
