"""An earlier schedule is repaired: it holds again, and as few tasks move as deadlines and agents leave a choice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.replanning import after, failed, solved, spec_of
from support.rich_schedules import rich_spec, with_earlier

from qamctl.schedule.build import build_instance
from qamctl.schedule.carry import Planned, carried
from qamctl.schedule.check import Report
from qamctl.schedule.contest import check_solution
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.warm import repaired
from qamctl.schedule.spec import ScheduleSpec

FIRST = [{"disruption": 1}, {"makespan": 1}]


def kept_first(tasks: list[dict[str, Any]], agents: list[Any], **root: Any) -> ScheduleSpec:
    """A spec whose first aim is to keep to the earlier schedule."""
    return spec_of(tasks, agents, **({"objective": FIRST} | root))


def replanned(spec: ScheduleSpec, plan: dict[str, tuple[str, int]]) -> dict[str, tuple[str | None, int]]:
    """Who does each task and when, after a plan of single agents was repaired; a task that is left out is absent."""
    carried_over = carried(spec, {task: Planned((agent,), None, start) for task, (agent, start) in plan.items()}, {})
    solution = repaired(build_instance(carried_over))
    assert solution is not None
    assert not check_solution(carried_over, solution).violations
    names = [*spec.agents.ids, None]
    rows = zip(spec.tasks.ids, solution.agent.tolist(), solution.start.tolist(), solution.mode.tolist(), strict=True)
    return {task: (names[agent], start) for task, agent, start, mode in rows if mode >= 0}


def judged(instance: Instance, solution: Solution) -> Report:
    """The checker's report on a schedule, which agrees with what the search makes of it."""
    report = check_solution(instance.spec, solution)
    assert not report.violations, report.violations[0].text
    np.testing.assert_allclose(instance.value(solution), report.levels, rtol=1e-9)
    return report


@pytest.mark.parametrize("size", ["tiny", "small", "medium"])
@pytest.mark.parametrize("seed", range(20))
def test_random_plans_are_repaired(seed: int, size: str) -> None:
    """Schedules that nobody ever found possible, of specs with every feature, come to hold, or there is no answer."""
    data = rich_spec(seed, size)
    if seed % 2:
        data["objective"] = [{"disruption": 1}, *data["objective"]]
    instance = build_instance(with_earlier(schedule_from_data(data), seed))
    solution = repaired(instance)
    if solution is not None:
        judged(instance, solution)


@pytest.mark.parametrize("size", ["tiny", "small", "medium"])
@pytest.mark.parametrize("seed", range(20))
def test_schedules_are_repaired_after_a_failure(seed: int, size: str) -> None:
    """A schedule that held comes to hold again when an agent has failed, or there is no answer; what is lost moved."""
    data = rich_spec(seed, size)
    data["objective"] = [{"disruption": 1}, *data["objective"]]
    spec = schedule_from_data(data)
    solution = solved(spec)
    if solution is None:
        pytest.skip("a short search finds no schedule of this random spec")
    later = failed(after(spec, solution), seed % len(spec.agents.ids))
    instance = build_instance(later)
    again = repaired(instance)
    if again is not None:
        assert judged(instance, again).terms["disruption"] >= _lost(later, again)


def _lost(spec: ScheduleSpec, solution: Solution) -> float:
    """The weight of tasks whose agents are gone: they can't be where they were, whoever does them."""
    assert spec.earlier is not None
    gone = [t for t, crew in enumerate(spec.earlier.agents) if -1 in crew]
    return float(spec.tasks.weight[gone].sum())


def test_only_what_failed_moves_where_there_is_room() -> None:
    """The task goes to an agent that is free at its time; the others stay, idle times and all."""
    tasks = [{"id": name, "duration": 2} for name in ("one", "two", "three")]
    plan = {"one": ("gone", 3), "two": ("a", 0), "three": ("b", 7)}
    found = replanned(kept_first(tasks, ["a", "b"]), plan)
    assert found["two"] == ("a", 0)
    assert found["three"] == ("b", 7)
    assert found["one"][0] in ("a", "b")


def test_what_waits_for_a_late_task_takes_any_agent() -> None:
    """Where its own agent is busy by then, another one has it: that counts less than a long wait."""
    tasks = [
        {"id": "lost", "duration": 4, "release": 2},
        {"id": "next", "duration": 2, "after": ["lost"]},
        {"id": "long", "duration": 20, "release": 6},
    ]
    plan = {"lost": ("gone", 0), "next": ("a", 4), "long": ("a", 6)}
    found = replanned(kept_first(tasks, ["a", "b"]), plan)
    assert (found["next"], found["long"]) == (("b", 6), ("a", 6))


def test_who_is_hardly_late_keeps_its_agent() -> None:
    """A delay that counts no more than another agent is taken where the unit says so."""
    tasks = [{"id": "lost", "duration": 1, "release": 0.5}, {"id": "next", "duration": 1, "after": ["lost"]}]
    plan = {"lost": ("gone", 0), "next": ("a", 1)}
    found = replanned(kept_first(tasks, ["a", "b"], time={"resolution": 0.001}), plan)
    assert found["next"] == ("a", 1500)


def test_who_is_much_later_changes_agents_where_another_one_is_free() -> None:
    """One that ends later does, too, as long as what comes after has time for that."""
    tasks = [
        {"id": "late", "duration": 4, "release": 9},
        {"id": "next", "duration": 1, "after": ["late"]},
        {"id": "tight", "duration": 4, "release": 30, "deadline": 34},
    ]
    agents = [{"id": "a"}, {"id": "slow", "speed": 0.5}]
    plan = {"late": ("a", 0), "next": ("a", 20), "tight": ("a", 20)}
    assert replanned(kept_first(tasks, agents), plan) == {"late": ("slow", 9), "next": ("a", 20), "tight": ("a", 30)}
    assert replanned(kept_first(tasks, agents), plan | {"next": ("a", 15)})["late"] == ("a", 9)


def test_tasks_give_way_to_one_whose_deadline_is_near() -> None:
    """The one with time to spare moves, whatever was planned."""
    tasks = [
        {"id": "urgent", "duration": 3, "deadline": 3, "agents": ["a"]},
        {"id": "calm", "duration": 3},
        {"id": "far", "duration": 3},
    ]
    plan = {"urgent": ("gone", 0), "calm": ("a", 0), "far": ("a", 20)}
    found = replanned(kept_first(tasks, ["a", "b"]), plan)
    assert found == {"urgent": ("a", 0), "calm": ("b", 0), "far": ("a", 20)}


def test_what_comes_before_a_deadline_is_hurried() -> None:
    """A task without a deadline of its own takes the place of others, as what follows it has one."""
    tasks = [
        {"id": "first", "duration": 2},
        {"id": "last", "duration": 2, "after": ["first"], "deadline": 4},
        {"id": "calm", "duration": 9},
        {"id": "idle", "duration": 9},
    ]
    plan = {"first": ("gone", 0), "last": ("a", 2), "calm": ("a", 4), "idle": ("b", 0)}
    found = replanned(kept_first(tasks, ["a", "b"]), plan)
    assert found == {"first": ("a", 0), "last": ("a", 2), "calm": ("a", 4), "idle": ("b", 0)}


def test_a_pinned_task_does_not_give_way() -> None:
    """Where only that could help, there is no repaired schedule."""
    tasks = [{"id": "urgent", "duration": 3, "deadline": 3}, {"id": "held", "duration": 3, "pinned": {"start": 0}}]
    plan = {"urgent": Planned(("gone",), None, 0), "held": Planned(("a",), None, 0)}
    assert repaired(build_instance(carried(kept_first(tasks, ["a"]), plan, {}))) is None


def test_frozen_tasks_stay_and_the_rest_comes_later() -> None:
    """What runs is where it was, what failed begins anew after that moment."""
    tasks = [{"id": "runs", "duration": 6}, {"id": "lost", "duration": 3}, {"id": "next", "duration": 1}]
    plan = {"runs": ("a", 1), "lost": ("gone", 2), "next": ("a", 7)}
    found = replanned(kept_first(tasks, ["a"], freeze_until=5), plan)
    assert found["runs"] == ("a", 1)
    assert found["next"] == ("a", 7)
    assert found["lost"] == ("a", 8)


def test_what_was_left_out_comes_in_where_that_is_better() -> None:
    """The agents that are new have time for it; where it counts nothing, all stays as it was."""
    tasks = [{"id": "one", "duration": 2}, {"id": "extra", "duration": 2, "optional": True, "reward": 5, "deadline": 2}]
    plan = {"one": ("a", 0)}
    wanted = [{"disruption": 1}, {"unscheduled": 1}]
    assert replanned(kept_first(tasks, ["a", "b"], objective=wanted), plan) == {"one": ("a", 0), "extra": ("b", 0)}
    assert replanned(kept_first(tasks, ["a", "b"]), plan) == {"one": ("a", 0)}
    assert replanned(kept_first(tasks, ["a"], objective=wanted), plan) == {"one": ("a", 0)}


def test_what_could_go_back_does() -> None:
    """A task that had to be let go for one that found room elsewhere later is where it was in the end."""
    tasks = [
        {"id": "lost", "duration": 2, "release": 1},
        {"id": "next", "duration": 2, "after": ["lost"], "agents": ["a", "c"]},
        {"id": "last", "duration": 2, "after": ["next"], "agents": ["a", "b"]},
    ]
    plan = {"lost": ("gone", 0), "next": ("a", 2), "last": ("b", 5)}
    found = replanned(kept_first(tasks, ["a", "b", "c"]), plan)
    assert found["last"] == ("b", 5)


def test_without_disruption_in_the_objective_nothing_waits() -> None:
    """The earlier schedule is an order to begin with: idle times are closed."""
    plan = {"one": ("a", 5), "two": ("a", 9)}
    tasks = [{"id": name, "duration": 2} for name in plan]
    assert replanned(kept_first(tasks, ["a"], objective={"makespan": 1}), plan) == {"one": ("a", 0), "two": ("a", 2)}


@pytest.mark.parametrize(
    "tasks", [[], [{"id": "one", "duration": 1, "agents": "any", "skills": ["flying"]}]], ids=["no tasks", "no options"]
)
def test_where_nothing_can_be_repaired_there_is_nothing(tasks: list[dict[str, Any]]) -> None:
    """No tasks, a task that nobody can do, no earlier schedule."""
    plan = {"one": Planned(("a",), None, 0)}
    assert repaired(build_instance(carried(kept_first(tasks, ["a"]), plan, {}))) is None
    assert repaired(build_instance(kept_first([{"id": "one", "duration": 1}], ["a"]))) is None
