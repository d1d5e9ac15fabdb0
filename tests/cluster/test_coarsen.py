"""Coarser problems mean what finer ones do, and join only what may be joined."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from cluster.specs import make_spec
from support.assignment_problems import random_problem

from qamctl.cluster.coarsen import coarsen, joinable, limits, sizes
from qamctl.cluster.instance import build_instance
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT
from qamctl.cluster.terms import terms
from qamctl.kernels.assignment.problem import AssignmentProblem


def linked(seed: int, n: int = 60, k: int = 4) -> AssignmentProblem:
    """Units with links and demands, of several kinds, some with a rule, a home, or devices."""
    has = {"links", "kinds"} | ({"homes", "costs"} if seed % 2 else {"apart", "devices", "groups"})
    problem = random_problem(seed, n=n, k=k, has=has)
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.sort(rng.integers(0, n, (3 * n, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    weight = rng.integers(1, 9, len(pairs)).astype(float)
    one, other = np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])
    order = np.argsort(one, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(one, minlength=n))]).astype(np.int64)
    return dataclasses.replace(
        problem, link_first=first, link_to=other[order].astype(np.int32), link_weight=np.tile(weight, 2)[order]
    )


@pytest.mark.parametrize("seed", range(40))
def test_joined_units_may_be_joined(seed: int) -> None:
    """Of one kind and one group, within the limit, none that a rule tells apart; the rest stays alone."""
    problem, rng = linked(seed), np.random.default_rng(seed)
    group = rng.integers(0, 3, problem.n)
    limit = 3 * problem.demand.max(axis=0)
    found = coarsen(problem, group, limit, rng)
    if found is None:
        assert not joinable(problem).all()
        return
    coarse, unit = found
    assert coarse.n == unit.max() + 1 < problem.n
    several = np.bincount(unit)[unit] > 1
    assert several.any()
    assert joinable(problem)[several].all()
    for u in np.flatnonzero(np.bincount(unit) > 1).tolist():
        members = np.flatnonzero(unit == u)
        assert len({int(problem.kind[m]) for m in members}) == len({int(group[m]) for m in members}) == 1
        assert (problem.demand[members].sum(axis=0) <= limit).all()


@pytest.mark.parametrize("seed", range(40))
def test_a_coarse_assignment_costs_what_it_costs_below(seed: int) -> None:
    """All terms, level after level."""
    fine, rng = linked(seed), np.random.default_rng(seed)
    for _ in range(3):
        found = coarsen(fine, np.zeros(fine.n, np.int64), 9 * fine.demand.max(axis=0), rng)
        if found is None:
            break
        coarse, unit = found
        leaf = rng.integers(0, fine.k, coarse.n).astype(np.int32)
        assert terms(coarse, leaf) == pytest.approx(terms(fine, leaf[unit]))
        fine = coarse


def test_partners_pull_each_other() -> None:
    """Heavy pairs are joined and light links are not, whichever way they are rated; whoever is left joins a pair."""
    links = [(f"a{2 * i}", f"a{2 * i + 1}", 100) for i in range(20)]
    links += [(f"a{i}", f"a{(i + 2) % 40}", 1) for i in range(40)]
    problem = build_instance(make_spec(agents=41, clusters=2, links=[*links, ("a40", "a0", 50)])).problem
    for seed in range(10):
        found = coarsen(problem, np.zeros(41, np.int64), np.full(problem.r, NO_LIMIT), np.random.default_rng(seed))
        assert found is not None
        _, unit = found
        assert (unit[0:40:2] == unit[1:40:2]).all()
        assert len(set(unit.tolist())) == 20
        assert unit[40] == unit[0]


def test_nothing_is_joined_where_nothing_is_linked_or_nothing_fits() -> None:
    """There is no coarser level then."""
    alone = build_instance(make_spec(agents=99, clusters=2, links=[("a0", "a1")])).problem
    none, rng = np.zeros(20, np.int64), np.random.default_rng(1)
    assert coarsen(alone, np.zeros(99, np.int64), np.full(alone.r, NO_LIMIT), rng) is None
    ring = build_instance(make_spec(agents=20, clusters=2, links=[(f"a{i}", f"a{(i + 1) % 20}") for i in range(20)]))
    assert coarsen(ring.problem, none, np.ones(ring.problem.r, np.int64), rng) is None
    assert coarsen(ring.problem, np.arange(20), np.full(ring.problem.r, NO_LIMIT), rng) is None
    found = coarsen(ring.problem, none, np.full(ring.problem.r, NO_LIMIT), rng)
    assert found is not None


def test_limits_are_shares_of_the_largest_leaf() -> None:
    """Where there is no capacity there is none; a limit is at least 1."""
    spec = make_spec(
        resources=["cpu", "mem", "disk"],
        agents=[{"id": "a", "demand": {"cpu": 1, "mem": 1}}],
        clusters=[{"id": "x", "capacity": {"cpu": 80, "mem": 3}}, {"id": "y", "capacity": {"cpu": 40, "mem": 4}}],
    )
    assert limits(build_instance(spec).problem, 1 / 8).tolist() == [10, 1, NO_LIMIT, NO_LIMIT]


def test_sizes_add_up_over_limited_resources() -> None:
    """Each resource counts for as much as the number of units; without any capacity agents are counted."""
    agents = [{"id": f"a{i}", "demand": {"cpu": 1 + i}} for i in range(4)]
    limited = make_spec(resources=["cpu"], agents=agents, clusters=[{"id": "x", "capacity": {"cpu": 99}}])
    assert sizes(build_instance(limited).problem) == pytest.approx([0.4, 0.8, 1.2, 1.6])
    free = make_spec(resources=["cpu"], agents=agents, clusters=2)
    assert sizes(build_instance(free).problem) == pytest.approx([1.0] * 4)


def test_who_has_rules_is_not_joined() -> None:
    """Being apart, groups with rules, and being optional; links alone do no harm."""
    spec = make_spec(
        agents=["a", "b", {"id": "c", "group": "g"}, {"id": "d", "optional": True}, "e", "f"],
        clusters=3,
        groups=[{"id": "g", "apart": True}],
        links=[("a", "b", "apart"), ("e", "f"), ("c", "e")],
    )
    problem = build_instance(spec).problem
    assert joinable(problem).tolist() == [False, False, False, False, True, True]
    assert owners(problem.link_first).tolist() == [2, 4, 4, 5]
