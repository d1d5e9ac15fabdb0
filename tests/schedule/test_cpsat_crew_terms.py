"""CP-SAT on the objective terms of problems with crews: exact values, proved, one level after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.cpsat_cases import instance_of, solve, spec_data

from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import Earlier


def proved(instance: Instance) -> tuple[float | None, ...]:
    """The proved value of every level, which is that of the schedule."""
    assert instance.crews is not None
    outcome, _ = solve(instance)
    assert outcome.status == "optimal"
    assert instance.value(outcome.solution) == pytest.approx(outcome.bounds, abs=1e-9)
    return outcome.bounds


PAIR = [{"id": "a", "cost": {"fixed": 3, "per_time": 0.1}}, {"id": "b", "cost": {"per_time": 0.2}, "speed": 0.5}]


def test_cost_of_crews() -> None:
    """Every agent of a crew is paid for the work, by the slowest, pauses apart, and once for being used."""
    tasks = [{"id": "x", "duration": 2, "count": 2, "preemptible": True}, {"id": "y", "duration": 1, "agents": ["a"]}]
    agents = [PAIR[0], {**PAIR[1], "calendar": [[1, 4]]}]
    both = instance_of(agents=agents, tasks=tasks, objective={"cost": 1})
    assert proved(both) == pytest.approx((3 + 4 * 0.3 + 0.1,))
    modes = [
        {"id": "m", "duration": 1, "cost": 0.7, "count": 2},
        {"id": "n", "duration": 9, "cost": 0.1, "agents": "none"},
    ]
    choice = instance_of(agents=PAIR, tasks=[{"id": "x", "modes": modes}], objective=[{"cost": 1}, {"makespan": 1}])
    assert proved(choice) == (0.1, 9)


def test_terms_of_tasks_that_are_left_out() -> None:
    """Lateness, flow and cost count scheduled tasks alone, whatever their windows say of those that are not."""
    task = {"id": "x", "duration": 5, "release": 1, "due": 2, "weight": 3, "optional": True, "reward": 7}
    for term, value in (("tardiness", 3 * 4), ("tardy", 3), ("flow", 3 * 5), ("makespan", 6), ("cost", 0.5)):
        agents = [{"id": "a", "cost": {"per_time": 0.1}}]
        least = min(value, 7)
        assert proved(instance_of(agents=agents, tasks=[task], objective={term: 1, "unscheduled": 1})) == (least,)
        assert proved(instance_of(agents=agents, tasks=[task], objective=[{term: 1}, {"unscheduled": 1}])) == (0, 7)
        assert proved(instance_of(agents=agents, tasks=[task], objective=[{"unscheduled": 1}, {term: 1}])) == (0, value)


def test_balance() -> None:
    """The busiest agent's work is held near the mean over all agents, those without work included."""
    agents = [{"id": "a"}, {"id": "b"}, {"id": "c", "taints": ["t"]}]
    tasks = [{"id": f"t{k}", "duration": k} for k in (1, 2, 3, 4)]
    # 10 of work: 5 on each of two agents, the third has none
    assert proved(instance_of(agents=agents, tasks=tasks, objective={"balance": 1})) == pytest.approx((5 - 10 / 3,))
    crews = [{**task, "count": 2} for task in tasks]
    assert proved(instance_of(agents=agents, tasks=crews, objective={"balance": 3})) == pytest.approx((30 - 20,))
    nobody = {"resources": [{"id": "r", "capacity": 1, "calendar": [[0, 1, 2]]}], "tasks": tasks[:1]}
    assert proved(instance_of(objective=[{"balance": 1}, {"makespan": 1}], **nobody)) == (0, 1)
    away = [{**agents[0], "calendar": [[1, 50]]}, *agents[1:]]
    paused = [{**task, "preemptible": True} for task in tasks]
    goals = [{"balance": 1}, {"makespan": 1}]
    assert proved(instance_of(agents=away, tasks=paused, objective=goals)) == pytest.approx((5 - 10 / 3, 54))


def disturbed(earlier: list[tuple[int, tuple[int, ...]]], **data: Any) -> Instance:
    """An instance whose tasks were scheduled before: start and crew of each, -1 where it was not."""
    spec = schedule_from_data(spec_data(**data))
    start = np.array([begin for begin, _ in earlier], np.int64)
    mode = np.where(start >= 0, spec.tasks.first_mode[:-1], -1).astype(np.int32)
    return build_instance(replace(spec, earlier=Earlier({}, start, mode, [crew for _, crew in earlier])))


def test_disruption() -> None:
    """Another crew costs one, another start what it differs by, the lesser of both is chosen; so does leaving out."""
    agents = [{"id": "a"}, {"id": "b"}]
    tasks = [{"id": "x", "duration": 2, "weight": 2}, {"id": "y", "duration": 2, "weight": 3}]
    goals = [{"disruption": 1}, {"makespan": 1}]
    time = {"unit": "h", "resolution": 0.25}
    same = disturbed([(4, (0,)), (16, (1,))], agents=agents, tasks=tasks, objective=goals, time=time)
    assert proved(same) == (0, 6)
    # both were on `a`, seven ticks too near to each other: the lighter one moves to `b`
    moved = disturbed([(4, (0,)), (5, (0,))], agents=agents, tasks=tasks, objective=goals, time=time)
    assert proved(moved) == (2, 3.25)
    # they were a tick too near to each other: the lighter one starts that much earlier
    nearer = disturbed([(4, (0,)), (11, (0,))], agents=agents, tasks=tasks, objective=goals, time=time)
    assert proved(nearer) == (0.5, 4.75)
    crews = [{**tasks[0], "count": 2}, {**tasks[1], "optional": True, "deadline": 1}]
    gone = disturbed([(4, (0, 1)), (5, (-1,))], agents=agents, tasks=crews, objective=goals, time=time)
    assert proved(gone) == (3, 3)
    new = disturbed([(4, (-1, 1)), (-1, ())], agents=agents, tasks=crews, objective=goals, time=time)
    assert proved(new) == (2, 2)


def test_reasoning_about_crews() -> None:
    """A crew agrees with every decision that names one of it; one that is left out costs nothing."""
    actions = {"prefer x on a": 0.3, "prefer x on b": 0.3, "prefer x on c": 0.4, "prefer y on a": 0.5}
    data: dict[str, Any] = {
        "agents": [{"id": name} for name in "abc"],
        "tasks": [{"id": "x", "duration": 1, "count": 2}, {"id": "y", "duration": 1, "optional": True}],
        "reasoning": {"actions": actions},
    }
    # two agents are likelier than the likeliest one alone, and no more than enough; y is on `a` then, and later
    assert proved(instance_of(objective=[{"reasoning": 1}, {"makespan": 1}], **data)) == (0, 1)
    spread = {f"prefer x on {name}": 0.05 for name in "ab"} | {"prefer x on c": 0.9}
    away = {**data, "reasoning": {"actions": spread}}
    away["tasks"] = [{**data["tasks"][0], "agents": ["a", "b"]}, data["tasks"][1]]
    value = proved(instance_of(objective={"reasoning": 1}, **away))
    assert value == pytest.approx((-np.log(0.1 / 0.9),), abs=1e-5)
    timed = {**data, "reasoning": {"actions": {"prefer y in 3..4": 0.9}}}
    assert proved(instance_of(objective=[{"reasoning": 1, "unscheduled": 1}, {"makespan": 1}], **timed)) == (0, 1)
