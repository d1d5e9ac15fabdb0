"""One job on its way, by the machine's clock: when it is given up, and when it may not be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.azure_scene import Scene, qubo, scene

from qamctl.azure import store
from qamctl.azure.backend import AzureBackend
from qamctl.azure.client import NoTurn
from qamctl.azure.clock import SystemClock
from qamctl.azure.sending import Gate
from qamctl.azure.service import ServiceFault, Submission, Uploaded
from qamctl.backends.base import Job
from qamctl.engines import sample
from qamctl.errors import PendingError
from qamctl.runs.database import connect

__all__ = ["scene"]

OPTIONS = {"seed": 1, "reads": 20, "depth": 1}
JOB = Submission(
    id="a", name="n", target="ionq.simulator", provider="ionq", payload=b"", input_format="", output_format="",
    content_type="", params={"shots": 1}, metadata={}, tags=(), priority=None, session=None,
)  # fmt: skip


def timed(scene: Scene, seconds: float, run: str = "run-1") -> AzureBackend:
    """An engine by the machine's clock, that waits so long."""
    engine = scene.engine(timeout=seconds, run=run)
    scene.service.clock = engine.errand.clock = SystemClock()
    return engine


def states(scene: Scene) -> list[str]:
    with connect(scene.folder / "state.db") as connection:
        return [job.state for job in store.select(connection, "1 = 1")]


def entries(scene: Scene) -> list[str]:
    with connect(scene.folder / "state.db") as connection:
        return [str(entry) for (entry,) in connection.execute("SELECT entry FROM ledger ORDER BY number")]


def until(done: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 60
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    assert done()


def test_a_gate_knows_whether_a_put_may_have_left(scene: Scene) -> None:
    """Shut before, nothing passes; a refusal in so many words made no job, anything else may have."""
    gate = Gate(scene.service)
    assert gate.workspace == "s/r/w"
    assert gate.shut()
    for verb in (lambda: gate.upload(JOB), lambda: gate.put_job(JOB, Uploaded("c", "i"))):
        with pytest.raises(NoTurn, match="job a is not sent"):
            verb()
    assert scene.service.asked == []
    for status, may in ((403, True), (429, True), (408, False), (409, False), (500, False), (None, False)):
        gate = Gate(scene.service)
        scene.service.fault = lambda verb, status=status: ServiceFault("no", status=status)
        with pytest.raises(ServiceFault):
            gate.put_job(JOB, Uploaded("c", "i"))
        assert gate.shut() is may
    scene.service.fault = lambda verb: None
    gate = Gate(scene.service)
    gate.put_job(JOB, Uploaded("c", "i"))
    assert not gate.shut()


def test_an_answer_that_never_comes_ends_the_wait_and_no_job_is_made(scene: Scene) -> None:
    """Asked for the job the service hangs: 7 near the deadline, withdrawn and released, and never sent thereafter."""
    hung, came = threading.Event(), threading.Event()

    def hang(verb: str) -> None:
        hung.wait(60)
        came.set()

    scene.service.fault = hang
    engine = timed(scene, 0.5)
    with pytest.raises(PendingError, match="before a job could be sent"):
        engine.submit(qubo(), OPTIONS)
    assert states(scene) == ["cancelled"]
    assert entries(scene) == ["reserved", "released"]
    assert [job["state"] for job in engine.book.told()] == ["cancelled"]
    engine.settle()
    scene.service.fault = lambda verb: None
    hung.set()
    assert came.wait(60)
    until(lambda: not list((scene.folder / "locks").glob("*.lock")))
    assert scene.service.jobs == {}
    assert states(scene) == ["cancelled"]


def test_a_put_without_an_answer_keeps_its_row(scene: Scene) -> None:
    """The PUT may have left: the row stays `intended` and reserved, and says the truth once the answer comes."""
    hung = threading.Event()
    scene.service.fault = lambda verb: hung.wait(60) and None if verb == "put" else None
    engine = timed(scene, 0.5)
    with pytest.raises(PendingError):
        engine.submit(qubo(), OPTIONS)
    assert (states(scene), entries(scene)) == (["intended"], ["reserved"])
    assert len(engine.book.intended()) == 1
    engine.settle()
    hung.set()
    until(lambda: states(scene) == ["submitted"])
    assert len(scene.service.jobs) == 1


def test_equal_parts_of_a_run_do_not_withdraw_each_others_job(scene: Scene) -> None:
    """While one part's PUT is out, the other part's time is over: the job stays as it is."""
    hung = threading.Event()
    scene.service.fault = lambda verb: hung.wait(60) and None if verb == "put" else None
    engine = timed(scene, 1.0)

    def part(number: int) -> Any:
        with pytest.raises(PendingError):
            engine.submit(qubo(), {**OPTIONS, "part": number})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(part, range(2)))
    assert states(scene) == ["intended"]
    hung.set()
    until(lambda: states(scene) == ["submitted"])
    assert len(scene.service.jobs) == 1


def test_equal_parts_of_a_run_share_one_job(scene: Scene) -> None:
    """The second one finds what the first one sent."""
    engine = timed(scene, 60.0)
    with ThreadPoolExecutor(2) as pool:
        jobs = list(pool.map(lambda k: engine.submit(qubo(), {**OPTIONS, "part": k}), range(2)))
    assert len({job.id for job in jobs}) == 1
    assert scene.service.asked.count("put") == 1


def test_an_output_that_never_comes_ends_the_wait(scene: Scene) -> None:
    """The job has ended, its output hangs: 7, with the job's id; the next run reads it."""
    hung = threading.Event()
    scene.service.seconds = 0.0
    scene.service.fault = lambda verb: hung.wait(60) and None if verb == "output" else None
    engine = timed(scene, 1.5)
    job = engine.submit(qubo(), OPTIONS)

    def wait(job: Job) -> None:
        while True:
            job = engine.poll(job)

    with pytest.raises(PendingError, match=job.id):
        wait(job)
    hung.set()
    scene.service.fault = lambda verb: None
    assert len(sample(timed(scene, 60.0, run="run-2"), qubo(), **OPTIONS)) == 1
    assert scene.service.asked.count("put") == 1
