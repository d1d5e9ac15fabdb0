"""Where not all that can be done is an option, a schedule that does something else brings its options along."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.fleets import fleet_data
from support.random_specs import random_feasible, random_spec
from support.replanning import solved

from qamctl.schedule import build, crew_options, single_options
from qamctl.schedule.build import build_instance
from qamctl.schedule.covering import covering
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec


def lean(spec: ScheduleSpec, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """The instance as if a few options were too many."""
    with monkeypatch.context() as patch:
        for name in ("MOST_OPTIONS", "FEW_OPTIONS", "MOST_CREW_OPTIONS"):
            patch.setattr(build, name, 0)
        patch.setattr(single_options, "LEAST", 1)
        return build_instance(spec)


def rows(instance: Instance) -> list[tuple[Any, ...]]:
    """Task, mode, crew, ticks and cost of every option."""
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option)).tolist()
    crews = instance.crews
    found = []
    for o, t in enumerate(task):
        crew = ((int(instance.option_holder[o]), 1),) if crews is None else crews.of(o)
        out = crews is not None and bool(crews.out[o])
        ticks, cost = int(instance.option_duration[o]), round(float(instance.option_cost[o]), 9)
        found.append((t, int(instance.option_mode[o]), crew, out, *(() if out else (ticks, cost))))
    return found


def a_schedule(seed: int) -> tuple[ScheduleSpec, Solution | None]:
    """A random problem, and a random schedule of it by whoever can."""
    data = fleet_data(seed, agents=12, tasks=16) if seed % 2 else random_spec(Random(seed), tasks=8, agents=8)
    spec = schedule_from_data(data)
    return spec, random_feasible(spec, Random(seed), tries=3)


@pytest.mark.parametrize("block", range(3))
def test_a_schedule_is_made_of_options(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that it needs are added as they are among all options, the others stay, and its value is the same."""
    added = 0
    for seed in range(12 * block, 12 * block + 12):
        spec, solution = a_schedule(seed)
        if solution is None:
            continue
        few, every = lean(spec, monkeypatch), build_instance(spec)
        found = covering(few, solution)
        option = found.options_of(solution)
        assert (option >= 0).all()
        assert set(rows(few)) <= set(rows(found)) <= set(rows(every))
        assert len(rows(found)) == len(set(rows(found))) == len(rows(few)) + int((few.options_of(solution) < 0).sum())
        assert np.array_equal(found.ends(solution.start, option), solution.end)
        assert found.value(solution) == every.value(solution)
        assert found.complete == few.complete
        added += len(rows(found)) - len(rows(few))
    assert added > 3


def test_nothing_is_added_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance with all options, or with those of the schedule, is given back as it is."""
    spec, solution = a_schedule(1)
    assert solution is not None
    every = build_instance(spec)
    assert covering(every, solution) is every
    found = covering(lean(spec, monkeypatch), solution)
    assert covering(found, solution) is found


def test_crews_are_brought_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several agents at once, absences over which a task pauses, and tasks that are left out."""
    agents = [
        {"id": f"a{k}", "cost": {"fixed": k + 1, "per_time": k % 3}, "speed": 1 + (k % 2), "calendar": [[3 + k, 5 + k]]}
        for k in range(12)
    ]
    tasks: list[dict[str, Any]] = [
        {"id": f"t{k}", "duration": 6, "count": 1 + k % 3, "preemptible": True} for k in range(9)
    ]
    tasks.append({"id": "left", "duration": 99, "optional": True, "reward": 0})
    tasks.append({"id": "alone", "duration": 1, "agents": "none"})
    spec = schedule_from_data({"kind": "schedule", "version": 1, "agents": agents, "tasks": tasks, "horizon": 90})
    solution = solved(spec)
    assert solution is not None
    monkeypatch.setattr(crew_options, "MOST_CREWS", 2, raising=False)
    few = lean(spec, monkeypatch)
    assert few.crews is not None
    assert (few.options_of(solution) < 0).any()
    found = covering(few, solution)
    option = found.options_of(solution)
    assert (option >= 0).all()
    assert set(rows(few)) <= set(rows(found))
    assert np.array_equal(found.ends(solution.start, option)[solution.mode >= 0], solution.end[solution.mode >= 0])
    again = found.solution(solution.start, option)
    assert np.array_equal(again.end, solution.end)
    assert {t: set(again.crew(t)) for t in range(9)} == {t: set(solution.crew(t)) for t in range(9)}
    assert found.value(again) == pytest.approx(build_instance(spec).value(solution))
