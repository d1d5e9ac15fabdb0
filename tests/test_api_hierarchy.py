"""The front door for whole fleets: tasks are dealt by a QUBO, parts scheduled, and the plan checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fleets import fleet_data

import qamctl
from qamctl import engines
from qamctl.api_hierarchy import EnhancedQUBOScheduler, HierarchicalSchedule
from qamctl.errors import BackendError, InfeasibleError, SpecError, UnsupportedError, UsageError
from qamctl.qubo.partition import imbalance
from qamctl.schedule.check import check_schedule
from qamctl.schedule.read import schedule_from_data
from qamctl.solver import Outcome

#: Seconds for small fleets.
SHORT = 0.8


def problem(tasks: list[dict[str, Any]], agents: int = 2, **root: Any) -> dict[str, Any]:
    rows = [{"id": f"a{k}"} for k in range(agents)]
    return {"kind": "schedule", "version": 1, "name": "made", "agents": rows, "tasks": tasks, **root}


def holds(scheduler: EnhancedQUBOScheduler, found: HierarchicalSchedule) -> None:
    """The plan is accepted by the checker, its figures are the checker's, and no bound is above them."""
    report = check_schedule(scheduler.spec, found.assignments)
    assert report.feasible
    assert found.objective == tuple(map(float, report.levels))
    for bound, value in zip(found.bounds, found.objective, strict=True):
        assert bound is None or bound <= value + 1e-9


@pytest.mark.parametrize("project", [8, 30])
def test_a_fleet_is_planned(project: int) -> None:
    """With projects side by side, and with one in waves; every part is told."""
    scheduler = EnhancedQUBOScheduler(fleet_data(1, agents=8, tasks=30, project=project, deadlines=0), groups=2)
    found = scheduler.optimize_cluster_assignments(time_limit=SHORT, threads=2)
    holds(scheduler, found)
    assert len(found.assignments) == 30
    assert sum(row.tasks for row in found.parts) == 30
    assert all(row.fallback is None for row in found.parts)
    assert found.dealt_by in ("deal", "anneal")


@pytest.mark.parametrize("project", [6, 20])
def test_the_hierarchy_is_compiled(project: int) -> None:
    """A QUBO for the dealing of every wave, and one for every part around its first schedule."""
    scheduler = EnhancedQUBOScheduler(fleet_data(2, agents=8, tasks=20, project=project, deadlines=0), groups=2)
    found = scheduler.build_hierarchical_qubo(time_limit=SHORT)
    division = found.division
    assert len(found.assignments) == division.waves
    assert (division.waves > 1) == (project == 20)
    assert len(found.parts) == sum(1 for wave in range(division.waves) for _ in division.cells(wave))
    for compiled in (*found.assignments, *found.parts):
        assert len(compiled.sha256) == 64


def test_samples_deal_more_evenly_where_they_can() -> None:
    """Largest first puts 3, 2, 2 on one and 3, 2 on the other; the QUBO's ground state puts 6 on each."""
    tasks = [{"id": f"t{k}", "duration": d} for k, d in enumerate((3, 3, 2, 2, 2))]
    scheduler = EnhancedQUBOScheduler(problem(tasks), groups=2)
    for backend in ("exact", "anneal"):
        found = scheduler.optimize_cluster_assignments(backend=backend, time_limit=SHORT)
        holds(scheduler, found)
        assert found.dealt_by == backend
        assert found.objective == (6.0,)
        assert sorted(row.tasks for row in found.parts) == [2, 3]
    assignment = scheduler.build_hierarchical_qubo(time_limit=SHORT).assignments[0]
    assert assignment.n >= 10


def test_an_even_dealing_stays() -> None:
    """Where samples are no better the classical dealing is told."""
    scheduler = EnhancedQUBOScheduler(problem([{"id": f"t{k}", "duration": 2} for k in range(4)]), groups=2)
    found = scheduler.optimize_cluster_assignments(backend="exact", time_limit=SHORT)
    assert found.dealt_by == "deal"
    work = np.full((4, 1), 2.0)
    assert imbalance(work, np.ones((2, 1)), np.array([0, 1, 0, 1])) == 2.0
    assert found.objective == (4.0,)


def test_parts_may_be_improved_by_windows_of_an_engine() -> None:
    """A sampled engine improves each part's schedule, or leaves it; the plan holds."""
    scheduler = EnhancedQUBOScheduler(fleet_data(3, agents=6, tasks=16, deadlines=0), groups=2)
    found = scheduler.optimize_cluster_assignments(part_backend="anneal", time_limit=SHORT)
    holds(scheduler, found)
    assert all(row.fallback is None for row in found.parts)


def test_a_part_that_the_engine_fails_on_keeps_its_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row says why, and the others are the engine's."""
    asked: list[int] = []

    def solver(name: str, kind: str, options: Any) -> Any:
        def engine(instance: Any, incumbent: Any, *rest: Any) -> Outcome:
            asked.append(instance.n)
            if len(asked) == 1:
                raise BackendError("the machine is on fire")
            return Outcome("feasible", incumbent, (None,))

        return engine

    tasks = [{"id": f"t{k}", "duration": d, "due": 1} for k, d in enumerate((3, 3, 2, 2, 4, 5, 1, 7))]
    data = problem(tasks, 4, objective={"flow": 1, "tardiness": 2})
    scheduler = EnhancedQUBOScheduler(data, groups=2)
    monkeypatch.setattr(engines, "solver", solver)
    found = scheduler.optimize_cluster_assignments(part_backend="anneal", time_limit=SHORT)
    holds(scheduler, found)
    assert len(asked) == 2
    assert [row.fallback for row in found.parts].count("anneal: the machine is on fire") == 1
    assert [row.fallback for row in found.parts].count(None) == 1


@pytest.mark.parametrize("groups", [None, 1, 2, 5, 99])
def test_any_number_of_groups_will_do(groups: int | None) -> None:
    """One, as many as there are agents, and more."""
    scheduler = EnhancedQUBOScheduler(fleet_data(4, agents=6, tasks=14, deadlines=0), groups=groups)
    holds(scheduler, scheduler.optimize_cluster_assignments(time_limit=SHORT))


def test_a_spec_comes_from_a_file_or_from_data(tmp_path: Path) -> None:
    """Or has been read already; with every fault it is refused."""
    data = fleet_data(5, agents=6, tasks=12, deadlines=0)
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(data))
    ids = [EnhancedQUBOScheduler(spec).spec.tasks.ids for spec in (path, str(path), data, schedule_from_data(data))]
    assert ids[0] == ids[1] == ids[2] == ids[3]
    with pytest.raises(SpecError, match="not a valid spec"):
        EnhancedQUBOScheduler(problem([{"id": "t", "duraton": 3}]))


@pytest.mark.parametrize(
    "tasks",
    [
        [{"id": "t", "duration": 5, "deadline": 6}, {"id": "u", "duration": 5, "deadline": 6}],
        [{"id": "t", "duration": 5, "deadline": 4}, {"id": "u", "duration": 5}],
        [{"id": "t", "duration": 5, "skills": ["none has it"]}, {"id": "u", "duration": 5}],
    ],
)
def test_what_can_not_be_done_is_infeasible(tasks: list[dict[str, Any]]) -> None:
    """Too little time for one agent, for any, and nobody who can: no plan, and no QUBO to compile around it."""
    scheduler = EnhancedQUBOScheduler(problem(tasks, 1))
    with pytest.raises(InfeasibleError, match="no feasible schedule"):
        scheduler.optimize_cluster_assignments(time_limit=0.3)
    with pytest.raises(InfeasibleError, match="no feasible schedule"):
        scheduler.build_hierarchical_qubo(time_limit=0.3)


def test_a_plan_without_tasks_is_empty() -> None:
    """Nothing to deal, nothing to schedule, and nothing to compile."""
    scheduler = EnhancedQUBOScheduler(problem([]))
    found = scheduler.optimize_cluster_assignments(time_limit=0.3)
    assert (found.assignments, found.parts) == ([], ())
    assert scheduler.build_hierarchical_qubo(time_limit=0.3).parts == ()


def test_a_problem_without_agents_is_not_divided() -> None:
    """There is no fleet."""
    data = {"kind": "schedule", "version": 1, "tasks": [{"id": "t", "duration": 2}]}
    with pytest.raises(UnsupportedError, match="has none"):
        EnhancedQUBOScheduler(data).optimize_cluster_assignments(time_limit=0.3)


def test_parts_that_were_joined_are_compiled_together() -> None:
    """A part whose agent has too little fuel is scheduled with the other one, and one QUBO holds both."""
    agents = [{"id": "a0", "capacity": {"fuel": 1}}, {"id": "a1", "capacity": {"fuel": 3}}]
    tasks = [{"id": f"t{k}", "duration": 2, "demand": {"fuel": 1}} for k in range(4)]
    data = problem(tasks, resources=[{"id": "fuel", "kind": "consumable"}]) | {"agents": agents}
    scheduler = EnhancedQUBOScheduler(data, groups=2)
    holds(scheduler, scheduler.optimize_cluster_assignments(time_limit=SHORT))
    found = scheduler.build_hierarchical_qubo(time_limit=SHORT)
    assert len(found.parts) == 1
    assert found.parts[0].n > 0


def test_ends_that_are_tied_are_compiled_in_waves() -> None:
    """Every kind of precedence between waves: parts are compiled around what they were when they were made."""
    kinds = ("FF", "SF", "FS", "SS")
    tasks: list[dict[str, Any]] = [
        {
            "id": f"t{k}", "modes": [{"id": "m", "duration": 1 + k % 4}, {"id": "n", "duration": 5, "agents": ["a1"]}],
            "after": [{"task": f"t{j}", "type": kinds[k % 4], "lag": k % 3} for j in (k - 1, k - 3) if j >= 0],
        }
        for k in range(12)
    ]  # fmt: skip
    scheduler = EnhancedQUBOScheduler(problem(tasks, 4), groups=2)
    found = scheduler.build_hierarchical_qubo(time_limit=SHORT)
    assert found.division.waves > 2
    assert len(found.parts) == sum(1 for wave in range(found.division.waves) for _ in found.division.cells(wave))


def test_engines_that_are_not_known_are_refused() -> None:
    """Of the dealing, and of the parts; one that is far away needs a client."""
    scheduler = EnhancedQUBOScheduler(problem([{"id": "t", "duration": 1}, {"id": "u", "duration": 1}]))
    with pytest.raises(UsageError):
        scheduler.optimize_cluster_assignments(backend="aneal", time_limit=0.3)
    with pytest.raises(UsageError):
        scheduler.optimize_cluster_assignments(part_backend="aneal", time_limit=0.3)
    with pytest.raises(UsageError, match="AzureQuantumClient"):
        scheduler.optimize_cluster_assignments(part_backend="azure:ionq.simulator", time_limit=0.3)


def test_public_names_come_from_the_package() -> None:
    """The plan's names are importable from qamctl itself."""
    assert qamctl.EnhancedQUBOScheduler is EnhancedQUBOScheduler
    for method in ("build_hierarchical_qubo", "optimize_cluster_assignments"):
        assert callable(getattr(qamctl.EnhancedQUBOScheduler, method))
