"""The service behind a socket: HTTP/1.1 on this machine only."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from qamctl.emulator.messages import LostResponse, Request, Response, fault, make_request
from qamctl.emulator.service import AzureService

#: Where it listens; nowhere else.
HOST: Final = "127.0.0.1"

#: Bytes of the largest request: blocks of blobs have up to 100 MiB.
_MOST: Final = 256 * 1024 * 1024

#: Seconds that a connection may be silent.
_PATIENCE: Final = 60


class Listener(ThreadingHTTPServer):
    """Sockets, a thread for each connection.

    Parameters
    ----------
    respond
        Answers requests.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, handler: type[Handler], respond: Callable[[Request], Response]) -> None:
        self.respond = respond
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
    disable_nagle_algorithm = True
    server: Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed: addresses hold tokens."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP, or asks for a method that there is not, in the service's own shape."""
        self.close_connection = True
        self.request_version = self.protocol_version  # what was asked in no known version gets a whole answer, too
        status = {501: 405, 505: 400}.get(int(code), int(code))
        self._send(fault(status, HTTPStatus(status).phrase.replace(" ", ""), message or "The request is not valid."))

    def host(self) -> str:
        """The host that was asked: this one, whatever the request says, so that nobody poses as Azure's."""
        return f"{HOST}:{self.server.server_port}"

    def answer(self) -> None:
        """Read a request, and send what the service says."""
        body = self._body()
        if body is None:
            return self.send_error(400, "The length of the request's body is not valid.")
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = "/" + self.path.lstrip("/")
        try:
            found = self.server.respond(make_request(self.command, path, {**headers, "host": self.host()}, body))
        except LostResponse:
            self.close_connection = True
            return None
        except Exception as error:  # one request may not end the service
            found = fault(500, "InternalServerError", f"The service failed: {type(error).__name__}.")
        return self._send(found)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = answer

    def _body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        size = _size(self.headers.get("Content-Length", "0"), 10)
        return None if size is None else self.rfile.read(size)

    def _chunks(self) -> bytes | None:
        parts, total = [], 0
        while True:
            size = _size(self.rfile.readline(1024).split(b";")[0].strip().decode("latin-1"), 16)
            if size is None or total + size > _MOST:
                return None
            if size == 0:
                break
            parts.append(self.rfile.read(size))
            total += size
            if self.rfile.readline(3).strip():
                return None
        while self.rfile.readline(65_537).strip():
            pass  # trailers say nothing that is needed here
        return b"".join(parts)

    def _send(self, found: Response) -> None:
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, re.sub(r"[\r\n]+", " ", value).encode("latin-1", "replace").decode("latin-1"))
        if found.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(found.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found.body)


def _size(text: str, base: int) -> int | None:
    """A number of bytes that is not too large; None: it is none."""
    try:
        size = int(text, base) if len(text) < 20 else -1
    except ValueError:
        return None
    return size if 0 <= size <= _MOST else None


@contextmanager
def serve(service: AzureService, port: int = 0) -> Iterator[str]:
    """The service on a port of this machine, while the block runs.

    Parameters
    ----------
    port
        0: a free one.

    Yields
    ------
    str
        Its address with a slash at the end, as `http://127.0.0.1:40123/`.
    """
    with listening(Listener(port, Handler, service.handle)) as listener:
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
