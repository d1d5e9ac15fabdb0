"""The request log."""

from __future__ import annotations

import json
import os
import resource
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from emulator.asking import KEY, START, WORKSPACE, FakeClock
from emulator.front.sockets import QUOTAS, ask, connected, raw, sas

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.front.request_log import open_log
from qamctl.emulator.front.server import serve
from qamctl.emulator.front.watch import Seen, Watching
from qamctl.emulator.service import AzureService
from qamctl.errors import UsageError

ONE = Seen(START + 0.0625, 0.25, "127.0.0.1:1", "GET", "/a", "GET unknown", 401, 3, 4, ("slow", "twice"), "me")


def lines(file: Path) -> list[dict[str, Any]]:
    """The objects of a log, of which every line is whole."""
    text = file.read_text(encoding="ascii")
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_a_request_is_a_line(tmp_path: Path) -> None:
    """With the time in UTC to a millisecond, and the fields in the order that is documented."""
    with open_log(tmp_path / "log") as write:
        write(ONE)
        write(replace(ONE, status=None, faults=()))
    first, second = lines(tmp_path / "log")
    assert list(first.items()) == [
        ("time", "2026-11-18T11:06:40.062Z"),
        ("method", "GET"),
        ("path", "/a"),
        ("kind", "GET unknown"),
        ("status", 401),
        ("seconds", 0.25),
        ("received", 3),
        ("sent", 4),
        ("faults", ["slow", "twice"]),
        ("host", "127.0.0.1:1"),
        ("agent", "me"),
    ]
    assert (second["status"], second["faults"]) == (None, [])


def test_only_its_owner_reads_it_and_it_is_continued(tmp_path: Path) -> None:
    """Mode 600 whatever the umask; nothing of an earlier log is lost."""
    file = tmp_path / "log"
    mask = os.umask(0)
    try:
        for _ in range(2):
            with open_log(file) as write:
                write(ONE)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(lines(file)) == 2


def test_characters_that_break_lines_are_escaped(tmp_path: Path) -> None:
    """Also those that are no end of a line in JSON, and halves of characters."""
    strange = "a\nb\r\x00\x1b[31m\u2028\x85\udcff"
    with open_log(tmp_path / "log") as write:
        write(replace(ONE, path=strange, agent=strange))
    (one,) = lines(tmp_path / "log")
    assert (one["path"], one["agent"]) == (strange, strange)
    assert (tmp_path / "log").read_bytes().count(b"\n") == 1
    assert b"\x1b" not in (tmp_path / "log").read_bytes()


def test_after_the_block_nothing_is_written(tmp_path: Path) -> None:
    """Not even into a file that has got the number of the log's."""
    with open_log(tmp_path / "log") as write:
        write(ONE)
    with (tmp_path / "other").open("wb"):
        write(ONE)
    assert len(lines(tmp_path / "log")) == 1
    assert (tmp_path / "other").read_bytes() == b""


def test_a_line_that_can_not_be_written_whole_is_an_error(tmp_path: Path) -> None:
    """Which the service outlives, and keeps for whoever runs it; nothing more is written."""
    file = tmp_path / "log"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_log(file) as write, serve(AzureService(), watch=(watch := Watching(write))) as url:
        assert ask(url, "GET", QUOTAS)[0] == 200
        size = file.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, limits[1]))
        try:
            assert [ask(url, "GET", QUOTAS)[0] for _ in range(2)] == [200, 200]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert ask(url, "GET", QUOTAS)[0] == 200
    assert [type(error) for error in watch.errors] == [OSError]
    assert file.stat().st_size == size + 10


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("link", "it is a symbolic link; name the file itself"),
        ("folder", "it is a folder; name a file in it"),
        ("missing/log", "its folder is not there; make it first"),
        ("pipe", "it is not a regular file; name a file"),
        ("file/log", "not a directory; choose another place or fix its permissions"),
    ],
)
def test_a_file_that_can_not_be_opened_is_refused(tmp_path: Path, name: str, step: str) -> None:
    """With the name and what to do; nothing waits, and nothing is written elsewhere."""
    (tmp_path / "link").symlink_to(tmp_path / "aim")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError) as caught, open_log(tmp_path / name):
        pass
    assert caught.value.message == f"can't write the request log {tmp_path / name}: {step}"
    assert not (tmp_path / "aim").exists()


def test_a_pipe_that_somebody_reads_is_refused_too(tmp_path: Path) -> None:
    """It could fill up, and every request would wait."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(UsageError, match="not a regular file"), open_log(tmp_path / "pipe"):
            pass
    finally:
        os.close(reader)


def test_requests_at_the_same_time_have_a_whole_line_each(tmp_path: Path) -> None:
    """200 in 8 threads: 200 lines, one of each."""

    def some(number: int) -> None:
        with connected(url) as connection:
            for n in range(25):
                connection.request("GET", f"/{number}/{n}/{'x' * 1000}?q", headers={"User-Agent": "y" * 300})
                assert connection.getresponse().read() == b""

    with (
        open_log(tmp_path / "log") as write,
        serve(AzureService(), watch=write) as url,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(some, range(8)))
    found = lines(tmp_path / "log")
    assert sorted(one["path"] for one in found) == sorted(
        f"/{number}/{n}/{'x' * 1000}" for number in range(8) for n in range(25)
    )
    assert {one["agent"] for one in found} == {"y" * 200}


def test_whatever_comes_is_in_the_log_and_no_secret_is(tmp_path: Path) -> None:
    """Requests, what is none, and connections that were cut; keys, tokens and signatures are not."""
    faults = Faults(script=[Event("GET quotas", 3, "lost-before")])
    with open_log(tmp_path / "log") as write, serve(AzureService(clock=FakeClock(), faults=faults), watch=write) as url:
        ask(url, "GET", QUOTAS)
        ask(url, "GET", QUOTAS, headers={"x-ms-quantum-api-key": "secret", "Authorization": "Bearer secret"})
        raw(url, f"GET {QUOTAS} HTTP/1.1\r\nHost: a\r\nx-ms-quantum-api-key: {KEY}\r\n\r\n".encode())
        raw(url, b"non\x00sense\r\n\r\n")
        path = sas(url)
        ask(url, "PUT", path, "secret", {"x-ms-blob-type": "BlockBlob"})
    assert [(one["kind"], one["status"], one["faults"]) for one in lines(tmp_path / "log")] == [
        ("GET quotas", 200, []),
        ("GET quotas", 401, []),
        ("GET quotas", None, ["lost-before"]),
        ("", 400, []),
        ("POST sas", 200, []),
        ("PUT blob", 201, []),
    ]
    text = (tmp_path / "log").read_text(encoding="ascii")
    for hidden in (KEY, "secret", "Bearer", "sig=", path.partition("sig=")[2].partition("&")[0]):
        assert hidden not in text
    assert WORKSPACE in text
