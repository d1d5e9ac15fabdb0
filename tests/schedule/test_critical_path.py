"""The search on critical paths as an engine: which schedules it takes, and what it makes of them."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.brute_force import optimum
from support.cpsat_cases import FT06, instance_of, job_shop, random_job_shop, spec_data

from qamctl.errors import UnsupportedError
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.contest import contest_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import critical_path
from qamctl.schedule.solvers.shop import shop_of
from qamctl.solver import Budget, Outcome


def solve(
    instance: Instance, incumbent: Solution | None = None, budget: Budget | None = None, seed: int = 0
) -> tuple[Outcome, list[Solution]]:
    """The outcome, after the checker has accepted every schedule reported and the outcome's own."""
    reported: list[Solution] = []
    budget = Budget(steps=2_000) if budget is None else budget
    outcome = critical_path.solve(instance, incumbent, budget, seed, lambda: False, reported.append)
    for s in (*reported, outcome.solution):
        if s is not None:
            assert not check_columns(instance.spec, s.start, s.end, s.mode, s.agent, s.others).violations
    return outcome, reported


def flexible_shop(rng: Random, jobs: int = 3, stages: int = 2, machines: int = 3) -> dict[str, Any]:
    """Jobs whose operations may be done by some machines, each in a time of its own; some machines are alike."""
    agents = [{"id": f"m{m}", "slots": 2 if rng.random() < 0.2 else 1} for m in range(machines)]
    tasks: list[dict[str, Any]] = []
    for j in range(jobs):
        for k in range(stages):
            able = rng.sample(range(machines), rng.randint(1, machines))
            task: dict[str, Any] = {"id": f"j{j}.{k}", "after": [f"j{j}.{k - 1}"] if k else []}
            if rng.random() < 0.3:
                task |= {"duration": rng.randint(1, 3), "agents": [f"m{m}" for m in able]}
            else:
                modes = [{"id": f"m{m}", "duration": rng.randint(1, 3), "agents": [f"m{m}"]} for m in able]
                task |= {"modes": modes}
            if rng.random() < 0.2:
                task["release"] = rng.randint(0, 3)
            tasks.append(task)
    return spec_data(agents=agents, tasks=tasks)


@pytest.mark.parametrize("block", range(5))
def test_small_shops_are_solved(block: int) -> None:
    """The makespan of random flexible shops is brute force's, though every machine has few tasks."""
    for seed in range(12 * block, 12 * block + 12):
        rng = Random(seed)
        spec = schedule_from_data(flexible_shop(rng, jobs=rng.choice((1, 2, 2)), stages=2, machines=rng.randint(1, 3)))
        best = optimum(spec, limit=1)
        assert best is not None
        instance = build_instance(spec)
        outcome, _ = solve(instance, seed=seed)
        assert outcome.solution is not None
        assert instance.value(outcome.solution) == pytest.approx(best.value), seed


def test_ft06_and_larger_job_shops() -> None:
    """ft06 in no time; larger ones shorter than the incumbent, and the same with the same steps and seed."""
    instance = build_instance(schedule_from_data(job_shop(FT06)))
    outcome, reported = solve(instance, budget=Budget(steps=4_000))
    assert outcome.solution is not None
    assert instance.value(outcome.solution) == (55.0,)
    assert instance.value(reported[-1]) == (55.0,)
    large = random_job_shop(8, 6, seed=7)
    first, _ = solve(large, budget=Budget(steps=60))
    assert first.solution is not None
    again, _ = solve(large, first.solution, seed=5)
    assert again.solution is not None
    assert large.value(again.solution) < large.value(first.solution)
    twice, _ = solve(large, first.solution, seed=5)
    assert twice.solution is not None
    np.testing.assert_array_equal(again.solution.start, twice.solution.start)
    assert again.info["steps"] == 2_000


def test_with_a_clock_every_thread_has_a_walk() -> None:
    """They stop when the time is over, or the bound is met."""
    instance = random_job_shop(10, 5, seed=1)
    outcome, _ = solve(instance, budget=Budget(seconds=0.3, threads=2))
    assert outcome.info["walks"] == 2
    assert outcome.status in ("feasible", "optimal")
    easy = instance_of(agents=[{"id": "a"}, {"id": "b"}], tasks=[{"id": t, "duration": 2} for t in "xyzw"])
    outcome, _ = solve(easy, budget=Budget(seconds=60, threads=2))
    assert (outcome.status, outcome.bounds) == ("optimal", (4.0,))


def test_a_horizon_is_kept() -> None:
    """Schedules that are longer than it are not told; one that is as long is."""
    data = job_shop(FT06)
    for horizon, status in ((55, "optimal"), (20, "unknown")):
        instance = build_instance(schedule_from_data(data | {"horizon": horizon}))
        outcome, reported = solve(instance, budget=Budget(steps=6_000))
        if status == "unknown":
            assert (outcome.status, outcome.solution, reported) == ("unknown", None, [])
        else:
            assert outcome.solution is not None
            assert instance.value(outcome.solution) == (55.0,)


def test_nothing_left_to_do_ends_the_search() -> None:
    """One task, or a chain, is done at once, whatever the budget; no worse than the incumbent."""
    chain = [{"id": "a", "duration": 2}, {"id": "b", "duration": 3, "after": ["a"]}]
    instance = instance_of(agents=[{"id": "m"}], tasks=chain)
    outcome, _ = solve(instance, budget=Budget(seconds=600))
    assert (outcome.status, outcome.bounds) == ("optimal", (5.0,))
    longer = instance_of(agents=[{"id": "m"}], tasks=chain, objective=[{"makespan": 1}, {"cost": 1}])
    outcome, _ = solve(longer, outcome.solution, Budget(seconds=600))
    assert outcome.status == "feasible"
    assert outcome.solution is not None


SHOPS: dict[str, dict[str, Any]] = {
    "agents": {"agents": [{"id": "a"}], "tasks": [{"id": "x", "duration": 1}]},
    "alike": {"agents": [{"id": "a", "slots": 2}, {"id": "b", "slots": 2}], "tasks": [
        {"id": f"x{k}", "duration": 1 + k} for k in range(7)]},
    "resource": {"resources": [{"id": "r", "capacity": 3}], "tasks": [
        {"id": "x", "duration": 1, "demand": {"r": 2}}, {"id": "y", "duration": 1, "demand": {"r": 3}}]},
    "resource of several": {"resources": [{"id": "r", "capacity": 4}], "tasks": [
        {"id": f"x{k}", "duration": k, "demand": {"r": 2}} for k in range(5)]},
    "plenty": {"agents": [{"id": "a"}], "resources": [{"id": "r", "capacity": 9}], "tasks": [
        {"id": f"x{k}", "duration": 1, "demand": {"r": k}} for k in range(3)]},
    "nothing": {"tasks": [{"id": "x", "duration": 1}, {"id": "y", "duration": 2, "after": ["x"]}]},
    "lag": {"agents": [{"id": "a"}], "tasks": [
        {"id": "x", "duration": 1}, {"id": "y", "duration": 2, "after": [{"task": "x", "lag": 3}]}]},
    "further levels": {"agents": [{"id": "a"}], "tasks": [{"id": "x", "duration": 1}],
                       "objective": [{"makespan": 2}, {"cost": 1}]},
}  # fmt: skip


@pytest.mark.parametrize("name", SHOPS)
def test_what_a_shop_is(name: str) -> None:
    """Its schedules are checked, and the shortest ones."""
    spec = schedule_from_data(spec_data(**SHOPS[name]))
    instance = build_instance(spec)
    assert shop_of(instance) is not None
    outcome, _ = solve(instance)
    assert outcome.solution is not None
    assert instance.value(outcome.solution)[0] == pytest.approx(critical_path.level_bounds(instance)[0])


OTHERS: dict[str, dict[str, Any]] = {
    "two machines at once": {"agents": [{"id": "a"}], "resources": [{"id": "r", "capacity": 1}], "tasks": [
        {"id": t, "duration": 1, "demand": {"r": 1}} for t in "xy"]},
    "a shared resource": {"resources": [{"id": "r", "capacity": 3}], "tasks": [
        {"id": f"x{k}", "duration": 1, "demand": {"r": k}} for k in (1, 2, 3)]},
    "a consumable": {"resources": [{"id": "r", "kind": "consumable", "capacity": 3}], "tasks": [
        {"id": "x", "duration": 1, "demand": {"r": 1}}]},
    "a deadline": {"agents": [{"id": "a"}], "tasks": [{"id": "x", "duration": 1, "deadline": 5},
                                                     {"id": "y", "duration": 1}]},
    "a pin": {"agents": [{"id": "a"}], "tasks": [{"id": "x", "duration": 1, "pinned": {"start": 2}}]},
    "start to start": {"agents": [{"id": "a"}], "tasks": [
        {"id": "x", "duration": 1}, {"id": "y", "duration": 1, "after": [{"task": "x", "type": "SS"}]}]},
    "a lead": {"agents": [{"id": "a"}], "tasks": [
        {"id": "x", "duration": 3}, {"id": "y", "duration": 1, "after": [{"task": "x", "lag": -1}]}]},
    "tardiness": {"agents": [{"id": "a"}], "tasks": [{"id": "x", "duration": 1, "due": 1}],
                  "objective": {"tardiness": 1}},
    "a sum": {"agents": [{"id": "a"}], "tasks": [{"id": "x", "duration": 1}],
              "objective": {"makespan": 1, "flow": 1}},
    "a calendar": {"agents": [{"id": "a", "calendar": [[1, 2]]}], "tasks": [{"id": "x", "duration": 1}]},
}  # fmt: skip


def test_a_crowded_shop_is_left_to_lists() -> None:
    """Many machines alike under precedence; not so without it, or where they differ."""
    chain: list[dict[str, Any]] = [
        {"id": f"x{k}", "duration": 2, "after": [f"x{k - 2}"] if k > 1 else []} for k in range(8)
    ]
    free = [{"id": f"x{k}", "duration": 2} for k in range(8)]
    alike, different = ([{"id": f"a{k}", "speed": 1 + k * speed} for k in range(3)] for speed in (0, 1))
    for agents, tasks, crowded in ((alike, chain, True), (alike, free, False), (different, chain, False)):
        instance = instance_of(agents=agents, tasks=tasks)
        shop = shop_of(instance)
        assert shop is not None
        assert shop.crowded is crowded
        assert contest_of(instance).left_out(9.0) == dict.fromkeys(
            ["critical-path" if crowded else "list-search", "hierarchical"]
        )


@pytest.mark.parametrize("name", OTHERS)
def test_what_a_shop_is_not(name: str) -> None:
    """It is refused, with what to do."""
    instance = build_instance(schedule_from_data(spec_data(**OTHERS[name])))
    assert shop_of(instance) is None
    with pytest.raises(UnsupportedError, match="take list-search, cpsat or auto"):
        solve(instance)


def test_the_start_is_the_incumbent() -> None:
    """Handed to the kernels, a schedule is no longer than before, on machines that are alike, too."""
    for seed in range(30):
        rng = Random(seed)
        instance = build_instance(schedule_from_data(flexible_shop(rng, jobs=5, stages=3, machines=3)))
        shop = shop_of(instance)
        assert shop is not None
        outcome, _ = solve(instance, budget=Budget(steps=10), seed=seed)
        assert outcome.solution is not None
        again, _ = solve(instance, outcome.solution, Budget(steps=2), seed=seed)
        assert again.solution is not None
        assert instance.value(again.solution) <= instance.value(outcome.solution)
        order, choice = shop.start_of(instance, outcome.solution)
        np.testing.assert_array_equal(shop.option[choice], instance.options_of(outcome.solution))
        assert sorted(order.tolist()) == list(range(instance.n))
