"""What is seen of every request, for the log and the status page: never a key, a token, or a query."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from qamctl.emulator import times

#: Characters that are kept of a path, of a host, of a user agent, and of a method.
_PATH, _HOST, _AGENT, _METHOD = 2000, 255, 200, 20

#: What stands before the path where a whole address is asked for; a user's password can be in it.
_ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, and what became of it.

    Attributes
    ----------
    at
        When it came, in seconds since 1970.
    seconds
        From then until its answer was ready.
    host
        The host that was asked; of a tunnel, the one that it leads to.
    method
        Empty where it can't be told.
    path
        As it was sent, percent-encoded, without the query; the first 2,000 characters.
    kind
        As `place.Place.kind`, for instance `PUT job`; `GET page` for the status page, `CONNECT` for a tunnel; empty
        for what is no HTTP.
    status
        Of the answer; None: the connection was cut.
    received, sent
        Bytes of the bodies.
    faults
        What befell it: words of `faults.FAULTS`.
    agent
        The user agent, at most 200 characters.
    """

    at: float
    seconds: float
    host: str
    method: str
    path: str
    kind: str
    status: int | None
    received: int = 0
    sent: int = 0
    faults: tuple[str, ...] = ()
    agent: str = ""


#: Is told of every request once, before its answer is sent: whoever has an answer finds it told. Many threads call it.
Watcher = Callable[[Seen], None]


class Watching:
    """Watchers that can't hurt what they watch: one that fails is told nothing more, and its error is kept.

    Parameters
    ----------
    watchers
        Each is told, whatever becomes of the others.

    Attributes
    ----------
    errors
        Of the watchers that failed, one each.
    """

    def __init__(self, *watchers: Watcher) -> None:
        self.errors: tuple[Exception, ...] = ()
        self._watchers = watchers
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> None:
        """Tell all of them."""
        for watcher in self._watchers:
            try:
                watcher(seen)
            except Exception as error:  # whatever it is, the request is answered
                self._drop(watcher, error)

    def _drop(self, watcher: Watcher, error: Exception) -> None:
        with self._lock:
            if any(one is watcher for one in self._watchers):
                self._watchers = tuple(one for one in self._watchers if one is not watcher)
                self.errors = (*self.errors, error)


def watching(watch: Watcher | None) -> Watching | None:
    """A watcher that can't hurt."""
    return watch if watch is None or isinstance(watch, Watching) else Watching(watch)


class Asked(Protocol):
    """What a connection knows of the request that it is at."""

    command: str
    path: str

    def host(self) -> str:
        """The host that was asked."""
        ...


@dataclass(slots=True)
class Exchange:
    """A request while it is answered.

    Attributes
    ----------
    at
        When it came, in seconds since 1970.
    begun
        The same by `perf_counter`.
    host
        Where it leads; empty: to the host that the connection knows.
    """

    at: float
    begun: float
    kind: str = ""
    host: str = ""
    agent: str = ""
    received: int = 0
    is_told: bool = False

    def seen(self, by: Asked, ended: float, status: int | None, sent: int, faults: tuple[str, ...]) -> Seen:
        """What is told of it."""
        method = by.command or ""
        return Seen(
            at=self.at,
            seconds=ended - self.begun,
            host=(self.host or by.host())[:_HOST],
            method=method[:_METHOD],
            path="" if method == "CONNECT" else bare_path(by.path),
            kind=self.kind,
            status=status,
            received=self.received,
            sent=sent,
            faults=faults,
            agent=" ".join(self.agent.split())[:_AGENT],
        )


def bare_path(target: str) -> str:
    """The path of what a request line asks for: without scheme, host, password, query and fragment."""
    return _ORIGIN.sub("", re.split("[?#]", target, maxsplit=1)[0], count=1)[:_PATH]


def entry(seen: Seen) -> dict[str, Any]:
    """A request as the log and the status page write it; `time` is UTC to a millisecond."""
    return {
        "time": times.brief(seen.at),
        "method": seen.method,
        "path": seen.path,
        "kind": seen.kind,
        "status": seen.status,
        "seconds": round(seen.seconds, 6),
        "received": seen.received,
        "sent": seen.sent,
        "faults": list(seen.faults),
        "host": seen.host,
        "agent": seen.agent,
    }
