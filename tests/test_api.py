"""The Python front door: reasoning biases the QUBO, and weight 0 leaves it alone."""

from __future__ import annotations

import pytest

import qamctl
from qamctl.api import QUBOScheduler
from qamctl.errors import InfeasibleError, SpecError
from qamctl.schedule.check import check_schedule

DATA = {
    "kind": "schedule",
    "version": 1,
    "agents": [{"id": "a1"}, {"id": "a2"}],
    "tasks": [
        {"id": "t1", "duration": 2},
        {"id": "t2", "duration": 2},
        {"id": "t3", "duration": 1, "after": ["t1"]},
    ],
}


def test_weight_zero_leaves_the_qubo_bit_identical() -> None:
    """With weight 0, and without preferences that speak of the schedule, the hash is that of the plain QUBO."""
    scheduler = QUBOScheduler(DATA)
    plain = scheduler.build_qubo_with_reasoning().sha256
    assert scheduler.build_qubo_with_reasoning({"prefer t1 on a2": 0.9}, weight=0.0).sha256 == plain
    assert scheduler.build_qubo_with_reasoning({"stay calm": 0.9}).sha256 == plain
    assert scheduler.build_qubo_with_reasoning({"prefer t1 on a2": 0.9}).sha256 != plain


@pytest.mark.parametrize("agent", ["a1", "a2"])
def test_a_preference_decides_between_equal_schedules(agent: str) -> None:
    """Among schedules of the same makespan the one that agrees with the reasoning is taken."""
    found = QUBOScheduler(DATA).optimize_schedule_with_reasoning(
        {f"prefer t2 on {agent}": 0.95}, weight=0.2, backend="exact", time_limit=2
    )
    row = next(row for row in found.assignments if row["task"] == "t2")
    assert row["agents"] == [agent]
    assert found.objective == (3.0,)
    assert found.bias == pytest.approx(0.0, abs=1e-9)
    assert check_schedule(QUBOScheduler(DATA).spec, found.assignments).feasible


def test_without_reasoning_the_classical_answer_stands() -> None:
    """No preferences: the schedule is the classical one and the bias is nothing."""
    found = QUBOScheduler(DATA, seed=3).optimize_schedule_with_reasoning(time_limit=1)
    assert found.objective == (3.0,)
    assert found.bias == 0.0


def test_a_decision_about_an_unknown_task_is_refused() -> None:
    """A preference that names no task of the spec is a fault of the caller."""
    with pytest.raises(SpecError, match="t9"):
        QUBOScheduler(DATA).build_qubo_with_reasoning({"prefer t9 on a1": 0.5})


def test_an_infeasible_spec_has_no_qubo() -> None:
    """Where no schedule exists there is nothing to compile around."""
    tasks = [{"id": "t1", "duration": 5, "deadline": 6}, {"id": "t2", "duration": 5, "deadline": 6}]
    data = DATA | {"agents": [{"id": "a1"}], "tasks": tasks}
    with pytest.raises(InfeasibleError, match="no feasible schedule"):
        QUBOScheduler(data).build_qubo_with_reasoning(time_limit=0.2)


def test_public_names_come_from_the_package() -> None:
    """The plan's names are importable from qamctl itself."""
    assert qamctl.QUBOScheduler is QUBOScheduler
    for method in ("build_qubo_with_reasoning", "optimize_schedule_with_reasoning"):
        assert callable(getattr(qamctl.QUBOScheduler, method))
