"""`solve --backend azure:TARGET` of models and circuits against the test service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.azure_runs import SUBSCRIPTION, Cloud, cloud

from qamctl.emulator.faults import Event, Faults
from qamctl.errors import BackendError, ExitCode, PendingError, TemporaryError, UnsupportedError
from qamctl.validation import check_files

__all__ = ["cloud"]

PROBLEMS = Path(__file__).parents[1] / "problems"

#: More variables than the largest part.
LARGE = 40


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A QUBO of 40 variables."""
    rng = np.random.default_rng(3)
    pairs = [(i, j, int(rng.integers(-9, 10))) for i in range(LARGE) for j in range(i + 1, LARGE) if rng.random() < 0.2]
    lines = [f"p qubo 0 {LARGE} {LARGE} {len(pairs)}", *(f"{i} {i} {rng.integers(-9, 10)}" for i in range(LARGE))]
    path = tmp_path / "large.qubo"
    path.write_text("\n".join(lines + [f"{i} {j} {w}" for i, j, w in pairs]) + "\n")
    return path


def test_a_model_that_fits_is_one_job(cloud: Cloud) -> None:
    """The whole model in one circuit, after the classical engine; the result holds; the second run asks nothing."""
    file = PROBLEMS / "model-ring.qubo"
    report = cloud.run("model", file, out=cloud.folder / "out", shots=100)
    assert report.exit_code == ExitCode.OK
    assert [row["backend"] for row in report.result["attempts"]] == ["anneal", "azure:ionq.simulator"]
    assert report.result["objective"] == -4
    assert check_files(str(cloud.folder / "out" / "result.json"), str(file)).found == []
    assert len(cloud.service.jobs) == 1
    [job] = report.metrics["jobs"]
    assert (job["state"], job["shots"], job["part"]) == ("succeeded", 100, 0)
    assert report.metrics["quantum_vs_classical"]["gain"] >= 0
    asked = cloud.service.requests.total()
    again = cloud.run("model", file, shots=100)
    assert cloud.service.requests.total() == asked
    assert again.metrics["cache"] == {"hits": 1, "misses": 0}


def test_a_model_that_is_larger_is_improved_by_parts(cloud: Cloud, large: Path) -> None:
    """Parts side by side, around the classical answer; never worse."""
    cloud.start(queue_seconds=2.0)
    report = cloud.run("model", large, shots=50, max_qubits=7, max_rounds=5)
    first, second = report.result["attempts"]
    assert second["objective"] <= first["objective"]
    assert len(report.metrics["search"]["azure:ionq.simulator"]["rounds"]) == 5
    assert cloud.overlap() >= 4
    assert report.metrics["cache"]["misses"] == len(cloud.service.jobs)


def test_parts_of_a_model_may_fail(cloud: Cloud, large: Path) -> None:
    """A failed job is replaced for its part alone; a service that is away leaves what there was."""
    cloud.start(faults=Faults(script=(Event("PUT job", 1, "failed"),)))
    report = cloud.run("model", large, shots=50, max_qubits=6, max_rounds=3)
    assert report.result["fallback"] is None
    assert [job["state"] for job in report.metrics["jobs"]].count("failed") == 1
    assert "the job of 1 part failed" in report.result["attempts"][1]["note"]
    cloud.end()
    away = cloud.run("model", large, shots=60, max_qubits=6, max_rounds=3, timeout=2.0)
    assert away.exit_code == ExitCode.OK
    assert away.result["solved_by"] == "anneal"
    assert away.result["fallback"]["backend"] == "azure:ionq.simulator"


def test_the_job_of_a_whole_model_may_fail(cloud: Cloud) -> None:
    """The classical engine samples in its place; --strict: 5."""
    cloud.start(faults=Faults(script=(Event("PUT job", 1, "failed", times=5),)))
    report = cloud.run("model", PROBLEMS / "model-ring.qubo", shots=100)
    assert report.exit_code == ExitCode.OK
    assert report.result["objective"] == -4
    assert report.metrics["jobs"][0]["state"] == "failed"
    assert report.result["attempts"][1]["gain_over_random"] is None
    assert (report.result["attempts"][1]["status"], report.result["attempts"][1]["objective"]) == ("failed", None)
    assert [row["backend"] for row in report.result["attempts"]] == ["anneal", "azure:ionq.simulator"]
    assert report.result["solved_by"] == "anneal"
    assert "no part was measured by a job" in report.result["fallback"]["reason"]
    assert report.metrics["quantum_vs_classical"]["quantum"] is None
    assert "sampled 1 part" in report.result["attempts"][0]["note"]
    with pytest.raises(BackendError, match="failed"):
        cloud.run("model", PROBLEMS / "model-ring.qubo", shots=100, strict=True)


def test_parts_of_a_model_that_no_job_measures_are_the_annealers(cloud: Cloud, large: Path) -> None:
    """Every job fails: what the annealer finds on the parts is its own, and the target has no objective; 5."""
    cloud.start(faults=Faults(rates={"failed": 1.0}))
    flags: dict[str, Any] = {"shots": 50, "max_qubits": 6, "max_rounds": 3, "time_limit": 0.001}
    report = cloud.run("model", large, **flags)
    rows = {row["backend"]: row for row in report.result["attempts"]}
    assert set(rows) == {"anneal", "azure:ionq.simulator"}
    assert (rows["azure:ionq.simulator"]["objective"], rows["azure:ionq.simulator"]["shots"]) == (None, 0)
    assert report.result["solved_by"] == "anneal"
    assert "the jobs of 3 parts failed" in report.result["fallback"]["reason"]
    with pytest.raises(BackendError):
        cloud.run("model", large, strict=True, **flags)


@pytest.mark.parametrize("strict", [False, True])
def test_a_service_that_is_away_leaves_the_classical_sample(cloud: Cloud, strict: bool) -> None:
    """Exit code 0 with the reason; with --strict 75."""
    cloud.end()
    if strict:
        with pytest.raises(TemporaryError):
            cloud.run("model", PROBLEMS / "model-ring.qubo", timeout=1.0, strict=True)
        return
    report = cloud.run("model", PROBLEMS / "model-ring.qubo", timeout=1.0)
    assert report.exit_code == ExitCode.OK
    assert report.result["objective"] == -4
    assert report.result["fallback"]["backend"] == "azure:ionq.simulator"


def test_what_is_proved_needs_no_job(cloud: Cloud) -> None:
    """After an engine that proves its answer nothing is sent."""
    report = cloud.run("model", PROBLEMS / "model-ring.qubo", "exact", "azure:ionq.simulator")
    assert report.result["status"] == "optimal"
    assert report.result["attempts"][1]["note"] == "there was nothing left to gain: the answer is proved"
    assert cloud.service.requests.total() == 0


def test_a_target_energy_needs_no_job_where_it_is_reached(cloud: Cloud) -> None:
    """--target-energy ends the search before a job is sent."""
    report = cloud.run("model", PROBLEMS / "model-ring.qubo", target_energy=-4.0)
    assert report.result["attempts"][1]["note"] == "the run ended before its turn came"
    assert cloud.service.requests.total() == 0


def test_targets_measure_a_circuit(cloud: Cloud) -> None:
    """Each target is an engine of its own, compared with the first; counts are those of the circuit."""
    file = PROBLEMS / "circuit-bell.qasm"
    names = ("azure:ionq.simulator+rigetti.sim.qvm", "statevector")
    report = cloud.run("circuit", file, *names, out=cloud.folder / "out")
    assert [row["backend"] for row in report.result["attempts"]] == [
        "azure:ionq.simulator", "azure:rigetti.sim.qvm", "statevector"
    ]  # fmt: skip
    counts = report.result["solution"]["counts"]
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 1000
    assert check_files(str(cloud.folder / "out" / "result.json"), str(file)).found == []
    assert report.metrics["search"]["azure:rigetti.sim.qvm"]["p_value"] > 1e-6
    assert len(report.metrics["jobs"]) == 2
    again = cloud.run("circuit", file, "azure:ionq.simulator")
    assert again.metrics["cache"] == {"hits": 1, "misses": 0}
    assert again.result["solution"]["counts"] == counts


def test_a_circuit_has_no_stand_in(cloud: Cloud) -> None:
    """A failed job is 5, a wait that ends 7, a basis that the circuit does not measure 8."""
    cloud.start(queue_seconds=100.0, faults=Faults(script=(Event("PUT job", 2, "failed"),)))
    with pytest.raises(PendingError, match="qamctl jobs wait"):
        cloud.run("circuit", PROBLEMS / "circuit-bell.qasm", timeout=1.0)
    cloud.start(faults=Faults(script=(Event("PUT job", 1, "failed"),)))
    with pytest.raises(BackendError, match="failed"):
        cloud.run("circuit", PROBLEMS / "circuit-bell.qasm", shots=10)
    with pytest.raises(UnsupportedError, match="terms in X or Y"):
        cloud.run("circuit", PROBLEMS / "circuit-ising.yaml")


def test_an_interrupt_keeps_the_best_and_tells_the_jobs(cloud: Cloud, large: Path) -> None:
    """Ctrl-C while jobs wait: the answer so far is written, exit code 130, the jobs run on and are named."""
    cloud.start(queue_seconds=600.0)
    flags = ["--backend", "azure:ionq.simulator", "--shots", "50", "--max-qubits", "6", "--max-rounds", "4"]
    place: dict[str, Any] = {"ENDPOINT": cloud.url, "SUBSCRIPTION": SUBSCRIPTION, "RESOURCE_GROUP": "rg"}
    place["WORKSPACE"] = "ws"
    environ = {**os.environ, **{f"QAMCTL_{name}": value for name, value in place.items()}}
    command = [sys.executable, "-m", "qamctl", "solve", str(large), *flags, "--out", "out", "--seed", "1", "-q"]
    process = subprocess.Popen(command, cwd=cloud.folder, env=environ, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while len(cloud.service.jobs) < 4 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED, said
    metrics = json.loads((cloud.folder / "out" / "metrics.json").read_text())
    result = json.loads((cloud.folder / "out" / "result.json").read_text())
    assert result["status"] == "interrupted"
    assert result["solved_by"] == "anneal"
    assert set(metrics["search"]["azure:ionq.simulator"]["running"]) == set(cloud.service.jobs)
    assert {cloud.service.status(id) for id in cloud.service.jobs} == {"Waiting"}
