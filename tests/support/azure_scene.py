"""A state folder with engines over a service that is made up, and a clock that moves by what is slept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.qubo_models import model_of

from qamctl import engines
from qamctl.azure.account import Account
from qamctl.azure.backend import AzureBackend, backend
from qamctl.azure.open import make_desk
from qamctl.azure.parts import Parts
from qamctl.azure.service import Cost, RemoteJob, ServiceFault, Submission, TargetStatus, Uploaded
from qamctl.azure.submit import Desk
from qamctl.measuring import Settings
from qamctl.quantum.loading import load
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.penalties import Weights

# Circuits are made in threads that end: see `qamctl.quantum.loading`.
load(qir=True)


@dataclass
class Clock:
    """Moves by what is slept."""

    at: float = 1_795_000_000.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Fake:
    """A service whose jobs end after so many seconds, all bits 0; `fault` is asked before every verb."""

    clock: Clock
    seconds: float = 5.0
    word: str = "Succeeded"
    cost: Cost | None = field(default_factory=lambda: Cost(0.25, "USD"))
    fault: Callable[[str], ServiceFault | None] = lambda verb: None
    jobs: dict[str, tuple[float, Submission]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    workspace: str = "s/r/w"
    endpoint: str = "http://fake"
    lock: Any = field(default_factory=threading.Lock)

    def _verb(self, name: str) -> None:
        self.asked.append(name)
        if (fault := self.fault(name)) is not None:
            raise fault

    def get_job(self, id: str) -> RemoteJob:
        self._verb("get")
        if id not in self.jobs:
            raise ServiceFault("no such job", status=404)
        made, job = self.jobs[id]
        done = self.clock.now() - made >= self.seconds
        error = ("Broken", "it broke") if done and self.word == "Failed" else None
        return RemoteJob(
            id, job.name, job.target, job.provider, self.word if done else "Waiting", error=error,
            cost=self.cost if done and self.word == "Succeeded" else None,
        )  # fmt: skip

    def upload(self, submission: Submission) -> Uploaded:
        self._verb("upload")
        return Uploaded("container", "input")

    def put_job(self, submission: Submission, uploaded: Uploaded) -> RemoteJob:
        self._verb("put")
        self.jobs[submission.id] = (self.clock.now(), submission)
        return self.get_job(submission.id)

    def output(self, job: RemoteJob) -> bytes:
        self._verb("output")
        shots = self.jobs[job.id][1].params["shots"]
        outcome = {"Outcome": [0] * 3, "Display": "[0, 0, 0]", "Count": shots}
        results = [{"Histogram": [outcome], "Shots": [[0] * 3] * shots}]
        return json.dumps({"DataFormat": "microsoft.quantum-results.v2", "Results": results}).encode()

    def targets(self) -> Sequence[TargetStatus]:
        self._verb("targets")
        return [
            TargetStatus("ionq.simulator", "ionq", "Available", 4.0, 29, "base"),
            TargetStatus("rigetti.sim.qvm", "rigetti", "Unavailable", 0.0),
            TargetStatus("another.target", "another", "Available", 0.0),
        ]


@dataclass
class Scene:
    """A state folder with engines over one service."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    service: Any = None
    opened: int = 0

    def __post_init__(self) -> None:
        self.service = self.service or Fake(self.clock)

    def _open(self, clock: Any) -> Desk:
        self.opened += 1
        return make_desk(self.folder, self.service, clock, seed=1)

    def engine(self, *names: str, run: str | None = "run-1", **options: Any) -> AzureBackend:
        account = Account(self.folder, {}, run=run, directory=run and str(self.folder / run), **options)
        made = backend(names or ("ionq.simulator",), account)
        made.errand.open, made.errand.clock = self._open, self.clock
        return made

    def sample(self, engine: AzureBackend, payload: Any, **options: Any) -> Any:
        options = {"seed": 1, "reads": 20, "depth": 1, **options}
        return engines.sample(engine, payload, sleep=self.clock.sleep, **options)

    def parts(self, engine: AzureBackend, **options: Any) -> Parts:
        settings = Settings(shots=20, depth=1, strict=options.pop("strict", False))
        made = engines.parts_of(engine, settings, 1)
        made.sample = lambda engine, payload, **more: engines.sample(
            engine, payload, sleep=self.clock.sleep, **{"reads": 20, "depth": 1, **more}
        )
        return made


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def qubo(k: int = 0) -> Compiled:
    """Three variables; another `k`, another problem."""
    model = model_of([-1.0 - k, 2.0, 1.0], [(0, 1, 1.0), (1, 2, -2.0)])
    return compile_qubo(model, Weights(0.0, np.zeros(0)))
