"""The status page: what the service is doing, for whoever looks at it with a browser on this machine.

It needs no key, because it holds none: nor tokens, programs, results, or queries. So that no web site reads it through
a name that leads to this machine (DNS rebinding), it answers to this machine's own names only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from qamctl.emulator.front.figures import figures
from qamctl.emulator.front.page_html import html
from qamctl.emulator.front.page_parts import STYLE_HASH
from qamctl.emulator.front.recent import Recent
from qamctl.emulator.front.watch import Seen
from qamctl.emulator.messages import Response
from qamctl.emulator.overview import overview
from qamctl.emulator.service import AzureService

#: Names under which this machine is asked for it.
_OWN: Final = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)

_PATHS: Final = ("/", "/status.json", "/favicon.ico")

#: No script, nothing from elsewhere, in nobody's frame.
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class Page:
    """The status page of a service, and its figures as JSON.

    Parameters
    ----------
    speed
        How many times faster than real jobs wait and run, to be told; None: it is not.
    """

    def __init__(self, service: AzureService, *, speed: float | None = None) -> None:
        self._service, self._speed = service, speed
        self._started = service.clock.now()
        self._recent = Recent()

    def watch(self, seen: Seen) -> None:
        """Take a request into account: a `watch.Watcher`."""
        self._recent.watch(seen)

    def __call__(self, method: str, target: str, hosts: Sequence[str]) -> Response | None:
        """The answer to a request; None: its address is none of the page's.

        Parameters
        ----------
        target
            Path and query.
        hosts
            The hosts that were named: by the Host headers, and by the target where it had one.
        """
        path, _, query = target.partition("?")
        if path not in _PATHS:
            return None
        if len(hosts) != 1 or not _OWN.fullmatch(hosts[0].strip()):
            return _plain(403, "The status page answers to 127.0.0.1 and localhost only.\n")
        if method not in ("GET", "HEAD"):
            return _plain(405, "The status page is read only.\n", {"Allow": "GET, HEAD"})
        if path == "/favicon.ico":
            return Response(204, _HEADERS)
        seen = overview(self._service)
        told = figures(seen, self._recent.traffic(seen.now, self._started), self._started, self._speed)
        if path == "/status.json":
            return _answer(200, "application/json", json.dumps(told, indent=2) + "\n")
        return _answer(200, "text/html; charset=utf-8", html(told, refreshed=parse_qs(query).get("refresh") == ["5"]))


def _plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return _answer(status, "text/plain; charset=utf-8", text, headers)


def _answer(status: int, kind: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"Content-Type": kind, **_HEADERS, **(headers or {})}, text.encode())
