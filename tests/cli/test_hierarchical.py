"""Large fleets from the command line: `auto` divides them; what comes out is checked, compiled and the same again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.command_line import Run
from support.fleets import fleet_data

from qamctl.schedule import build

STEPS = ("--max-steps", "20", "--seed", "3")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a few options were too many."""
    monkeypatch.setattr(build, "MOST_OPTIONS", 10)
    monkeypatch.setattr(build, "FEW_OPTIONS", 10)


def written(data: dict[str, Any], name: str = "fleet.json") -> str:
    Path(name).write_text(json.dumps(data))
    return name


def fleet(seed: int = 1, **more: Any) -> str:
    return written(fleet_data(seed, **{"agents": 16, "tasks": 40, "deadlines": 0.1, **more}))


def test_auto_divides_a_fleet(run: Run, few: None) -> None:
    """The result has the engine's row and is compiled to a QUBO whose energy is the objective of the level."""
    ran = run("schedule", fleet(), *STEPS, "-o", "json", "--out", "out")
    assert ran.code == 0
    result = ran.json
    assert result["status"] in ("feasible", "optimal")
    by = {row["backend"]: row for row in result["attempts"]}
    assert by["hierarchical"]["objective"] is not None
    assert (by["cpsat"]["status"], by["cpsat"]["note"]) == ("skipped", "left out: too many agents for each task")
    compiled = result["compiled"]
    assert compiled["kind"] == "qubo"
    assert compiled["variables"] > 0
    assert compiled["energy"] in [pytest.approx(level) for level in levels(result)]
    metrics = json.loads((Path("out") / "metrics.json").read_text())
    told = metrics["search"]["hierarchical"]
    assert sum(row["tasks"] for row in told["parts"]) >= 40
    assert run("check", "out/result.json", "fleet.json").code == 0


def levels(result: dict[str, Any]) -> list[float]:
    """The value of the objective, level by level."""
    found = result["objective"]
    rows = found["levels"] if isinstance(found, dict) else found
    return [row["value"] if isinstance(row, dict) else row for row in (rows if isinstance(rows, list) else [rows])]


@pytest.mark.parametrize("backend", ["auto", "hierarchical"])
def test_the_same_bytes_on_any_threads(run: Run, few: None, backend: str) -> None:
    """With a step budget the schedule is the same with one thread and with four."""
    name = fleet(2)
    blocks = []
    for threads in ("1", "4"):
        ran = run(
            "schedule", name, *STEPS, "--backend", backend, "--threads", threads, "-o", "json", "--out", f"o{threads}"
        )
        assert ran.code == 0
        result = ran.json
        blocks.append(json.dumps([result["solution"], result["compiled"], result["status"], result["objective"]]))
    assert blocks[0] == blocks[1]


def test_a_problem_without_agents_is_not_divided(run: Run) -> None:
    """Named, the engine declines it: 8, and what to do is said."""
    name = written({"kind": "schedule", "version": 1, "name": "alone", "tasks": [{"id": "t", "duration": 2}]})
    ran = run("schedule", name, "--backend", "hierarchical", "--max-steps", "5")
    assert ran.code == 8
    assert "divides the agents of a fleet" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("backend", ["auto", "hierarchical"])
@pytest.mark.parametrize(
    "task",
    [{"skills": ["none has it"]}, {"deadline": 1}, {"demand": {"licence": 99}}, {"agents": ["a0"], "deadline": 2}],
)
def test_what_is_impossible_ends_with_4(run: Run, few: None, backend: str, task: dict[str, Any]) -> None:
    """Proved by bounds, or not found: there is no schedule, and no trace."""
    data = fleet_data(3, agents=12, tasks=20)
    data["tasks"] = [{**one, **task, "release": 0} if one["id"] == "t3" else one for one in data["tasks"]]
    ran = run("schedule", written(data), *STEPS, "--backend", backend)
    assert ran.code == 4
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("seconds", ["0.01", "0.2"])
def test_a_short_time_ends_with_a_schedule_or_none(run: Run, few: None, seconds: str) -> None:
    """0 or 4, never a trace."""
    ran = run("schedule", fleet(4, tasks=80, project=80), "--time-limit", seconds, "--threads", "2", "-o", "json")
    assert ran.code in (0, 4)
    assert "Traceback" not in ran.err
    assert ran.json["status"] in ("feasible", "optimal", "unknown")


def test_numpy_kernels_find_the_same(run: Run, few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference in place of the extension changes nothing but the time."""
    name, found = fleet(5, agents=8, tasks=16), []
    for kernels in ("", "reference"):
        monkeypatch.setenv("QAMCTL_KERNELS", kernels)
        ran = run(
            "schedule", name, "--max-steps", "6", "--backend", "hierarchical", "-o", "json", "--out", f"k{kernels}"
        )
        assert ran.code == 0
        found.append(ran.json["solution"])
    assert found[0] == found[1]
