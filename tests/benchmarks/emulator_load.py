"""Processes that serve, bound to one core, and clients on the others that cost little themselves, for `emulator.py`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil

#: Seconds until whoever does not answer, or does not end, is given up.
PATIENCE: Final = 600.0


@dataclass(frozen=True)
class Server:
    """A process that serves.

    Attributes
    ----------
    url
        With the account's path where it is a storage; without a slash at its end.
    """

    process: subprocess.Popen[str]
    url: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0

    def cpu(self) -> float:
        """Seconds that all its threads took, and the processes that it started and that have ended."""
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system + used.children_user + used.children_system)

    def megabytes(self) -> float:
        """The most that it ever had in memory; where nobody knows, what it has."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024.0
        except (OSError, StopIteration):
            return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def stop(self) -> tuple[float, int, int]:
        """End it by SIGTERM: the seconds that this took, its exit code, and how many processes it left behind."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        return time.monotonic() - began, code, len(of_session(self.process.pid))


def cores() -> tuple[set[int] | None, set[int] | None]:
    """One core for the server, all others for the clients; None where they can't be chosen, or there is only one."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None, None
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others)


@contextmanager
def started(command: Sequence[str], environ: Mapping[str, str], folder: Path, told: str = "json") -> Iterator[Server]:
    """A process that tells its address, in a session of its own.

    Parameters
    ----------
    told
        How: `json`: an object with `url`; else what stands before the address in a line of text.
    """
    core, _ = cores()
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environ}, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=(folder / "errors").open("w"),
        preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, core),
    )  # fmt: skip
    try:
        yield Server(process, _address(process, told))
    finally:
        process.terminate()  # it has a folder to remove
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        for pid in of_session(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()


def _address(process: subprocess.Popen[str], told: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if told == "json" and '"url"' in line:
            return str(json.loads(line)["url"]).rstrip("/")
        if told in line:
            return line.partition(told)[2].split()[0].rstrip("/")
    raise SystemExit(f"{process.args!r} ended with {process.wait()} before it served: {seen}")


def of_session(leader: int) -> list[int]:
    """The processes of a session that are there."""
    found = []
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == leader and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


@dataclass
class Line:
    """A connection that is kept, and how long each of its answers took."""

    port: int
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, sent: bytes) -> bytes:
        """The body of an answer, which must be a good one."""
        began = time.perf_counter()
        self._socket.sendall(sent)
        data = self._socket.recv(262_144)
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        parts, size = [body], _length(head) - len(body)
        while size > 0:
            parts.append(self._more())
            size -= len(parts[-1])
        self.seconds.append(time.perf_counter() - began)
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201", b"HTTP/1.1 206")):
            raise SystemExit(f"{sent[:200]!r} is answered by {data[:500]!r}")
        return b"".join(parts)

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _more(self) -> bytes:
        part = self._socket.recv(262_144)
        if not part:
            raise SystemExit("the service closed the connection")
        return part


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    return 0 if at < 0 else int(lower[at + 15 :].split(b"\r\n", 1)[0])


#: What a client does the nth time.
Work = Callable[[Line, int], Any]


def load(server: Server, work: Work, *, seconds: float = 0.0, count: int = 0, clients: int = 4) -> dict[str, Any]:
    """Let clients work, each on its connection, for a time or so many times, and measure.

    Returns
    -------
    dict
        `requests`, `wall` and `cpu` (of the server) in seconds, `rate` (requests a second), `cpu_1000` (seconds of the
        server's CPU for 1,000 requests), `p50` and `p99` in milliseconds.
    """
    lines = [Line(server.port) for _ in range(clients)]
    failed: list[BaseException] = []
    deadline = time.perf_counter() + seconds

    def client(first: int) -> None:
        try:
            k = first
            while (k < count) if count else (time.perf_counter() < deadline):
                work(lines[first], k)
                k += clients
        except BaseException as error:  # it is told when all have ended
            failed.append(error)

    threads = [threading.Thread(target=client, args=(k,)) for k in range(clients)]
    cpu, began = server.cpu(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, used = time.perf_counter() - began, server.cpu() - cpu
    for line in lines:
        line.close()
    if failed:
        raise failed[0]
    return figures(sorted(one for line in lines for one in line.seconds), wall, used)


def figures(took: list[float], wall: float, cpu: float) -> dict[str, Any]:
    """What was measured, from the sorted seconds of the answers."""
    many = max(1, len(took))
    return {
        "requests": len(took), "wall": wall, "cpu": cpu, "rate": len(took) / wall, "cpu_1000": 1000.0 * cpu / many,
        "p50": 1000.0 * took[many // 2] if took else 0.0, "p99": 1000.0 * took[many * 99 // 100] if took else 0.0,
    }  # fmt: skip
