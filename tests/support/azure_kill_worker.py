"""A process for kill tests: submits, drains or waits against a service that is a folder, and ends where it is told to.

    python -m support.azure_kill_worker STATE SERVICE submit N      N orders, then waits for them
    python -m support.azure_kill_worker STATE SERVICE drain BUDGET  the queue, within so many millionths

QAMCTL_TEST_POINT=NAME:N    `os._exit(137)` when `Desk.at` is told that name for the Nth time
QAMCTL_TEST_STEP=N          the same within SQLite, at the Nth call of its progress handler: in a transaction, mostly
QAMCTL_TEST_PAUSE=S         each request takes so long
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from support.azure_desks import make_order

from qamctl.azure import poll
from qamctl.azure.client import LOOPBACK
from qamctl.azure.clock import SystemClock
from qamctl.azure.open import LOOPBACK_LIMITS, make_desk
from qamctl.azure.queue import drain
from qamctl.azure.service import Cost, RemoteJob, ServiceFault, Submission, Uploaded
from qamctl.azure.store import Job
from qamctl.azure.submit import Desk, submit_once
from qamctl.errors import GateError
from qamctl.runs import ledger


class FolderService:
    """A service whose jobs are files: what was made is made, whoever is killed. An order's first answer may be lost."""

    workspace, endpoint = "sub/group/folder", "http://folder.invalid"

    def __init__(self, folder: Path, pause: float = 0.0, *, fast: bool = True) -> None:
        self.folder, self.pause, self.word = folder, pause, "Succeeded" if fast else "Waiting"
        for name in ("inputs", "jobs"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def get_job(self, id: str) -> RemoteJob:
        self._request("get", id)
        try:
            job = json.loads((self.folder / "jobs" / id).read_text())
        except FileNotFoundError:
            raise ServiceFault("there is no such job", status=404) from None
        return RemoteJob(id, job["name"], job["target"], "ionq", self.word, cost=Cost(0.25, "USD"))

    def upload(self, submission: Submission) -> Uploaded:
        self._request("upload", submission.id)
        (self.folder / "inputs" / submission.id).write_bytes(submission.payload)
        return Uploaded("container", "input")

    def put_job(self, submission: Submission, uploaded: Uploaded) -> RemoteJob:
        self._request("put", submission.id)
        if (self.folder / "inputs" / submission.id).read_bytes() != submission.payload:
            raise ServiceFault("the input is not whole", status=400)
        # Written beside, then linked: the job appears at one instant, once, and whole.
        draft = self.folder / f".{submission.id}.{os.getpid()}"
        draft.write_text(json.dumps({"name": submission.name, "target": submission.target}))
        try:
            os.link(draft, self.folder / "jobs" / submission.id)
        except FileExistsError:
            self._note("again", submission.id)
            raise ServiceFault("there is a job of that id", status=409) from None
        finally:
            draft.unlink()
        self._note("made", submission.id)
        if submission.id < "8":
            raise ServiceFault("internal error", status=500)
        return RemoteJob(submission.id, submission.name, submission.target, "ionq", "Waiting")

    def output(self, job: RemoteJob) -> bytes:
        self._request("output", job.id)
        return b"result of " + (self.folder / "inputs" / job.id).read_bytes()

    def _request(self, verb: str, id: str) -> None:
        time.sleep(self.pause)
        self._note(verb, id)

    def _note(self, verb: str, id: str) -> None:
        file = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, f"{verb} {id}\n".encode())
        os.close(file)


def noted(folder: Path, verb: str) -> list[str]:
    """The ids of the service's log with that word, in the order in which they came."""
    lines = (folder / "log").read_text().splitlines() if (folder / "log").exists() else []
    return [line.split()[1] for line in lines if line.startswith(f"{verb} ")]


def desk_of(state: Path, folder: Path, pause: float = 0.0, *, fast: bool = True) -> Desk:
    """A desk before that service, whose jobs are done at once, or run for ever."""
    service = FolderService(folder, pause, fast=fast)
    return make_desk(state, service, SystemClock(), policy=LOOPBACK, limits=LOOPBACK_LIMITS)


def deadly(desk: Desk) -> Desk:
    """The desk whose process ends where the environment says."""
    point, _, nth = os.environ.get("QAMCTL_TEST_POINT", "").rpartition(":")
    step = int(os.environ.get("QAMCTL_TEST_STEP", "0"))
    left = {"point": int(nth or "0"), "step": step}

    def count(what: str) -> int:
        left[what] -= 1
        if left[what] == 0:
            os._exit(137)
        return 0

    def at(name: str) -> None:
        if name == point:
            count("point")

    @contextmanager
    def connect() -> Iterator[sqlite3.Connection]:
        with desk.connect() as connection:
            if step:
                connection.set_progress_handler(lambda: count("step"), 10)
            yield connection

    return replace(desk, at=at, connect=connect)


def main(state: Path, folder: Path, verb: str, number: int) -> None:
    pause = float(os.environ.get("QAMCTL_TEST_PAUSE", "0"))
    desk = deadly(desk_of(state, folder, pause, fast=verb == "submit"))
    if verb == "submit":
        poll.wait(desk, [submit_once(desk, make_order(k)).id for k in range(number)])
        return

    def admit(connection: sqlite3.Connection, job: Job) -> None:
        counted = sum(line.counted for line in ledger.lines(connection))
        if counted + int((job.estimate or {})["micros"]) > number:
            raise GateError("the budget is used up")

    drain(desk, admit=admit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
