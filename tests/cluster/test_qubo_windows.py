"""Assignments by engines of QUBOs: never worse, proved where the engine is exact, reproducible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec
from support.assignment_specs import FEATURES, optimum, random_spec
from support.cluster_models import incumbent_of

from qamctl.backends import anneal, exact
from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import Instance, build_instance
from qamctl.cluster.solution import Solution
from qamctl.cluster.solvers import qubo_windows
from qamctl.errors import UnsupportedError
from qamctl.solver import Budget, Outcome


def cases(seed: int, agents: int) -> Iterator[tuple[Instance, Solution]]:
    """Random instances with a feasible assignment each, without end."""
    rng, generator = Random(seed), np.random.default_rng(seed)
    while True:
        features = {name for name in FEATURES if rng.random() < rng.choice((0.1, 0.25, 0.4))}
        spec = random_spec(rng, agents=rng.randint(3, agents), clusters=rng.randint(2, 4), features=features)
        instance = build_instance(spec)
        incumbent = incumbent_of(instance, generator)
        if incumbent is not None:
            yield instance, incumbent


def engine(sample: Callable[..., Any], **fixed: Any) -> Callable[..., Any]:
    return lambda compiled, **options: sample(compiled, {**options, **fixed})


def solve(instance: Instance, incumbent: Solution | None, **options: Any) -> tuple[Outcome, list[Solution]]:
    reported: list[Solution] = []
    settings = {"sample": engine(anneal.sample, sweeps=60, reads=2)} | options
    budget = Budget(steps=settings.pop("steps", 4))
    return qubo_windows.solve(instance, incumbent, budget, 5, lambda: False, reported.append, **settings), reported


@pytest.mark.parametrize("batch", [1, 3])
def test_annealing_never_makes_an_assignment_worse_and_always_a_feasible_one(batch: int) -> None:
    """What comes back passes the checker, is at least as good as what went in, and no bound is above it."""
    found, gained = cases(batch, 8), 0
    for _ in range(40):
        instance, incumbent = next(found)
        outcome, reported = solve(instance, incumbent, batch=batch)
        answer = outcome.solution
        assert check_columns(instance.spec, answer.cluster, answer.devices).violations == ()
        assert instance.value(answer) <= instance.value(incumbent)
        for bound, value in zip(outcome.bounds[:1], instance.value(answer), strict=False):
            assert bound is None or bound <= value + 1e-9
        better = instance.value(answer) < instance.value(incumbent)
        gained += better
        assert len(reported) >= better
    assert gained >= 10


def test_an_exact_engine_proves_what_fits_whole() -> None:
    """Tiny problems are proved level by level, and the values are those of all assignments."""
    found, proved = cases(3, 4), 0
    for _ in range(40):
        instance, incumbent = next(found)
        outcome, _ = solve(instance, incumbent, sample=engine(exact.sample), exact=True, max_variables=20, steps=8)
        if outcome.status == "optimal":
            proved += 1
            best, _ = optimum(instance.spec)
            assert best is not None
            assert instance.value(outcome.solution) == pytest.approx(best, abs=1e-9)
            assert outcome.bounds == pytest.approx(best, abs=1e-9)
    assert proved >= 20


def test_equal_seeds_give_equal_assignments() -> None:
    """With steps the whole walk is reproducible."""
    found = cases(4, 8)
    for _ in range(8):
        instance, incumbent = next(found)
        one, two = (solve(instance, incumbent)[0] for _ in range(2))
        assert np.array_equal(one.solution.cluster, two.solution.cluster)
        assert one.info == two.info


def test_a_first_assignment_is_found_or_its_absence_told() -> None:
    """Without an incumbent a short search gives one; where that fails the outcome is unknown, with a reason."""
    spec = make_spec(agents=4, clusters=2, links=[("a0", "a1"), ("a2", "a3")], objective={"cut": 1.0})
    outcome, reported = solve(build_instance(spec), None, steps=1)
    assert outcome.status == "optimal"
    assert len(reported) >= 1
    nowhere = make_spec(agents=[{"id": "a", "demand": {"cpu": 2}}], clusters=[{"id": "m", "capacity": {"cpu": 1}}])
    outcome, reported = solve(build_instance(nowhere), None, steps=1)
    assert outcome.status == "unknown"
    assert outcome.solution is None
    assert "no feasible assignment" in outcome.info["reason"]
    assert reported == []


def test_what_no_qubo_holds_is_told() -> None:
    """A term that has no integer row ends the engine with its name."""
    clusters = [{"id": "m", "capacity": {"cpu": 4, "disk": 4}}, {"id": "w", "capacity": {"cpu": 4, "disk": 4}}]
    spec = make_spec(
        agents=[{"id": "a", "demand": {"disk": 1}}, {"id": "b", "demand": {"disk": 3}}], clusters=clusters,
        ratios=[("cpu", "disk", 2**0.5)], objective={"balance": 1.0},
    )  # fmt: skip
    instance = build_instance(spec)
    with pytest.raises(UnsupportedError, match="balance"):
        solve(instance, instance.solution(np.array([0, 1], np.int32)))
