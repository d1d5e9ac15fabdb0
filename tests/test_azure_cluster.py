"""`cluster --backend azure:TARGET` against the test service: the same parts and jobs as for schedules."""

from __future__ import annotations

from pathlib import Path

from support.azure_runs import Cloud, cloud

from qamctl.cluster.check import check_result
from qamctl.errors import ExitCode

__all__ = ["cloud"]

SPEC = Path(__file__).parents[1] / "problems" / "cluster-services.yaml"


def test_parts_of_a_cluster_are_measured_by_jobs(cloud: Cloud) -> None:
    """The target begins from the answer of the assignment search, and the answer is no worse; jobs are told."""
    report = cloud.run("cluster", SPEC, max_steps=3000, max_rounds=3, max_qubits=8, shots=100)
    assert report.exit_code == ExitCode.OK
    assert check_result(report.result, report.spec) == []
    assert report.result["fallback"] is None
    first, second = report.result["attempts"][:2]
    assert (first["backend"], second["backend"]) == ("assignment", "azure:ionq.simulator")
    assert second["objective"] <= first["objective"]
    assert second["shots"] >= 100
    assert {job["id"] for job in report.metrics["jobs"]} == set(cloud.service.jobs)
