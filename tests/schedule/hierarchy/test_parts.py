"""The parts of a divided schedule, put together: a schedule of the whole, whatever becomes of some part."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.fleets import fleet_data
from support.random_specs import random_spec
from support.replanning import spec_of
from support.rich_schedules import rich_spec

from qamctl.errors import BackendError
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution
from qamctl.schedule.hierarchy.division import Division, divide
from qamctl.schedule.hierarchy.parts import Clock, Parts, Solve, Stop, solve_part
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec
from qamctl.solver import Budget, Outcome

STEPS = Budget(steps=10)


def work_on(
    instance: Instance, division: Division | None = None, solve: Solve = solve_part, budget: Budget = STEPS
) -> tuple[Solution | None, Parts]:
    """What comes of the parts, two groups where nothing is said, and the work that they were."""
    work = Parts(instance, divide(instance, 2) if division is None else division, 1, lambda: False, solve)
    return work.run(budget), work


def fleet(seed: int = 1, **more: Any) -> Instance:
    return build_instance(schedule_from_data(fleet_data(seed, **{"deadlines": 0, **more})))


def broken(instance: Instance, solution: Solution) -> set[str]:
    return {one.constraint for one in check_solution(instance.spec, solution).violations}


def by_hand(instance: Instance, part: list[int], group: list[int], wave: list[int] | None = None) -> Division:
    """The division in which tasks and agents are where the lists say."""
    waves = np.zeros(len(part), np.int64) if wave is None else np.array(wave)
    return Division(np.array(group), waves, np.array(part), max(group) + 1, int(waves.max()) + 1)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("project", [8, 40])
def test_the_parts_make_a_schedule_of_the_whole(seed: int, project: int) -> None:
    """In one wave and in several; with deadlines nothing but these may be broken, which windows mend."""
    instance = fleet(seed, project=project)
    whole, work = work_on(instance)
    assert whole is not None
    assert broken(instance, whole) == set()
    assert (work.division.waves > 1) == (project == 40)
    assert {row.status for row in work.rows} <= {"optimal", "feasible"}
    assert sum(row.tasks for row in work.rows) == instance.n
    tight = fleet(seed, project=project, deadlines=0.5)
    late, _ = work_on(tight)
    assert late is not None
    assert broken(tight, late) <= {"deadline"}


@pytest.mark.parametrize("kind", ["plain", "rich"])
def test_random_problems_are_put_together(kind: str) -> None:
    """With every plain feature, and with crews, rules, gangs, setups, calendars and tasks that are left out."""
    found = 0
    for seed in range(12):
        data = random_spec(Random(seed), tasks=12, agents=5) if kind == "plain" else rich_spec(seed, "small")
        instance = build_instance(schedule_from_data(data))
        if (np.diff(instance.first_option) == 0).any() or not len(instance.spec.agents.ids):
            continue
        for parts in (2, 3):
            whole, _ = work_on(instance, divide(instance, parts))
            if whole is not None:
                assert broken(instance, whole) <= {"deadline", "horizon"}, seed
                found += 1
    assert found > 8


@pytest.mark.parametrize("project", [8, 40])
def test_threads_change_nothing(project: int) -> None:
    """With a step budget the same schedule comes of one thread and of four."""
    rows = []
    for threads in (1, 4):
        whole, work = work_on(fleet(3, project=project), budget=Budget(steps=10, threads=threads))
        assert whole is not None
        told = [(row.wave, row.group, row.status, row.steps, row.fallback) for row in work.rows]
        rows.append([*(c.tolist() for c in (whole.start, whole.end, whole.mode, whole.agent)), told])
    assert rows[0] == rows[1]


@pytest.mark.parametrize("project", [8, 40])
def test_an_engine_that_fails_on_a_part_is_replaced_there_alone(project: int) -> None:
    """Its row says why; every other part is the engine's."""
    instance = fleet(4, project=project)
    division = divide(instance, 2)
    victim = [(wave, group) for wave in range(division.waves) for group, _ in division.cells(wave)][1]
    asked: list[str] = []

    def engine(spec: ScheduleSpec, seed: int, budget: Budget, stop: Stop) -> Outcome:
        asked.append(spec.tasks.ids[0])
        if seed == 1 + victim[0] * division.groups + victim[1]:
            raise BackendError("the machine is on fire")
        return solve_part(spec, seed, budget, stop)

    whole, work = work_on(instance, division, engine)
    assert whole is not None
    assert broken(instance, whole) == set()
    assert len(asked) == len(work.rows)
    told = {(row.wave, row.group): row.fallback for row in work.rows}
    assert {where for where, why in told.items() if why} == {victim}
    assert told[victim] == "the machine is on fire"


def test_an_engine_may_say_that_another_stood_in() -> None:
    """The fallback of its own outcome is that of the row."""

    def engine(spec: ScheduleSpec, seed: int, budget: Budget, stop: Stop) -> Outcome:
        found = solve_part(spec, seed, budget, stop)
        return Outcome(found.status, found.solution, found.bounds, info=found.info | {"fallback": "no credits"})

    _, work = work_on(fleet(), solve=engine)
    assert [row.fallback for row in work.rows] == ["no credits"] * len(work.rows)


def tanks(*fuel: int) -> ScheduleSpec:
    """Agents with so much fuel each, all of which four tasks need at least two of: one for each."""
    agents = [{"id": f"a{k}", "capacity": {"fuel": amount}} for k, amount in enumerate(fuel)]
    tasks = [{"id": f"t{k}", "demand": {"fuel": 1}} for k in range(4)]
    return spec_of(tasks, agents, resources=[{"id": "fuel", "kind": "consumable"}])


@pytest.mark.parametrize(
    ("fuel", "part", "joined"),
    [
        ((1, 9, 9), [0, 0, 1, 2], (0, 2)),  # with one of the others
        ((1, 1, 2), [0, 0, 1, 2], (0, 4)),  # only with all of them
        ((1, 3), [0, 0, 0, 0], (0, 4)),  # with agents that had nothing to do
        ((3, 1), [1, 1, 0, 0], (1, 4)),
    ],
)
def test_parts_that_find_nothing_are_joined(fuel: tuple[int, ...], part: list[int], joined: tuple[int, int]) -> None:
    """With more and more others, until there is a schedule."""
    instance = build_instance(tanks(*fuel))
    whole, work = work_on(instance, by_hand(instance, part, list(range(len(fuel)))))
    assert whole is not None
    assert broken(instance, whole) == set()
    row = work.rows[-1]
    assert row.group == joined[0]
    assert row.tasks >= joined[1]


def test_parts_that_all_find_nothing_are_joined() -> None:
    """Each has the agents that the other one's tasks need."""
    tasks = [{"id": "t", "agents": ["b"]}, {"id": "u", "agents": ["a"]}]
    instance = build_instance(spec_of(tasks, ("a", "b")))
    whole, work = work_on(instance, by_hand(instance, [0, 1], [0, 1]))
    assert whole is not None
    assert whole.agent.tolist() == [1, 0]
    assert [(row.status, row.tasks) for row in work.rows[:2]] == [("infeasible", 1)] * 2
    assert (work.rows[2].tasks, work.rows[2].agents) == (2, 2)


def test_what_nobody_can_do_together_is_not_done() -> None:
    """Nothing is found, and the rows say how far it went."""
    instance = build_instance(tanks(1, 1, 1))
    whole, work = work_on(instance, by_hand(instance, [0, 0, 1, 2], [0, 1, 2]))
    assert whole is None
    assert work.rows[-1].tasks == 4
    assert work.rows[-1].status in ("unknown", "infeasible")


def test_a_pool_that_all_draw_on_is_not_overdrawn() -> None:
    """Agents with stock of their own, and others without, together need more than the pool has."""
    agents = [{"id": f"a{k}", "capacity": {"fuel": 9}} for k in range(2)] + [{"id": f"b{k}"} for k in range(6)]
    tasks = [{"id": f"t{k}", "demand": {"fuel": 1}} for k in range(16)]
    spec = spec_of(tasks, agents, resources=[{"id": "fuel", "kind": "consumable", "capacity": 3}])
    instance = build_instance(spec)
    whole, _ = work_on(instance)
    assert whole is not None
    assert broken(instance, whole) == set()


@pytest.mark.parametrize("project", [8, 40])
def test_shared_licences_are_never_all_used_twice(project: int) -> None:
    """Parts that work side by side keep to their shares, in every wave."""
    for seed in range(4):
        data = fleet_data(seed, project=project, deadlines=0, licences=3)
        for task in data["tasks"]:
            task["demand"]["licence"] = 1
        instance = build_instance(schedule_from_data(data))
        whole, work = work_on(instance)
        assert whole is not None
        assert work.division.groups == 2
        assert broken(instance, whole) == set()


def test_a_stop_ends_the_work() -> None:
    """Parts that have not found anything are not tried again, and not joined."""
    instance = build_instance(tanks(1, 1, 9))
    division = by_hand(instance, [0, 0, 1, 1], [0, 1, 2])
    work = Parts(instance, division, 1, lambda: True)
    assert work.run(STEPS) is None
    assert len(work.rows) == 2


def test_every_part_has_the_steps() -> None:
    """With a step budget each has its share of them, one at least; so many times as much where it tries again."""
    clock = Clock(Budget(steps=100), 8, 0.6)
    assert [clock.own(1).steps, clock.own(10).steps] == [60, 600]
    assert Clock(Budget(steps=1), 8, 0.6).own(1).steps == 1
    assert not clock.over


def test_the_time_is_divided_among_parts_that_have_not_begun() -> None:
    """Each takes as much of what is left as threads work on it; when hardly any is, one step."""
    clock = Clock(Budget(seconds=1000.0, threads=2), 4, 0.5)
    own = [clock.own(1).seconds for _ in range(3)]
    assert all(seconds is not None for seconds in own)
    assert [round((seconds or 0) / 10) * 10 for seconds in own] == [250, 330, 500]
    assert not clock.over
    again = Clock(Budget(seconds=1000.0), 1, 0.6).own(10).seconds
    assert again is not None
    assert 490 < again <= 500
    assert Clock(Budget(seconds=0.0), 4, 0.5).own(3) == Budget(steps=3)
    assert Clock(Budget(seconds=0.0), 4, 0.5).over
