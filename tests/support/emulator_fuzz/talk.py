"""Sends malformed requests over real sockets, and reads the answers more strictly than any client does."""

from __future__ import annotations

import builtins
import json
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree

from support.emulator_fuzz.generate import name
from support.emulator_fuzz.request import Sent, Way

#: Seconds until a service that says nothing hangs.
_PATIENCE: Final = 30.0

#: How a connection ends that the other side has closed.
_CUT: Final = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError)

_STATUS: Final = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\x20-\x7e]*")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x20-\x7e\x80-\xff]*)")

#: Words that no answer has: somebody would have to know Python to make sense of them.
_PYTHON: Final = re.compile(
    "|".join(
        ["Traceback", "File \"", *(
            rf"\b{key}\b" for key, value in vars(builtins).items()
            if isinstance(value, type) and issubclass(value, BaseException)
        )]
    ).encode()
)  # fmt: skip


class Misbehaviour(Exception):
    """An answer that is none, or is not what it must be."""


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes
    ----------
    headers
        Names in lower case.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether it is the last one of its connection."""
        return self.headers.get("connection", "").lower() == "close"


@dataclass
class Talk:
    """Connections to one service, of which those that can go on are used again.

    Parameters
    ----------
    connect
        Opens a connection to the data plane (False) or the storage (True).
    half
        Whether a connection can say that no more comes, and listen on.
    """

    connect: Callable[[bool], socket.socket]
    half: bool = True
    closed: int = 0
    kept: dict[bool, socket.socket] = field(default_factory=dict)

    def ask(self, sent: Sent) -> list[Answer]:
        """What comes back; nothing, where the service may close at once and did.

        Raises
        ------
        Misbehaviour
            What comes is no HTTP, or nothing comes.
        """
        line = self.kept.pop(sent.storage, None) if sent.end == "whole" else None
        line = line or self.connect(sent.storage)
        line.settimeout(_PATIENCE)
        try:
            with suppress(*_CUT):  # it may answer before everything has come
                line.sendall(sent.data)
            if sent.end == "cut":
                line.shutdown(socket.SHUT_WR)
            found = self._answers(line, sent)
        except TimeoutError:
            raise Misbehaviour("no answer comes") from None
        finally:
            if line not in self.kept.values():
                line.close()
        return found

    def _answers(self, line: socket.socket, sent: Sent) -> list[Answer]:
        reader = Reader(line)
        first = reader.answer(sent.silent)
        if first is None:
            if sent.end == "cut":
                self.closed += 1
                return []
            raise Misbehaviour("the connection is closed without an answer")
        if sent.end == "whole" and not first.closes:
            self.kept[sent.storage] = line
            return [first]
        if not first.closes and self.half and sent.end == "broken":
            line.shutdown(socket.SHUT_WR)
        found = [first]
        while not (first.closes and reader.is_over()) and (sent.end == "cut" or self.half):
            following = reader.answer()
            if following is None:
                break
            found.append(following)
        return found

    def close(self) -> None:
        """Close what is open."""
        for line in self.kept.values():
            line.close()
        self.kept.clear()


@dataclass
class Reader:
    """Reads answers from a connection."""

    line: socket.socket
    data: bytes = b""

    def answer(self, silent: bool = False) -> Answer | None:
        """The next one; None: the other side has closed, and sent nothing before.

        Raises
        ------
        Misbehaviour
            It is none, or no whole one.
        """
        while True:
            if self._until(b"\r\n\r\n") is None:
                if self.data:
                    raise Misbehaviour(f"half an answer: {self.data[:200]!r}")
                return None
            head, _, self.data = self.data.partition(b"\r\n\r\n")
            status, headers = _head(head)
            if status >= 200:
                return Answer(status, headers, self._body(status, headers, silent))

    def is_over(self) -> bool:
        """Whether the other side closes and sends no more.

        Raises
        ------
        Misbehaviour
            Something comes.
        """
        if self.data or self._more():
            raise Misbehaviour(f"more than the answer comes: {self.data[:200]!r}")
        return True

    def _body(self, status: int, headers: dict[str, str], silent: bool) -> bytes:
        if silent or status in (204, 304):
            return b""
        length = headers.get("content-length", "")
        if not length.isdigit():
            raise Misbehaviour("an answer without a length")
        while len(self.data) < int(length):
            if not self._more():
                raise Misbehaviour("an answer that is cut")
        body, self.data = self.data[: int(length)], self.data[int(length) :]
        return body

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self.data:
            if not self._more():
                return None
        return self.data

    def _more(self) -> bool:
        try:
            part = self.line.recv(65_536)
        except _CUT:
            return False
        self.data += part
        return bool(part)


def _head(text: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = text.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    fields = [_FIELD.fullmatch(line) for line in lines]
    if status is None or None in fields:
        raise Misbehaviour(f"no head of an answer: {text[:300]!r}")
    headers = [(found[1].decode().lower(), found[2].decode("latin-1")) for found in fields if found is not None]
    if len(dict(headers)) != len(headers):
        raise Misbehaviour(f"a header comes twice: {text[:300]!r}")
    return int(status[1]), dict(headers)


def check(sent: Sent, found: list[Answer]) -> None:
    """Hold that a malformed request is refused, in the shape of the side that was asked.

    Raises
    ------
    Misbehaviour
        With what is wrong.
    """
    for answer in found:
        text = b"\n".join([answer.body, *(value.encode("latin-1") for value in answer.headers.values())])
        if _PYTHON.search(text):
            raise Misbehaviour(f"{answer.status} that speaks of Python: {text[:300]!r}")
        if not 400 <= answer.status < 500:
            raise Misbehaviour(f"{answer.status}: {answer.body[:300]!r}")
        if answer.status in (401, 403) and not sent.denied and sent.end == "whole":
            raise Misbehaviour(f"{answer.status}, which hides what is wrong: {answer.body[:300]!r}")
    if found:
        _check_shape(found[0], sent)


def _check_shape(answer: Answer, sent: Sent) -> None:
    if answer.status == 401 and not sent.storage and not answer.body:
        code = answer.headers.get("www-authenticate")
    elif sent.silent:
        code = answer.headers.get("x-ms-error-code")
    else:
        code = _code_of_xml(answer) if sent.storage else _code_of_json(answer)
        if code != answer.headers.get("x-ms-error-code"):
            raise Misbehaviour(f"the code {code!r} is not that of the header: {answer}")
    if not code:
        raise Misbehaviour(f"no code of an error: {answer}")


def _code_of_json(answer: Answer) -> str:
    try:
        error = json.loads(answer.body)["error"]
        code, message = error["code"], error["message"]
    except (ValueError, LookupError, TypeError):
        raise Misbehaviour(f"no error of the data plane: {answer}") from None
    if not answer.headers.get("content-type", "").startswith("application/json") or not isinstance(message, str):
        raise Misbehaviour(f"no error of the data plane: {answer}")
    return str(code)


def _code_of_xml(answer: Answer) -> str:
    try:
        root = ElementTree.fromstring(answer.body.decode("utf-8-sig"))
    except (ElementTree.ParseError, UnicodeDecodeError):
        raise Misbehaviour(f"no error of the storage: {answer}") from None
    if root.tag != "Error" or answer.headers.get("content-type") != "application/xml" or not root.findtext("Message"):
        raise Misbehaviour(f"no error of the storage: {answer}")
    return root.findtext("Code") or ""


def told(way: Way, sent: Sent, error: Misbehaviour) -> str:
    """A misbehaviour with what it answers, for whoever has to mend it."""
    why = (way.__doc__ or "").strip()
    return f"{name(way)} ({why})\n    sent ({sent.end}, {len(sent.data)} bytes): {sent.data[:400]!r}\n    {error}"
