"""kill -9 of real services while clients ask them, at random and in the midst of transactions: what was answered stays.

    QAMCTL_KEPT_KILLS=200 pytest tests/emulator/test_kept_kill.py

kills more often than CI does.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from emulator.asking import WORKSPACE, job_body, within
from support.emulator_kept_worker import OFFERED

from qamctl.emulator.kept import open_kept
from qamctl.emulator.state import State
from qamctl.errors import ExitCode

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("QAMCTL_KEPT_KILLS", "12"))
CLIENTS = 3


@contextmanager
def worker(room: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A service of the folder `state` as a process, which is gone at the end."""
    environment = {
        **os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "XDG_STATE_HOME": str(room),
        "XDG_CONFIG_HOME": str(room), **variables,
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "support.emulator_kept_worker", "state"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, cwd=room, text=True, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def address(process: subprocess.Popen[str]) -> str:
    """Where a service is, once it is up; empty where it ended before."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@dataclass
class Answered:
    """What clients were told, and what they asked for last.

    Attributes
    ----------
    steps
        What was answered with success, by job: `sas`, `input`, `job`, `done`, `gone`.
    asked
        The last request of each client, answered or not.
    wrong
        Answers that there should not be.
    """

    steps: dict[str, list[str]] = field(default_factory=dict)
    asked: dict[int, tuple[str, str]] = field(default_factory=dict)
    wrong: list[AssertionError] = field(default_factory=list)
    total: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Client:
    """Makes jobs one after the other, and goes on where it was after every restart; every third one is deleted."""

    number: int
    answered: Answered
    job: int = 0

    def work(self, place: str, key: str, deadly: Any) -> None:
        """Ask until the service is gone."""
        connection = http.client.HTTPConnection(urlsplit(place).netloc, timeout=60)
        try:
            while True:
                self._next(connection, key)
                deadly()
        except AssertionError as error:
            self.answered.wrong.append(error)
        except (OSError, http.client.HTTPException):
            connection.close()

    def _next(self, connection: http.client.HTTPConnection, key: str) -> None:
        id = f"{self.number}-{self.job}"
        done = self.answered.steps.setdefault(id, [])
        step = next((step for step in ("sas", "input", "job", "done") if step not in done), "gone")
        if (step == "gone" and self.job % 3) or "gone" in done:
            self.job += 1
            return
        self.answered.asked[self.number] = (id, step)
        self._ask(connection, key, id, step)
        with self.answered.lock:
            done.append(step)
            self.answered.total += 1

    def _ask(self, connection: http.client.HTTPConnection, key: str, id: str, step: str) -> None:
        container = f"job-{id}"
        if step == "sas":
            send(connection, key, "POST", "storage/sasUri", {"containerName": container}, {200})
        elif step == "input":
            sas = send(connection, key, "POST", "storage/sasUri", {"containerName": container}, {200})["sasUri"]
            blob = urlsplit(within(sas, "inputData"))
            connection.request("PUT", f"{blob.path}?{blob.query}", payload(id), {"x-ms-blob-type": "BlockBlob"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 201
        elif step == "job":  # 409: it was made by the request that got no answer
            body = job_body(f"http://127.0.0.1/devstoreaccount1/{container}", name=id)
            send(connection, key, "PUT", f"jobs/{id}", body, {200, 409})
        elif step == "done":
            assert send(connection, key, "GET", f"jobs/{id}", None, {200})["status"] == "Succeeded"
        else:
            send(connection, key, "DELETE", f"jobs/{id}", None, {204, 404})


def payload(id: str) -> bytes:
    return id.encode() * 500


def send(
    connection: http.client.HTTPConnection, key: str, method: str, path: str, body: Any, expected: set[int]
) -> Any:
    """Ask the data plane."""
    raw = None if body is None else json.dumps(body)
    url = f"{WORKSPACE}/{path}?api-version=2026-01-15-preview"
    connection.request(method, url, raw, {"x-ms-quantum-api-key": key})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status in expected, (answer.status, text)
    return json.loads(text) if answer.status == 200 else None


def judge(state: State, answered: Answered) -> None:
    """All that was answered is there, whole and once; of what was not answered only what was asked for last."""
    under_way = set(answered.asked.values())
    for id, steps in answered.steps.items():
        job, container = state.jobs.get(id), f"job-{id}"
        if "gone" in steps or (job is None and (id, "gone") in under_way):
            assert (job, container in state.containers) == (None, False)
            continue
        assert (container in state.containers) >= ("sas" in steps)
        blobs = state.containers.get(container, {})
        assert ("inputData" in blobs) >= ("input" in steps)
        assert "inputData" not in blobs or blobs["inputData"].data == payload(id)
        assert (job is not None) >= ("job" in steps)
        assert job is None or "job" in steps or (id, "job") in under_way
        assert job is None or "done" not in steps or job.outcome is not None
        assert (job is not None and job.outcome is not None) == ("outputData" in blobs)
    assert set(state.jobs) <= set(answered.steps)
    assert set(state.created.values()) <= {1}
    orders = [job.order for job in state.jobs.values()]
    assert orders == sorted(set(orders))
    tags = [blob.tag for blobs in state.containers.values() for blob in blobs.values()]
    assert len(tags) == len(set(tags))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["at random", "in a transaction"])
def test_killed_while_clients_ask(tmp_path: Path, way: str) -> None:
    """What was answered is there after the restart; no job is made twice, and none that was told as done runs again."""
    moments, answered, kills = random.Random(len(way)), Answered(), 0
    clients = [Client(number, answered) for number in range(CLIENTS)]
    ran: dict[str, int] = {}
    while kills < KILLS:
        step = str(moments.randint(1, 800)) if way == "in a transaction" else "0"
        with worker(tmp_path, QAMCTL_TEST_STEP=step) as process:
            place = address(process)
            assert place
            last = answered.total + moments.randint(1, 60) if way == "at random" else 1 << 62

            def deadly(last: int = last, process: subprocess.Popen[str] = process) -> None:
                if answered.total >= last:
                    process.kill()

            key = (tmp_path / "state" / "key").read_text()
            threads = [threading.Thread(target=client.work, args=(place, key, deadly)) for client in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(120)
            assert (answered.wrong, [thread for thread in threads if thread.is_alive()]) == ([], [])
            assert process.wait(60) == -signal.SIGKILL
        kills += 1
        with open_kept(tmp_path / "state", OFFERED) as kept:
            judge(kept.state, answered)
        runs = Counter((tmp_path / "runs").read_text().split()) if (tmp_path / "runs").exists() else Counter()
        assert {id: runs[id] for id in ran} == ran
        ran |= {id: runs[id] for id, steps in answered.steps.items() if "done" in steps}
    assert sum("job" in steps for steps in answered.steps.values()) >= KILLS


def test_two_services_of_one_folder(tmp_path: Path) -> None:
    """The second one ends with 75 and says who has the folder; when the first is killed, the third gets it at once."""
    with worker(tmp_path) as first:
        place = address(first)
        with worker(tmp_path) as second:
            told, said = second.communicate(timeout=60)
        assert (second.returncode, told) == (ExitCode.TEMPFAIL, "")
        assert f"in use by another emulator (process {first.pid})" in said
        key = (tmp_path / "state" / "key").read_text()
        connection = http.client.HTTPConnection(urlsplit(place).netloc, timeout=60)
        send(connection, key, "PUT", "sessions/s", {"target": "ionq.simulator", "providerId": "ionq"}, {200})
        connection.close()
        first.kill()
        first.wait(60)
    with worker(tmp_path) as third:
        connection = http.client.HTTPConnection(urlsplit(address(third)).netloc, timeout=60)
        assert send(connection, key, "GET", "sessions/s", None, {200})["id"] == "s"
        connection.close()
        assert third.communicate("", timeout=60) == ("", "")
    assert third.returncode == 0
