"""`qamctl check` on results of cluster specs: what holds, what does not, and what can't be read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from support.command_line import Run

SPEC = """\
kind: cluster
version: 1
resources: [{id: cpu}]
agents:
  - {id: a, demand: {cpu: 1.5}, cluster: x}
  - {id: b, demand: {cpu: 2}, cluster: x}
clusters:
  - {id: x, capacity: {cpu: 3}}
  - {id: y, capacity: {cpu: 3}}
links:
  - {a: a, b: b, weight: 0.1}
objective: {cut: 1, move: 1}
"""


@pytest.fixture
def result(room: Path) -> dict[str, Any]:
    """The spec in `two-clusters.yaml`, and its best answer in `r.json`: b moves to y, because x is too small."""
    (room / "two-clusters.yaml").write_text(SPEC)
    clusters = [
        {"id": "x", "parent": None, "size": 1, "use": {"cpu": 1.5}, "capacity": {"cpu": 3}, "safe": {}},
        {"id": "y", "parent": None, "size": 1, "use": {"cpu": 2}, "capacity": {"cpu": 3}, "safe": {}},
    ]
    terms = {"cut": 0.1, "load": 0, "balance": 0, "move": 1, "cost": 0, "spread": 0, "unplaced": 0}
    data: dict[str, Any] = {
        "schema": "qamctl/result/1",
        "kind": "cluster",
        "status": "optimal",
        "objective": 1.1,
        "bound": 1.1,
        "gap": 0,
        "levels": [{"terms": {"cut": 0.1, "move": 1}, "value": 1.1, "bound": 1.1}],
        "terms": terms,
        "solution": {
            "assignments": [{"agent": "a", "cluster": "x"}, {"agent": "b", "cluster": "y"}],
            "clusters": clusters,
            "moves": [{"step": 1, "agent": "b", "from": "x", "to": "y"}],
            "blocked": [],
        },
        "violations": [],
        "attempts": [],
        "provenance": {"spec_sha256": hashlib.sha256(SPEC.encode()).hexdigest(), "tables": {}},
    }
    (room / "r.json").write_text(json.dumps(data))
    return data


def test_a_sound_result_holds(run: Run, result: dict[str, Any]) -> None:
    """Every figure is recomputed from the problem file (0)."""
    ran = run("check", "r.json", "two-clusters.yaml")
    assert (ran.code, ran.out) == (0, "r.json: every figure and constraint holds\n")


def test_a_wrong_figure_is_named(run: Run, room: Path, result: dict[str, Any]) -> None:
    """A result that was changed fails its check (9), and the figure is told with what is right."""
    result["solution"]["clusters"][0]["use"]["cpu"] = 2
    (room / "r.json").write_text(json.dumps(result))
    ran = run("check", "r.json", "two-clusters.yaml", "-o", "json")
    assert ran.code == 9
    assert ran.json["discrepancies"] == [
        "clusters: solution.clusters[0].use: cluster x: cpu is 2, 1.5 is right"
    ]  # fmt: skip


def test_a_broken_constraint_is_named(run: Run, room: Path, result: dict[str, Any]) -> None:
    """An assignment that does not fit fails its check (9)."""
    result["solution"]["assignments"][1]["cluster"] = "x"
    (room / "r.json").write_text(json.dumps(result))
    ran = run("check", "r.json", "two-clusters.yaml", "-o", "json")
    assert ran.code == 9
    assert ran.json["discrepancies"][0] == (
        "capacity: solution.assignments: cluster x: 3.5 of cpu used, 0.5 more than its capacity, 3 (a, b)"
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"kind": "cluster", "objective": ' + "9" * 5000 + "}"])
def test_what_is_no_result_file_is_an_error(run: Run, room: Path, result: dict[str, Any], text: str) -> None:
    """A file that can't be read as a result is not checked (3)."""
    (room / "r.json").write_text(text)
    assert run("check", "r.json", "two-clusters.yaml").code == 3
    assert run("check", "nowhere.json", "two-clusters.yaml").code == 3


@pytest.mark.parametrize("text", ["{}", '{"kind": "schedule"}', '{"solution": {"assignments": [[]], "moves": 3}}'])
def test_a_result_that_says_nothing_does_not_hold(
    run: Run, room: Path, result: dict[str, Any], text: str
) -> None:  # fmt: skip
    """JSON of another shape is a result that is wrong everywhere (9)."""
    (room / "r.json").write_text(text)
    assert run("check", "r.json", "two-clusters.yaml").code == 9
