"""The linear engine against all assignments of small problems: answers, bounds, verdicts, and what ends it early."""

from __future__ import annotations

import threading
from random import Random

import numpy as np
import pytest
from cluster.specs import make_spec
from support.assignment_specs import optimum, random_spec
from support.shared import shared_path

from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import Instance, build_instance
from qamctl.cluster.read import cluster_from_data
from qamctl.cluster.solution import Solution
from qamctl.cluster.solvers.linear import solve
from qamctl.cluster.spec import ClusterSpec
from qamctl.formats import gap
from qamctl.levels import better, same
from qamctl.solver import Budget, Outcome

#: Features with which a problem is a linear program in whole numbers.
LINEAR = (
    "capacity", "shared", "safe", "transient", "inner", "sizes", "apart", "group-apart", "costs", "own-demand", "open",
    "current", "moves", "pairs", "ratios", "optional", "allowed", "levels",
)  # fmt: skip
STEPS = Budget(steps=1_000_000, threads=1)


def hard(items: int, bins: int, seed: int) -> ClusterSpec:
    """Generalised assignment in which what is cheap takes much: costs and demands are at odds (type d)."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 101, (items, bins))
    cost = 111 - weight + rng.integers(-10, 11, (items, bins))
    agents = [f"I{j}" for j in range(items)]
    return make_spec(
        resources=["weight"], agents=agents, objective={"cost": 1.0},
        clusters=[{"id": f"B{i}", "capacity": {"weight": int(0.8 * weight[:, i].sum() / bins)}} for i in range(bins)],
        costs=[
            (name, f"B{i}", int(cost[j, i]), {"weight": int(weight[j, i])})
            for j, name in enumerate(agents) for i in range(bins)
        ],
    )  # fmt: skip


def run(instance: Instance, budget: Budget, *, seed: int = 1, incumbent: Solution | None = None) -> Outcome:
    return solve(instance, incumbent, budget, seed, lambda: False, lambda solution: None)


def levels_of(spec: ClusterSpec, solution: Solution) -> tuple[float, ...]:
    """The checker's figures of an answer that breaks nothing."""
    report = check_columns(spec, solution.cluster, solution.devices)
    assert report.violations == ()
    return tuple(map(float, report.levels))


@pytest.mark.parametrize("block", range(4))
def test_small_problems_are_solved_to_the_optimum(block: int) -> None:
    """Answers are feasible, no bound is above the optimum, and what is called optimal or infeasible is."""
    rng, proved = Random(1000 + block), 0
    for number in range(12):
        features = {name for name in LINEAR if rng.random() < 0.3} | {"costs"}
        spec = random_spec(rng, agents=rng.randint(3, 5), clusters=rng.randint(2, 3), features=features)
        best, _ = optimum(spec)
        outcome = run(build_instance(spec), STEPS, seed=number)
        if best is None:
            assert outcome.solution is None
            continue
        assert outcome.status in ("optimal", "feasible", "unknown")
        if outcome.bounds[0] is not None:
            assert outcome.bounds[0] <= best[0] + 1e-6
        if outcome.solution is None:
            continue
        value = levels_of(spec, outcome.solution)
        assert not better(value, best)
        if outcome.status == "optimal":
            assert all(map(same, value, best))
            proved += 1
    assert proved >= 6


@pytest.mark.parametrize("seed", range(3))
def test_costs_that_are_at_odds_with_demands(seed: int) -> None:
    """Seven items in three bins, nearly full: brute force agrees, or there is nothing to agree on."""
    spec = hard(7, 3, seed)
    best, _ = optimum(spec)
    outcome = run(build_instance(spec), STEPS)
    assert outcome.status == ("infeasible" if best is None else "optimal")
    if best is not None:
        assert outcome.solution is not None
        assert levels_of(spec, outcome.solution) == best == pytest.approx(outcome.bounds)


def test_the_same_seed_gives_the_same_answer() -> None:
    """With a budget of steps nothing depends on threads or on time."""
    spec = hard(40, 5, 7)
    instance = build_instance(spec)
    budgets = [Budget(steps=600_000, threads=threads) for threads in (1, 2)]
    first, again = (run(instance, budget, seed=3) for budget in budgets)
    assert first.solution is not None
    assert again.solution is not None
    assert np.array_equal(first.solution.cluster, again.solution.cluster)
    assert first.bounds == again.bounds
    assert levels_of(spec, first.solution)[0] >= (first.bounds[0] or 0.0)


def test_it_never_gives_back_something_worse() -> None:
    """What it begins with is kept where nothing better is found."""
    instance = build_instance(hard(30, 4, 2))
    known = run(instance, Budget(steps=900_000, threads=1)).solution
    assert known is not None
    outcome = run(instance, Budget(steps=1_000, threads=1), seed=9, incumbent=known)
    assert outcome.solution is not None
    assert not better(instance.value(known), instance.value(outcome.solution))


@pytest.mark.parametrize("after", [0.0, 0.4, 1.5])
def test_what_is_cut_short_is_valid(after: float) -> None:
    """Whenever it is told to end, it ends with an answer that holds, or with none."""
    spec, over = hard(120, 12, 5), threading.Event()
    instance = build_instance(spec)
    clock = threading.Timer(after, over.set)
    clock.start()
    outcome = solve(instance, None, Budget(seconds=60, threads=2), 1, over.is_set, lambda solution: None)
    clock.cancel()
    assert outcome.status in ("feasible", "unknown")
    if outcome.solution is not None:
        value = levels_of(spec, outcome.solution)
        assert value[0] >= (outcome.bounds[0] or 0.0)


def test_links_alone_are_declined() -> None:
    """A relaxation of shares cuts no link: the engine says so."""
    spec = make_spec(agents=4, clusters=2, links=[("a0", "a1"), ("a2", "a3")], objective={"cut": 1.0})
    outcome = run(build_instance(spec), STEPS)
    assert outcome.solution is None
    assert "links" in outcome.info["skipped"]


def test_a_published_problem_is_nearly_solved() -> None:
    """c05100 of the OR-Library costs 1931: no bound is above, and the answer is close."""
    path = shared_path("instances", "cluster", "gap", "c05100")
    spec = cluster_from_data(gap.read(path.read_text(), name="c05100"))
    outcome = run(build_instance(spec), Budget(steps=2_000_000, threads=1))
    assert outcome.solution is not None
    assert 1931 <= levels_of(spec, outcome.solution)[0] <= 1945
    assert outcome.bounds[0] is not None
    assert 1931 >= outcome.bounds[0] >= 1924
