"""Runs of the pipeline against the test service: a socket on this machine, a workspace, a state folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.canaries import KEY

from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService
from qamctl.pipeline import RunReport, run
from qamctl.quantum.loading import load

# Service and pipeline work with circuits in threads that end: see `qamctl.quantum.loading`.
load(qir=True)

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


@dataclass
class Cloud:
    """A service that can be started anew, and the state folder of whoever asks it."""

    folder: Path
    stack: ExitStack
    service: AzureService
    url: str

    def start(self, **options: Any) -> AzureService:
        """Another service in place of the one that runs."""
        self.stack.close()
        self.service = AzureService(**{"key": KEY, "queue_seconds": 0.3, "run_seconds": 0.1, **options})
        self.url = self.stack.enter_context(serve(self.service))
        return self.service

    def end(self) -> None:
        """Nobody answers any more."""
        self.stack.close()

    def run(self, kind: str, spec: str | Path, *backends: str, **flags: Any) -> RunReport:
        """One run; the target is `ionq.simulator` where none is named."""
        place = {"endpoint": self.url, "subscription": SUBSCRIPTION, "resource_group": "rg", "workspace": "ws"}
        named = list(backends) or ["azure:ionq.simulator"]
        return run(kind, str(spec), {"backend": named, "seed": 1, "threads": 2, **place, **flags})

    def overlap(self) -> int:
        """The largest number of jobs that the service had at one time."""
        spans = [(job.created, job.ends) for job in self.service.jobs.values()]
        return max((sum(begin <= at < end for begin, end in spans) for at, _ in spans), default=0)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A service that queues for a moment, with free jobs."""
    for name in ("AZURE_QUANTUM_CONNECTION_STRING", "AZURE_QUANTUM_API_KEY", "AZURE_QUANTUM_RESOURCE_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("QAMCTL_AZURE_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        made = Cloud(tmp_path, stack, AzureService(), "")
        made.start()
        yield made
