"""What a result file says of an assignment: rows, figures of clusters, moves, and the table beside it."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec, solution_of

from qamctl import result as results
from qamctl.cluster.check import check_columns, check_result
from qamctl.cluster.result import MOST_ROWS, Step, assignment_rows, cluster_rows, to_block
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import ClusterSpec
from qamctl.levels import prove


def block(
    spec: ClusterSpec, solution: Solution, steps: list[Step] | None = None, blocked: list[int] | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    report = check_columns(spec, solution.cluster, solution.devices)
    return to_block(spec, solution, report, steps or [], blocked or [])


def whole(
    spec: ClusterSpec, solution: Solution, steps: list[Step], most_rows: int = MOST_ROWS
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A result file around the block, with nothing but the answer known."""
    report = check_columns(spec, solution.cluster, solution.devices)
    found, tables = to_block(spec, solution, report, steps, [], most_rows=most_rows)
    file = results.build_result(
        "cluster", spec.objective, run="r", status="feasible", solution=found, report=report,
        proof=prove(report.levels, (), (None,) * len(report.levels)), solved_by=None, fallback=None, attempts=(),
        reasons=(), compiled=None, provenance={"spec_sha256": spec.source.sha256, "tables": {}},
    )  # fmt: skip
    return file, tables


@pytest.fixture
def nested() -> ClusterSpec:
    """Two leaves inside `eu`, one beside it; quantities with decimals."""
    return make_spec(
        resources=[{"id": "gpu", "device": 0.5}],
        agents=[
            {"id": "a", "demand": {"cpu": 1.25, "gpu": 1}, "cluster": "x"},
            {"id": "b", "demand": {"cpu": 2}, "cluster": "y"},
            {"id": "c", "demand": {"gpu": 0.25}, "optional": True},
        ],
        clusters=[
            {"id": "x", "parent": "eu", "capacity": {"cpu": 4, "gpu": 2}, "safe": {"cpu": 1.5}},
            {"id": "y", "parent": "eu", "capacity": {"cpu": 3, "gpu": 0}},
            {"id": "z", "capacity": {"cpu": 3}},
            "eu",
        ],
        links=[("a", "b")],
    )


def test_rows_of_agents(nested: ClusterSpec) -> None:
    """Cluster by id, null for one left out; devices where the spec has some, those that are taken."""
    solution = solution_of(nested, ["x", "y", None], {"a": {"gpu": [1, 2]}})
    assert list(assignment_rows(nested, solution)) == [
        {"agent": "a", "cluster": "x", "devices": {"gpu": [1, 2]}},
        {"agent": "b", "cluster": "y", "devices": {}},
        {"agent": "c", "cluster": None, "devices": {}},
    ]
    plain = make_spec(agents=["a"], clusters=["x"])
    assert list(assignment_rows(plain, solution_of(plain, ["x"]))) == [{"agent": "a", "cluster": "x"}]


def test_rows_of_clusters(nested: ClusterSpec) -> None:
    """Every cluster with size and use, inner ones too; limits name the limited resources alone."""
    solution = solution_of(nested, ["x", "y", "x"], {"a": {"gpu": [0, 1]}, "c": {"gpu": [2]}})
    rows = cluster_rows(nested, check_columns(nested, solution.cluster, solution.devices))
    assert rows == [
        {"id": "x", "parent": "eu", "size": 2, "use": {"gpu": 1.25, "cpu": 1.25}, "capacity": {"gpu": 2, "cpu": 4},
         "safe": {"cpu": 1.5}},
        {"id": "y", "parent": "eu", "size": 1, "use": {"gpu": 0, "cpu": 2}, "capacity": {"gpu": 0, "cpu": 3},
         "safe": {}},
        {"id": "z", "parent": None, "size": 0, "use": {"gpu": 0, "cpu": 0}, "capacity": {"gpu": 0, "cpu": 3},
         "safe": {}},
        {"id": "eu", "parent": None, "size": 3, "use": {"gpu": 1.25, "cpu": 3.25}, "capacity": {}, "safe": {}},
    ]  # fmt: skip


def test_empty_clusters_of_a_free_number_are_left_out() -> None:
    """Where the number of clusters is part of the answer only those in use are listed."""
    spec = make_spec(agents=3, clusters=3, elastic=True, target=2)
    found, _ = block(spec, solution_of(spec, ["c2", "c0", "c2"]))
    assert [row["id"] for row in found["clusters"]] == ["c0", "c2"]


def test_moves_count_their_steps(nested: ClusterSpec) -> None:
    """Steps from 1, ids in place of rows, null for nowhere; blocked agents by id."""
    x, y, z = 0, 1, 2
    solution = solution_of(nested, ["y", "z", "x"], {"c": {"gpu": [0]}})
    found, _ = block(nested, solution, [(1, y, z), (2, -1, x), (2, x, -1)], [0])
    assert found["moves"] == [
        {"step": 1, "agent": "b", "from": "y", "to": "z"},
        {"step": 2, "agent": "c", "from": None, "to": "x"},
        {"step": 3, "agent": "c", "from": "x", "to": None},
    ]
    assert found["blocked"] == ["a"]


def test_the_checker_takes_it(nested: ClusterSpec) -> None:
    """Every figure of the block holds; a wrong one does not."""
    solution = solution_of(nested, ["x", "z", "x"], {"a": {"gpu": [0, 1]}, "c": {"gpu": [3]}})
    file, _ = whole(nested, solution, [(1, 1, 2), (2, -1, 0)])
    assert check_result(file, nested) == []
    file["solution"]["clusters"][0]["use"]["gpu"] = 1
    assert [found.kind for found in check_result(file, nested)] == ["clusters"]


def test_very_many_rows_are_a_table(nested: ClusterSpec, tmp_path: Path) -> None:
    """Beyond the limit the rows are in a CSV file with its hash in the result, which the checker reads."""
    solution = solution_of(nested, ["x", "y", None], {"a": {"gpu": [0, 3]}})
    file, tables = whole(nested, solution, [], most_rows=2)
    data = tables["assignments.csv"]
    assert file["solution"]["assignments"] == {
        "table": "assignments.csv", "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip
    assert data.decode() == "agent,cluster,devices\na,x,gpu=0/3\nb,y,\nc,,\n"
    (tmp_path / "assignments.csv").write_bytes(data)
    assert check_result(file, nested, tmp_path) == []


def test_the_limit_is_that_of_the_contract() -> None:
    """50,000 rows stand in the result, one more does not; ids keep their commas and quotes."""
    agents = ['the "first", in quotes', *(f"a{k}" for k in range(MOST_ROWS - 1))]
    spec = make_spec(agents=agents, clusters=["x"])
    solution = Solution(np.zeros(MOST_ROWS, np.int32), np.zeros((MOST_ROWS, 0), np.int64))
    found, tables = block(spec, solution)
    assert (len(found["assignments"]), tables) == (50_000, {})
    spec = make_spec(agents=[*agents, "last"], clusters=["x"])
    solution = Solution(np.zeros(MOST_ROWS + 1, np.int32), np.zeros((MOST_ROWS + 1, 0), np.int64))
    found, tables = block(spec, solution)
    rows = list(csv.DictReader(io.StringIO(tables["assignments.csv"].decode())))
    assert [row["agent"] for row in rows] == list(spec.agents.ids)
