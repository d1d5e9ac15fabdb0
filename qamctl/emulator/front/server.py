"""The service behind a socket: HTTP/1.1 on this machine only."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import perf_counter
from typing import Any, BinaryIO, Final, cast

from qamctl.azure.clock import Clock, SystemClock
from qamctl.emulator.faults import HEADER
from qamctl.emulator.front.framing import Lines, hosts_of, is_head, is_line, read_body, split_target
from qamctl.emulator.front.watch import Exchange, Watcher, watching
from qamctl.emulator.messages import LostResponse, Request, Response, fault, make_request, xml_fault
from qamctl.emulator.place import find, storage_path
from qamctl.emulator.service import AzureService

#: Where it listens; nowhere else.
HOST: Final = "127.0.0.1"

#: Seconds that a connection may be silent.
_PATIENCE: Final = 60


#: Method, path and query as they were sent, and the hosts that were named -> the answer of the status page; None: it is
#: not its address.
OwnPage = Callable[[str, str, Sequence[str]], Response | None]


class Listener(ThreadingHTTPServer):
    """Sockets, a thread for each connection.

    Parameters
    ----------
    respond
        Answers requests.
    watch
        Is told of each request; one that fails keeps its error in `watch.Watching.errors`. None: nobody is.
    page
        The status page; None: there is none.
    clock
        When requests come; None: the machine's.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self,
        port: int,
        handler: type[Handler],
        respond: Callable[[Request], Response],
        *,
        watch: Watcher | None = None,
        page: OwnPage | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.respond, self.page = respond, page
        self.watch, self.clock = watching(watch), clock or SystemClock()
        super().__init__((HOST, port), handler)

    def server_bind(self) -> None:
        """Bind without asking who this machine is, which can take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that was cut by the other side is nobody's fault, and nothing is printed."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "qamctl-emulator", ""
    timeout = _PATIENCE
    wbufsize = 64 * 1024  # head and body of an answer go out at once
    disable_nagle_algorithm = True
    server: Listener
    exchange: Exchange
    is_awaited = False
    hosts: Sequence[str] = ()

    def handle_one_request(self) -> None:
        """Take a request; whatever becomes of it, it is told once."""
        self.exchange = Exchange(self.server.clock.now(), perf_counter())
        self.raw_requestline, self.command, self.path = b"", "", ""  # else those of the request before
        try:
            super().handle_one_request()
        finally:
            if self.raw_requestline:
                self.tell(None)

    def parse_request(self) -> bool:
        """Read the head of a request, which begins now: the connection may have been silent for long."""
        self.exchange.at, self.exchange.begun = self.server.clock.now(), perf_counter()
        stream = self.rfile
        lines = Lines(cast(BinaryIO, stream))
        self.rfile, self.is_awaited = cast(Any, lines), False
        try:
            if not super().parse_request():
                return False
        finally:
            self.rfile = stream
        if not is_line(self.raw_requestline):
            self.send_error(400, "The first line of the request is not valid.")
            return False
        if not lines.is_whole or not is_head(self.headers, self.request_version):
            self.send_error(400, "The headers of the request are not valid.")
            return False
        self.exchange.agent, self.hosts = self.headers.get("User-Agent", ""), hosts_of(self.headers)
        if self.command != "CONNECT":
            host, self.path = split_target(self.path)
            self.hosts = self.hosts if host is None else [host]
        return True

    def handle_expect_100(self) -> bool:
        """The client holds its body back until it is asked for it; whether it will be is not known yet."""
        self.is_awaited = True
        return True

    def tell(self, status: int | None, sent: int = 0, faults: tuple[str, ...] = ()) -> None:
        """Tell of the request, unless it was told before."""
        if self.server.watch is not None and not self.exchange.is_told:
            self.exchange.is_told = True
            self.server.watch(self.exchange.seen(self, perf_counter(), status, sent, faults))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed: addresses hold tokens."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP, or asks for a method that there is not, in the service's own shape."""
        self.close_connection = True
        self.request_version = self.protocol_version  # what was asked in no known version gets a whole answer, too
        status = {501: 405, 505: 400}.get(int(code), int(code))
        told = xml_fault if self.is_stored() else fault
        self._send(told(status, HTTPStatus(status).phrase.replace(" ", ""), message or "The request is not valid."))

    def is_stored(self) -> bool:
        """Whether the storage was asked, as far as it can be told."""
        return storage_path(Request(self.command or "", self.path or "", headers={"host": self.host()})) is not None

    def host(self) -> str:
        """The host that was asked: this one, whatever the request says, so that nobody poses as Azure's."""
        return f"{HOST}:{self.server.server_port}"

    def own_page(self) -> OwnPage | None:
        """The status page, where it may be asked for."""
        return self.server.page

    def answer(self) -> None:
        """Read a request, and send what the service says."""
        if self.is_awaited:
            super().handle_expect_100()
            self.wfile.flush()
        body = read_body(self.headers, cast(BinaryIO, self.rfile), self.request_version)
        if body is None:
            return self.send_error(400, "The length of the request's body is not valid.")
        self.exchange.received = len(body)
        try:
            found = self._answered(body)
        except LostResponse as lost:
            self.close_connection = True
            return self.tell(None, faults=lost.faults)
        except Exception as error:  # one request may not end the service
            found = fault(500, "InternalServerError", f"The service failed: {type(error).__name__}.")
        return self._send(found)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = answer

    def _answered(self, body: bytes) -> Response:
        page = self.own_page()
        own = None if page is None else page(self.command, self.path, self.hosts)
        if own is not None:
            self.exchange.kind = f"{self.command} page"
            return own
        headers = {name.lower(): value.strip(" \t") for name, value in self.headers.items()}
        request = make_request(self.command, "/" + self.path.lstrip("/"), {**headers, "host": self.host()}, body)
        self.exchange.kind = find(request).kind
        return self.server.respond(request)

    def _send(self, found: Response) -> None:
        body = b"" if self.command == "HEAD" else found.body
        self.tell(found.status, len(body), tuple(filter(None, found.headers.get(HEADER, "").split(", "))))
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, re.sub(r"[\r\n]+", " ", value).encode("latin-1", "replace").decode("latin-1"))
        if found.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(found.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


@contextmanager
def serve(
    service: AzureService, port: int = 0, *, watch: Watcher | None = None, page: OwnPage | None = None
) -> Iterator[str]:
    """The service on a port of this machine, while the block runs.

    Parameters
    ----------
    port
        0: a free one.
    watch
        Is told of each request; see `Listener`.
    page
        The status page, at `/`; None: there is none.

    Yields
    ------
    str
        Its address with a slash at the end, as `http://127.0.0.1:40123/`.
    """
    listener = Listener(port, Handler, service.handle, watch=watch, page=page, clock=service.clock)
    with listening(listener):
        yield f"http://{HOST}:{listener.server_port}/"


@contextmanager
def listening(listener: Listener) -> Iterator[Listener]:
    """Let a listener answer in a thread of its own, while the block runs."""
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
