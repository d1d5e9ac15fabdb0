"""The importer of machine reassignment: every rule of the challenge, the cost of the present state, clean faults."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.cluster.check import check_columns
from qamctl.cluster.read import cluster_from_data
from qamctl.errors import SpecError
from qamctl.formats import read

#: Two resources (the second transient), three machines, two services, three processes, one balance cost.
MODEL = """\
2
0 10
1 20
3
0 1 100 50 80 40 0 5 0
1 0 60 30 60 30 7 0 0
1 1 90 45 70 35 0 3 0
2
2 1
1
1 0
3
0 12 3 9
0 10 4 8
1 5 6 0
1
0 1 2
15
1 11 111
"""
ASSIGNMENT = "0 1 1\n"


def imported(model: str = MODEL, assignment: str = ASSIGNMENT) -> dict[str, Any]:
    return read("roadef", model, name="a/model_x.txt", more=[("assignment_x.txt", assignment)])


def test_every_rule_has_its_field() -> None:
    """Capacities, safety, transient use, conflict, spread, dependency, and all costs with their weights."""
    assert imported() == {
        "kind": "cluster",
        "version": 1,
        "name": "model_x",
        "objective": {"load": 1, "balance": 1, "move": 1},
        "resources": [{"id": "R0", "weight": 10}, {"id": "R1", "weight": 20, "transient": True}],
        "clusters": [
            {
                "id": "M0",
                "capacity": {"R0": 100, "R1": 50},
                "safe": {"R0": 80, "R1": 40},
                "location": "L1",
                "neighbourhood": "N0",
            },
            {
                "id": "M1",
                "capacity": {"R0": 60, "R1": 30},
                "safe": {"R0": 60, "R1": 30},
                "location": "L0",
                "neighbourhood": "N1",
            },
            {
                "id": "M2",
                "capacity": {"R0": 90, "R1": 45},
                "safe": {"R0": 70, "R1": 35},
                "location": "L1",
                "neighbourhood": "N1",
            },
        ],
        "groups": [
            {"id": "S0", "apart": True, "spread": {"label": "location", "min": 2}, "near": ["S1"]},
            {"id": "S1", "apart": True},
        ],
        "balance": [{"resource": "R0", "other": "R1", "ratio": 2, "weight": 15}],
        "moves": {
            "per_agent": 1,
            "per_group": 11,
            "per_pair": 111,
            "pairs": {"csv": "from,to,cost\nM0,M1,5\nM1,M0,7\nM2,M1,3\n"},
        },
        "agents": [
            {"id": "P0", "demand": {"R0": 12, "R1": 3}, "move_cost": 9, "group": "S0", "cluster": "M0"},
            {"id": "P1", "demand": {"R0": 10, "R1": 4}, "move_cost": 8, "group": "S0", "cluster": "M1"},
            {"id": "P2", "demand": {"R0": 5, "R1": 6}, "move_cost": 0, "group": "S1", "cluster": "M1"},
        ],
    }


def test_what_is_not_there_has_no_field() -> None:
    """Without balance costs and costs of pairs there are none in the spec; a service may depend on itself."""
    data = imported("1 0 1  1 0 0 5 5 0  1 1 1 0  1 0 2 1  0  1 1 1", "0")
    assert "balance" not in data
    assert data["moves"] == {"per_agent": 1, "per_group": 1, "per_pair": 1}
    assert data["groups"] == [{"id": "S0", "apart": True}]


def test_the_reader_takes_it_as_it_is() -> None:
    """The reader finds every figure where the challenge has it."""
    spec = cluster_from_data(imported())
    assert spec.resources.transient.tolist() == [False, True]
    assert spec.agents.current.tolist() == [0, 1, 1]
    assert spec.agents.move_cost.tolist() == [9, 8, 0]
    assert spec.moves.pair_cost.tolist() == [5, 7, 3]
    assert spec.groups.near == [(1,), ()]


def score(data: dict[str, Any], place: list[str]) -> float:
    """The objective of an assignment by the definition of the terms, from the rows of the spec, one by one."""
    use = {cluster["id"]: Counter[str]() for cluster in data["clusters"]}
    for agent, cluster in zip(data["agents"], place, strict=True):
        use[cluster].update(agent["demand"])
    load = balance = 0
    for cluster in data["clusters"]:
        free = {r: cluster["capacity"][r] - use[cluster["id"]][r] for r in cluster["capacity"]}
        for resource in data["resources"]:
            over = use[cluster["id"]][resource["id"]] - cluster["safe"][resource["id"]]
            load += resource["weight"] * max(0, over)
        for ratio in data.get("balance", []):
            wanted = ratio["ratio"] * free[ratio["resource"]] - free[ratio["other"]]
            balance += ratio["weight"] * max(0, wanted)
    moved = [(agent, to) for agent, to in zip(data["agents"], place, strict=True) if agent["cluster"] != to]
    by_group = Counter(agent["group"] for agent, _ in moved)
    pairs = {
        tuple(row.split(",")[:2]): int(row.split(",")[2])
        for row in data["moves"].get("pairs", {"csv": "\n"})["csv"].split("\n")[1:-1]
    }
    move = (
        data["moves"]["per_agent"] * sum(agent["move_cost"] for agent, _ in moved)
        + data["moves"]["per_group"] * max(by_group.values(), default=0)
        + data["moves"]["per_pair"] * sum(pairs.get((agent["cluster"], to), 0) for agent, to in moved)
    )
    return load + balance + move


def test_the_cost_of_a_move_is_that_of_the_challenge() -> None:
    """Worked out by hand: P1 goes from M1 to M0, and the cost from 5,010 to 5,806."""
    now = imported()
    # Free at first: M0 88, 47; M1 45, 20; M2 90, 45. Balance max(0, 2a - b): 129 + 70 + 135, times 15.
    assert score(now, ["M0", "M1", "M1"]) == 15 * (129 + 70 + 135)
    # Then M0 78, 43 and M1 55, 24: 113 + 86 + 135. Moved: cost 8, one of service 0, pair cost 7.
    assert score(now, ["M0", "M0", "M1"]) == 15 * (113 + 86 + 135) + 8 + 11 + 111 * 7


@pytest.mark.parametrize("k", range(1, 6))
def test_the_present_state_costs_what_the_challenge_says(k: int) -> None:
    """The objective of the assignment now is the published original cost."""
    folder = shared_path("instances/cluster/machine-reassignment")
    model, assignment, cost = (folder / f"{name}_a1_{k}.txt" for name in ("model", "assignment", "original_cost"))
    data = read("roadef", model.read_text(), name=model.name, more=[(assignment.name, assignment.read_text())])
    assert score(data, [agent["cluster"] for agent in data["agents"]]) == int(cost.read_text())
    spec = cluster_from_data(data)
    assert spec.agents.current.tolist() == [int(word) for word in assignment.read_text().split()]
    report = check_columns(spec, spec.agents.current)
    assert report.feasible
    assert report.levels == (int(cost.read_text()),)
    # Some other assignment, which need not be feasible to have a cost.
    other = np.random.default_rng(k).integers(0, len(spec.clusters.ids), len(spec.agents.ids))
    assert check_columns(spec, other).levels == (score(data, [spec.clusters.ids[m] for m in other.tolist()]),)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "words"),
    [
        (MODEL, "", 1, 1, "ends where the number of resources"),
        ("1 11 111\n", "1 11\n", 20, 1, "ends where the weight of machine moves"),
        ("1 11 111\n", "1 11 111 4\n", 19, 10, "`4` stands after"),
        ("0 10\n1 20", "0 10\n2 20", 3, 1, "2 can't be whether resource 1 is transient"),
        ("3\n0 1 100", "0\n0 1 100", 4, 1, "0 can't be the number of machines"),
        ("0 1 100 50", "0 1 -100 50", 5, 5, "`-100` stands where the capacity of machine 0 for R0"),
        ("0 1 100 50", "0 1 x 50", 5, 5, "`x` stands where"),
        ("0 1 100 50", "0 1 100.5 50", 5, 5, "`100.5` stands where"),
        ("80 40 0 5 0", "80 40 1 5 0", 5, 18, "1 can't be the cost of moving from machine 0 to 0"),
        ("2 1\n1\n", "2 1\n2\n", 10, 1, "2 can't be a service that service 0 depends on"),
        ("1 5 6 0", "2 5 6 0", 15, 1, "2 can't be the service of process 2"),
        ("0 1 2\n15", "0 2 2\n15", 17, 3, "2 can't be the second resource of balance cost 0"),
        ("0 12 3 9", "0 12 99999999999 9", 13, 6, "99999999999 can't be what process 0 needs of R1"),
    ],
)
def test_a_fault_of_the_model_is_told_with_its_place(old: str, new: str, line: int, column: int, words: str) -> None:
    """Counts, signs and indices that are wrong are told with file, line and column."""
    assert MODEL.count(old) == 1
    with pytest.raises(SpecError) as caught:
        imported(MODEL.replace(old, new))
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("a/model_x.txt", line, column)
    assert words in found.message


@pytest.mark.parametrize(
    ("assignment", "column", "words"),
    [
        ("0 1", 1, "ends where the machine of process 2"),
        ("0 1 3", 5, "3 can't be the machine of process 2, which is from 0 to 2"),
        ("0 1 1 0", 7, "`0` stands after"),
        ("0 one 1", 3, "`one` stands where the machine of process 1"),
    ],
)
def test_a_fault_of_the_assignment_is_told_with_its_place(assignment: str, column: int, words: str) -> None:
    """The second file has faults of its own."""
    with pytest.raises(SpecError) as caught:
        imported(assignment=assignment)
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("assignment_x.txt", 1, column)
    assert words in found.message


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to the files, they are read as a valid problem or refused with a place in one of them."""
    second = data.draw(st.booleans())
    texts = (MODEL, mutated(data, ASSIGNMENT)) if second else (mutated(data, MODEL), ASSIGNMENT)
    found = read_or_fault("roadef", *texts)
    assert found is None or found["kind"] == "cluster"
