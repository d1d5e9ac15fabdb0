"""What comes in and what goes out: requests and answers without a socket, in the service's own shapes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from qamctl.emulator.names import is_id

#: How many objects and lists of a body may lie within each other: what can just be read could not be written again
#: from where more calls lie within each other.
_DEEPEST: Final = 100


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes
    ----------
    method
        As `PUT`.
    path
        Percent-decoded, without the query.
    query
        Each parameter once, percent-decoded.
    headers
        Names in any case.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """The header of that name (in lower case), empty where there is none."""
        return next((value for key, value in self.headers.items() if key.lower() == name), "")


@dataclass(frozen=True, slots=True)
class Response:
    """One answer.

    Attributes
    ----------
    headers
        Without Content-Length, which whoever sends it knows.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


class LostResponse(Exception):
    """The request was handled, or not even read, and no answer comes: whoever has the connection cuts it.

    Parameters
    ----------
    faults
        What befell it.
    """

    def __init__(self, text: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.faults = faults


class Refused(Exception):
    """A request that is answered by an error.

    Parameters
    ----------
    answer
        What is sent.
    """

    def __init__(self, answer: Response) -> None:
        super().__init__(f"the request is answered with {answer.status}")
        self.answer = answer


def make_request(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | Mapping[str, Any] = b""
) -> Request:
    """A request from a URL, or from a path with its query.

    Parameters
    ----------
    url
        Its host becomes the `Host` header where there is none.
    body
        A mapping is sent as JSON.
    """
    parts = urlsplit(url)
    every = {"host": parts.netloc, **(headers or {})} if parts.netloc else dict(headers or {})
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    query = dict(parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape"))
    return Request(method, unquote(parts.path, errors="surrogateescape"), query, every, raw)


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An object as the data plane sends it."""
    every = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return Response(status, every, json.dumps(content).encode())


def with_headers(found: Response, headers: Mapping[str, str]) -> Response:
    """An answer with more headers."""
    return Response(found.status, {**found.headers, **headers}, found.body)


def fault(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error of the data plane."""
    content = {"error": {"code": code, "message": message}}
    return json_answer(content, status, {"x-ms-error-code": code, **(headers or {})})


def refuse(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Refused:
    """An error of the data plane, to be raised."""
    return Refused(fault(status, code, message, headers))


def unauthorized() -> Response:
    """The data plane's answer to a key or token that it does not know: it has no body."""
    return Response(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def xml_fault(status: int, code: str, message: str) -> Response:
    """An error of the storage."""
    text = f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(message)}</Message>'
    headers = {"Content-Type": "application/xml", "x-ms-error-code": code}
    return Response(status, headers, f"{text}</Error>".encode())


def json_body(request: Request) -> dict[str, Any]:
    """The object in a request's body, which is UTF-8 and nothing that could not be sent back (RFC 8259).

    Raises
    ------
    Refused
        400: it is none.
    """
    try:
        text = request.body.decode("utf-8-sig")
        found = json.loads(text, parse_float=_number, parse_constant=_number)
    except (ValueError, RecursionError):
        raise refuse(400, "InvalidRequestBody", "The request body is not valid JSON.") from None
    if not isinstance(found, dict):
        raise refuse(400, "InvalidRequestBody", "The request body is not a JSON object.")
    if _is_deep(found):
        raise refuse(400, "InvalidRequestBody", "The request body is nested too deeply.")
    return found


def _number(text: str) -> float:
    """A number of a body: Python reads and writes some that JSON does not have."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def _is_deep(value: Any) -> bool:
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        groups = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level, depth = [one for group in groups for one in group], depth + 1
    return bool(level)


def check_id(id: str) -> None:
    """Refuse what can't be the id of a job or a session.

    Raises
    ------
    Refused
        400: see `names.is_id`.
    """
    if not is_id(id):
        raise refuse(400, "InvalidId", "The id is not valid: it has letters, digits, and . _ - within.")


def text_field(content: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    """A text in a request's body; None where it is null or missing.

    Raises
    ------
    Refused
        400: it is no text, or is missing and required.
    """
    found = content.get(name)
    if found is None and not required:
        return None
    if not isinstance(found, str) or (required and not found):
        raise refuse(400, "InvalidProperty", f"The request body is invalid: '{name}' must be a text.")
    return found
