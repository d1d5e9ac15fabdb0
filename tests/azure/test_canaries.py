"""No secret in anything that is written: a whole story of jobs, well and badly ended, and then every file is read.

`.ci/run` reads all that the whole test run wrote in the same way; every test that runs the command line against the
test service has `support.canaries.KEY`.
"""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from support import canaries
from support.azure_process import Shell, shell
from support.azure_room import BELL, SUBSCRIPTION, connection_string
from support.canaries import KEY, files_in, leaks_in, main

from qamctl.emulator.faults import Event, Faults

NAME = "AZURE_QUANTUM_CONNECTION_STRING"

#: Another one, which the service refuses.
WRONG = "canary-key-00ff00ff00ff00ff"

SHOP = Path(__file__).parents[2] / "problems" / "schedule-repair-shop.yaml"

#: What a process meets that is told by CANARY_PLAY: bugs whose text holds what was secret, and little patience.
PLAYS = """\
import os

PLAY = os.environ["CANARY_PLAY"]
KEY = os.environ["AZURE_QUANTUM_CONNECTION_STRING"].partition("ApiKey=")[2].partition(";")[0]
SAS = "https://s.blob.core.windows.net/job-1/out?sv=2025&sig" + "=bm90LWEtc2VjcmV0LWJ1dC1saWtlLW9uZQ%3D%3D&sp=r"

if PLAY == "hasty":
    import qamctl.azure.open
    from qamctl.azure.client import Policy

    qamctl.azure.open.LOOPBACK = Policy(0.01, 0.02, 0.1, 0.02, 0.1, 0.02)
if PLAY == "bug":
    import qamctl.azure.payload

    def order_of(*given, **named):
        raise RuntimeError(f"the key is {KEY} and the address {SAS}")

    qamctl.azure.payload.order_of = order_of
if PLAY == "bug below":
    from azure.core.pipeline.transport import RequestsTransport

    def send(self, request, **named):
        raise RuntimeError(f"{SAS} {request.url} {dict(request.headers)} {KEY}")

    RequestsTransport.send = send
"""


class Story:
    """Processes whose streams are kept as files, beside all else that they write."""

    def __init__(self, qamctl: Shell, folder: Path) -> None:
        self._qamctl, self._folder, self._count = qamctl, folder, 0
        self._folder.mkdir()
        (folder / "sitecustomize.py").write_text(PLAYS)

    def __call__(self, *argv: str, code: int = 0, play: str = "", environ: Mapping[str, str] | None = None) -> str:
        """Standard output of a command line."""
        more = {"CANARY_PLAY": play, "PYTHONPATH": str(self._folder)} if play else {}
        ran = self._qamctl(*argv, code=code, environ={**more, **(environ or {})})
        self._count += 1
        (self._folder / f"{self._count}.out").write_text(ran.out)
        (self._folder / f"{self._count}.err").write_text(ran.err)
        return ran.out


def leaks(folder: Path) -> dict[str, list[str]]:
    """Files below a folder that hold a secret."""
    return {str(path): found for path in files_in([folder]) if (found := leaks_in(path))}


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_whole_story_leaves_no_secret(tmp_path: Path) -> None:
    """Jobs that succeed, fail, are refused, and met by bugs, with every file and stream that can be asked for."""
    script = (
        Event("POST sas", 1, "expired"), Event("GET job", 3, "expired"), Event("PUT job", 2, "failed"),
        Event("PUT job", 1, "lost-after"), Event("GET job", 2, "error-before"),
    )  # fmt: skip
    with shell("http", tmp_path, faults=Faults(script=script)) as qamctl:
        work, story = qamctl.folder, Story(qamctl, tmp_path / "told")
        (work / "bell.qasm").write_text(BELL)
        files = ("--result", "copy.json", "--metrics", "m.prom", "--log-file", "all.jsonl", "-v")
        bell = ("submit", "bell.qasm", "--target", "ionq.simulator")
        said = story(*bell, "--shots", "100", *files, "--session", "night", "--no-wait")
        id = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", said)[0]  # with its result, where it was quick
        database = tmp_path / "state" / "qamctl" / "state.db"
        with closing(sqlite3.connect(database)) as watching:  # so that the write-ahead log stays where it is
            assert watching.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
            story("jobs", "wait", id)
            story("jobs", "show", id, "--refresh", "-o", "json")
            story("jobs", "output", id, "--raw")
            story("jobs", "list", "--remote", "-o", "json")
            story(*bell, "--shots", "101", *files, code=5)
            endpoint = qamctl.environ[NAME].partition("QuantumEndpoint=")[2]
            wrong = {NAME: connection_string(endpoint, key=WRONG)}
            story(*bell, "--shots", "102", *files, code=6, environ=wrong)
            story("doctor", "--live", "-o", "json", code=9, environ=wrong)
            away = {NAME: connection_string(f"http://127.0.0.1:{closed_port()}/")}
            story(*bell, "--shots", "103", *files, code=75, environ=away, play="hasty")
            story(*bell, "--shots", "104", *files, code=1, play="bug")
            story(*bell, "--shots", "105", "-o", "json", code=1, play="bug")
            story(*bell, "--shots", "106", *files, code=1, play="bug below")
            parts = (
                "--backend",
                "azure:ionq.simulator",
                "--max-rounds",
                "4",
                "--max-qubits",
                "8",
                "--max-steps",
                "200",
            )
            story("schedule", str(SHOP), *parts, "--shots", "40", *files, play="bug below")
            nonsense = {NAME: connection_string("no address at all")}
            story(*bell, code=2, environ=nonsense)
            before = qamctl.service.requests["PUT job"]
            story("schedule", str(SHOP), *parts, "--shots", "50", *files)
            assert qamctl.service.requests["PUT job"] > before
            story("credits", "--refresh", "--live", "--metrics", "credits.json")
            story("config", "show", "-o", "json")
            story("doctor", "--live", "-o", "json")
            story("runs", "list", "--limit", "0", "-o", "json")
            assert (database.parent / "state.db-wal").stat().st_size > 0
            assert len(list((database.parent / "crashes").iterdir())) == 3
            assert (work / "all.jsonl").stat().st_size > 0
            assert leaks(tmp_path) == {}


def test_a_service_principal_leaves_no_secret(tmp_path: Path) -> None:
    """Over https by a secret of a login, a token, and a key in a file; neither is written."""
    with shell("https", tmp_path) as qamctl:
        story = Story(qamctl, tmp_path / "told")
        (qamctl.folder / "bell.qasm").write_text(BELL)
        principal = {
            NAME: "", "AZURE_TENANT_ID": SUBSCRIPTION, "AZURE_CLIENT_ID": SUBSCRIPTION, "AZURE_CLIENT_SECRET": KEY,
            "AZURE_QUANTUM_SUBSCRIPTION_ID": SUBSCRIPTION, "AZURE_QUANTUM_WORKSPACE_RG": "rg",
            "AZURE_QUANTUM_WORKSPACE_NAME": "ws", "AZURE_QUANTUM_WORKSPACE_LOCATION": "eastus",
        }  # fmt: skip
        bell = ("submit", "bell.qasm", "--target", "ionq.simulator", "-v", "--log-file", "all.jsonl")
        story(*bell, environ=principal)
        story(*bell, "--run-key", "b", code=6, environ={**principal, "AZURE_CLIENT_SECRET": WRONG})
        file = tmp_path / "key"
        file.write_text(KEY)
        file.chmod(0o600)
        own = {**principal, "AZURE_CLIENT_SECRET": "", "QAMCTL_KEY_FILE": str(file), "QAMCTL_CREDENTIAL": "key"}
        story(*bell, "--run-key", "c", environ=own)
        file.unlink()  # it is the user's own
        assert set(qamctl.service.created.values()) == {1}
        assert len(qamctl.service.jobs) == 2
        assert leaks(tmp_path) == {}


PLANTED = {
    "a key": KEY,
    "a signed address": "https://s.blob.core.windows.net/c/b?sv=2025&sig=" + "c2VjcmV0c2VjcmV0c2VjcmV0" + "%3D",
    "a signed address in an address": "x%3Fsv%3D2025%26sig%3D" + "c2VjcmV0c2VjcmV0c2VjcmV0",
    "a bearer token": "Authorization: Bearer " + "abcdefgh.ijklmnop.qrstuvwx",
    "a web token": "eyJ" + "hbGciOiJSUzI1NiIsInR5cCI6" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0",
}


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("place", ["a file", "bytes", "a seam", "a database", "a write-ahead log"])
def test_the_scanner_finds_what_is_planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, place: str
) -> None:
    """A secret of every kind is found wherever it stands: also across two reads, and in a database's log alone."""
    monkeypatch.setattr(canaries, "BLOCK", 8192)
    text, folder = PLANTED[what], tmp_path / "deep" / "down"
    folder.mkdir(parents=True)
    (folder / "innocent").write_text("sig=PLACEHOLDER, Bearer of news, canary-key")
    assert leaks(tmp_path) == {}
    if place in ("a database", "a write-ahead log"):
        with closing(sqlite3.connect(folder / "state.db")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE t (x TEXT)")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("INSERT INTO t VALUES (?)", (text,))
            connection.commit()
            if place == "a write-ahead log":
                assert list(leaks(tmp_path)) == [str(folder / "state.db-wal")]
        if place == "a database":  # the last one out takes the log in
            assert list(leaks(tmp_path)) == [str(folder / "state.db")]
    else:
        before = {"a file": b"", "bytes": b"\x00\xff\xfe", "a seam": b"x" * (8192 - len(text) // 2)}[place]
        (folder / "f").write_bytes(before + text.encode() + b"\n")
        assert list(leaks(tmp_path)) == [str(folder / "f")]
        assert main([str(tmp_path)]) == 1
    shutil.rmtree(folder)  # whoever reads all that the tests wrote need not find it again
    assert main([str(tmp_path)]) == 0


def test_the_scanner_ends_with_1_as_a_program(tmp_path: Path) -> None:
    """As `.ci/run` calls it: 0 where there is nothing, 1 and the file's name where there is."""
    command = [sys.executable, canaries.__file__, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (tmp_path / "f").write_text(KEY)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (tmp_path / "f").unlink()
    assert done.returncode == 1
    assert str(tmp_path / "f") in done.stdout
    assert KEY not in done.stdout
