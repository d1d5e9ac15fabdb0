"""Windows across the seams: a schedule comes out that is no worse, holds, and depends on nothing but steps and seed."""

from __future__ import annotations

import time
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from support.fleets import aimless, fleet_data
from support.replanning import spec_of

from qamctl.levels import better
from qamctl.schedule.bounds import level_bounds
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution
from qamctl.schedule.hierarchy import seams
from qamctl.schedule.hierarchy.seams import improved
from qamctl.schedule.hierarchy.urgency import forgiving
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.solver import Budget


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of a few tasks and short searches, so that two of them find room in a small fleet."""
    monkeypatch.setattr(seams, "TASKS", 8)
    monkeypatch.setattr(seams, "AGENTS", 4)
    monkeypatch.setattr(seams, "STEPS", 15)


def case(seed: int, **more: Any) -> tuple[Instance, Solution]:
    """A fleet and a schedule that leaves much to gain."""
    spec = schedule_from_data(fleet_data(seed, **{"agents": 12, "tasks": 40, "deadlines": 0.1, **more}))
    return build_instance(spec), aimless(spec, seed)


def run(
    instance: Instance, now: Solution, budget: Budget, seed: int = 1, bounds: tuple[float | None, ...] | None = None
) -> tuple[Solution, dict[str, Any], list[Solution]]:
    """What windows make of a schedule, what they tell, and what they reported, all of which the checker accepts."""
    told: list[Solution] = []
    bounds = level_bounds(instance) if bounds is None else bounds
    found, info = improved(instance, now, bounds, budget, time.monotonic(), seed, lambda: False, told.append)
    for one in (found, *told):
        assert check_solution(instance.spec, one).violations == ()
    values = [instance.value(one) for one in (now, *told)]
    assert all(better(later, before) for before, later in pairwise(values))
    assert not better(instance.value(now), instance.value(found))
    assert info["improved"] <= info["windows"]
    assert bool(info["improved"]) == better(instance.value(found), instance.value(now))
    return found, info, told


def windows(instance: Instance, number: int) -> int:
    """Steps that are enough for so many windows."""
    return 2 * number * seams.STEPS * seams.TASKS // instance.n + 1


@pytest.mark.parametrize("seed", range(6))
def test_the_schedule_is_never_worse_and_holds(seed: int) -> None:
    """With due times, deadlines, licences and projects whose tasks wait for each other."""
    instance, now = case(seed)
    found, info, told = run(instance, now, Budget(steps=windows(instance, 12)))
    assert info["windows"] >= 2
    assert better(instance.value(found), instance.value(now))
    assert len(told) >= 1


@pytest.mark.parametrize(
    "objective",
    [
        ({"makespan": 1},),
        ({"flow": 1},),
        ({"tardy": 1}, {"flow": 1}),
        ({"cost": 1},),
        ({"tardiness": 3, "makespan": 1},),
    ],
)
def test_every_objective_has_windows(objective: tuple[dict[str, float], ...]) -> None:
    """What costs nothing by lateness or ends may cost by who does it."""
    data = fleet_data(5, agents=12, tasks=40, deadlines=0, objective=objective)
    for k, agent in enumerate(data["agents"]):
        agent["cost"] = {"per_time": k % 4}
    spec = schedule_from_data(data)
    instance, now = build_instance(spec), aimless(spec, 5)
    found, info, _ = run(instance, now, Budget(steps=windows(instance, 8)))
    assert info["windows"] > 0
    assert better(instance.value(found), instance.value(now))


@pytest.mark.parametrize("seed", range(3))
def test_threads_change_nothing(seed: int) -> None:
    """With a step budget windows are made two at a time, on however many threads."""
    instance, now = case(seed)
    rows = []
    for threads in (1, 4):
        found, info, _ = run(instance, now, Budget(steps=windows(instance, 10), threads=threads))
        rows.append([info, *(c.tolist() for c in (found.start, found.end, found.mode, found.agent))])
    assert rows[0] == rows[1]


@pytest.mark.parametrize("seed", range(6))
def test_two_windows_at_once_never_break_what_all_share(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly every task needs one of a few licences, and four windows are made at a time."""
    data = fleet_data(seed, agents=16, tasks=40, deadlines=0, licences=5)
    rng = Random(seed)
    for task in data["tasks"]:
        if rng.random() < 0.8:
            task["demand"]["licence"] = rng.randint(1, 2)
    spec = schedule_from_data(data)
    instance, now = build_instance(spec), aimless(spec, seed)
    monkeypatch.setattr(seams, "BATCH", 4)
    _, info, _ = run(instance, now, Budget(steps=windows(instance, 16), threads=2))
    assert info["windows"] > 0


@pytest.mark.parametrize("seed", range(4))
def test_what_is_consumed_is_never_consumed_twice(seed: int) -> None:
    """Of agents' own stock and of the pool, with hardly more than is needed."""
    data = fleet_data(seed, agents=12, tasks=40, deadlines=0)
    rng = Random(seed)
    data["resources"].append({"id": "fuel", "kind": "consumable", "capacity": 22})
    for agent in data["agents"][::2]:
        agent["capacity"]["fuel"] = 8
    for task in data["tasks"]:
        if rng.random() < 0.7:
            task["demand"]["fuel"] = 1
    spec = schedule_from_data(data)
    instance, now = build_instance(spec), aimless(spec, seed)
    run(instance, now, Budget(steps=windows(instance, 10)))


def test_what_is_proved_has_no_windows() -> None:
    """Where every level is at its bound nothing is searched; else the first level that is not is worked on."""
    instance, now = case(1)
    value = instance.value(now)
    found, info, _ = run(instance, now, Budget(steps=1000), bounds=value)
    assert found is now
    assert info == {"windows": 0, "improved": 0}
    _, info, _ = run(instance, now, Budget(steps=windows(instance, 4)), bounds=(value[0], 0.0))
    assert info["windows"] > 0


def test_the_time_and_a_stop_end_it() -> None:
    """Nothing is searched when the time is over, or after a stop."""
    instance, now = case(2)
    found, info, _ = run(instance, now, Budget(seconds=0.0))
    assert found is now
    assert info["windows"] == 0
    stopped = improved(
        instance, now, level_bounds(instance), Budget(steps=1000), 0.0, 1, lambda: True, lambda solution: None
    )
    assert stopped == (now, {"windows": 0, "improved": 0})


def test_time_makes_windows_too() -> None:
    """With seconds a window for each thread is made at a time."""
    instance, now = case(3)
    _, info, _ = run(instance, now, Budget(seconds=0.3, threads=2))
    assert info["windows"] >= 1


def test_many_windows_without_a_gain_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many in a row, however many steps are left."""
    monkeypatch.setattr(seams, "PATIENCE", 2)
    tasks = [{"id": f"t{k}", "duration": 3} for k in range(3)]
    instance = build_instance(spec_of(tasks, [{"id": "a"}, {"id": "b"}], objective={"flow": 1}))
    start = np.array([0, 0, 3])
    now = Solution(start, start + 3, np.arange(3, dtype=np.int32), np.array([0, 1, 0], np.int32))
    found, info, _ = run(instance, now, Budget(steps=10**6))
    assert found is now
    assert 2 <= info["windows"] <= 3


def test_problems_with_crews_have_no_windows() -> None:
    """Their schedule is given back."""
    instance = build_instance(spec_of([{"id": "t", "count": 2}]))
    one = np.array([0])
    now = Solution(one + 3, one + 4, one.astype(np.int32), one.astype(np.int32), {0: (1,)})
    assert run(instance, now, Budget(steps=100))[0] is now


def test_broken_deadlines_are_mended() -> None:
    """A schedule that is late becomes one of the problem itself, where that is found."""
    tasks: list[dict[str, Any]] = [{"id": f"t{k}", "duration": 2} for k in range(8)]
    for task in tasks[4:]:
        task["deadline"] = 4
    instance = build_instance(spec_of(tasks, ("a", "b", "c")))
    start = np.array([0, 0, 2, 2, 4, 4, 6, 6])
    late = Solution(start, start + 2, np.arange(8, dtype=np.int32), np.arange(8, dtype=np.int32) % 2)
    assert {one.constraint for one in check_solution(instance.spec, late).violations} == {"deadline"}
    eased = forgiving(instance, late)
    assert check_solution(eased.spec, late).violations == ()
    assert eased.value(late) == (2.0 * 2 + 4.0 * 2,)
    found, _, _ = run(eased, late, Budget(steps=4000), bounds=(0.0,))
    assert eased.value(found) == (0.0,)
    assert check_solution(instance.spec, found).violations == ()
