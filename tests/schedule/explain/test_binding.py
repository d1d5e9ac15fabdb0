"""What keeps a schedule from being shorter: the constraints without any one of which it could be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.clashes import A, B, task

from qamctl.schedule.explain import explain_schedule
from qamctl.schedule.read import load_schedule, schedule_from_data

PROBLEMS = Path(__file__).resolve().parents[3] / "problems"


def binding(data: dict[str, Any]) -> Any:
    """What is told of a feasible spec."""
    found = explain_schedule(schedule_from_data({"kind": "schedule", "version": 1, **data}), seconds=60, most=5)
    assert (found["status"], found["conflicts"], found["remedies"]) == ("feasible", [], [])
    return found["binding"]


def told(conflict: dict[str, Any]) -> set[str]:
    """The words of its constraints."""
    return {row["text"] for row in conflict["constraints"]}


def test_a_chain() -> None:
    """Of a chain beside a short task, its tasks and what lies between them."""
    found = binding({"agents": [A, B], "tasks": [task("x", 3), task("y", 4, after=["x"]), task("z", 1)]})
    assert (found["makespan"], found["bound"]) == (7, 7)
    assert told(found["conflict"]) == {
        "task 'x' must be done: it takes 3 s", "task 'y' must be done: it takes 4 s",
        "task 'y' starts after task 'x' ends",
    }  # fmt: skip
    assert found["conflict"]["minimal"]


def test_a_full_agent() -> None:
    """Of work for one agent, all tasks that only it may do, and that it does one at a time."""
    tasks = [task("x", agents=["a"]), task("y", agents=["a"]), task("z", 1, agents=["b"])]
    found = binding({"agents": [A, B], "tasks": tasks})
    assert found["makespan"] == 4
    kinds = sorted(row["constraint"] for row in found["conflict"]["constraints"])
    assert kinds == ["agent-not-allowed", "agent-not-allowed", "not-optional", "not-optional", "slots"]


def test_a_horizon_is_no_reason() -> None:
    """The end that is asked about is not among the reasons, nor is a horizon that the spec has."""
    found = binding({"agents": [A], "horizon": 9, "tasks": [task("x"), task("y")]})
    assert not any(row["constraint"] == "horizon" for row in found["conflict"]["constraints"])


@pytest.mark.parametrize("data", [{"tasks": []}, {"agents": [A], "tasks": [task("x", optional=True)]}])
def test_nothing_to_do(data: dict[str, Any]) -> None:
    """A spec without tasks that must be done has a schedule of no length, which nothing keeps from being shorter."""
    assert binding(data) == {"makespan": 0, "bound": 0, "explained": None, "conflict": None}


def test_ft06() -> None:
    """Of the job shop its optimum, 55, and constraints without which it would be shorter."""
    found = explain_schedule(load_schedule(PROBLEMS / "schedule-ft06.yaml"), seconds=300, most=5)["binding"]
    assert (found["makespan"], found["bound"]) == (55, 55)
    assert found["conflict"]["minimal"]
    assert found["conflict"]["proof"] == ["cpsat"]


def test_every_example_is_explained() -> None:
    """Each schedule among the examples is explained."""
    for file in sorted(PROBLEMS.glob("schedule-*.yaml")):
        spec = load_schedule(file)
        found = explain_schedule(spec, seconds=8, most=3)
        assert found["status"] == ("infeasible" if "infeasible" in file.stem else "feasible"), file.name
        if found["binding"]:
            assert 0 < found["binding"]["bound"] <= found["binding"]["makespan"]
