"""Result files of schedules with crews, pauses and tasks left out: what holds, what is altered, what stands beside."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.schedule_attacks import Data, row, setup, team

from qamctl.schedule.check import DISCREPANCIES, check_result
from qamctl.schedule.read import schedule_from_data

SPEC = schedule_from_data(
    {
        "kind": "schedule",
        "version": 1,
        "tasks": [
            {"id": "x", "duration": 3, "count": 2, "preemptible": True, "setup": "f"},
            {"id": "y", "duration": 2, "setup": "g", "after": [{"task": "x", "data": 2}]},
            {"id": "z", "duration": 1, "optional": True, "reward": 0.5},
        ],
        "objective": [{"unscheduled": 1, "makespan": 1}, {"balance": 1, "setup": 1}],
        **team(a={"calendar": [[1, 3]]}, b={}),
        **setup(("f", "g", 1)),
        "communication": {"bandwidth": 1},
    }
)
ROWS = [row("x", 0, 5, "a", "b", segments=[[0, 1], [3, 5]]), row("y", 6, 8, "b")]
TERMS = {"makespan": 8, "tardiness": 0, "tardy": 0, "flow": 13, "cost": 0, "unscheduled": 0.5, "setup": 1,
         "communication": 0, "balance": 1}  # fmt: skip
RESULT: Data = {
    "schema": "qamctl/result/1",
    "kind": "schedule",
    "status": "feasible",
    "objective": 8.5,
    "bound": 5,
    "gap": 3.5 / 8.5,
    "levels": [
        {"terms": {"unscheduled": 0.5, "makespan": 8}, "value": 8.5, "bound": 5},
        {"terms": {"balance": 1, "setup": 1}, "value": 2, "bound": None},
    ],
    "terms": TERMS,
    "solution": {"assignments": ROWS, "unscheduled": ["z"]},
    "violations": [],
    "attempts": [],
    "compiled": None,
    "provenance": {"spec_sha256": SPEC.source.sha256, "tables": {}, "options": {}},
}


def kinds(result: Any, folder: Path | None = None) -> set[str]:
    """The kinds of discrepancy, each of them one of the public list."""
    found = {discrepancy.kind for discrepancy in check_result(result, SPEC, folder)}
    assert found <= set(DISCREPANCIES)
    return found


def test_a_true_result_holds() -> None:
    """Also after a round through JSON."""
    assert check_result(RESULT, SPEC) == []
    assert check_result(json.loads(json.dumps(RESULT)), SPEC) == []


def solution(result: Data) -> Data:
    """The part of a result that the alterations are about."""
    part: Data = result["solution"]
    return part


ALTERED: list[tuple[str, Callable[[Data], Any]]] = [
    ("missing-task", lambda result: solution(result).pop("unscheduled")),
    ("missing-task", lambda result: solution(result)["unscheduled"].clear()),
    ("not-optional", lambda result: solution(result)["unscheduled"].append(
        solution(result)["assignments"].pop()["task"])),
    ("done-and-unscheduled", lambda result: solution(result)["unscheduled"].append("y")),
    ("duplicate-task", lambda result: solution(result)["unscheduled"].append("z")),
    ("unknown-task", lambda result: solution(result)["unscheduled"].append("w")),
    ("malformed", lambda result: solution(result).update(unscheduled={"z": 1})),
    ("segments", lambda result: solution(result)["assignments"][0].update(segments=None)),
    ("segments", lambda result: solution(result)["assignments"][0]["segments"].pop()),
    ("agent-missing", lambda result: solution(result)["assignments"][0]["agents"].pop()),
    ("setup", lambda result: solution(result)["assignments"][1].update(start=5, end=7)),
    ("precedence-FS", lambda result: solution(result)["assignments"][1].update(start=4, end=6)),
    ("terms", lambda result: result["terms"].update(setup=0)),
    ("terms", lambda result: result["terms"].pop("balance")),
    ("levels", lambda result: result["levels"][0]["terms"].update(unscheduled=0)),
    ("objective", lambda result: result.update(objective=8)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "alter"), ALTERED)
def test_every_alteration_is_found(kind: str, alter: Callable[[Data], Any]) -> None:
    """One part altered alone gives a discrepancy of its kind."""
    result = copy.deepcopy(RESULT)
    alter(result)
    assert kind in kinds(result)


def test_both_lists_may_stand_in_tables_beside_the_result(tmp_path: Path) -> None:
    """Crews, segments and tasks left out are read from there like those inside the result."""
    result = copy.deepcopy(RESULT)
    result["solution"] = {"assignments": {"table": "assignments.csv"}, "unscheduled": {"table": "unscheduled.csv"}}
    table, left_out = tmp_path / "assignments.csv", tmp_path / "unscheduled.csv"
    table.write_text("task,agents,mode,start,end,segments\nx,a|b,,0,5,0..1|3..5\ny,b,,6,8,\n")
    left_out.write_text("task\nz\n")
    assert kinds(result, tmp_path) == set()
    for rows, tasks, kind in (
        ("x,a|b,,0,5,0..1|3..4\ny,b,,6,8,\n", "z", "segments"),
        ("x,a|b,,0,5,0-1\ny,b,,6,8,\n", "z", "malformed"),
        ("x,a|b,,0,5,0..1|3..\ny,b,,6,8,\n", "z", "malformed"),
        ("x,a,,0,5,0..1|3..5\ny,b,,6,8,\n", "z", "agent-missing"),
        ("x,a|b,,0,5,0..1|3..5\ny,b,,6,8,\n", "", "missing-task"),
        ("x,a|b,,0,5,0..1|3..5\ny,b,,6,8,\n", "z\nz", "duplicate-task"),
        ("x,a|b,,0,5,0..1|3..5\ny,b,,6,8,\n", "z\ny", "done-and-unscheduled"),
    ):
        table.write_text(f"task,agents,mode,start,end,segments\n{rows}")
        left_out.write_text(f"task\n{tasks}\n")
        assert kind in kinds(result, tmp_path)
    left_out.write_text("tasks\nz\n")
    assert "malformed" in kinds(result, tmp_path)
    left_out.unlink()
    assert "solution" in kinds(result, tmp_path)


def test_a_result_that_leaves_everything_out_holds() -> None:
    """An empty list of rows is a schedule where every task may be left out."""
    tasks = [{"id": "x", "duration": 1, "optional": True}]
    spec = schedule_from_data({"kind": "schedule", "version": 1, "tasks": tasks})
    terms = {"makespan": 0, "tardiness": 0, "tardy": 0, "flow": 0, "cost": 0, "unscheduled": 0}
    result = RESULT | {
        "solution": {"assignments": [], "unscheduled": ["x"]}, "terms": terms, "status": "optimal", "objective": 0,
        "bound": 0, "gap": 0, "levels": [{"terms": {"makespan": 0}, "value": 0, "bound": 0}],
        "provenance": {"spec_sha256": spec.source.sha256, "tables": {}, "options": {}},
    }  # fmt: skip
    assert check_result(result, spec) == []


def test_a_result_of_the_earlier_format_holds() -> None:
    """Of a spec without these features a result needs no terms, no list of tasks left out, and no segments for them."""
    data = {"kind": "schedule", "version": 1, "tasks": [{"id": "x", "duration": 2}], **team(a={}, b={})}
    spec = schedule_from_data(data)
    result = RESULT | {
        "solution": {"assignments": [{"task": "x", "agents": ["a"], "mode": None, "start": 0, "end": 2}]},
        "terms": {"makespan": 2, "tardiness": 0, "tardy": 0, "flow": 2, "cost": 0}, "status": "optimal",
        "objective": 2, "bound": 2, "gap": 0, "levels": [{"terms": {"makespan": 2}, "value": 2, "bound": 2}],
        "provenance": {"spec_sha256": spec.source.sha256, "tables": {}, "options": {}},
    }  # fmt: skip
    assert check_result(result, spec) == []
