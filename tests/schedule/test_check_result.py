"""A result file in which any figure or statement was altered alone is found out."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qamctl.schedule.check import DISCREPANCIES, check_result, check_schedule
from qamctl.schedule.read import load_schedule, schedule_from_data
from qamctl.schedule.spec import ScheduleSpec

Result = dict[str, Any]

TASKS = [
    {"id": "x", "duration": 3, "due": 2, "weight": 2},
    {"id": "y", "duration": 2, "due": 4, "after": ["x"]},
]
DATA = {
    "kind": "schedule",
    "version": 1,
    "agents": [{"id": "a", "cost": {"per_time": 0.1}}],
    "tasks": TASKS,
    "objective": [{"makespan": 1}, {"tardiness": 2, "cost": 0.5}],
}


@pytest.fixture
def spec() -> ScheduleSpec:
    """Two tasks, two levels."""
    return schedule_from_data(DATA)


def row(task: str, start: float, end: float) -> dict[str, Any]:
    """One row on agent a."""
    return {"task": task, "agents": ["a"], "mode": None, "start": start, "end": end, "segments": None}


def result_of(spec: ScheduleSpec) -> Result:
    """The result of the only sensible schedule: the first level is proved, the second is not."""
    return {
        "schema": "qamctl/result/1",
        "kind": "schedule",
        "run": "20261120T200000Z-two-1a2b3c4d",
        "status": "feasible",
        "objective": 6.25,
        "bound": 5,
        "gap": 1.25 / 6.25,
        "levels": [
            {"terms": {"makespan": 5}, "value": 5, "bound": 5},
            {"terms": {"tardiness": 3, "cost": 0.5}, "value": 6.25, "bound": 5},
        ],
        "terms": {"makespan": 5, "tardiness": 3, "tardy": 3, "flow": 11, "cost": 0.5},
        "solution": {"assignments": [row("x", 0, 3), row("y", 3, 5)], "unscheduled": []},
        "violations": [],
        "reasons": [],
        "solved_by": "list-search",
        "fallback": None,
        "attempts": [{"backend": "list-search", "status": "feasible", "objective": 6.25, "bound": 5}],
        "compiled": {"kind": "qubo", "scope": "whole", "variables": 8, "energy": 5, "penalty": 0},
        "provenance": {"spec_sha256": spec.source.sha256, "tables": {}, "seed": 0, "options": {}},
    }


def kinds(result: Any, spec: ScheduleSpec, folder: Path | None = None) -> set[str]:
    """The kinds of discrepancy, each of them one of the public list."""
    found = check_result(result, spec, folder)
    assert all(d.text and d.field and str(d).startswith(f"{d.kind}: {d.field}: ") for d in found)
    assert {d.kind for d in found} <= set(DISCREPANCIES)
    return {d.kind for d in found}


def test_a_true_result_holds(spec: ScheduleSpec) -> None:
    """Nothing is found where nothing is wrong, also after a round through JSON."""
    result = result_of(spec)
    assert check_result(result, spec) == []
    assert check_result(json.loads(json.dumps(result)), spec) == []
    result["levels"][1]["bound"] = result["bound"] = 6.25
    result["gap"], result["status"] = 0.0, "optimal"
    assert check_result(result, spec) == []


def put(*path: str | int, value: Any) -> Callable[[Result], None]:
    """An alteration: one field set to a value."""

    def alter(result: Result) -> None:
        target: Any = result
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    alter.__name__ = f"{'.'.join(map(str, path))}={value!r}"
    return alter


def drop(*path: str | int) -> Callable[[Result], None]:
    """An alteration: one field removed."""

    def alter(result: Result) -> None:
        target: Any = result
        for key in path[:-1]:
            target = target[key]
        del target[path[-1]]

    alter.__name__ = f"no {'.'.join(map(str, path))}"
    return alter


ALTERED: list[tuple[str, Callable[[Result], None]]] = [
    ("schema", put("schema", value="qamctl/result/2")),
    ("schema", drop("schema")),
    ("kind", put("kind", value="cluster")),
    ("status", put("status", value="optimal")),
    ("status", put("status", value="unknown")),
    ("status", put("status", value="infeasible")),
    ("status", put("status", value="perfect")),
    ("status", put("status", value=["optimal"])),
    ("objective", put("objective", value=6.2)),
    ("objective", put("objective", value=5)),
    ("objective", put("objective", value=None)),
    ("objective", put("objective", value="6.25")),
    ("objective", put("objective", value=True)),
    ("objective", put("objective", value=float("nan"))),
    ("objective", put("objective", value=10**400)),
    ("objective", drop("objective")),
    ("bound", put("bound", value=4)),
    ("bound", put("bound", value=7)),
    ("bound", put("bound", value=None)),
    ("bound", put("levels", 0, "bound", value=6)),
    ("bound", put("levels", 1, "bound", value=7)),
    ("bound", put("levels", 1, "bound", value="5")),
    ("bound", put("levels", 1, "bound", value=4)),
    ("bound", drop("levels", 1, "bound")),
    ("objective", put("levels", 0, "bound", value=4)),
    ("gap", put("gap", value=0.0)),
    ("gap", put("gap", value=0.21)),
    ("gap", put("gap", value=None)),
    ("gap", put("gap", value=[])),
    ("levels", put("levels", 0, "value", value=4)),
    ("levels", put("levels", 1, "value", value=6)),
    ("levels", put("levels", 0, "terms", "makespan", value=4)),
    ("levels", put("levels", 0, "terms", "flow", value=11)),
    ("levels", put("levels", 1, "terms", "cost", value=0.6)),
    ("levels", drop("levels", 1, "terms", "cost")),
    ("levels", put("levels", 0, "terms", value=None)),
    ("levels", put("levels", 0, value=5)),
    ("levels", put("levels", value=None)),
    ("levels", drop("levels", 0)),
    ("terms", put("terms", "makespan", value=4)),
    ("terms", put("terms", "tardiness", value=2)),
    ("terms", put("terms", "tardy", value=2)),
    ("terms", put("terms", "flow", value=10)),
    ("terms", put("terms", "cost", value=0.6)),
    ("terms", put("terms", "makespan", value=5.5)),
    ("terms", put("terms", "speed", value=1)),
    ("terms", drop("terms", "flow")),
    ("terms", put("terms", value=[])),
    ("solution", put("solution", value={})),
    ("solution", put("solution", value=None)),
    ("solution", put("solution", value=[])),
    ("done-and-unscheduled", put("solution", "unscheduled", value=["y"])),
    ("unknown-task", put("solution", "unscheduled", value=["z"])),
    ("malformed", put("solution", "unscheduled", value="y")),
    ("malformed", put("solution", "unscheduled", value=[7])),
    ("solution", put("solution", "parts", value=[])),
    ("malformed", put("solution", "assignments", value=7)),
    ("malformed", put("solution", "assignments", 0, value=None)),
    ("duration", put("solution", "assignments", 1, "end", value=6)),
    ("duration", put("solution", "assignments", 0, "start", value=1)),
    ("precedence-FS", put("solution", "assignments", 1, value=row("y", 2, 4))),
    ("unknown-agent", put("solution", "assignments", 1, "agents", value=["b"])),
    ("unknown-mode", put("solution", "assignments", 1, "mode", value="m")),
    ("missing-task", drop("solution", "assignments", 1)),
    ("duplicate-task", put("solution", "assignments", 1, "task", value="x")),
    ("unknown-task", put("solution", "assignments", 1, "task", value="z")),
    ("violations", put("violations", value=[{"constraint": "slots"}])),
    ("violations", drop("violations")),
    ("attempts", put("attempts", value=None)),
    ("attempts", put("attempts", value=[3])),
    ("compiled", put("compiled", "penalty", value=1)),
    ("compiled", put("compiled", "energy", value=7)),
    ("compiled", put("compiled", value="qubo")),
    ("provenance", put("provenance", "spec_sha256", value="0" * 64)),
    ("provenance", put("provenance", "tables", value={"tasks.csv": "0" * 64})),
    ("provenance", put("provenance", "tables", value=[])),
    ("provenance", put("provenance", value=None)),
    ("provenance", drop("provenance")),
]


@pytest.mark.parametrize(("kind", "alter"), ALTERED, ids=[alter.__name__ for _, alter in ALTERED])
def test_every_alteration_is_found(spec: ScheduleSpec, kind: str, alter: Callable[[Result], None]) -> None:
    """One field altered alone gives a discrepancy of its kind."""
    result = copy.deepcopy(result_of(spec))
    alter(result)
    assert kind in kinds(result, spec)


@pytest.mark.parametrize("thing", [None, [], "x", 3])
def test_a_result_that_is_no_mapping_is_malformed(spec: ScheduleSpec, thing: Any) -> None:
    """Anything may stand in a file."""
    assert kinds(thing, spec) == {"malformed"}


def test_the_empty_result_is_no_result(spec: ScheduleSpec) -> None:
    """Everything that is missing is said."""
    assert kinds({}, spec) == {"schema", "kind", "status", "provenance", "solution", "levels"}


def one_level(spec: ScheduleSpec, **rest: Any) -> Result:
    """A proved result of the spec with the makespan alone."""
    result = result_of(spec)
    result["levels"] = [{"terms": {"makespan": 5}, "value": 5, "bound": 5}]
    return result | {"objective": 5, "bound": 5, "gap": 0, "status": "optimal", "attempts": [], **rest}


@pytest.fixture
def plain() -> ScheduleSpec:
    """The same tasks, makespan alone."""
    return schedule_from_data(DATA | {"objective": {"makespan": 1}})


def test_proofs_and_status_go_together(plain: ScheduleSpec) -> None:
    """Optimal needs every level proved, and what is proved is optimal; an interrupted run may be either."""
    assert kinds(one_level(plain), plain) == set()
    assert kinds(one_level(plain, status="feasible"), plain) == {"status"}
    assert kinds(one_level(plain, status="interrupted"), plain) == set()
    for bound, gap in ((4, 0.2), (None, None)):
        loose = one_level(plain, bound=bound, gap=gap)
        loose["levels"][0]["bound"] = bound
        assert kinds(loose, plain) == {"status"}
        assert kinds(loose | {"status": "feasible"}, plain) == set()


def test_terms_of_weight_zero_may_be_left_out() -> None:
    """A level need not list a term that does not count in it; where it does, the figure must hold."""
    spec = schedule_from_data(DATA | {"objective": {"makespan": 1, "flow": 0}})
    result = one_level(spec)
    assert kinds(result, spec) == set()
    result["levels"][0]["terms"]["flow"] = 11
    assert kinds(result, spec) == set()
    result["levels"][0]["terms"]["flow"] = 12
    assert kinds(result, spec) == {"levels"}


def test_no_engine_may_claim_more_than_the_answer(plain: ScheduleSpec) -> None:
    """An attempt better than the answer, or with a bound above it, contradicts the answer."""
    by = one_level(plain)["solved_by"]
    fine = {"backend": by, "status": "optimal", "objective": 5, "bound": 5}
    assert kinds(one_level(plain, attempts=[fine, {"objective": None, "bound": None}]), plain) == set()
    assert kinds(one_level(plain, attempts=[fine | {"backend": "another"}]), plain) == {"attempts"}
    assert kinds(one_level(plain, attempts=[fine | {"objective": 4}]), plain) == {"attempts"}
    assert kinds(one_level(plain, attempts=[fine | {"objective": 9, "bound": 6}]), plain) == {"attempts"}


def test_energies_at_coarse_slots_are_those_of_another_schedule(plain: ScheduleSpec) -> None:
    """With `slot` or `max_variables` the encoded schedule is the slot-rounded one; its penalty is still zero."""
    coarse = one_level(plain, compiled={"energy": 8, "penalty": 0})
    assert kinds(coarse, plain) == {"compiled"}
    coarse["provenance"]["options"] = {"slot": 4}
    assert kinds(coarse, plain) == set()
    coarse["compiled"]["penalty"] = 2
    assert kinds(coarse, plain) == {"compiled"}
    assert kinds(one_level(plain, compiled=None), plain) == set()


NOTHING = {"objective": None, "bound": None, "gap": None, "levels": [], "terms": {}, "solution": {}, "compiled": None}


@pytest.mark.parametrize("status", ["infeasible", "unknown", "interrupted"])
def test_without_a_schedule_there_are_no_figures(spec: ScheduleSpec, status: str) -> None:
    """A result without a schedule holds no objective, gap, terms or violations."""
    empty = result_of(spec) | NOTHING | {"status": status}
    assert kinds(empty, spec) == set()
    assert kinds(empty | {"levels": None, "terms": None, "solution": None, "bound": 5}, spec) == set()
    assert kinds(empty | {"objective": 5}, spec) == {"objective"}
    assert kinds(empty | {"gap": 0}, spec) == {"gap"}
    assert kinds(empty | {"bound": "low"}, spec) == {"bound"}
    assert kinds(empty | {"terms": {"makespan": 5}}, spec) == {"terms"}
    assert kinds(empty | {"levels": [{"value": 5, "bound": None}]}, spec) == {"levels"}
    assert kinds(empty | {"levels": [{"value": None, "bound": 3}]}, spec) == set()
    assert kinds(empty | {"violations": [{}]}, spec) == {"violations"}
    if status != "interrupted":
        assert kinds(empty | {"solution": {"assignments": [], "unscheduled": []}}, spec) == set()
        assert kinds(empty | {"solution": {"assignments": [], "unscheduled": ["x"]}}, spec) == {"solution"}
    assert "solution" in kinds(empty | {"status": "feasible"}, spec)


def test_large_results_keep_their_rows_in_a_table(spec: ScheduleSpec, tmp_path: Path) -> None:
    """Assignments beside the result are read and checked like those inside it."""
    result = result_of(spec)
    result["solution"]["assignments"] = {"table": "assignments.csv"}
    table = tmp_path / "assignments.csv"
    assert kinds(result, spec, tmp_path) >= {"solution"}  # not there yet
    table.write_text("task,agents,mode,start,end,segments\nx,a,,0,3,\ny,a,,3.0,5,\n")
    assert kinds(result, spec, tmp_path) == set()
    assert "solution" in kinds(result, spec)
    result["solution"]["assignments"]["sha256"] = hashlib.sha256(table.read_bytes()).hexdigest()
    assert kinds(result, spec, tmp_path) == set()
    result["solution"]["assignments"]["sha256"] = "0" * 64
    assert "solution" in kinds(result, spec, tmp_path)
    del result["solution"]["assignments"]["sha256"]
    for text, kind in (
        ("task,agents,mode,start,end\nx,a,,0,3\ny,a,,2,4\n", "precedence-FS"),
        ("task,agents,mode,start,end\nx,a,,0,3\ny,a,,2\n", "malformed"),
        ("task,agents,mode,start,end\nx,a,,0,3\ny,a,,2,4,5\n", "malformed"),
        ("task,agents,mode,start,end\nx,a,,0,3\ny,a,,soon,4\n", "malformed"),
        ("task,agents,mode,start,end\nx,,,0,3\ny,a,,3,5\n", "agent-missing"),
        ("task,agents,mode,start,end\nx,a|a,,0,3\ny,a,,3,5\n", "agent-twice"),
        ("task,agents,mode,start,end\nx,a,m,0,3\ny,a,,3,5\n", "unknown-mode"),
        ('task,agents,mode,start,end\nx,"a"a,,0,3\n', "solution"),
        ("", "missing-task"),
    ):
        table.write_text(text)
        assert kind in kinds(result, spec, tmp_path)
    table.write_bytes(b"\xff\xfe\x00")
    assert "solution" in kinds(result, spec, tmp_path)


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/hostname", 7, None, "", "\0"])
def test_tables_outside_the_folder_are_not_read(spec: ScheduleSpec, tmp_path: Path, name: Any) -> None:
    """A result can't point to other files."""
    (tmp_path / "run").mkdir()
    (tmp_path / "secret.csv").write_text("task,agents,mode,start,end\nx,a,,0,3\ny,a,,3,5\n")
    result = result_of(spec)
    result["solution"]["assignments"] = {"table": name}
    assert "solution" in kinds(result, spec, tmp_path / "run")


def test_side_tables_of_the_spec_are_part_of_it(tmp_path: Path) -> None:
    """The result names the hash of every table that the spec was read from."""
    (tmp_path / "tasks.csv").write_text("id,duration\nx,3\n")
    (tmp_path / "spec.yaml").write_text("kind: schedule\nversion: 1\ntasks: {table: tasks.csv}\n")
    spec = load_schedule(tmp_path / "spec.yaml")
    (name, (_, sha256)), *_ = spec.source.tables.items()
    rows = [{"task": "x", "agents": [], "mode": None, "start": 0, "end": 3, "segments": None}]
    result = one_level(spec, objective=3, bound=3, terms=check_schedule(spec, rows).terms, compiled=None)
    result["levels"] = [{"terms": {"makespan": 3}, "value": 3, "bound": 3}]
    result["solution"]["assignments"] = rows
    result["provenance"]["tables"] = {name: sha256}
    assert kinds(result, spec) == set()
    result["provenance"]["tables"] = {}
    assert kinds(result, spec) == {"provenance"}


def test_of_many_violations_the_rest_is_counted() -> None:
    """The list of discrepancies stays short."""
    n = 300
    spec = schedule_from_data(
        {"kind": "schedule", "version": 1, "tasks": [{"id": f"t{k}", "duration": 1} for k in range(n)]}
    )
    rows = [{"task": f"t{k}", "agents": [], "mode": None, "start": 0, "end": 2} for k in range(n)]
    found = [d for d in check_result({"solution": {"assignments": rows}}, spec) if d.kind == "duration"]
    assert len(found) == 101
    assert found[-1].text == "and 200 more of this kind"
