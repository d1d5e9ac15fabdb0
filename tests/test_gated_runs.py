"""Gates in the story of a run: the log and the index know of them, and a signal comes before them."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from qamctl.errors import ExitCode
from qamctl.pipeline import run_model
from qamctl.runs.record import state_folder
from qamctl.runs.store import list_runs


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A dense model that nothing proves within seconds."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    chance = random.Random(7)
    pairs = [(i, j) for i in range(120) for j in range(i + 1, 120)]
    lines = [f"{i} {i} {chance.randint(-50, 50)}" for i in range(120)]
    lines += [f"{i} {j} {chance.randint(-50, 50)}" for i, j in pairs]
    path = tmp_path / "hard.qubo"
    path.write_text("\n".join([f"p qubo 0 120 120 {len(pairs)}", *lines, ""]))
    return str(path)


class Interrupting:
    """Listens to a run, and interrupts it as soon as it has an answer."""

    def tick(self, best: Mapping[str, Any]) -> None:
        """One signal; a second one would end the run at once."""
        if best and signal.getsignal(signal.SIGINT) is not signal.default_int_handler and not self.sent:
            self.sent = True
            os.kill(os.getpid(), signal.SIGINT)

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """Nothing is told."""

    sent = False


def test_a_signal_comes_before_the_gates(model: str) -> None:
    """Exit code 130; the verdicts on the best answer so far are in its result."""
    flags = {"backend": ("tabu",), "time_limit": 30, "check": "status!=interrupted,objective<0"}
    report = run_model(model, flags, events=Interrupting())
    assert report.exit_code == ExitCode.INTERRUPTED
    assert [(row["value"], row["met"]) for row in report.result["gates"]] == [
        ("interrupted", False), (report.result["objective"], True),
    ]  # fmt: skip


def test_the_log_and_the_index_know_the_gates(model: str) -> None:
    """A line for each gate before the last one, which has the exit code; so has the run in the index."""
    report = run_model(model, {"backend": ("tabu",), "max_steps": 20, "check": ["objective<0", "objective>0"]})
    assert report.exit_code == ExitCode.GATE
    assert report.directory is not None
    lines = [json.loads(line) for line in (report.directory / "log.jsonl").read_text().splitlines()]
    told = [line for line in lines if line["event"] == "gate"]
    assert [(line["gate"], line["met"]) for line in told] == [("objective<0", True), ("objective>0", False)]
    assert (lines[-1]["event"], lines[-1]["exit_code"]) == ("ended", 9)
    assert list_runs(state_folder(os.environ)).runs[0].exit_code == 9


def test_a_baseline_is_read_before_it_is_replaced(model: str, tmp_path: Path) -> None:
    """The run may write into the folder that holds it."""
    flags = {"backend": ("tabu",), "max_steps": 20, "out": tmp_path / "run"}
    first = run_model(model, flags)
    second = run_model(model, {**flags, "baseline": str(tmp_path / "run")})
    assert second.exit_code == ExitCode.OK
    assert second.result["baseline"]["run"] == first.result["run"]
    assert second.baseline is not None
    assert second.baseline.data == first.result
    kept = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (kept["run"], kept["baseline"]) == (second.result["run"], second.result["baseline"])
