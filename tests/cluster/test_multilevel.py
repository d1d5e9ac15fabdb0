"""Answers that are bred on coarser problems."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec

from qamctl.cluster.check import check_columns
from qamctl.cluster.construct import construct
from qamctl.cluster.instance import Instance, build_instance
from qamctl.cluster.solvers import assignment
from qamctl.cluster.solvers.best import Best
from qamctl.cluster.solvers.loose import coarsest, loosened, rim, simple, worthwhile
from qamctl.cluster.solvers.multilevel import Breeding
from qamctl.cluster.spec import ClusterSpec
from qamctl.cluster.terms import terms
from qamctl.solver import Budget


def communities(n: int = 480, k: int = 6, seed: int = 1, **more: Any) -> tuple[ClusterSpec, float]:
    """Agents with eight links inside their community each and few to others, and what the communities cut."""
    rng = np.random.default_rng(seed)
    home = rng.permutation(np.arange(n) % k)
    links, cut = dict[tuple[int, int], int](), 0
    for a in range(n):
        mine = np.flatnonzero(home == home[a])
        for b in [*rng.choice(mine, 8).tolist(), *(rng.integers(0, n, 1).tolist() if a % 4 == 0 else [])]:
            if a != b:
                links[min(a, b), max(a, b)] = 1
    cut = sum(weight for (a, b), weight in links.items() if home[a] != home[b])
    spec = make_spec(
        agents=n, clusters=k, tolerance=3, links=[(f"a{a}", f"a{b}", w) for (a, b), w in links.items()], **more
    )
    return spec, float(cut)


def solved(spec: ClusterSpec, budget: Budget, seed: int = 1) -> Any:
    """What the native engine says."""
    return assignment.solve(build_instance(spec), None, budget, seed, lambda: False, lambda _: None)


def breeding(instance: Instance, seed: int = 1, steps: int = 600_000) -> Breeding:
    """Bred answers with a budget in steps."""
    return Breeding(Best(instance, (0.0,)), construct(instance), seed, steps, planned=True)


def test_planted_communities_are_found() -> None:
    """The cut is not larger than theirs, and the checker agrees with the value."""
    spec, planted = communities()
    instance = build_instance(spec)
    assert worthwhile(instance)
    outcome = solved(spec, Budget(steps=1_600_000))
    assert outcome.solution is not None
    report = check_columns(spec, outcome.solution.cluster, outcome.solution.devices)
    assert report.feasible
    assert report.levels[0] == instance.value(outcome.solution)[0] <= planted
    assert outcome.info["cycles"] >= 2
    assert outcome.info["steps"] <= 1_600_000


def test_it_depends_on_the_seed_and_the_steps_alone() -> None:
    """However it is divided into slices; another seed gives another search."""
    pairs = np.random.default_rng(5).integers(0, 400, (1200, 2)).tolist()  # no two answers are alike
    links = {(f"a{min(pair)}", f"a{max(pair)}") for pair in pairs if pair[0] != pair[1]}
    instance = build_instance(make_spec(agents=400, clusters=3, tolerance=3, links=sorted(links)))
    found = []
    for seed, slices in ((7, 1e9), (7, 0.002), (8, 1e9)):
        walk = breeding(instance, seed, 100_000)
        while walk.advance(slices, 0.0):
            pass
        assert walk.found.answer is not None
        found.append((walk.steps_done, walk.cycles, walk.found.value, walk.found.answer[0].tolist()))
    assert found[0] == found[1] != found[2]
    assert found[0][0] <= 100_000


def test_little_is_better_than_nothing() -> None:
    """With too few steps for a cycle it walks; the answer is as feasible as the budget allows."""
    instance = build_instance(communities()[0])
    for steps in (0, 1, 100, 20_000):
        walk = breeding(instance, steps=steps)
        while walk.advance(1e9, 0.0):
            pass
        assert walk.steps_done <= steps
        assert walk.cycles == 0
        assert walk.found.value is not None
    assert walk.found.value[0] == 0
    assert walk.found.value[1] < instance.value_of(construct(instance))[0]


def test_time_is_kept_to() -> None:
    """With a budget in time, the share that is spent decides how much a cycle gets; the search ends with it."""
    instance = build_instance(communities()[0])
    walk = Breeding(Best(instance, (0.0,)), construct(instance), 1, 2**62, planned=False)
    spent = 0.0
    while spent < 1 and walk.advance(0.01, spent):
        spent += 0.01
    assert walk.found.value is not None
    assert walk.found.value[0] == 0
    assert walk.cycles >= 1
    while walk.advance(1.0, 1.0):
        pass


def test_it_stops_where_nothing_can_be_better() -> None:
    """A cut that meets its bound needs no more steps."""
    links = [(f"a{i}", f"a{j}", 1) for i in range(400) for j in (i + 1, i + 2) if i // 200 == j // 200 and j < 400]
    spec = make_spec(agents=400, clusters=2, tolerance=0, links=links)
    outcome = solved(spec, Budget(steps=50_000_000))
    assert outcome.status == "optimal"
    assert outcome.info["steps"] < 25_000_000
    assert build_instance(spec).value(outcome.solution) == (0.0,)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_find_the_same(threads: int) -> None:
    """A budget in steps is divided among two walks, whoever runs them."""
    spec, _ = communities(n=400, k=4)
    one = solved(spec, Budget(steps=200_000))
    other = solved(spec, Budget(steps=200_000, threads=threads))
    assert one.solution.cluster.tolist() == other.solution.cluster.tolist()


def test_later_levels_are_walked_after_the_first() -> None:
    """The cut comes first; costs are lowered as far as it stays what it is."""
    costs = [(f"a{i}", f"c{i % 4}", -5.0) for i in range(400)]
    spec, planted = communities(n=400, k=4, costs=costs, objective=[{"cut": 1.0}, {"cost": 1.0}])
    outcome = solved(spec, Budget(steps=1_600_000))
    assert check_columns(spec, outcome.solution.cluster, outcome.solution.devices).feasible
    cut, cost = build_instance(spec).value(outcome.solution)
    assert cut <= planted
    first = communities(n=400, k=4, costs=costs, objective=[{"cut": 1.0}])[0]
    alone = solved(first, Budget(steps=800_000)).solution
    assert cost <= build_instance(spec).value(alone)[1]


def test_rules_are_kept_where_there_are_some() -> None:
    """Groups apart, trees, old places: breeding has a part of the time, a walk by moves of every kind the rest."""
    agents = [{"id": f"a{i}", "cluster": f"c{i % 4}"} | ({"group": "g"} if i % 100 == 0 else {}) for i in range(400)]
    rng = np.random.default_rng(3)
    links = {tuple(sorted(rng.choice(400, 2, replace=False).tolist())) for _ in range(1500)}
    spec = make_spec(
        agents=agents,
        clusters=[*({"id": f"c{i}", "parent": "eu" if i < 2 else "us", "max_size": 110} for i in range(4)), "eu", "us"],
        groups=[{"id": "g", "apart": True}],
        links=[(f"a{a}", f"a{b}", 1) for a, b in links],
        objective={"cut": 1.0, "move": 0.1},
    )
    instance = build_instance(spec)
    assert worthwhile(instance)
    assert not simple(instance.problem)
    outcome = solved(spec, Budget(steps=400_000))
    assert check_columns(spec, outcome.solution.cluster, outcome.solution.devices).feasible
    assert instance.value(outcome.solution) < instance.value_of(construct(instance))


def test_it_runs_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference takes the same steps to the same answer."""
    spec, _ = communities(n=320, k=3)
    native = solved(spec, Budget(steps=12_000))
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    plain = solved(spec, Budget(steps=12_000))
    assert plain.solution.cluster.tolist() == native.solution.cluster.tolist()
    assert "reference" in plain.info["kernels"]


def test_what_is_too_full_costs_its_price() -> None:
    """The loosened problem holds more, and prices it as load; what is not too full costs the same as before."""
    problem = build_instance(communities(n=400, k=4)[0]).problem
    loose = loosened(problem, 0.5)
    assert loose.capacity[:4, -1].tolist() == (problem.capacity[:4, -1] + 3).tolist()
    even = (np.arange(400) % 4).astype(np.int32)
    assert loose.levels[0] @ terms(loose, even) == problem.levels[0] @ terms(problem, even)
    full = even.copy()
    more = int(problem.capacity[0, -1]) - 100 + 2
    full[np.flatnonzero(even == 1)[:more]] = 0
    price = 0.5 * problem.link_weight.sum() / 400
    worth = loose.levels[0] @ terms(loose, full) - problem.levels[0] @ terms(problem, full)
    assert worth == pytest.approx(2 * price)


def test_only_simple_problems_are_loosened() -> None:
    """A problem that prices loads itself, or has rules, is left as it is."""
    problem = build_instance(communities(n=400, k=4)[0]).problem
    assert simple(problem)
    priced = dataclasses.replace(problem, levels=np.array([[1.0, 1, 0, 0, 0, 0, 0]]))
    assert loosened(priced, 0.5) is priced
    ruled = dataclasses.replace(problem, least=np.ones_like(problem.least))
    assert not simple(ruled)
    assert loosened(ruled, 0.5) is ruled


@pytest.mark.parametrize(
    "change",
    [
        {"parent": np.array([1, -1], np.int32)},
        {"transient": np.array([1, 0], np.uint8)},
        {"member_rule": np.zeros(1, np.int32)},
        {"piece_size": np.ones(1, np.int64)},
        {"apart_to": np.zeros(1, np.int32)},
        {"own_demand": np.ones((1, 2), np.int64)},
        {"ratio_one": np.zeros(1, np.int32)},
        {"optional": np.ones(2, np.uint8)},
        {"least": np.ones(2, np.int64)},
        {"target": 3},
    ],
)
def test_what_makes_a_problem_less_than_simple(change: dict[str, Any]) -> None:
    """Each rule alone does."""
    problem = build_instance(make_spec(resources=["cpu"], agents=2, clusters=2, links=[("a0", "a1")])).problem
    assert simple(problem)
    assert not simple(dataclasses.replace(problem, **change))


def test_it_is_worth_while_where_links_count_and_units_are_many() -> None:
    """Not for few units, nor where links count in no level, or in a later one alone."""
    assert worthwhile(build_instance(communities(n=400, k=4)[0]))
    assert not worthwhile(build_instance(communities(n=200, k=4)[0]))
    assert not worthwhile(build_instance(communities(n=400, k=1)[0]))
    assert not worthwhile(build_instance(communities(n=400, k=4, objective={"move": 1.0})[0]))
    assert not worthwhile(build_instance(communities(n=400, k=4, objective=[{"move": 1.0}, {"cut": 1.0}])[0]))
    assert coarsest(build_instance(communities(n=400, k=30)[0]).problem) == 480


def test_the_rim_is_who_has_links_to_others() -> None:
    """Both ends of a cut link."""
    problem = build_instance(make_spec(agents=4, clusters=2, links=[("a0", "a1"), ("a1", "a2"), ("a2", "a3")])).problem
    assert rim(problem, np.array([0, 0, 1, 1], np.int32)) == 2
    assert rim(problem, np.array([0, 1, 0, 1], np.int32)) == 4
    assert rim(problem, np.zeros(4, np.int32)) == 0
