"""Every figure that the checker recomputes, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec, solution_of

import qamctl.cluster.check
from qamctl.cluster.check import CONSTRAINTS, Report, check_assignments, check_columns
from qamctl.cluster.check.report import HELD
from qamctl.cluster.spec import TERMS, ClusterSpec


def check(spec: ClusterSpec, *cluster: str | None, devices: Any = None) -> Report:
    """The verdict on an assignment by ids."""
    solution = solution_of(spec, cluster, devices)
    return check_columns(spec, solution.cluster, solution.devices)


def rows_of(spec: ClusterSpec, *cluster: str | None) -> list[dict[str, Any]]:
    """The rows of a result file."""
    return [{"agent": name, "cluster": place} for name, place in zip(spec.agents.ids, cluster, strict=True)]


def test_nothing_costs_nothing() -> None:
    """Without links, limits and a current state every term is 0, in the order of the contract."""
    report = check(make_spec(agents=2, clusters=2), "c0", "c1")
    assert report.feasible
    assert report.terms == dict.fromkeys(TERMS, 0)
    assert list(report.terms) == list(TERMS)
    assert report.levels == (0,)
    assert report.counts == {}


def test_cut_counts_links_between_leaves() -> None:
    """Links with both ends placed and in different leaves count with their weight; decimals are added as written."""
    spec = make_spec(
        agents=["a", "b", {"id": "c", "optional": True}],
        clusters=[{"id": "x", "parent": "top"}, {"id": "y", "parent": "top"}, "top"],
        links=[("a", "b", 0.1), ("b", "c", 0.2), ("a", "c", 5)],
    )
    assert check(spec, "x", "x", "x").terms["cut"] == 0
    assert check(spec, "x", "y", "x").terms["cut"] == 0.3  # 0.1 + 0.2, not 0.30000000000000004
    assert check(spec, "x", "y", "y").terms["cut"] == 5.1
    assert check(spec, "x", "y", None).terms["cut"] == 0.1
    assert check(spec, "x", "x", None).terms["cut"] == 0


def test_load_is_what_is_above_safe_limits() -> None:
    """Each unit above a safe limit costs the resource's weight, in inner clusters too."""
    spec = make_spec(
        resources=[{"id": "cpu", "weight": 2}, {"id": "ram", "weight": 0.5}],
        agents=[{"id": "a", "demand": {"cpu": 1.5, "ram": 8}}, {"id": "b", "demand": {"cpu": 2, "ram": 1}}],
        clusters=[
            {"id": "x", "safe": {"cpu": 1.25, "ram": 4}, "parent": "top"},
            {"id": "y", "safe": {"cpu": 3}, "parent": "top"},
            {"id": "top", "safe": {"cpu": 3}},
        ],
    )
    # x: cpu 1.5 - 1.25, ram 8 - 4; y: cpu 2 < 3; top: cpu 3.5 - 3.
    assert check(spec, "x", "y").terms["load"] == 2 * 0.25 + 0.5 * 4 + 2 * 0.5
    # x: cpu 3.5 - 1.25, ram 9 - 4; top: 0.5.
    assert check(spec, "x", "x").terms["load"] == 2 * 2.25 + 0.5 * 5 + 2 * 0.5
    assert check(spec, "y", "y").terms["load"] == 2 * 0.5 + 2 * 0.5
    assert check(spec, "y", "y").levels == (2,)


def test_balance_weighs_free_amounts_of_leaves() -> None:
    """Each leaf lacks ratio * free of one resource - free of the other, never less than nothing."""
    spec = make_spec(
        resources=[{"id": "cpu"}, {"id": "ram"}],
        agents=[{"id": "a", "demand": {"cpu": 1, "ram": 10}}, {"id": "b", "demand": {"cpu": 3.5}}],
        clusters=[{"id": "x", "capacity": {"cpu": 4, "ram": 16}}, {"id": "y", "capacity": {"cpu": 4, "ram": 8}}],
        ratios=[("cpu", "ram", 2.5, 3), ("ram", "cpu", 0.1)],
    )
    # x: free cpu 3, ram 6: 2.5 * 3 - 6 = 1.5; 0.1 * 6 - 3 < 0. y: free cpu 0.5, ram 8: 1.25 - 8 < 0; 0.8 - 0.5 = 0.3.
    assert check(spec, "x", "y").terms["balance"] == 3 * 1.5 + 0.3


def test_free_amounts_may_be_negative() -> None:
    """A leaf beyond its capacity has less than nothing free."""
    spec = make_spec(
        agents=[{"id": "a", "demand": {"cpu": 1, "ram": 10}}],
        clusters=[{"id": "x", "capacity": {"cpu": 4, "ram": 8}}],
        ratios=[("cpu", "ram", 1)],
    )
    assert check(spec, "x").terms["balance"] == 3 - (-2)


def test_sizes_off_the_target_count_in_balance() -> None:
    """Every leaf in use should have the target size; empty ones do not count."""
    spec = make_spec(agents=5, clusters=3, elastic=True, target=3)
    assert check(spec, *["c0"] * 5).terms["balance"] == 2
    assert check(spec, "c0", "c0", "c0", "c1", "c1").terms["balance"] == 1
    assert check(spec, "c0", "c0", "c0", "c1", "c2").terms["balance"] == 4


def test_move_counts_agents_groups_and_pairs() -> None:
    """Move costs, the largest number of moved members of a group, and costs of pairs, each with its weight."""
    spec = make_spec(
        agents=[
            {"id": "a", "cluster": "x", "move_cost": 2.5, "group": "g"},
            {"id": "b", "cluster": "x", "move_cost": 1, "group": "g"},
            {"id": "c", "cluster": "y", "move_cost": 4, "group": "h", "optional": True},
            {"id": "d", "move_cost": 100, "group": "h"},
            {"id": "e", "cluster": "x", "move_cost": 0.25},
        ],
        clusters=["x", "y", "z"],
        moves={
            "per_agent": 2,
            "per_group": 10,
            "per_pair": 3,
            "pairs": [("x", "y", 7), ("y", "x", 5), ("x", "z", 0.5), ("z", "x", 9)],
        },
    )
    assert check(spec, "x", "x", "y", "z", "x").terms["move"] == 0  # d was nowhere
    assert check(spec, "y", "x", "y", "z", "x").terms["move"] == 2 * 2.5 + 10 * 1 + 3 * 7
    assert check(spec, "y", "z", "y", "x", "z").terms["move"] == 2 * 3.75 + 10 * 2 + 3 * (7 + 0.5 + 0.5)
    # One that is left out moves, and goes along no pair; e is in no group.
    assert check(spec, "x", "x", None, "x", "x").terms["move"] == 2 * 4 + 10 * 1
    assert check(spec, "x", "x", "y", "x", "y").terms["move"] == 2 * 0.25 + 3 * 7


def test_pairs_are_found_in_any_order() -> None:
    """The table of pairs and the table of costs may be sorted or not."""
    pairs = [("y", "x", 5), ("x", "z", 3), ("x", "y", 7)]
    agents = [{"id": "a", "cluster": "x"}]
    for table in (pairs, sorted(pairs)):
        spec = make_spec(agents=agents, clusters=["x", "y", "z"], moves={"per_agent": 0, "per_pair": 1, "pairs": table})
        assert [check(spec, k).terms["move"] for k in "xyz"] == [0, 7, 3]
    costs = [("b", "y", 1, {"cpu": 9}), ("a", "y", 2), ("a", "x", 4, {"cpu": 3}), ("b", "x", 8, {"cpu": 5})]
    for rows in (costs, sorted(costs, key=lambda row: row[:2])):
        spec = make_spec(agents=[{"id": "a", "demand": {"cpu": 1}}, "b"], clusters=["x", "y"], costs=rows)
        report = check(spec, "x", "y")
        assert report.terms["cost"] == 5
        assert report.use.tolist() == [[3], [9]]
        assert check(spec, "y", "x").use.tolist() == [[5], [1]]


def test_cost_of_pairs_and_of_clusters_in_use() -> None:
    """Pairs that are named cost what they say; a cluster costs once anybody is inside, an inner one too."""
    spec = make_spec(
        agents=["a", "b"],
        clusters=[
            {"id": "x", "cost": 10, "parent": "top"},
            {"id": "y", "cost": 20, "parent": "top"},
            {"id": "top", "cost": 100},
            {"id": "z", "cost": 0.5},
        ],
        costs=[("a", "x", 1), ("b", "x", 2), ("b", "y", -3.5)],
    )
    assert check(spec, "x", "x").terms["cost"] == 1 + 2 + 10 + 100
    assert check(spec, "y", "y").terms["cost"] == -3.5 + 20 + 100
    assert check(spec, "z", "z").terms["cost"] == 0.5
    assert check(spec, "x", "y").terms["cost"] == 1 - 3.5 + 10 + 20 + 100


def test_spread_counts_pairs_of_members_in_a_value() -> None:
    """Members that share a value of the label are counted pair by pair; without the label is a value too."""
    spec = make_spec(
        agents=[
            {"id": "a", "group": "g"},
            {"id": "b", "group": "g"},
            {"id": "c", "group": "g"},
            {"id": "d", "group": "h", "optional": True},
            {"id": "e", "group": "h"},
        ],
        clusters=[
            {"id": "x", "labels": {"zone": "1"}},
            {"id": "y", "labels": {"zone": "1"}},
            {"id": "z", "labels": {"zone": "2"}},
            {"id": "u"},
            {"id": "v"},
        ],
        groups=[
            {"id": "g", "spread": {"label": "zone", "weight": 2}},
            {"id": "h", "spread": {"label": "zone", "weight": 0.1}},
        ],
    )
    assert check(spec, "x", "y", "z", "x", "z").terms["spread"] == 2
    assert check(spec, "x", "y", "y", "x", "x").terms["spread"] == 2 * 3 + 0.1
    assert check(spec, "x", "z", "u", "u", "v").terms["spread"] == 0.1
    assert check(spec, "x", "y", "x", None, "x").terms["spread"] == 6


def test_unplaced_is_the_reward_of_those_left_out() -> None:
    """Agents in no cluster cost their reward, whether they may be left out or not."""
    spec = make_spec(
        agents=[{"id": "a", "optional": True, "reward": 2.5}, {"id": "b", "reward": 4}, {"id": "c", "optional": True}],
        clusters=1,
    )
    assert check(spec, "c0", "c0", None).terms["unplaced"] == 0
    assert check(spec, None, "c0", None).terms["unplaced"] == 2.5
    assert check(spec, None, None, None).terms["unplaced"] == 6.5


def test_levels_are_weighted_sums() -> None:
    """Each level adds up its own terms."""
    spec = make_spec(
        agents=["a", {"id": "b", "optional": True, "reward": 3}],
        clusters=[{"id": "x", "cost": 2}, {"id": "y", "cost": 5}],
        links=[("a", "b", 0.1)],
        objective=[{"unplaced": 2}, {"cut": 0.1, "cost": 1}, {"move": 1}],
    )
    assert check(spec, "x", "y").levels == (0, 7.01, 0)
    assert check(spec, "x", None).levels == (6, 2, 0)


def test_sizes_and_uses_are_those_of_everything_inside() -> None:
    """Agents count in their leaf and in every cluster around it; those left out count nowhere."""
    spec = make_spec(
        agents=[{"id": f"a{i}", "demand": {"cpu": i + 1}, "optional": True} for i in range(4)],
        clusters=[
            {"id": "x", "parent": "in"},
            {"id": "in", "parent": "top"},
            {"id": "y", "parent": "top"},
            "top",
            "z",
        ],
    )
    report = check(spec, "x", "y", None, "z")
    assert report.size.tolist() == [1, 1, 1, 2, 1]
    assert report.use.tolist() == [[1], [1], [2], [3], [4]]


def test_a_transient_resource_counts_old_and_new_places_once() -> None:
    """An agent that moves inside an inner cluster counts once in it, and in both leaves."""
    spec = make_spec(
        resources=[{"id": "disk", "transient": True}, "cpu"],
        agents=[
            {"id": "a", "demand": {"disk": 3, "cpu": 3}, "cluster": "x"},
            {"id": "b", "demand": {"disk": 2, "cpu": 2}, "cluster": "z"},
        ],
        clusters=[
            {"id": "x", "capacity": {"disk": 4}, "parent": "top"},
            {"id": "y", "capacity": {"disk": 3}, "parent": "top"},
            {"id": "z", "capacity": {"disk": 9}},
            {"id": "top", "capacity": {"disk": 4, "cpu": 4}},
        ],
    )
    assert check(spec, "y", "z").feasible  # top holds 3, once
    report = check(spec, "y", "x")  # x holds 2, and 3 that move away
    assert [(v.constraint, v.cluster, v.resource) for v in report.violations] == [
        ("capacity", "x", "disk"),
        ("capacity", "top", "disk"),
        ("capacity", "top", "cpu"),
    ]
    assert report.violations[0].text == (
        "cluster x: 5 of disk used (3 of it by agents that move away), 1 more than its capacity, 4 (b, a)"
    )
    assert report.violations[1].text == "cluster top: 5 of disk used, 1 more than its capacity, 4 (a, b)"
    assert report.violations[0].rows == (1, 0)
    # Outside: top still holds what moves away.
    assert check(spec, "z", "z").feasible
    spec = make_spec(
        resources=[{"id": "disk", "transient": True}],
        agents=[{"id": "a", "demand": {"disk": 3}, "cluster": "x"}, {"id": "b", "demand": {"disk": 2}}],
        clusters=[
            {"id": "x", "parent": "top"},
            {"id": "y", "parent": "top"},
            {"id": "top", "capacity": {"disk": 4}},
            "z",
        ],
    )
    assert check(spec, "z", "y").counts == {"capacity": 1}
    assert check(spec, "z", "z").feasible


def test_one_that_is_left_out_uses_its_old_place_of_transient_resources() -> None:
    """It moves, and all clusters together hold it once more."""
    spec = make_spec(
        resources=[{"id": "disk", "transient": True, "capacity": 4}],
        agents=[
            {"id": "a", "demand": {"disk": 3}, "cluster": "x", "optional": True},
            {"id": "b", "demand": {"disk": 2}, "optional": True},
        ],
        clusters=[{"id": "x", "capacity": {"disk": 4}}, {"id": "y", "capacity": {"disk": 4}}],
    )
    assert check(spec, None, None).feasible
    report = check(spec, None, "x")
    assert report.counts == {"capacity": 1, "shared-capacity": 1}
    assert report.violations[1].text == (
        "all clusters together: 5 of disk used (3 of it by agents that are left out now), 1 more than there is, 4 (b)"
    )
    assert check(spec, "y", None).feasible  # moving is no second use of what all have together


def test_own_demands_take_the_place_of_others() -> None:
    """In a cluster that a cost row gives a demand for, that counts; also where the agent was."""
    spec = make_spec(
        resources=[{"id": "disk", "transient": True}],
        agents=[{"id": "a", "demand": {"disk": 1}, "cluster": "x"}],
        clusters=[{"id": "x", "capacity": {"disk": 4}}, {"id": "y", "capacity": {"disk": 2}}],
        costs=[("a", "x", 0, {"disk": 5}), ("a", "y", 0, {"disk": 2})],
    )
    assert check(spec, "y").violations[0].text == (
        "cluster x: 5 of disk used (5 of it by agents that move away), 1 more than its capacity, 4 (a)"
    )
    assert check(spec, "y").use.tolist() == [[0], [2]]
    spec = make_spec(agents=[{"id": "a", "demand": {"cpu": 9}}], clusters=["x"], costs=[("a", "x", 0, {})])
    assert check(spec, "x").use.tolist() == [[0]]


@pytest.mark.parametrize(
    ("tolerance", "most"), [(0, 3), (33, 3), (33.333333, 3), ("33.333334", 4), (66, 4), (66.666667, 5)]
)
def test_a_tolerance_without_demands_holds_sizes(tolerance: float | str, most: int) -> None:
    """With seven agents in three leaves at most floor((1 + t) * 3) are in one."""
    spec = make_spec(agents=7, clusters=3, tolerance=tolerance)
    for size in range(7):
        report = check(spec, *["c0"] * size, *["c1"] * ((7 - size) // 2), *["c2"] * (7 - size - (7 - size) // 2))
        assert ("c0" in {v.cluster for v in report.violations}) == (size > most)


def test_a_tolerance_holds_every_demanded_resource() -> None:
    """Use is held against the fair share of the leaf's capacity, or of an equal part where nothing is limited."""
    spec = make_spec(
        resources=["cpu", "ram", "idle"],
        agents=[{"id": f"a{i}", "demand": {"cpu": 1, "ram": 0.5}} for i in range(10)],
        clusters=[
            {"id": "x", "capacity": {"cpu": 30, "idle": 1}},
            {"id": "y", "capacity": {"cpu": 10}, "parent": "top"},
            "top",
        ],
        tolerance=10,
    )
    # cpu: ceil(10 * 30 / 40) = 8, 10 % more is 8.8: 8 in x; ceil(2.5) = 3 in y, so 3. ram: 2.5 each, so 2.7: 5 agents.
    assert check(spec, *["x"] * 5, *["y"] * 5).counts == {"balance": 1}
    report = check(spec, *["x"] * 9, "y")
    assert [(v.constraint, v.cluster, v.resource) for v in report.violations] == [
        ("balance", "x", "cpu"),
        ("balance", "x", "ram"),
    ]
    assert report.violations[1].text == (
        "cluster x: 4.5 of ram, 1.8 more than the balance tolerates, 2.7 (a0, a1, a2, a3, a4 and 4 more)"
    )


def test_a_resource_without_any_capacity_tolerates_nothing() -> None:
    """Where no leaf has any of what is demanded, no use of it is fair."""
    spec = make_spec(
        agents=[{"id": "a", "demand": {"cpu": 1}}], clusters=[{"id": "x", "capacity": {"cpu": 0}}], tolerance=50
    )
    assert check(spec, "x").counts == {"capacity": 1, "balance": 1}


def test_figures_do_not_depend_on_the_order() -> None:
    """Weights with no exact decimal of few places add up to the same, whatever the order of agents and links."""
    rng = np.random.default_rng(5)
    weights = rng.random(500) * 10.0 ** rng.integers(-9, 9, 500)
    links = [(f"a{i}", f"a{i + 1}", w) for i, w in enumerate(weights.tolist())]
    seen = set()
    for _ in range(5):
        order = rng.permutation(500)
        spec = make_spec(agents=501, clusters=2, links=[links[i] for i in order])
        seen.add(check(spec, *(f"c{i % 2}" for i in range(501))).terms["cut"])
    assert len(seen) == 1


def test_a_bound_on_move_costs_is_met_as_written() -> None:
    """Costs with no decimal of few places, and bounds of the same figure, are equal."""
    for cost in (1 / 3, 0.1, 2.0**-40, 1e-7):
        agents = [{"id": "a", "cluster": "c0", "move_cost": cost}, {"id": "b", "cluster": "c0", "move_cost": cost}]
        spec = make_spec(agents=agents, clusters=2, moves={"max_cost": cost})
        assert check(spec, "c1", "c0").feasible
        assert check(spec, "c1", "c1").counts == {"max-move-cost": 1}


def test_quantities_beyond_64_bits_are_exact() -> None:
    """Sums that no int64 holds are still right."""
    n, big = 9, 4 * 10**18
    spec = make_spec(
        agents=[{"id": f"a{i}", "demand": {"cpu": big}} for i in range(n)],
        clusters=[
            {"id": "x", "capacity": {"cpu": 1}, "safe": {"cpu": 2}, "parent": "top"},
            {"id": "y", "parent": "top"},
            {"id": "top", "safe": {"cpu": 1}},
        ],
        tolerance=300,
        ratios=[("cpu", "cpu", 3)],
    )
    report = check(spec, *["x"] * n)
    assert report.use.tolist() == [[n * big], [0], [n * big]]
    assert report.terms["load"] == (n * big - 2) + (n * big - 1)
    assert report.violations[0].text.startswith(f"cluster x: {n * big} of cpu used, {n * big - 1} more than")
    assert report.counts == {"capacity": 1}
    assert report.terms["balance"] == 0


def test_agents_may_share_the_list_of_their_clusters() -> None:
    """A reader keeps one list for many agents."""
    spec = make_spec(agents=3, clusters=3)
    both = (0, 1)
    spec = replace(spec, agents=replace(spec.agents, allowed=(both, both, None)))
    assert check(spec, "c0", "c1", "c2").feasible
    assert check(spec, "c2", "c2", "c0").counts == {"agent-not-allowed": 2}


def test_rows_and_columns_get_the_same_verdict() -> None:
    """A result file's rows, in any order, and columns are one assignment."""
    spec = make_spec(
        agents=[{"id": "a", "demand": {"cpu": 3}}, {"id": "b", "optional": True, "reward": 1}, "c"],
        clusters=[{"id": "x", "capacity": {"cpu": 2}}, "y"],
        links=[("a", "c", 2), ("a", "b", "together")],
    )
    rows = rows_of(spec, "x", None, "y")
    columns = check(spec, "x", None, "y")
    assert check_assignments(spec, rows) == columns
    assert check_assignments(spec, rows[::-1]) == columns
    assert columns.counts == {"capacity": 1, "together": 1}
    assert not columns.feasible


def test_devices_come_by_rows_too() -> None:
    """Numbers of devices in a row are the bits of a column."""
    spec = make_spec(
        resources=[{"id": "gpu", "device": 1000}],
        agents=[{"id": "a", "demand": {"gpu": 2000}}, {"id": "b", "demand": {"gpu": 600}}, "c"],
        clusters=[{"id": "x", "capacity": {"gpu": 3000}}],
    )
    rows = rows_of(spec, "x", "x", "x")
    rows[0]["devices"], rows[1]["devices"], rows[2]["devices"] = {"gpu": [2, 0]}, {"gpu": [1]}, {}
    report = check_assignments(spec, rows)
    assert report == check(spec, "x", "x", "x", devices={"a": {"gpu": [0, 2]}, "b": {"gpu": [1]}})
    assert report.feasible


def test_many_violations_of_a_kind_are_counted() -> None:
    """Only the first hundred have a text; rows are held up to a limit as well."""
    spec = make_spec(agents=300, clusters=[{"id": "x", "max_size": 1}])
    report = check(spec, *[None] * 300)
    assert report.counts == {"unplaced": 300}
    assert len(report.violations) == 100
    report = check(spec, *["x"] * 300)
    assert report.violations[0].rows == tuple(range(HELD))
    assert str(report.violations[0]) == (
        "max-size: cluster x: 300 agents, 299 more than its largest size, 1 (a0, a1, a2, a3, a4 and 295 more)"
    )
    assert report.violations[0].data() == {
        "constraint": "max-size",
        "agent": None,
        "cluster": "x",
        "resource": None,
        "text": "cluster x: 300 agents, 299 more than its largest size, 1 (a0, a1, a2, a3, a4 and 295 more)",
    }


def test_an_empty_problem_has_a_verdict() -> None:
    """No agents, and no resources, are no special case."""
    spec = make_spec(agents=0, clusters=1)
    assert check_columns(spec, []).feasible
    assert check_columns(spec, np.zeros(0, np.int32), np.zeros((0, 0), np.int64)).feasible
    assert check_assignments(spec, []).feasible
    assert check_columns(make_spec(agents=0, clusters=[{"id": "x", "min_size": 1}]), []).counts == {"min-size": 1}


def test_names_are_public() -> None:
    """What the package offers is there, and every kind of violation is named once."""
    assert all(hasattr(qamctl.cluster.check, name) for name in qamctl.cluster.check.__all__)
    assert len(set(CONSTRAINTS)) == len(CONSTRAINTS)
