"""A cluster result as a page of text."""

from __future__ import annotations

from typing import Any

import pytest

from qamctl.cli.cluster_page import EMPTIEST, FULLEST, MOST_ROWS, cluster_page
from qamctl.cli.table import columns
from qamctl.cli.views import page as page_of_any


def cluster(id: str, size: int, cpu: float = 0, **more: Any) -> dict[str, Any]:
    row = {"id": id, "parent": None, "size": size, "use": {"cpu": cpu}, "capacity": {"cpu": 8}, "safe": {}}
    return row | more


def result(clusters: list[dict[str, Any]], **solution: Any) -> dict[str, Any]:
    block = {"assignments": [], "clusters": clusters, "moves": [], "blocked": []} | solution
    attempt = {"backend": "assignment", "status": "feasible", "objective": 3, "bound": 2, "seconds": 0.4}
    return {
        "kind": "cluster", "status": "feasible", "objective": 3, "bound": 2, "gap": 1 / 3,
        "levels": [{"terms": {"cut": 3}, "value": 3, "bound": 2}], "terms": {"cut": 3, "move": 0}, "solution": block,
        "violations": [], "reasons": [], "solved_by": "assignment", "fallback": None, "attempts": [attempt],
        "compiled": None,
    }  # fmt: skip


def block(rows: dict[str, tuple[int, float]], cut: float | None = None) -> dict[str, Any]:
    """The block of a metrics file: of each cluster its size and use before, nothing of them afterwards."""
    past = {"size": {}, "resources": {}, "cut": cut, "load": 0, "inside": 0}
    told = [{"id": id, "before": {"size": size, "use": {"cpu": cpu}}} for id, (size, cpu) in rows.items()]
    return {"before": past, "after": None, "rows": told, "capacity": {}}


def page(value: dict[str, Any], **settings: Any) -> str:
    return cluster_page(value, **({"width": 80, "paint": lambda text, style: text} | settings))


def step(number: int, agent: str, old: str | None, new: str | None) -> dict[str, Any]:
    return {"step": number, "agent": agent, "from": old, "to": new}


def test_a_page_says_how_good_and_how_full() -> None:
    """Status, sizes, cut before and after, a bar for each cluster with its limit and its safe mark, and the place."""
    rows = [cluster("c0", 4, 6.0, safe={"cpu": 4}), cluster("c1", 1, 1.0), cluster("c2", 0)]
    agents = [{"agent": "a", "cluster": "c0"}, {"agent": "b", "cluster": None}]
    text = page(result(rows, assignments=agents * 3), clusters=block({}, cut=7.5), place="/runs/x/result.json")
    assert text.startswith("Status: feasible (objective 3, bound 2, gap 33.33 %)\nSolved by: assignment\n")
    assert "Clusters: 5 agents in 2 clusters of 1 to 4, 1 empty; 1 agent left out\nCut: 3, before 7.5" in text
    assert "c0 4 cpu [####################:#########..........] 6 / 8" in text
    assert "c1 1 cpu [#####...................................] 1 / 8" in text
    assert "c2 0 cpu [........................................] 0 / 8" in text
    assert "a      c0\nb      -" in text
    assert text.endswith("Result: /runs/x/result.json")


def test_without_an_answer_the_reasons_stand_alone() -> None:
    """No clusters, no moves."""
    reason = {"file": "f.yaml", "line": 4, "constraint": "capacity", "text": "too much"}
    text = page({"status": "infeasible", "solution": None, "reasons": [reason]})
    assert text == "Status: infeasible\n\nWhy there is no feasible answer:\nf.yaml:4: capacity: too much"


def test_clusters_inside_others_are_moved_in() -> None:
    """A hierarchy reads like a tree."""
    rows = [cluster("x", 1, 1, parent="eu"), cluster("far", 0), cluster("y", 1, 2, parent="eu"),
            cluster("eu", 2, 3, capacity={})]  # fmt: skip
    lines = page(result(rows)).split("\n\n")[-1].splitlines()
    assert [line.split("cpu")[0].rstrip() for line in lines] == ["far 0", "eu  2", "  x 1", "  y 1"]
    assert "2 agents in 2 clusters of 1, 1 empty" in page(result(rows))


def test_what_has_no_limit_is_in_proportion() -> None:
    """No right edge; a safe limit above all use still has its mark; sizes where there is no resource."""
    rows = [cluster("c0", 1, 2, capacity={}), cluster("c1", 1, 4, capacity={}, safe={"cpu": 8})]
    text = page(result(rows))
    assert f"c0 1 cpu [{'#' * 20}{' ' * 22}2" in text
    assert f"c1 1 cpu [{'#' * 20}{' ' * 19}:  4" in text
    text = page(result([cluster("c0", 2, use={}, capacity={}), cluster("c1", 1, use={}, capacity={})]))
    assert f"c0 2  [{'#' * 40}" in text
    assert f"c1 1  [{'#' * 20}" in text


def test_every_resource_has_a_bar() -> None:
    """One line each, the name and the size once; resources that say nothing have none."""
    use = {"cpu": 4, "memory": 0.125, "disk": 0}
    text = page(result([cluster("c0", 3, use=use, capacity={"cpu": 8, "memory": 1.5})]))
    assert "c0 3 cpu    [" in text
    assert "     memory [" in text
    assert "0.125 / 1.5" in text
    assert "disk" not in text


def test_load_above_its_safe_limit_is_painted() -> None:
    """Only those bars."""
    painted: list[tuple[str, str]] = []

    def paint(text: str, style: str) -> str:
        painted.append((text, style))
        return text

    page(result([cluster("c0", 1, 5, safe={"cpu": 4}), cluster("c1", 1, 4, safe={"cpu": 4})]), paint=paint)
    assert [style for _, style in painted] == ["good", "warn"]


def test_of_many_clusters_the_fullest_and_the_emptiest() -> None:
    """Inner clusters are left out; a table sums up every resource that has limits."""
    rows = [cluster(f"c{k:02}", 1 + k, k / 2, parent="top", safe={"cpu": 7}) for k in range(17)]
    text = page(result([*rows, cluster("top", 153, 68)]))
    shown = [line.split()[0] for line in text.splitlines() if line.startswith("c") and "[" in line]
    assert shown == [
        *(f"c{k}" for k in range(16, 16 - FULLEST, -1)),
        *(f"c{k:02}" for k in range(EMPTIEST - 1, -1, -1)),
    ]
    assert "... of 17 clusters the 6 fullest and the 3 emptiest" in text
    lines = text.splitlines()
    (row,) = [k for k, line in enumerate(lines) if line.startswith("resource")]
    assert lines[row].split() == ["resource", "use", "capacity", "share", "emptiest", "fullest"]
    assert lines[row + 1].split() == ["cpu", "68", "136", "50.0", "%", "0.0", "%", "100.0", "%"]


def test_clusters_around_few_leaves_are_left_out_where_they_are_many() -> None:
    """Nothing is left out of nine leaves, and sizes decide where nothing is limited."""
    rows = [cluster(f"leaf{k}", k, use={}, capacity={}, parent=f"in{k}") for k in range(1, 10)]
    rows += [cluster(f"in{k}", k, use={}, capacity={}, parent=f"out{k}") for k in range(1, 10)]
    rows += [cluster(f"out{k}", k, use={}, capacity={}) for k in range(1, 10)]
    text = page(result(rows))
    assert [line.split()[0] for line in text.splitlines() if "[" in line] == [f"leaf{k}" for k in range(9, 0, -1)]
    assert "fullest" not in text


def test_moves_are_counted_and_shown() -> None:
    """Agents and steps; those that come from nowhere beside; what is blocked by name."""
    rows = [cluster("c0", 2, 1)]
    steps = [step(1, "a", "c0", "c1"), step(2, "b", "c1", "c0"), step(3, "a", "c1", "c2"), step(4, "n", None, "c0")]
    text = page(result(rows, moves=steps, blocked=["z"]))
    assert "Moves: 2 agents in 3 steps; 1 that was nowhere is placed; no order was found for\n  1: z" in text
    assert "   3  a      c1    c2\n   4  n      -     c0" in text
    assert "Moves" not in page(result(rows))
    assert "Moves: none" in page(result(rows) | {"levels": [{"terms": {"move": 0}, "value": 0, "bound": 0}]})
    placed = page(result(rows, moves=steps[3:]))
    assert "Moves" not in placed
    assert "step" not in placed
    many = page(result(rows, moves=[step(k, f"a{k}", "c0", "c1") for k in range(1, MOST_ROWS + 3)]))
    assert "... and 2 more, all in the result" in many


def test_assignments_in_a_table_are_named_and_many_left_out() -> None:
    """The page says where they are; devices stand behind the cluster."""
    rows = [cluster("c0", 2, 1)]
    assert "The assignments are in assignments.csv." in page(result(rows, assignments={"table": "assignments.csv"}))
    many = [{"agent": f"a{k}", "cluster": "c0"} for k in range(MOST_ROWS + 1)]
    assert "agent  cluster" not in page(result(rows, assignments=many))
    devices = [{"agent": "a", "cluster": "c0", "devices": {"gpu": [0, 3]}}, {"agent": "b", "cluster": "c0"}]
    assert "a      c0       gpu 0+3\nb      c0       -" in page(result(rows, assignments=devices))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("figure", [1.0, 123456.75, 9.87654321e12])
def test_no_line_is_wider_than_the_page(width: int, figure: float) -> None:
    """Long names are cut, and figures left out where a bar would have no room."""
    many = [
        cluster(f"a cluster with a long name {k}", 10**k, use={"a resource with a name": figure, "b": 1},
                capacity={"a resource with a name": 2 * figure}, safe={"a resource with a name": figure / 2})
        for k in range(8)
    ]  # fmt: skip
    agents = [{"agent": "an agent with quite a long name", "cluster": "a cluster with a long name 1"}]
    moves = [step(1, "an agent with quite a long name", "a cluster with a long name 0", "a cluster with a long name 1")]
    for rows in (many, [*many, *(row | {"id": row["id"] + " again"} for row in many)]):
        text = page(
            result(rows, assignments=agents, moves=moves, blocked=["an agent that is blocked"] * 9), width=width
        )
        assert max(map(columns, text.splitlines()[1:])) <= width


def test_the_page_of_any_result_knows_clusters() -> None:
    """`page` takes the kind from the result."""
    value = result([cluster("c0", 4, 6.0)])
    assert page_of_any(value, width=80, paint=lambda text, style: text) == page(value)
