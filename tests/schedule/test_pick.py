"""How the tasks of windows are picked: as many as asked, each way its own, and those that help more often."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest
from support.cpsat_cases import instance_of, job_shop
from support.random_specs import random_feasible, random_spec
from support.rich_models import rich_specs

from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.part import reduced
from qamctl.schedule.pick import Picker, costly, ways_of
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.qubo_windows import first_schedule

WAYS = ("anywhere", "beside", "scattered", "costly", "slack", "chain", "late", "pair")


def cases(seed: int) -> list[tuple[Instance, Solution]]:
    """Plain and rich problems with a schedule each."""
    found, rng = [], Random(seed)
    while len(found) < 4:
        spec = schedule_from_data(random_spec(rng, tasks=12, agents=3))
        schedule = random_feasible(spec, rng)
        if schedule is not None:
            found.append((build_instance(spec), schedule))
    return found + [(instance, schedule) for _, _, instance, schedule in islice(rich_specs(6_000, "small"), 4)]


def shop() -> tuple[Instance, Solution]:
    """Four jobs on three machines."""
    rows = ("0 3 1 2 2 2", "0 2 2 1 1 4", "1 4 2 3 0 1", "2 2 0 2 1 3")
    instance = build_instance(schedule_from_data(job_shop(rows)))
    schedule = first_schedule(instance)
    assert schedule is not None
    return instance, schedule


@pytest.mark.parametrize("way", WAYS)
def test_windows_are_as_large_as_asked_of_tasks_not_used(way: str) -> None:
    """Every way picks so many tasks, fewer where fewer are left, none that is used; in time it picks each of them."""
    for instance, incumbent in cases(7):
        rng, seen, picker = np.random.default_rng(1), np.zeros(instance.n, bool), Picker(instance)
        for k in range(30):
            used = rng.random(instance.n) < (0.3 if k % 2 else 0.0)
            if used.all():
                continue
            picked = picker.pick(incumbent, 0, way, 3, used, rng)
            assert picked.free.sum() == min(3, (~used).sum())
            assert not (picked.free & used).any()
            seen |= picked.free
        assert picker.pick(incumbent, 0, way, 3, np.ones(instance.n, bool), rng).free.sum() == 0
        if way in ("anywhere", "scattered"):
            assert seen.all()


def test_equal_seeds_pick_equally() -> None:
    """What is picked depends on the incumbent, the seed and what helped, on nothing else."""
    for instance, incumbent in cases(8):
        found = []
        for _ in range(2):
            rng, picker = np.random.default_rng(5), Picker(instance)
            used = np.zeros(instance.n, bool)
            for k in range(20):
                way = picker.way(0, rng)
                found.append((way, picker.pick(incumbent, 0, way, 4, used, rng).free.tolist()))
                picker.learn(0, way, improved=k % 3 == 0)
        assert found[:20] == found[20:]


def test_ways_that_make_no_difference_are_not_tried() -> None:
    """Chains only where time counts, late tasks only where due times do, pairs only where there is a choice."""
    tasks: list[dict[str, Any]] = [{"id": f"t{k}", "duration": 2, "due": 3, "agents": ["m"]} for k in range(4)]
    levels = [{"makespan": 1}, {"tardiness": 1}, {"cost": 1}]
    instance = instance_of(agents=[{"id": "m"}, {"id": "n", "speed": 2}], tasks=tasks, objective=levels)
    always = {"anywhere", "beside", "scattered"}
    assert set(ways_of(instance, 0)) == always | {"slack", "chain"}
    assert set(ways_of(instance, 1)) == always | {"slack", "chain", "late"}
    assert set(ways_of(instance, 2)) == always | {"costly"}
    tasks[0]["agents"] = ["m", "n"]
    instance = instance_of(agents=[{"id": "m"}, {"id": "n", "speed": 2}], tasks=tasks, objective=levels)
    assert set(ways_of(instance, 2)) == always | {"costly", "pair"}


def test_what_helps_is_picked_more_often_at_its_level() -> None:
    """A way whose windows improve one level takes most windows of that level, not of another."""
    instance, _ = shop()
    picker, rng = Picker(instance), np.random.default_rng(2)
    ways = ways_of(instance, 0)
    for _ in range(300):
        way = picker.way(0, rng)
        picker.learn(0, way, improved=way == "chain")
    late = Counter(picker.way(0, rng) for _ in range(300))
    assert late["chain"] > 200
    assert set(Counter(Picker(instance).way(0, rng) for _ in range(300))) == set(ways)


def test_a_chain_window_holds_a_stretch_of_a_chain() -> None:
    """Half of the tasks, at least, wait for each other without a gap up to a costly one."""
    instance, incumbent = shop()
    picker, rng = Picker(instance), np.random.default_rng(3)
    standing = picker.standing(incumbent)
    for _ in range(40):
        free = picker.pick(incumbent, 0, "chain", 4, np.zeros(instance.n, bool), rng).free
        tight = standing.gap == 0
        linked = (free[standing.one] & free[standing.other] & tight).sum()
        assert linked >= 1


def test_slack_windows_hold_tasks_without_slack() -> None:
    """More of them are critical than of windows of any tasks."""
    instance, incumbent = shop()
    picker, rng = Picker(instance), np.random.default_rng(4)
    critical = picker.standing(incumbent).slack(0) == 0
    share = {}
    for way in ("slack", "scattered"):
        free = [picker.pick(incumbent, 0, way, 4, np.zeros(instance.n, bool), rng).free for _ in range(60)]
        share[way] = np.mean([critical[each].mean() for each in free])
    assert share["slack"] > 1.2 * share["scattered"]


def test_late_windows_hold_what_stands_before_a_late_task() -> None:
    """Of the tasks of one agent only the last is late: those before it on the agent come first."""
    tasks = [{"id": f"t{k}", "duration": 2, "agents": ["m" if k < 5 else "n"]} for k in range(10)]
    tasks[4]["due"] = 3
    instance = instance_of(agents=[{"id": "m"}, {"id": "n"}], tasks=tasks, objective={"tardiness": 1})
    incumbent = instance.solution(np.array([0, 2, 4, 6, 8] * 2), np.arange(10))
    picker, rng = Picker(instance), np.random.default_rng(5)
    for _ in range(20):
        free = picker.pick(incumbent, 0, "late", 4, np.zeros(10, bool), rng).free
        assert free[4]
        assert not free[5:].any()


def test_pairs_are_of_two_agents_that_can_do_the_same() -> None:
    """The window's tasks are those of two agents, and go to no others."""
    agents = [{"id": name, "speed": 1 + k} for k, name in enumerate("abc")]
    tasks = [{"id": f"t{k}", "duration": 6} for k in range(9)]
    instance = instance_of(agents=agents, tasks=tasks)
    option = instance.first_option[:-1] + np.arange(9) % 3
    start = np.concatenate([k * np.array([6, 3, 2]) for k in range(3)])
    incumbent = instance.solution(start, option)
    picker, rng, seen = Picker(instance), np.random.default_rng(6), set()
    for _ in range(30):
        picked = picker.pick(incumbent, 0, "pair", 5, np.zeros(9, bool), rng)
        assert picked.holders is not None
        assert picked.holders.sum() == 2
        assert picked.holders[instance.option_holder[option[picked.free]]].all()
        part = reduced(instance, incumbent, picked.free, 6, rng, picked.holders)
        count = np.diff(part.first_option)
        assert (count[picked.free] == 2).all()
        assert (count[~picked.free] == 1).all()
        seen.add(tuple(np.flatnonzero(picked.holders).tolist()))
    assert len(seen) > 1


@pytest.mark.parametrize("objective", [{"tardiness": 1}, {"tardy": 1}, {"makespan": 1}, {"cost": 1}])
def test_costly_tasks_are_those_the_level_pays_for(objective: dict[str, float]) -> None:
    """Late tasks for tardiness, the last ones for the makespan, all for cost."""
    tasks = [{"id": f"t{k}", "duration": 2, "due": 3} for k in range(4)]
    instance = instance_of(agents=[{"id": "m"}], tasks=tasks, objective=objective)
    schedule = instance.solution(np.arange(4) * 2, np.arange(4))
    wanted = {"makespan": [3], "cost": [0, 1, 2, 3]}.get(next(iter(objective)), [1, 2, 3])
    assert costly(instance, schedule, 0).tolist() == wanted


def test_costly_tasks_are_those_that_are_left_out_or_have_moved() -> None:
    """Where a level weighs what is left out, such tasks come first, beside the last ones for the makespan."""
    tasks = [{"id": f"t{k}", "duration": 2, "optional": True, "reward": 1} for k in range(3)]
    for objective, wanted in (({"unscheduled": 1}, [1]), ({"unscheduled": 1, "makespan": 1}, [1, 2])):
        instance = instance_of(agents=[{"id": "x"}], tasks=tasks, objective=objective)
        options = instance.first_option[:-1] + np.array([0, 1, 0])
        schedule = instance.solution(np.array([0, 0, 2]), options)
        assert (schedule.mode < 0).tolist() == [False, True, False]
        assert costly(instance, schedule, 0).tolist() == wanted
