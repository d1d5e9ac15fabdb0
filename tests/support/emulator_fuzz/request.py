"""The words of the fuzzer: where things are, requests as bytes, and what must become of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

#: How the bytes end: `whole`: the connection goes on after the answer; `broken`: nobody can tell where the request
#: ends, so that the service answers and closes; `cut`: the other side says no more, and the service may close at once.
End = Literal["whole", "broken", "cut"]

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Scene:
    """A service with one workspace, in which there are a container, a blob, a job and a session.

    Attributes
    ----------
    hosts
        Of the data plane and of the storage, as a Host header has them.
    root
        The path of the workspace.
    account
        The path of the storage account; empty where it has a host of its own.
    tokens
        Queries that open the container, by what they are for: `any` (the whole account), `box` and `blob`.
    """

    hosts: tuple[str, str]
    key: str = field(repr=False)
    root: str
    account: str
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    #: What there is.
    job: str = "job-there"
    session: str = "session-there"
    box: str = "box"
    blob: str = "inputData"
    version: str = "api-version=2026-01-15-preview"


@dataclass(frozen=True)
class Sent:
    """A malformed request.

    Attributes
    ----------
    denied
        The answer may be 401 or 403; of any other request it would hide that nobody has looked at it.
    storage
        It is one for the storage, whose errors are XML.
    silent
        It asks by HEAD, so that the answer has no body.
    """

    data: bytes
    end: End = "whole"
    denied: bool = False
    storage: bool = False
    silent: bool = False


#: Makes requests that are malformed in one way; its docstring says why they are.
Way = Callable[[Random, Scene], Sent]


def request(
    method: str | bytes,
    target: str | bytes,
    headers: Sequence[Header] = (),
    body: bytes | None = None,
    version: bytes = b"HTTP/1.1",
) -> bytes:
    """A request; its body has a length, unless it is None."""
    length = [] if body is None else [(b"Content-Length", str(len(body)).encode())]
    lines = [b" ".join([octets(method), octets(target), version])]
    lines += [name + b": " + value for name, value in [*headers, *length]]
    return b"\r\n".join([*lines, b"", body or b""])


def octets(text: str | bytes) -> bytes:
    """The bytes of a text, of which surrogates stand for one each."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def own(scene: Scene, *more: Header) -> list[Header]:
    """The headers of a good request to the data plane, and more."""
    return [(b"Host", scene.hosts[0].encode()), (b"x-ms-quantum-api-key", scene.key.encode()), *more]


def asked(
    scene: Scene,
    method: str,
    path: str,
    body: bytes | None = None,
    query: str | None = None,
    headers: Sequence[Header] = (),
) -> bytes:
    """A request to the workspace that is good as far as this tells.

    Parameters
    ----------
    query
        None: the version of the interface, as it has to be.
    """
    query = scene.version if query is None else query
    return request(method, f"{scene.root}/{path}" + (f"?{query}" if query else ""), own(scene, *headers), body)


def stored(
    scene: Scene,
    method: str,
    path: str | None = None,
    body: bytes | None = None,
    query: str = "",
    headers: Sequence[Header] = (),
    token: str | None = None,
) -> bytes:
    """A request to the storage that is good as far as this tells.

    Parameters
    ----------
    path
        None: the blob.
    token
        None: the one that opens everything.
    """
    path = f"{scene.box}/{scene.blob}" if path is None else path
    token = scene.tokens["any"] if token is None else token
    every = "&".join(filter(None, [query, token]))
    host = (b"Host", scene.hosts[1].encode())
    return request(method, f"{scene.account}/{path}" + (f"?{every}" if every else ""), [host, *headers], body)
