"""`reason --backend azure:TARGET` against the test service: a decision's circuit as a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.azure_runs import Cloud, cloud

from qamctl.emulator.faults import Event, Faults
from qamctl.errors import BackendError, ExitCode
from qamctl.validation import check_files

__all__ = ["cloud"]

PROBLEMS = Path(__file__).parents[1] / "problems"
SPRINKLER = PROBLEMS / "reason-sprinkler.yaml"

#: Without coherence each path is measured on the way where a target can, else it is copied to further qubits.
EVOLVES = """\
kind: reason
version: 1
name: incident
paths: [{id: retry, prior: 0.5}, {id: escalate, prior: 0.3}, {id: wait, prior: 0.2}]
evidence:
  - {id: timeout-seen, likelihood: {retry: 0.2, escalate: 0.9, wait: 0.4}}
  - {id: queue-long, likelihood: {escalate: 0.6}, otherwise: 0.5}
context: {couplings: [[retry, escalate, 0.9]], time: 0.8}
steps: [timeout-seen, evolve, queue-long]
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A decision that evolves."""
    path = tmp_path / "incident.yaml"
    path.write_text(EVOLVES)
    return path


def within(result: dict[str, Any], exact: dict[str, float]) -> bool:
    """Whether the joint intervals hold the exact posterior."""
    ends = result["solution"]["joint_intervals"]
    return all(ends[name][0] <= p <= ends[name][1] for name, p in exact.items())


@pytest.mark.parametrize("target", ["quantinuum.sim.h2-1e", "ionq.simulator", "rigetti.sim.qvm"])
def test_targets_measure_a_decision(cloud: Cloud, spec: Path, target: str) -> None:
    """The posterior of one job lies where its intervals say; the job, its shots and the circuit are told."""
    exact = cloud.run("reason", spec, "exact").result["solution"]["posterior"]
    assert not cloud.service.jobs
    report = cloud.run("reason", spec, f"azure:{target}", shots=500, out=cloud.folder / "out")
    result = report.result
    assert report.exit_code == ExitCode.OK
    assert (result["status"], result["solved_by"], result["fallback"]) == ("feasible", f"azure:{target}", None)
    assert within(result, exact)
    assert check_files(str(cloud.folder / "out" / "result.json"), str(spec)).found == []
    assert len(cloud.service.jobs) == 1
    [job] = report.metrics["jobs"]
    assert (job["state"], job["shots"], job["id"]) == ("succeeded", 500, *cloud.service.jobs)
    figures = report.metrics["search"][f"azure:{target}"]
    assert figures["accepted"] + figures["rejected"] == 500
    assert result["compiled"]["distance"] == 0


def test_a_second_run_does_not_pay_twice(cloud: Cloud, spec: Path) -> None:
    """The same circuit with the same seed is taken from the first run's job, byte for byte."""
    first = cloud.run("reason", spec, shots=200)
    asked = cloud.service.requests.total()
    second = cloud.run("reason", spec, shots=200)
    assert cloud.service.requests.total() == asked
    assert second.result["solution"] == first.result["solution"]
    assert second.metrics["cache"] == {"hits": 1, "misses": 0}
    cloud.run("reason", spec, shots=201)
    assert len(cloud.service.jobs) == 2


def test_a_network_is_one_job(cloud: Cloud) -> None:
    """As paths are."""
    exact = cloud.run("reason", SPRINKLER, "exact").result["solution"]["posterior"]
    report = cloud.run("reason", SPRINKLER, shots=500)
    assert within(report.result, exact)
    assert len(cloud.service.jobs) == 1


def test_a_job_that_fails(cloud: Cloud, spec: Path) -> None:
    """The exact posterior stands in, with the reason and the job; with --strict the run ends with 5."""
    cloud.start(faults=Faults(script=(Event("PUT job", 1, "failed", times=5),)))
    report = cloud.run("reason", spec, shots=100)
    result = report.result
    assert report.exit_code == ExitCode.OK
    assert (result["status"], result["solved_by"]) == ("optimal", "exact")
    assert result["fallback"]["backend"] == "azure:ionq.simulator"
    assert "failed" in result["fallback"]["reason"]
    assert result["attempts"][0]["status"] == "unknown"
    with pytest.raises(BackendError, match="failed"):
        cloud.run("reason", spec, shots=100, strict=True)


def test_a_service_that_is_away(cloud: Cloud, spec: Path) -> None:
    """The exact posterior, and why."""
    cloud.end()
    report = cloud.run("reason", spec, shots=100, timeout=1.0)
    assert report.exit_code == ExitCode.OK
    assert report.result["solved_by"] == "exact"
    assert report.result["fallback"]["reason"]


def test_engines_beside_each_other(cloud: Cloud, spec: Path) -> None:
    """A target and our own simulator of one circuit: both tell how far they are off."""
    report = cloud.run("reason", spec, "azure:ionq.simulator", "statevector", shots=500)
    rows = report.result["attempts"]
    assert [row["backend"] for row in rows] == ["azure:ionq.simulator", "statevector"]
    assert all(0 < row["distance"] < 0.15 for row in rows)


#: Two paths, whose state is measured in three bases.
REBUILT = """\
kind: reason
version: 1
name: rebuilt
paths: [{id: retry, prior: 0.6}, {id: escalate, prior: 0.4}]
evidence: [{id: timeout-seen, likelihood: {retry: 0.4, escalate: 0.9}}]
coherence: 1
reconstruct: tomography
"""


def test_every_circuit_of_a_reconstruction_is_a_job_that_is_told(cloud: Cloud, tmp_path: Path) -> None:
    """The decision's circuit, which is that of the basis Z, and two bases more are jobs; the metrics have them all."""
    path = tmp_path / "rebuilt.yaml"
    path.write_text(REBUILT)
    report = cloud.run("reason", path, shots=200)
    assert report.result["solution"]["reconstructed"]["circuits"] == 3
    assert len(cloud.service.jobs) == 3
    assert report.metrics["cache"] == {"hits": 1, "misses": 3}
    assert {job["id"] for job in report.metrics["jobs"]} == set(cloud.service.jobs)


def test_a_reconstruction_that_fails_leaves_the_posterior(cloud: Cloud, tmp_path: Path) -> None:
    """What was measured stands, with the reason why there is no state; with --strict the run ends with 5."""
    path = tmp_path / "rebuilt.yaml"
    path.write_text(REBUILT)
    cloud.start(faults=Faults(script=(Event("PUT job", 2, "failed", times=10),)))
    report = cloud.run("reason", path, shots=200)
    assert (report.result["status"], report.result["fallback"]) == ("feasible", None)
    assert report.result["solution"]["reconstructed"] is None
    assert "the state was not reconstructed" in report.result["attempts"][0]["note"]
    with pytest.raises(BackendError, match="failed"):
        cloud.run("reason", path, shots=201, strict=True)
