"""Azure's host names on this machine: a proxy that answers https for them, for clients that take no other address.

with proxy(service, folder) as front:
    subprocess.run(command, env={**os.environ, **front.environment})
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from qamctl.azure.clock import Clock, SystemClock
from qamctl.emulator.front.certificate import NAMES, Authority, make_authority
from qamctl.emulator.front.hosts import respond
from qamctl.emulator.front.server import HOST, Handler, Listener, OwnPage, listening
from qamctl.emulator.front.watch import Watcher
from qamctl.emulator.messages import fault
from qamctl.emulator.service import AzureService


@dataclass(frozen=True, slots=True)
class Front:
    """A proxy that is up.

    Attributes
    ----------
    url
        Its address.
    authority
        The file with the certificate that clients have to trust; no key is in it.
    """

    url: str
    authority: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which a process goes by the proxy and trusts it, for Azure's hosts and all others."""
        names = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.url)
        trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"), str(self.authority))
        return {**names, **trust, **dict.fromkeys(("NO_PROXY", "no_proxy"), f"{HOST},localhost")}


class _Tunnel(Handler):
    """One connection: `CONNECT`, then https within it."""

    asked = ""
    server: _Proxy

    def host(self) -> str:
        """The host that the tunnel was opened for; before that the proxy itself."""
        return self.asked or super().host()

    def own_page(self) -> OwnPage | None:
        """Nothing of ours is on hosts of Azure's."""
        return None if self.asked else super().own_page()

    def do_CONNECT(self) -> None:
        """Open a tunnel, and stand at its other end."""
        host, _, port = self.path.rpartition(":")
        self.exchange.kind, self.exchange.host = "CONNECT", host.rpartition("@")[2].lower()
        if self.asked or port != "443" or not _is_ours(host.lower()):
            self.close_connection = True
            return self._send(fault(403, "Forbidden", "The proxy stands in for hosts of Azure Quantum only."))
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        try:
            context = self.server.authority.context
            self.connection = context.wrap_socket(self.connection, server_side=True, do_handshake_on_connect=False)
            self.connection.do_handshake()  # by itself, because what fails above is closed before it is told
        except (ssl.SSLError, OSError):
            self.close_connection = True  # whoever asked does not trust us
            return self.tell(None)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", self.wbufsize)
        self.asked, self.close_connection = host.lower(), False
        return self.tell(200)

    def finish(self) -> None:
        """Close the tunnel, too."""
        super().finish()
        self.connection.close()


class _Proxy(Listener):
    def __init__(
        self, port: int, service: AzureService, authority: Authority, watch: Watcher | None, page: OwnPage | None
    ) -> None:
        self.authority = authority
        super().__init__(port, _Tunnel, partial(respond, service), watch=watch, page=page, clock=service.clock)


def _is_ours(host: str) -> bool:
    first, _, rest = host.partition(".")
    return host in NAMES or (f"*.{rest}" in NAMES and re.fullmatch(r"[a-z0-9-]+", first) is not None)


@contextmanager
def proxy(
    service: AzureService,
    folder: Path,
    *,
    port: int = 0,
    clock: Clock | None = None,
    watch: Watcher | None = None,
    page: OwnPage | None = None,
) -> Iterator[Front]:
    """The service behind Azure's names, while the block runs.

    Parameters
    ----------
    folder
        Where the certificate of the authority goes (`ca.pem`).
    port
        0: a free one.
    clock
        When the certificates are made; None: the machine's, which is what clients check them by.
    watch
        Is told of each request, that for a tunnel and those within; see `server.Listener`.
    page
        The status page, at `/` of the proxy itself; None: there is none.
    """
    moment = datetime.fromtimestamp((clock or SystemClock()).now(), UTC)
    authority = make_authority(moment)
    file = folder / "ca.pem"
    file.write_bytes(authority.certificate)
    with listening(_Proxy(port, service, authority, watch, page)) as listener:
        yield Front(f"http://{HOST}:{listener.server_port}", file)
