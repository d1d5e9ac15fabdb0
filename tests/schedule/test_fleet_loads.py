"""What sets of agents have to do at least: never more than a schedule shows, and exact where one set decides."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from support.brute_force import optimum
from support.fleets import fleet_data
from support.random_specs import random_feasible, tiny_spec
from support.replanning import solved
from support.rich_schedules import rich_spec

from qamctl.schedule import build, single_options
from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.build import build_instance
from qamctl.schedule.fleet_loads import fleet_loads
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a few options were too many."""
    for name in ("MOST_OPTIONS", "FEW_OPTIONS", "MOST_CREW_OPTIONS"):
        monkeypatch.setattr(build, name, 0)
    monkeypatch.setattr(single_options, "LEAST", 1)


def instance_of(**data: Any) -> Instance:
    return build_instance(schedule_from_data({"kind": "schedule", "version": 1, **data}))


def held_by(spec: ScheduleSpec, solution: Solution) -> int:
    """How many loads there are, after the schedule has shown that it bears each of them."""
    number = 0
    for tasks, work, supply in fleet_loads(build_instance(spec)):
        number += 1
        span = solution.end[tasks].max(initial=0) - solution.start[tasks].min(initial=0)
        assert work.sum() <= supply * span + 1e-6
    return number


@pytest.mark.parametrize("block", range(4))
def test_the_bound_is_never_above_the_optimum(block: int) -> None:
    """On random tiny problems whose agents are mostly no options."""
    met = 0
    for seed in range(15 * block, 15 * block + 15):
        spec = schedule_from_data({**tiny_spec(Random(seed)), "objective": {"makespan": 1}})
        best = optimum(spec, limit=1)
        if best is None:
            continue
        bound = makespan_bound(build_instance(spec)) * float(spec.time.resolution)
        assert bound <= best.value[0] + 1e-9, seed
        met += bound >= best.value[0] - 1e-9
    assert met >= 3


@pytest.mark.parametrize("seed", range(8))
def test_feasible_schedules_bear_all_loads(seed: int) -> None:
    """From the first start of the tasks of a set to their last end there is time for their work."""
    spec = schedule_from_data(fleet_data(seed, agents=8, tasks=16))
    solution = random_feasible(spec, Random(seed), tries=5)
    assert solution is not None
    assert held_by(spec, solution) > 3


def test_crews_and_tasks_that_are_left_out_bear_them_too() -> None:
    """On random specs with every feature."""
    tried = 0
    for seed in range(16):
        spec = schedule_from_data(rich_spec(seed, "small"))
        solution = solved(spec, 30)
        if solution is not None:
            tried += held_by(spec, solution) > 0
    assert tried > 5


def test_a_few_agents_that_decide() -> None:
    """Tasks that two of thirty agents can do are borne by these, at their speeds."""
    agents = [{"id": f"a{k}", "speed": 2 if k == 0 else 1, "skills": ["gpu"] if k < 2 else []} for k in range(30)]
    tasks = [{"id": f"t{k}", "duration": 6, "skills": ["gpu"]} for k in range(6)] + [{"id": "u", "duration": 1}]
    instance = instance_of(agents=agents, tasks=tasks)
    assert not instance.complete
    assert makespan_bound(instance) == 12  # 36 / 3


def test_what_agents_hold_themselves_decides() -> None:
    """Slots there are plenty: it is the memory of all agents together that bears the tasks."""
    agents = [{"id": f"a{k}", "slots": 8, "capacity": {"mem": 4}, "cost": {"fixed": k + 1}} for k in range(10)]
    tasks = [{"id": f"t{k}", "duration": 5, "demand": {"mem": 2}} for k in range(60)]
    instance = instance_of(resources=[{"id": "mem"}], agents=agents, tasks=tasks)
    assert not instance.complete
    assert makespan_bound(instance) == 15  # 60 x 2 x 5 / 40


def test_who_does_not_hold_a_resource_bears_none_of_it() -> None:
    """Where one agent of a set may draw on the pool, nothing is said of the resource."""
    agents = [
        {"id": f"a{k}", "slots": 8, "cost": {"fixed": k + 1}} | ({"capacity": {"mem": 4}} if k else {})
        for k in range(10)
    ]
    tasks = [{"id": f"t{k}", "duration": 5, "demand": {"mem": 2}} for k in range(60)]
    instance = instance_of(resources=[{"id": "mem", "capacity": 1000}], agents=agents, tasks=tasks)
    assert makespan_bound(instance) == 5


def test_the_least_of_all_modes_counts() -> None:
    """Work is that of the shortest mode, for as many agents as it has; a mode without agents is no work of theirs."""
    agents = [{"id": f"a{k}", "cost": {"fixed": k + 1}} for k in range(4)]
    modes = [{"id": "m", "duration": 9}, {"id": "n", "duration": 4, "count": 2}]
    tasks: list[dict[str, Any]] = [{"id": f"t{k}", "modes": modes} for k in range(5)]
    tasks += [{"id": "alone", "modes": [{"id": "m", "duration": 50}, {"id": "n", "duration": 1, "agents": "none"}]}]
    tasks += [{"id": "left", "duration": 50, "optional": True}]
    loads = [
        (tasks.tolist(), work.tolist(), supply)
        for tasks, work, supply in fleet_loads(instance_of(agents=agents, tasks=tasks))
    ]
    assert loads == [([0, 1, 2, 3, 4], [8.0] * 5, 4.0)]


def test_nobody_has_nothing_to_do() -> None:
    """Without agents, or without tasks, there are no loads."""
    assert list(fleet_loads(instance_of(tasks=[{"id": "t", "duration": 1}]))) == []
    assert list(fleet_loads(instance_of(agents=[{"id": "a"}], tasks=[]))) == []
