"""The bounds that need no search: below every feasible assignment of random problems, exact where the reasoning is."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec
from support.assignment_problems import random_problem
from support.assignment_specs import FEATURES, assignments, random_spec
from support.shared import shared_path

from qamctl.cluster.bounds import bounds_of, level_bounds, term_bounds
from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import build_instance
from qamctl.cluster.merge import merge
from qamctl.cluster.read import cluster_from_data
from qamctl.cluster.spec import TERMS
from qamctl.cluster.terms import terms
from qamctl.formats import roadef
from qamctl.kernels.assignment.problem import AssignmentProblem
from qamctl.kernels.assignment.state import State

EVERY_TERM = np.ones((1, len(TERMS)))


@pytest.mark.parametrize("block", range(8))
def test_never_above_an_assignment(block: int) -> None:
    """No bound of a term or level is above what any feasible assignment of a random spec comes to by the checker."""
    rng, feasible, met = Random(block), 0, 0
    for number in range(60):
        features = {name for name in FEATURES if rng.random() < rng.choice((0.15, 0.3, 0.5))}
        spec = random_spec(rng, agents=rng.randint(1, 4), clusters=rng.randint(1, 3), features=features)
        instance = build_instance(spec)
        levels, every = level_bounds(instance), bounds_of(instance.problem, EVERY_TERM)
        counted = (instance.levels != 0).any(axis=0)
        assert np.array_equal(term_bounds(instance), every * counted)
        found = list(assignments(spec))
        for solution, value in found:
            of_terms = check_columns(spec, solution.cluster, solution.devices).terms
            for term, bound in zip(TERMS, every.tolist(), strict=True):
                assert bound <= float(of_terms[term]) + 1e-9, (block, number, term)
            for bound, mine in zip(levels, value, strict=True):
                assert bound is not None
                assert bound <= mine + 1e-9, (block, number)
        feasible += bool(found)
        met += bool(found) and 0 < (levels[0] or 0.0) >= min(value[0] for _, value in found) - 1e-9
    assert feasible >= 15
    assert met >= 3  # valid is not enough: often the bound is the optimum


@pytest.mark.parametrize("block", range(6))
def test_never_above_an_assignment_of_units(block: int) -> None:
    """Of problems as engines see them, units of several agents with several homes too, before and after merging."""
    feasible = 0
    for seed in range(40 * block, 40 * block + 40):
        problem = random_problem(seed, n=4, k=3)
        feasible += _compare(problem, seed)
        if not len(problem.apart_to):
            _compare(merge(problem, np.array([0, 1, 0, 2], np.int32), 3)[0], seed)
    assert feasible >= 8


def _compare(problem: AssignmentProblem, seed: int) -> bool:
    """Hold the bounds against every feasible assignment; whether there is one."""
    state, least = State(problem), np.full(len(TERMS), np.inf)
    for leaf in product(range(problem.k + 1), repeat=problem.n):
        if not all(state.may(u, b) for u, b in enumerate(leaf)):
            continue
        state.assign(leaf)
        if state.violation == 0:
            least = np.minimum(least, terms(problem, np.array(leaf, np.int32)))
    assert (bounds_of(problem, EVERY_TERM) <= least * (1 + 1e-12) + 1e-9).all(), seed
    return bool(np.isfinite(least).all())


@pytest.mark.parametrize("name", ["a1_1", "a1_2", "a1_3", "a1_4", "a1_5"])
def test_machine_reassignment_as_published(name: str) -> None:
    """Of load and balance together the bound is what was published of the challenge's instances."""
    folder = shared_path("instances", "cluster", "machine-reassignment")
    more = [(f"assignment_{name}.txt", (folder / f"assignment_{name}.txt").read_text())]
    spec = cluster_from_data(roadef.read((folder / f"model_{name}.txt").read_text(), name=name, more=more))
    assert level_bounds(build_instance(spec)) == (float((folder / f"lb_{name}.txt").read_text()),)


def bound(term: str, **data: Any) -> float:
    """The bound of one term, which is the least that it can be in a feasible assignment."""
    data = {"objective": {term: 1}, **data}
    spec = make_spec(**data)
    found: float = term_bounds(build_instance(spec))[TERMS.index(term)]
    values = [value[0] for _, value in assignments(spec)]
    assert min(values) == pytest.approx(found, rel=1e-9), (found, min(values))
    return found


def test_cut_of_who_cannot_be_together() -> None:
    """By a rule, by where they may be, and by what they demand."""
    agents = [{"id": "a", "clusters": ["x"]}, {"id": "b", "clusters": ["y"]}, "c", "d"]
    links = [("a", "b", 3), ("c", "d", 0.5), ("c", "d", "apart"), ("a", "c", 7)]
    assert bound("cut", agents=agents, clusters=["x", "y"], links=links) == 3.5
    agents = [{"id": name, "demand": {"cpu": 3}} for name in "ab"]
    clusters = [{"id": name, "capacity": {"cpu": 5}} for name in "xy"]
    assert bound("cut", agents=agents, clusters=clusters, links=[("a", "b", 2)]) == 2


def test_cut_of_too_many() -> None:
    """Five linked in a row with room for two in each of three clusters: two links are cut, the lightest."""
    agents = [{"id": name, "demand": {"cpu": 1}} for name in "abcde"]
    clusters = [{"id": name, "capacity": {"cpu": 2}} for name in "xyz"]
    links = [("a", "b", 9), ("b", "c", 2), ("c", "d", 9), ("d", "e", 4)]
    assert bound("cut", agents=agents, clusters=clusters, links=links) == 6
    sizes = [{"id": name, "max_size": 2} for name in "xyz"]
    assert bound("cut", agents=5, clusters=sizes, links=[(f"a{i}", f"a{i + 1}", i % 2 + 1) for i in range(4)]) == 2


def test_cut_of_several_parts() -> None:
    """Each set of linked agents has its own bound; who may be left out adds none."""
    agents: list[Any] = [{"id": name, "demand": {"cpu": 1}} for name in "abcd"]
    agents += [{"id": name, "demand": {"cpu": 2}, "optional": True} for name in "ef"]
    clusters = [{"id": name, "capacity": {"cpu": 3}} for name in "xy"]
    links = [("a", "b", 1), ("c", "d", 5), ("a", "b", "apart"), ("e", "f", 2)]
    assert bound("cut", agents=agents, clusters=clusters, links=links) == 1


def test_load_above_safe() -> None:
    """By all together; by who is confined to some clusters; by what clusters around them may hold safely."""
    agents = [{"id": f"a{i}", "demand": {"cpu": 2}} for i in range(4)]
    clusters = [{"id": "x", "safe": {"cpu": 3}}, {"id": "y", "safe": {"cpu": 1.5}}]
    resources = [{"id": "cpu", "weight": 10}]
    assert bound("load", agents=agents, clusters=clusters, resources=resources) == 35
    confined = [{**row, "clusters": ["y"]} for row in agents[:2]] + agents[2:]
    clusters = [{"id": "x", "safe": {"cpu": 9}}, {"id": "y", "safe": {"cpu": 1}}]
    assert bound("load", agents=confined, clusters=clusters) == 3
    apart = [{**row, "clusters": ["xy"[i % 2]]} for i, row in enumerate(agents)]
    clusters = [{"id": "x", "safe": {"cpu": 3}}, {"id": "y", "safe": {"cpu": 1}}]
    assert bound("load", agents=apart, clusters=clusters) == 1 + 3
    nested = [{"id": "x", "safe": {"cpu": 3}, "parent": "eu"}, {"id": "y", "parent": "eu"}]
    assert bound("load", agents=agents, clusters=[*nested, {"id": "eu", "safe": {"cpu": 5}}]) == 3


def test_load_where_safe_is_more_than_fits() -> None:
    """A cluster that can't hold what would be safe holds what it can."""
    agents = [{"id": f"a{i}", "demand": {"cpu": 1}} for i in range(4)]
    clusters = [{"id": "x", "safe": {"cpu": 9}, "capacity": {"cpu": 1}}, {"id": "y", "safe": {"cpu": 1}}]
    clusters[1]["capacity"] = {"cpu": 9}
    assert bound("load", agents=agents, clusters=clusters) == 2


def test_load_of_own_demands() -> None:
    """An agent that demands less somewhere counts with the least."""
    costs = [("a", "x", 0, {"cpu": 1}), ("a", "y", 0, {"cpu": 2})]
    clusters = [{"id": "x", "safe": {"cpu": 0}}, {"id": "y", "safe": {"cpu": 0}}]
    assert bound("load", agents=[{"id": "a", "demand": {"cpu": 9}}], clusters=clusters, costs=costs) == 1
    assert bound("load", agents=[{"id": "a", "demand": {"cpu": 9}}], clusters=clusters, costs=costs[:1]) == 1


def test_balance_of_ratios() -> None:
    """What is free of one resource asks for more of the other than there is: in all, and of one leaf."""
    agents = [{"id": f"a{i}", "demand": {"cpu": 1, "disk": 2}} for i in range(2)]
    clusters = [{"id": name, "capacity": {"cpu": 4, "disk": 4}} for name in "xy"]
    # Free: cpu 8 - 2, disk 8 - 4; two of disk for one of cpu.
    assert bound("balance", agents=agents, clusters=clusters, ratios=[("cpu", "disk", 2, 3)]) == 3 * (2 * 6 - 4)
    lone = [{"id": k, "capacity": {"cpu": c, "disk": d}} for k, c, d in (("x", 4, 9), ("y", 4, 9), ("z", 5, 1))]
    confined = [{**row, "clusters": ["x", "y"]} for row in agents]
    assert bound("balance", agents=confined, clusters=lone, ratios=[("cpu", "disk", 1, 1)]) == 4
    # Whoever demands more of disk than of cpu is best left out, the other one is not.
    some = [{**row, "optional": True} for row in agents] + [{"id": "b", "demand": {"cpu": 2}, "optional": True}]
    assert bound("balance", agents=some, clusters=clusters[:1], ratios=[("cpu", "disk", 1.5, 1)]) == 0
    assert bound("balance", agents=some, clusters=clusters, ratios=[("cpu", "disk", 2, 1)]) == 2 * (8 - 2) - 8


def test_balance_of_own_demands() -> None:
    """An agent takes what is best for the difference, not the most of one and the least of the other."""
    costs = [("a", "x", 0, {"cpu": 4, "disk": 4}), ("a", "y", 0, {"cpu": 0, "disk": 0})]
    clusters = [{"id": name, "capacity": {"cpu": 4, "disk": 4}} for name in "xy"]
    assert bound("balance", agents=["a"], clusters=clusters, costs=costs, ratios=[("cpu", "disk", 2)]) == 4


def test_balance_of_sizes() -> None:
    """Seven agents in clusters of three: one too many, or one too few in two of them."""
    assert bound("balance", agents=7, clusters=2, target=3, elastic=True) == 1
    assert bound("balance", agents=5, clusters=3, target=2, elastic=True) == 1
    assert bound("balance", agents=6, clusters=3, target=2, elastic=True) == 0


def test_moves_that_are_forced() -> None:
    """Whoever may not stay, or does not fit, or is one of too many, the cheapest of them."""
    agents = [
        {"id": "a", "cluster": "x", "clusters": ["y"], "move_cost": 2},
        {"id": "b", "cluster": "x", "demand": {"cpu": 6}, "move_cost": 4},
        {"id": "c", "cluster": "z", "demand": {"cpu": 2}, "move_cost": 8},
        {"id": "d", "cluster": "z", "demand": {"cpu": 2}, "move_cost": 16},
    ]
    clusters = [{"id": "x", "capacity": {"cpu": 5}}, {"id": "y", "capacity": {"cpu": 9}}]
    clusters.append({"id": "z", "capacity": {"cpu": 2}})
    assert bound("move", agents=agents, clusters=clusters) == 2 + 4 + 8
    together = [{"id": "a", "cluster": "x", "move_cost": 3}, {"id": "b", "cluster": "y", "move_cost": 5}]
    assert bound("move", agents=together, clusters=["x", "y"], links=[("a", "b", "together")]) == 3


def test_moves_of_a_group() -> None:
    """The group of which most must move is what the weight by group counts."""
    agents = [
        {"id": f"a{i}", "cluster": "x", "clusters": ["y"], "group": "gh"[i == 2], "move_cost": 0} for i in range(3)
    ]
    assert bound("move", agents=agents, clusters=["x", "y"], moves={"per_group": 5}) == 10


def test_cheapest_places() -> None:
    """Each agent where it costs least of where it may be; a place without a row costs nothing."""
    agents: list[Any] = ["a", {"id": "b", "clusters": ["y"]}, "c", {"id": "d", "optional": True}]
    costs = [
        (name, k, cost)
        for name, row in (("a", (3, 2)), ("b", (1, 4)), ("d", (9, 9)))
        for k, cost in zip("xy", row, strict=True)
    ]
    assert bound("cost", agents=agents, clusters=["x", "y"], costs=[*costs, ("c", "x", 5)]) == 2 + 4


def test_opened_clusters() -> None:
    """Those that somebody can't avoid with what is around them, or enough of the cheapest to hold all."""
    clusters = [
        {"id": "x", "cost": 2, "parent": "eu"},
        {"id": "y", "cost": 3, "parent": "eu"},
        {"id": "eu", "cost": 10},
    ]
    assert bound("cost", agents=2, clusters=[*clusters, {"id": "z", "cost": 50}]) == 12
    assert bound("cost", agents=[{"id": "a", "clusters": ["y"]}, {"id": "b", "clusters": ["z"]}],
                 clusters=[*clusters, {"id": "z", "cost": 50}]) == 63  # fmt: skip
    agents = [{"id": f"a{i}", "demand": {"cpu": 2}} for i in range(4)]
    sized = [{"id": "x", "cost": 4, "capacity": {"cpu": 4}}, {"id": "y", "cost": 6, "capacity": {"cpu": 4}}]
    assert bound("cost", agents=agents, clusters=[*sized, {"id": "z", "cost": 50, "capacity": {"cpu": 8}}]) == 10


def test_spread_over_few_values() -> None:
    """Five members over two values form at least three and one pairs; those that stay together one more."""
    clusters = [{"id": name, "labels": {"zone": zone}} for name, zone in zip("xyz", "nns", strict=True)]
    groups = [{"id": "g", "spread": {"label": "zone", "weight": 2.5}}]
    agents = [{"id": f"a{i}", "group": "g"} for i in range(5)]
    assert bound("spread", agents=agents, clusters=clusters, groups=groups) == 2.5 * (3 + 1)
    links = [("a0", "a1", "together"), ("a0", "a2", "together"), ("a0", "a3", "together")]
    assert bound("spread", agents=agents, clusters=clusters, groups=groups, links=links) == 2.5 * 6
    north = [{**row, "clusters": ["x", "y"]} for row in agents[:3]]
    assert bound("spread", agents=north, clusters=clusters, groups=groups) == 2.5 * 3


def test_rewards_that_are_lost() -> None:
    """Of whoever fits nowhere, and the cheapest of what there is no room for, by each part of the fleet."""
    clusters = [{"id": name, "capacity": {"cpu": 4}} for name in "xy"]
    agents: list[Any] = [{"id": "big", "demand": {"cpu": 5}, "optional": True, "reward": 100}]
    agents += [
        {"id": f"{k}{i}", "demand": {"cpu": 2}, "clusters": [k], "optional": i > 0, "reward": 3 + i}
        for k in "xy"
        for i in range(3)
    ]
    assert bound("unplaced", agents=agents, clusters=clusters) == 100 + 4 + 4
    around = [{"id": "x", "parent": "eu"}, {"id": "y", "parent": "eu"}, {"id": "eu", "max_size": 1}]
    few = [{"id": f"a{i}", "optional": True, "reward": i + 1} for i in range(3)]
    assert bound("unplaced", agents=few, clusters=around) == 1 + 2


def test_terms_and_levels() -> None:
    """Terms that count in no level have a bound of 0, and levels are sums of weighed terms."""
    agents = [{"id": "a", "demand": {"cpu": 3}, "cluster": "x", "clusters": ["y"], "move_cost": 2}]
    clusters = [{"id": name, "safe": {"cpu": 1}} for name in "xy"]
    levels = [{"load": 1, "move": 10}, {"cut": 1}]
    instance = build_instance(make_spec(agents=agents, clusters=clusters, objective=levels))
    assert level_bounds(instance) == (2 + 10 * 2, 0)
    instance = build_instance(make_spec(agents=agents, clusters=clusters, objective={"load": 3}))
    assert term_bounds(instance).tolist() == [0, 2, 0, 0, 0, 0, 0]
