"""`--reuse` with targets of Azure Quantum: an answer that was paid for once is given again for nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.azure_runs import Cloud, cloud

from qamctl.emulator.faults import Event, Faults
from qamctl.errors import ExitCode
from qamctl.runs.answers import answers_of
from qamctl.runs.record import state_folder

__all__ = ["cloud"]

SPRINKLER = Path(__file__).parents[1] / "problems" / "reason-sprinkler.yaml"


def test_a_reused_answer_costs_nothing(cloud: Cloud) -> None:
    """No request, no job, no credits: what the first run paid stands in its own metrics."""
    first = cloud.run("reason", SPRINKLER, shots=200, reuse=True)
    asked = cloud.service.requests.total()
    assert first.metrics["cache"] == {"hits": 0, "misses": 2}  # the answer, and its job
    assert [job["state"] for job in first.metrics["jobs"]] == ["succeeded"]
    second = cloud.run("reason", SPRINKLER, shots=200, reuse=True)
    assert cloud.service.requests.total() == asked
    assert second.exit_code == ExitCode.OK
    assert second.result["reused"]["run"] == first.result["run"]
    assert second.result["solution"] == first.result["solution"]
    assert second.metrics["cache"] == {"hits": 1, "misses": 0}
    assert second.metrics["jobs"] == []
    assert second.metrics["credits"] == {"estimated": 0, "reserved": 0, "billed": 0, "currency": None}


def test_another_workspace_is_another_question(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one service measured is not another's answer; without remote engines the workspace does not matter."""
    cloud.run("reason", SPRINKLER, shots=200, reuse=True)
    exact = cloud.run("reason", SPRINKLER, "exact", reuse=True)
    monkeypatch.setenv("AZURE_QUANTUM_WORKSPACE_NAME", "another")
    assert cloud.run("reason", SPRINKLER, "exact", reuse=True).result["reused"]["run"] == exact.result["run"]
    assert "reused" not in cloud.run("reason", SPRINKLER, shots=200, reuse=True, workspace="another").result


def test_what_stood_in_is_not_kept(cloud: Cloud) -> None:
    """A job that failed leaves the exact answer, which is no answer to what was asked: the next run asks anew."""
    cloud.start(faults=Faults(script=(Event("PUT job", 1, "failed", times=5),)))
    report = cloud.run("reason", SPRINKLER, shots=200, reuse=True)
    assert report.result["fallback"] is not None
    assert report.metrics["cache"]["hits"] == 0
    assert answers_of(state_folder(os.environ), 1000).shelf.items() == []
