"""A result file in which any figure or statement was altered alone is found out."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster.specs import make_spec

from qamctl.cluster.check import DISCREPANCIES, check_assignments, check_moves, check_result
from qamctl.cluster.spec import ClusterSpec
from qamctl.spec.source import Source

Result = dict[str, Any]


def make(**rest: Any) -> ClusterSpec:
    """Two levels; x and y inside eu, z outside; only x has devices."""
    parts: dict[str, Any] = {
        "resources": ["cpu", {"id": "gpu", "device": 10}],
        "agents": [
            {"id": "a", "demand": {"cpu": 1.5, "gpu": 10}, "cluster": "x", "move_cost": 2},
            {"id": "b", "demand": {"cpu": 2}, "cluster": "y"},
            {"id": "c", "demand": {"cpu": 1}, "optional": True, "reward": 3},
        ],
        "clusters": [
            {"id": "x", "capacity": {"cpu": 4, "gpu": 20}, "parent": "eu"},
            {"id": "y", "capacity": {"cpu": 4}, "safe": {"cpu": 1.5}, "parent": "eu"},
            {"id": "z", "capacity": {"cpu": 2}, "cost": 4},
            {"id": "eu", "safe": {"cpu": 3}},
        ],
        "links": [("a", "b", 2), ("b", "c", 0.5)],
        "objective": [{"cut": 1, "move": 1}, {"load": 2, "cost": 0.5}],
    }
    return make_spec(**(parts | rest))


@pytest.fixture
def spec() -> ClusterSpec:
    """The problem of this file."""
    return make()


def result_of(spec: ClusterSpec) -> Result:
    """a stays in x, b joins it, c is placed in z: the first level is proved, the second is not."""
    return {
        "schema": "qamctl/result/1",
        "kind": "cluster",
        "run": "20261120T200000Z-three-1a2b3c4d",
        "status": "feasible",
        "objective": 3,
        "bound": 2,
        "gap": 1 / 3,
        "levels": [
            {"terms": {"cut": 0.5, "move": 1}, "value": 1.5, "bound": 1.5},
            {"terms": {"load": 0.5, "cost": 4}, "value": 3, "bound": 2},
        ],
        "terms": {"cut": 0.5, "load": 0.5, "balance": 0, "move": 1, "cost": 4, "spread": 0, "unplaced": 0},
        "solution": {
            "assignments": [
                {"agent": "a", "cluster": "x", "devices": {"gpu": [1]}},
                {"agent": "b", "cluster": "x", "devices": {}},
                {"agent": "c", "cluster": "z"},
            ],
            "clusters": [
                {
                    "id": "x",
                    "parent": "eu",
                    "size": 2,
                    "use": {"cpu": 3.5, "gpu": 10},
                    "capacity": {"cpu": 4, "gpu": 20},
                    "safe": {},
                },
                {
                    "id": "y",
                    "parent": "eu",
                    "size": 0,
                    "use": {"cpu": 0, "gpu": 0},
                    "capacity": {"cpu": 4, "gpu": 0},
                    "safe": {"cpu": 1.5},
                },
                {"id": "z", "parent": None, "size": 1, "use": {"cpu": 1}, "capacity": {"cpu": 2, "gpu": 0}, "safe": {}},
                {"id": "eu", "size": 2, "use": {"cpu": 3.5, "gpu": 10}, "capacity": {}, "safe": {"cpu": 3}},
            ],
            "moves": [
                {"step": 1, "agent": "c", "from": None, "to": "z"},
                {"step": 2, "agent": "b", "from": "y", "to": "x"},
            ],
            "blocked": [],
        },
        "violations": [],
        "reasons": [],
        "solved_by": "assignment",
        "fallback": None,
        "attempts": [{"backend": "assignment", "status": "feasible", "objective": 3, "bound": 2}],
        "compiled": {"kind": "qubo", "scope": "whole", "variables": 8, "energy": 1.5, "penalty": 0},
        "provenance": {"spec_sha256": spec.source.sha256, "tables": {}, "seed": 0, "options": {}},
    }


def kinds(result: Any, spec: ClusterSpec, folder: Path | None = None) -> set[str]:
    """The kinds of discrepancy, each of them one of the public list."""
    found = check_result(result, spec, folder)
    assert all(d.text and d.field and str(d).startswith(f"{d.kind}: {d.field}: ") for d in found)
    assert {d.kind for d in found} <= set(DISCREPANCIES)
    return {d.kind for d in found}


def test_a_true_result_holds(spec: ClusterSpec) -> None:
    """Nothing is found where nothing is wrong, also after a round through JSON."""
    result = result_of(spec)
    assert check_result(result, spec) == []
    assert check_result(json.loads(json.dumps(result)), spec) == []
    result["solution"]["clusters"].reverse()
    result["solution"]["assignments"].reverse()
    del result["solution"]["blocked"]
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


def numbers(thing: Any, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The way to every number inside."""
    if isinstance(thing, dict | list):
        for key, value in thing.items() if isinstance(thing, dict) else enumerate(thing):
            yield from numbers(value, *path, key)
    elif isinstance(thing, int | float) and not isinstance(thing, bool):
        yield path, thing


EVERYWHERE = result_of(make())
FIGURES = [
    (path, value)
    for part in ("objective", "bound", "gap", "levels", "terms", "solution")
    for path, value in numbers(EVERYWHERE[part], part)
    if "devices" not in path  # which device is a choice
]


@pytest.mark.parametrize(("path", "value"), FIGURES, ids=[".".join(map(str, path)) for path, _ in FIGURES])
def test_no_figure_can_be_altered(spec: ClusterSpec, path: tuple[str | int, ...], value: float) -> None:
    """Every number of the result, a little greater or smaller, is noticed."""
    others: list[Any] = [value + 1, value - 1, value + 1e-6, None, str(value), [], float("nan")]
    for other in others:
        result = copy.deepcopy(EVERYWHERE)
        put(*path, value=other)(result)
        assert kinds(result, spec), f"{path} is {other}"


SOLUTION: list[tuple[str, Callable[[Result], None]]] = [
    ("solution", put("solution", value={})),
    ("solution", put("solution", value=None)),
    ("solution", put("solution", value=[])),
    ("solution", put("solution", "unscheduled", value=[])),
    ("malformed", put("solution", "assignments", value=7)),
    ("malformed", put("solution", "assignments", 0, value=None)),
    ("malformed", put("solution", "assignments", 0, "start", value=0)),
    ("unknown-cluster", put("solution", "assignments", 0, "cluster", value="w")),
    ("inner-cluster", put("solution", "assignments", 0, "cluster", value="eu")),
    ("unplaced", put("solution", "assignments", 1, "cluster", value=None)),
    ("capacity", put("solution", "assignments", 0, "cluster", value="y")),
    ("devices", put("solution", "assignments", 0, "devices", value={"gpu": [2]})),
    ("devices", drop("solution", "assignments", 0, "devices")),
    ("missing-agent", drop("solution", "assignments", 1)),
    ("duplicate-agent", put("solution", "assignments", 1, "agent", value="a")),
    ("unknown-agent", put("solution", "assignments", 1, "agent", value="d")),
    ("clusters", put("solution", "assignments", 1, "cluster", value="y")),
    ("blocked", put("solution", "assignments", 1, "cluster", value="y")),
    ("clusters", drop("solution", "clusters")),
    ("clusters", put("solution", "clusters", value={})),
    ("clusters", drop("solution", "clusters", 3)),
    ("clusters", put("solution", "clusters", 3, value="eu")),
    ("clusters", put("solution", "clusters", 3, "id", value="us")),
    ("clusters", put("solution", "clusters", 3, "id", value=None)),
    ("clusters", put("solution", "clusters", 3, "id", value="x")),
    ("clusters", put("solution", "clusters", 3, "parent", value="x")),
    ("clusters", put("solution", "clusters", 0, "parent", value=None)),
    ("clusters", drop("solution", "clusters", 0, "parent")),
    ("clusters", put("solution", "clusters", 0, "labels", value={})),
    ("clusters", drop("solution", "clusters", 0, "size")),
    ("clusters", drop("solution", "clusters", 0, "use")),
    ("clusters", drop("solution", "clusters", 0, "use", "cpu")),
    ("clusters", put("solution", "clusters", 0, "use", value=[])),
    ("clusters", put("solution", "clusters", 0, "use", "ram", value=0)),
    ("clusters", drop("solution", "clusters", 0, "capacity")),
    ("clusters", drop("solution", "clusters", 0, "capacity", "cpu")),
    ("clusters", put("solution", "clusters", 3, "capacity", "cpu", value=9)),
    ("clusters", put("solution", "clusters", 3, "capacity", "cpu", value=None)),
    ("clusters", put("solution", "clusters", 3, "capacity", "cpu", value=2**62)),
    ("clusters", drop("solution", "clusters", 1, "safe")),
    ("clusters", put("solution", "clusters", 0, "safe", "cpu", value=3)),
    ("blocked", put("solution", "moves", value=[])),
    ("blocked", put("solution", "moves", value=None)),
    ("blocked", drop("solution", "moves")),
    ("blocked", drop("solution", "moves", 1)),
    ("step", put("solution", "moves", value="none")),
    ("step", put("solution", "moves", 0, value=None)),
    ("step", put("solution", "moves", 0, "step", value=2)),
    ("step", put("solution", "moves", 0, "agent", value="d")),
    ("step-from", put("solution", "moves", 0, "from", value="x")),
    ("step-to", put("solution", "moves", 0, "to", value="w")),
    ("step-to", put("solution", "moves", 0, "to", value=None)),
    ("step-blocked", put("solution", "moves", 0, "to", value="y")),
    ("blocked", put("solution", "blocked", value=["a"])),
    ("blocked", put("solution", "blocked", value=["nobody"])),
    ("blocked", put("solution", "blocked", value="a")),
    ("blocked", put("solution", "blocked", value=[3])),
]

STATED: list[tuple[str, Callable[[Result], None]]] = [
    ("schema", put("schema", value="qamctl/result/2")),
    ("kind", put("kind", value="schedule")),
    ("status", put("status", value="optimal")),
    ("status", put("status", value="infeasible")),
    ("status", put("status", value="perfect")),
    ("objective", put("objective", value=1.5)),
    ("objective", drop("objective")),
    ("bound", put("levels", 1, "bound", value=4)),
    ("bound", put("bound", value=3)),
    ("objective", put("levels", 0, "bound", value=1)),
    ("gap", put("gap", value=0.33)),
    ("levels", put("levels", 0, "terms", "load", value=0.5)),
    ("levels", drop("levels", 1, "terms", "cost")),
    ("levels", drop("levels", 0)),
    ("terms", put("terms", "makespan", value=1)),
    ("terms", drop("terms", "unplaced")),
    ("violations", put("violations", value=[{"constraint": "capacity"}])),
    ("attempts", put("attempts", value=None)),
    ("attempts", put("solved_by", value="somebody")),
    ("compiled", put("compiled", "penalty", value=1)),
    ("compiled", put("compiled", "energy", value=2)),
    ("provenance", put("provenance", "spec_sha256", value="1" * 64)),
    ("provenance", put("provenance", "tables", value={"agents.csv": "0" * 64})),
]

ALTERED = [*SOLUTION, *STATED]


@pytest.mark.parametrize(("kind", "alter"), ALTERED, ids=[alter.__name__ for _, alter in ALTERED])
def test_every_alteration_is_found(spec: ClusterSpec, kind: str, alter: Callable[[Result], None]) -> None:
    """One field altered alone gives a discrepancy of its kind."""
    result = copy.deepcopy(result_of(spec))
    alter(result)
    assert kind in kinds(result, spec)


def test_the_sentences_say_which_figure_is_wrong(spec: ClusterSpec) -> None:
    """Each has the way to the figure, what it is, and what is right."""
    result = result_of(spec)
    result["terms"]["cut"] = 2
    clusters = result["solution"]["clusters"]
    clusters[0]["use"]["cpu"], clusters[1]["size"], clusters[2]["parent"] = 3, 1, "eu"
    clusters[3]["capacity"]["gpu"] = 30
    result["solution"]["blocked"] = ["a", "a"]
    assert [str(d) for d in check_result(result, spec)] == [
        "clusters: solution.clusters[0].use: cluster x: cpu is 3, 3.5 is right",
        "clusters: solution.clusters[1].size: cluster y: is 1, 0 is right",
        "clusters: solution.clusters[2].parent: cluster z: is 'eu', null is right",
        "clusters: solution.clusters[3].capacity: cluster eu: gpu is 30, no limit is right",
        "blocked: solution.blocked: names an agent twice",
        "blocked: solution.blocked: 'a': nothing remains to be done for them",
        "terms: terms.cut: is 2, 0.5 is right",
    ]


def test_agents_that_no_step_takes_along_are_blocked(spec: ClusterSpec) -> None:
    """Named as such, they make the list of moves whole."""
    result = result_of(spec)
    result["solution"]["moves"].pop()
    result["solution"]["blocked"] = ["b"]
    assert check_result(result, spec) == []
    result["solution"]["moves"] = []
    assert [d.text for d in check_result(result, spec)] == ["'c': no step takes them where the answer has them"]


def test_empty_clusters_are_left_out_where_their_number_is_free() -> None:
    """Only those in use are listed, and each of them."""
    spec = make_spec(agents=3, clusters=3, elastic=True, target=2)
    result = result_of(spec)
    rows = [{"agent": f"a{i}", "cluster": f"c{i // 2}"} for i in range(3)]
    used: list[dict[str, Any]] = [{"id": "c0", "size": 2}, {"id": "c1", "size": 1}]
    report = check_assignments(spec, rows)
    result |= {"terms": report.terms, "objective": 1, "bound": 1, "gap": 0, "status": "optimal", "compiled": None}
    result["levels"] = [{"terms": {"balance": 1}, "value": 1, "bound": 1}]
    result["attempts"] = [{"backend": "assignment", "objective": 2, "bound": None}]
    result["solution"] = {"assignments": rows, "clusters": used, "moves": [], "blocked": []}
    assert check_result(result, spec) == []
    result["solution"]["clusters"] = [*used, {"id": "c2", "size": 0}]
    assert [d.text for d in check_result(result, spec)] == ["cluster c2 is empty, and only clusters in use are listed"]
    result["solution"]["clusters"] = used[:1]
    assert [d.text for d in check_result(result, spec)] == ["cluster c1 is missing"]


def test_of_many_faulty_clusters_the_rest_is_counted() -> None:
    """The list of discrepancies stays short, however many clusters there are."""
    spec = make_spec(agents=0, clusters=250)
    found = [d for d in check_result({"solution": {"assignments": [], "clusters": []}}, spec) if d.kind == "clusters"]
    assert len(found) == 101
    assert found[-1].text == "and 150 more of this kind"
    spec = make_spec(agents=[{"id": f"a{i}", "cluster": "c0"} for i in range(9)], clusters=2)
    rows = [{"agent": f"a{i}", "cluster": "c1"} for i in range(9)]
    found = [d for d in check_result({"solution": {"assignments": rows}}, spec) if d.kind == "blocked"]
    assert [d.text for d in found] == [
        "'a0', 'a1', 'a2', 'a3', 'a4' and 4 more: no step takes them where the answer has them"
    ]


@pytest.mark.parametrize("thing", [None, [], "x", 3])
def test_a_result_that_is_no_mapping_is_malformed(spec: ClusterSpec, thing: Any) -> None:
    """Anything may stand in a file."""
    assert kinds(thing, spec) == {"malformed"}


def test_the_empty_result_is_no_result(spec: ClusterSpec) -> None:
    """Everything that is missing is said."""
    assert kinds({}, spec) == {"schema", "kind", "status", "provenance", "solution", "levels"}


NOTHING: Result = {
    "objective": None,
    "bound": None,
    "gap": None,
    "levels": [],
    "terms": {},
    "solution": {},
    "compiled": None,
}


@pytest.mark.parametrize("status", ["infeasible", "unknown", "interrupted"])
def test_without_an_assignment_there_are_no_figures(spec: ClusterSpec, status: str) -> None:
    """A result without an answer holds no objective, gap, terms, clusters or moves."""
    empty = result_of(spec) | NOTHING | {"status": status}
    assert kinds(empty, spec) == set()
    assert kinds(empty | {"levels": None, "terms": None, "solution": None, "bound": 5}, spec) == set()
    assert kinds(empty | {"objective": 5}, spec) == {"objective"}
    assert kinds(empty | {"terms": {"cut": 5}}, spec) == {"terms"}
    assert kinds(empty | {"violations": [{}]}, spec) == {"violations"}
    for part in ("clusters", "moves", "blocked"):
        assert kinds(empty | {"solution": {part: []}}, spec) == set()
        assert kinds(empty | {"solution": {part: ["x"]}}, spec) == {"solution"}
    assert "solution" in kinds(empty | {"status": "feasible"}, spec)


def beside(spec: ClusterSpec, folder: Path) -> tuple[Result, Path, Path]:
    """The result with its rows in tables, and the tables."""
    result = result_of(spec)
    result["solution"] |= {"assignments": {"table": "assignments.csv"}, "moves": {"table": "moves.csv"}}
    assignments, moves = folder / "assignments.csv", folder / "moves.csv"
    assignments.write_text("agent,cluster,devices\na,x,gpu=1\nb,x,\nc,z,\n")
    moves.write_text("step,agent,from,to\n1,c,,z\n2,b,y,x\n")
    return result, assignments, moves


def test_large_results_keep_their_rows_in_tables(spec: ClusterSpec, tmp_path: Path) -> None:
    """Assignments and moves beside the result are read and checked like those inside it."""
    result, assignments, moves = beside(spec, tmp_path)
    assert check_result(result, spec, tmp_path) == []
    assert kinds(result, spec) >= {"solution"}
    for part, file in (("assignments", assignments), ("moves", moves)):
        sound = file.read_bytes()
        given = result["solution"][part]
        given["sha256"] = hashlib.sha256(sound).hexdigest()
        assert check_result(result, spec, tmp_path) == []
        given["sha256"] = "0" * 64
        assert "solution" in kinds(result, spec, tmp_path)
        del given["sha256"]
        file.write_bytes(b"\xff\xfe\x00")
        assert "solution" in kinds(result, spec, tmp_path)
        file.unlink()
        assert "solution" in kinds(result, spec, tmp_path)
        file.write_bytes(sound)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("malformed", "agent,cluster\na\nb,x\nc,z\n"),
        ("malformed", "agent,cluster\na,x,9\nb,x\nc,z\n"),
        ("malformed", "agent,cluster,devices\na,x,gpu\nb,x,\nc,z,\n"),
        ("malformed", "agent,cluster,devices\na,x,gpu=one\nb,x,\nc,z,\n"),
        ("malformed", "agent,cluster,devices\na,x,gpu=1|gpu=0\nb,x,\nc,z,\n"),
        ("malformed", "agent,cluster,devices\na,x,gpu=1/1\nb,x,\nc,z,\n"),
        ("malformed", "agent,cluster,devices\na,x,gpu=\nb,x,\nc,z,\n"),
        ("malformed", "agent,cluster,devices\na,x,gpu=²\nb,x,\nc,z,\n"),
        ("devices", "agent,cluster,devices\na,x,gpu=0/1\nb,x,\nc,z,\n"),
        ("devices", "agent,cluster\na,x\nb,x\nc,z\n"),
        ("unplaced", "agent,cluster,devices\na,,\nb,x,\nc,z,\n"),
        ("missing-agent", ""),
        ("solution", 'agent,cluster\na,"x"x\n'),
    ],
)
def test_faulty_tables_of_assignments_are_named(spec: ClusterSpec, tmp_path: Path, kind: str, text: str) -> None:
    """What can't be read in a cell is said like anything else that a row may hold."""
    result, assignments, _ = beside(spec, tmp_path)
    assignments.write_text(text, encoding="utf-8")
    assert kind in kinds(result, spec, tmp_path)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("step", "step,agent,from,to\none,c,,z\n2,b,y,x\n"),
        ("step", "step,agent,from,to\n-1,c,,z\n2,b,y,x\n"),
        ("step", "agent,from,to\nc,,z\nb,y,x\n"),
        ("step", "step,agent,from,to\n1,c\n2,b,y,x\n"),
        ("step", "step,agent,from,to\n1,,,z\n2,b,y,x\n"),
        ("step-from", "step,agent,from,to\n1,c,x,z\n2,b,y,x\n"),
        ("step-to", "step,agent,from,to\n1,c,,z\n2,b,y,\n"),
        ("blocked", "step,agent,from,to\n"),
    ],
)
def test_faulty_tables_of_moves_are_named(spec: ClusterSpec, tmp_path: Path, kind: str, text: str) -> None:
    """A table of moves is replayed like a list."""
    result, _, moves = beside(spec, tmp_path)
    moves.write_text(text)
    assert kind in kinds(result, spec, tmp_path)


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/hostname", 7, None, "", "\0"])
def test_tables_outside_the_folder_are_not_read(spec: ClusterSpec, tmp_path: Path, name: Any) -> None:
    """A result can't point to other files."""
    (tmp_path / "run").mkdir()
    (tmp_path / "secret.csv").write_text("agent,cluster\na,x\nb,x\nc,z\n")
    result = result_of(spec)
    for part in ("assignments", "moves"):
        altered = copy.deepcopy(result)
        altered["solution"][part] = {"table": name}
        assert "solution" in kinds(altered, spec, tmp_path / "run")


def test_side_tables_of_the_spec_are_part_of_it(tmp_path: Path) -> None:
    """The result names the hash of every table that the spec was read from."""
    spec = make(source=Source("s.yaml", None, b"", "2" * 64, {"agents.csv": (tmp_path / "agents.csv", "3" * 64)}))
    result = result_of(spec)
    assert kinds(result, spec) == {"provenance"}
    result["provenance"]["tables"] = {"agents.csv": "3" * 64}
    assert kinds(result, spec) == set()


def test_rows_of_a_result_can_be_asked_one_by_one(spec: ClusterSpec) -> None:
    """Assignments and moves have their own verdicts, for whoever holds rows and no result."""
    solution = result_of(spec)["solution"]
    assert check_assignments(spec, solution["assignments"]).feasible
    assert check_moves(spec, solution["assignments"], solution["moves"]).violations == ()
