"""Runs the jobs whose time is over, each once, when somebody asks for what depends on them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, wait
from functools import partial
from typing import Final

from qamctl.emulator import life
from qamctl.emulator.core import Core
from qamctl.emulator.messages import Request
from qamctl.emulator.place import Place
from qamctl.emulator.state import Job
from qamctl.emulator.told import output_name
from qamctl.emulator.work import Outcome, start

_NO_INPUT: Final = ("InputDataNotFound", "The input data of the job was not found in its container.")


class Running:
    """What is due, and what is at work.

    Parameters
    ----------
    lock
        Whoever reads or changes the state of the core holds it; no program runs while it is held.
    patience
        Seconds that an answer waits for programs; one that takes longer is told as at work.
    """

    def __init__(self, core: Core, lock: threading.RLock, patience: float) -> None:
        self._core, self._lock, self._patience = core, lock, patience

    def concerned(self, request: Request, place: Place) -> list[Job]:
        """Jobs whose outcome an answer may tell, or depend on."""
        state = self._core.state
        with self._lock:
            if place.kind == "PUT job" and b'"sessionId"' in request.body:
                return [job for job in state.jobs.values() if job.session is not None]
            if place.name in ("job", "job:cancel"):
                found = state.jobs.get(place.id)
                return [] if found is None else [found]
            if place.name == "storage":
                return [job for job in self._of_container(place.container) if place.blob != "inputData"]
            if place.name in ("jobs", "items", "session", "session jobs", "session:close", "sessions", "quotas"):
                return list(state.jobs.values())
            return []

    def _of_container(self, container: str | None) -> list[Job]:
        """The jobs of a container: as a rule it is named after its only one."""
        state = self._core.state
        named = state.jobs.get((container or "").removeprefix("job-"))
        if named is not None and named.container == container:
            return [named]
        return [job for job in state.jobs.values() if job.container == container]

    def run(self, found: Iterable[Job], now: float) -> None:
        """Run what is due, each job once, while other requests go on; what takes long is told as still at work."""
        tasks = [self._started(job) for job in found if life.is_due(job, now)]
        for task in wait(tasks, timeout=self._patience).done:
            task.result()

    def _started(self, job: Job) -> Future[None]:
        with job.lock:
            if job.task is None or (job.task.done() and job.outcome is None):  # the storage was away
                job.task = start(partial(self._finish, job))
            return job.task

    def _finish(self, job: Job) -> None:
        core = self._core
        if job.outcome is not None:
            return
        outcome = life.doomed(job)
        if outcome is None:
            with self._lock:
                work = core.work(job)
            outcome = core.runner(work) if work is not None else Outcome(error=_NO_INPUT)
        with self._lock:
            if outcome.error is None and job.id in core.state.jobs:
                name = output_name(job)
                kind = "application/octet-stream" if name == "outputData" else "application/json"
                core.storage.write(job.container, name, outcome.output, job.ends, kind)
            job.outcome = outcome
            core.state.touch("job", job.id)
            core.state.keep()
