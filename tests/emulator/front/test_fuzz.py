"""Malformed requests over real sockets: each is refused in the service's own shape, and the service lives on.

`QAMCTL_FUZZ_CASES=100000 pytest tests/emulator/front/test_fuzz.py` sends more of them than CI does, in each test.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.emulator_fuzz.generate import WAYS, malformed, name
from support.emulator_fuzz.request import Scene, Sent
from support.emulator_fuzz.room import check_untouched, furnish, make_service, process, run_job, scene_at
from support.emulator_fuzz.talk import Misbehaviour, Talk, check, told

from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.front.server import serve

#: Requests of each of five tests, which together are what CI sends to processes of their own.
CASES = int(os.environ.get("QAMCTL_FUZZ_CASES", "1000"))

#: Of those to which HTTP has no answer but to close: no whole request has come, and no more will.
MOST_CLOSED = 0.05

#: Requests that are told of where they are not refused; no more are sent.
MOST_TOLD = 30

DATA, STORAGE = "eastus.quantum.azure.com", "qamctlemulator.blob.core.windows.net"


def plain(url: str) -> Talk:
    """Connections to a service on this machine."""
    where = ("127.0.0.1", urlsplit(url).port or 0)
    return Talk(lambda storage: socket.create_connection(where, 30))


def attack(talk: Talk, scene: Scene, seed: int, count: int, *, cut: bool = True) -> Counter[str]:
    """Send malformed requests, hold what must be true of each answer; gives how many were answered with what.

    Parameters
    ----------
    cut
        With those that end in the middle.
    """
    ways = [way for way in WAYS if cut or way.__name__ not in ("cut_head", "cut_body", "nothing", "foreign")]
    wrong: list[str] = []
    seen = Counter[str]()
    for way, sent in malformed(scene, seed, count, ways):
        try:
            found = talk.ask(sent)
            check(sent, found)
            seen["answered" if found else "closed"] += 1
        except Misbehaviour as error:
            wrong.append(told(way, sent, error))
        if len(wrong) == MOST_TOLD:
            break
    assert not wrong, f"{len(wrong)} of {count} requests, as far as was tried:\n" + "\n".join(sorted(wrong))
    return seen


@contextmanager
def attacked(talk: Talk, scene: Scene) -> Iterator[None]:
    """Before: what there is; afterwards: the same, and a job that runs."""
    furnish(talk, scene)
    try:
        yield
        check_untouched(talk, scene)
        run_job(talk, scene)
    finally:
        talk.close()


@pytest.mark.parametrize("seed", range(5))
def test_malformed_requests_are_refused_by_a_process_that_has_nothing_to_say(seed: int, tmp_path: Path) -> None:
    """4xx each, no effect, nothing on standard error, and afterwards a job runs and the process ends well."""
    with process(tmp_path) as url:
        talk, scene = plain(url), scene_at(url)
        with attacked(talk, scene):
            seen = attack(talk, scene, seed, CASES)
            assert seen["answered"] + seen["closed"] == CASES
            assert seen["closed"] <= max(MOST_CLOSED * CASES, 20)


def test_malformed_requests_are_refused_here_too(capfd: pytest.CaptureFixture[str]) -> None:
    """In the process that asks, with every way once more; nothing is printed."""
    with serve(make_service()) as url:
        talk, scene = plain(url), scene_at(url)
        with attacked(talk, scene):
            attack(talk, scene, 99, 4 * len(WAYS))
    assert capfd.readouterr() == ("", "")


def test_malformed_requests_are_refused_behind_azures_names(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Within the proxy's tunnels; what is cut within one is cut with it, so that it is left out."""
    with proxy(make_service(), tmp_path) as front:
        context = ssl.create_default_context(cafile=str(front.authority))

        def connect(storage: bool) -> socket.socket:
            host = STORAGE if storage else DATA
            line = tunnel(front.url, f"{host}:443")
            return context.wrap_socket(line, server_hostname=host)

        talk = Talk(connect, half=False)
        scene = Scene((DATA, STORAGE), scene_at(front.url).key, scene_at(front.url).root, "")
        with attacked(talk, scene):
            attack(talk, scene, 7, 600, cut=False)
    assert capfd.readouterr() == ("", "")


def tunnel(url: str, target: str) -> socket.socket:
    """A tunnel through a proxy."""
    line = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), 30)
    line.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        part = line.recv(1)
        assert part, head
        head += part
    assert head.startswith(b"HTTP/1.1 200 "), head
    return line


def test_tunnels_to_nowhere_are_refused(tmp_path: Path) -> None:
    """4xx in the shape of the data plane, for what is no host of Azure's and the port of https."""
    targets = ["", ":443", "/:443", f"{DATA}:80", f"{DATA}:", DATA, "example.org:443", f"{DATA}:443:443",
               f"{DATA}.:443", f"x@{DATA}:443", f"{DATA}:0443", f"http://{DATA}:443", "[::1]:443", f"{DATA}\x00:443",
               "*:443", "é:443", "x" * 70_000]  # fmt: skip
    with proxy(make_service(), tmp_path) as front:
        for target in targets:
            sent = Sent(f"CONNECT {target} HTTP/1.1\r\nHost: {DATA}\r\n\r\n".encode(), "broken", denied=True)
            check(sent, plain(front.url).ask(sent))


def test_what_is_no_tls_gets_no_answer_in_a_tunnel(tmp_path: Path) -> None:
    """Nobody could read one; a tunnel within a tunnel is refused in the shape of the data plane."""
    with proxy(make_service(), tmp_path) as front:
        for text in (b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\x02\x00" + b"\xff" * 600):
            talk = Talk(lambda storage: tunnel(front.url, f"{DATA}:443"))
            with pytest.raises(Misbehaviour, match=r"no head|half an answer|without an answer"):
                talk.ask(Sent(text, "broken"))
        context = ssl.create_default_context(cafile=str(front.authority))
        within = context.wrap_socket(tunnel(front.url, f"{DATA}:443"), server_hostname=DATA)
        sent = Sent(f"CONNECT {DATA}:443 HTTP/1.1\r\nHost: {DATA}\r\n\r\n".encode(), denied=True)
        check(sent, Talk(lambda storage: within, half=False).ask(sent))


def test_every_way_says_why_its_requests_are_none() -> None:
    """And equal seeds give equal requests, others other ones."""
    assert all(way.__doc__ for way in WAYS)
    assert len({name(way) for way in WAYS}) == len(set(WAYS))
    scene = Scene(("a", "a"), "key", "/subscriptions/s/resourceGroups/g/providers/p/workspaces/w", "/devstoreaccount1")
    scene.tokens.update(dict.fromkeys(("any", "box", "blob"), "se=x&sig=abc"))
    once, again, other = ([sent.data for _, sent in malformed(scene, seed, 200)] for seed in (1, 1, 2))
    assert once == again != other
