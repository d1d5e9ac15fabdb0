"""What tests of `qamctl submit` share: a service, files in the working folder, and a call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.azure_room import BELL, QUBO, Azure, azure
from support.command_line import Run

PLAN = """\
kind: schedule
version: 1
agents: [{id: a}]
horizon: 2
tasks: [{id: t1, duration: 1}, {id: t2, duration: 1}]
"""


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A circuit, and a model of three variables whose least energy is -2."""
    (room / "bell.qasm").write_text(BELL)
    (room / "m.qubo").write_text(QUBO)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """A test service, named by the environment."""
    with azure() as found:
        for name, value in found.environ().items():
            monkeypatch.setenv(name, value)
        yield found


def bell(run: Run, *more: str, shots: str = "100") -> Any:
    return run("submit", "bell.qasm", "--target", "ionq.simulator", "--shots", shots, *more)


def job_file(folder: Path) -> Any:
    return json.loads((folder / "job.json").read_text())
