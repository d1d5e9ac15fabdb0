"""Whole fleets with parts on Azure Quantum, against the test service: a plan that holds, whatever becomes of jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.azure_runs import SUBSCRIPTION, Cloud, cloud

from qamctl import AzureQuantumClient, EnhancedQUBOScheduler
from qamctl.api_hierarchy import HierarchicalSchedule
from qamctl.emulator.faults import Event, Faults
from qamctl.schedule.check import check_result, check_schedule

__all__ = ["cloud"]

ENGINE = "azure:ionq.simulator"

#: One small round for every part.
SMALL: dict[str, Any] = {"max_rounds": 2, "max_qubits": 8, "shots": 20}


def client(cloud: Cloud) -> AzureQuantumClient:
    return AzureQuantumClient(
        endpoint=cloud.url, subscription=SUBSCRIPTION, resource_group="rg", workspace="ws", **SMALL
    )


def fleet() -> dict[str, Any]:
    """Two groups whose parts have more to do than can begin at once: nothing proves their schedules soon."""
    agents = [{"id": f"a{k}", "speed": 1 + k % 2} for k in range(4)]
    tasks: list[dict[str, Any]] = [
        {"id": f"t{k}", "duration": 2 + 3 * k % 7, "due": 4 + k, "weight": 1 + k % 3} for k in range(14)
    ]
    for k in range(0, 12, 3):
        tasks[k + 2]["after"] = [f"t{k}"]
    objective = {"flow": 1, "tardiness": 2}
    return {
        "kind": "schedule", "version": 1, "name": "fleet", "agents": agents, "tasks": tasks, "objective": objective,
    }  # fmt: skip


def plan(cloud: Cloud, faults: Faults | None = None) -> HierarchicalSchedule:
    """A plan that the checker accepts, of parts that the target improves."""
    cloud.start(queue_seconds=0.05, run_seconds=0.05, **({} if faults is None else {"faults": faults}))
    scheduler = EnhancedQUBOScheduler(fleet(), groups=2, seed=1)
    found = scheduler.optimize_cluster_assignments(part_backend=ENGINE, time_limit=0.6, client=client(cloud))
    report = check_schedule(scheduler.spec, found.assignments)
    assert report.feasible
    assert found.objective == tuple(map(float, report.levels))
    assert [row.tasks for row in found.parts] == [7, 7]
    return found


def test_parts_are_improved_by_jobs(cloud: Cloud) -> None:
    """Every part has jobs of its own, and no engine stood in."""
    found = plan(cloud)
    assert len(cloud.service.jobs) >= 2
    assert [row.fallback for row in found.parts] == [None, None]


@pytest.mark.parametrize("failed", [1, 2])
def test_a_part_whose_jobs_fail_says_why(cloud: Cloud, failed: int) -> None:
    """One job or all of the first part: it falls back alone, and the other part is the target's."""
    found = plan(cloud, Faults(script=tuple(Event("PUT job", k + 1, "failed") for k in range(failed))))
    assert len(cloud.service.jobs) == 4
    (told,) = (row.fallback for row in found.parts if row.fallback is not None)
    assert told.startswith(ENGINE)
    assert "failed" in told


def test_where_every_job_fails_all_parts_say_why(cloud: Cloud) -> None:
    """The plan is the classical one."""
    found = plan(cloud, Faults(rates={"failed": 1.0}))
    assert all(row.fallback is not None and ENGINE in row.fallback for row in found.parts)


def test_the_command_line_improves_a_divided_schedule(cloud: Cloud) -> None:
    """`--backend hierarchical --backend azure:TARGET`: one divides, the other has windows of the whole."""
    cloud.start(queue_seconds=0.05, run_seconds=0.05)
    path = cloud.folder / "fleet.json"
    path.write_text(json.dumps(fleet()))
    report = cloud.run("schedule", path, "hierarchical", ENGINE, time_limit=0.6, **SMALL)
    assert report.exit_code == 0
    assert check_result(report.result, report.spec) == []
    by = {row["backend"]: row for row in report.result["attempts"]}
    assert set(by) == {"hierarchical", ENGINE}
    assert by[ENGINE]["objective"] <= by["hierarchical"]["objective"]
    assert by[ENGINE]["shots"] > 0
    assert report.result["fallback"] is None
    assert report.metrics["jobs"]


def test_the_command_line_falls_back_and_says_why(cloud: Cloud) -> None:
    """Every job fails: the divided schedule stands."""
    cloud.start(queue_seconds=0.05, run_seconds=0.05, faults=Faults(rates={"failed": 1.0}))
    path = cloud.folder / "fleet.json"
    path.write_text(json.dumps(fleet()))
    report = cloud.run("schedule", path, "hierarchical", ENGINE, time_limit=0.6, **SMALL)
    assert report.exit_code == 0
    assert check_result(report.result, report.spec) == []
    assert report.result["fallback"]["backend"] == ENGINE
    assert "failed" in report.result["fallback"]["reason"]
