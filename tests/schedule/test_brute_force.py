"""The oracle itself: hand-made cases with known answers, and its pruning against plain enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest
from support import brute_force
from support.brute_force import Oracle, Row, columns, rows_of
from support.random_specs import FEATURES, features_of, random_feasible, random_spec, tiny_spec

from qamctl.schedule.read import schedule_from_data


def spec_of(tasks: list[dict[str, Any]], **rest: Any) -> Any:
    """A spec of these tasks."""
    return schedule_from_data({"kind": "schedule", "version": 1, "tasks": tasks, **rest})


def test_two_tasks_on_one_agent_follow_each_other() -> None:
    """Both orders are optimal, and nothing else is."""
    best = brute_force.optimum(spec_of([{"id": "x", "duration": 2}, {"id": "y", "duration": 3}], agents=[{"id": "a"}]))
    assert best is not None
    assert best.value == (5,)
    assert best.complete
    assert set(best.schedules) == {
        (Row(0, 2, 0, 0), Row(2, 5, 1, 0)),
        (Row(3, 5, 0, 0), Row(0, 3, 1, 0)),
    }


def test_levels_are_compared_one_after_the_other() -> None:
    """The second level only breaks ties of the first."""
    tasks = [{"id": "x", "duration": 4, "due": 4}, {"id": "y", "duration": 1, "due": 1, "weight": 0.5}]
    one = {"agents": [{"id": "a"}]}
    first = brute_force.optimum(spec_of(tasks, **one, objective=[{"makespan": 1}, {"tardiness": 1}]))
    assert first is not None
    assert first.exact == (5, 1)
    assert [s[0].start for s in first.schedules] == [1]
    tasks[1]["weight"] = 0.1
    second = brute_force.optimum(spec_of(tasks, **one, objective=[{"tardiness": 1}, {"makespan": 1}]))
    assert second is not None
    assert second.exact == (Fraction(4, 10), 5)


def test_speed_capacity_consumables_and_modes_are_weighed() -> None:
    """The quick mode is out of stock for one task; the fast agent takes the longest."""
    modes = [
        {"id": "quick", "duration": 2, "demand": {"ink": 2}},
        {"id": "slow", "duration": 5},
    ]
    spec = spec_of(
        [{"id": "x", "modes": modes}, {"id": "y", "modes": modes}],
        resources=[{"id": "ink", "kind": "consumable", "capacity": 3}],
        agents=[{"id": "a"}, {"id": "b", "speed": 2}],
    )
    best = brute_force.optimum(spec)
    assert best is not None
    assert best.value == (3,)  # slow on b takes ceil(5 / 2)


@pytest.mark.parametrize(
    ("kind", "lag", "makespan"), [("FS", 1, 6), ("SS", 1, 3), ("FF", 2, 5), ("SF", 6, 6), ("FS", -3, 3)]
)
def test_each_precedence_type_binds(kind: str, lag: int, makespan: int) -> None:
    """A lag of each type delays the later task by as much as it says."""
    tasks = [{"id": "x", "duration": 3}, {"id": "y", "duration": 2, "after": [{"task": "x", "type": kind, "lag": lag}]}]
    best = brute_force.optimum(spec_of(tasks))
    assert best is not None
    assert best.value == (makespan,)


def test_nothing_is_found_where_nothing_is_feasible() -> None:
    """A deadline before the earliest end, a skill that nobody has, a horizon too short: no schedule."""
    assert brute_force.optimum(spec_of([{"id": "x", "duration": 3, "deadline": 2}])) is None
    unskilled = [{"id": "x", "duration": 3, "skills": ["weld"]}]
    assert brute_force.optimum(spec_of(unskilled, agents=[{"id": "a"}])) is None
    assert brute_force.optimum(spec_of([{"id": "x", "duration": 3}]), horizon=2) is None


def test_the_empty_spec_has_the_empty_schedule() -> None:
    """No tasks: one schedule, worth nothing."""
    best = brute_force.optimum(spec_of([]))
    assert best is not None
    assert best.schedules == ((),)
    assert best.exact == (0,)
    assert rows_of(columns(())) == ()


def test_the_number_of_schedules_is_limited() -> None:
    """Where very many schedules are equally good, some are returned, and the answer says so."""
    spec = spec_of([{"id": k, "duration": 1} for k in "xyz"], objective={"cost": 1})
    best = brute_force.optimum(spec, horizon=6, limit=10)
    assert best is not None
    assert not best.complete
    assert len(best.schedules) == 10
    every = brute_force.optimum(spec, horizon=6, limit=1_000)
    assert every is not None
    assert every.complete
    assert len(every.schedules) == 6**3


def test_pruning_loses_nothing() -> None:
    """Plain enumeration of every combination finds the same best value and the same schedules."""
    for seed in range(60):
        rng = Random(seed)
        spec = schedule_from_data(random_spec(rng, tasks=2, agents=2, resources=1, max_duration=2))
        oracle, horizon = Oracle(spec), min(7, spec.horizon)
        rows = [
            [Row(s, s + d, m, a) for m, a, d in choice for s in range(horizon - d + 1)] for choice in oracle.candidates
        ]
        sound = [schedule for schedule in product(*rows) if oracle.feasible(schedule)]
        best = brute_force.optimum(spec, horizon=horizon, limit=10**6)
        if best is None:
            assert not sound
            continue
        least = min(map(oracle.value, sound))
        assert best.exact == least
        assert set(best.schedules) == {schedule for schedule in sound if oracle.value(schedule) == least}


def test_the_default_horizon_is_long_enough() -> None:
    """More time than `enough` gives no better value."""
    for seed in range(80):
        spec = schedule_from_data(random_spec(Random(seed), tasks=2, agents=2, resources=1, max_duration=2))
        best = brute_force.optimum(spec, limit=1)
        wider = brute_force.optimum(spec, horizon=Oracle(spec).enough() + 4, limit=1)
        assert (best is None) == (wider is None)
        assert best is None or wider is None or best.exact == wider.exact


def test_random_specs_are_varied_repeatable_and_mostly_feasible() -> None:
    """Equal seeds give equal specs, every feature occurs, and brute force solves most of them."""
    seen: set[str] = set()
    solved = 0
    for seed in range(250):
        data = tiny_spec(Random(seed))
        assert data == tiny_spec(Random(seed))
        seen |= features_of(data)
        solved += brute_force.optimum(schedule_from_data(data), limit=1) is not None
    assert seen == set(FEATURES)
    assert 0.75 * 250 <= solved < 250


def test_features_can_be_chosen() -> None:
    """With a chance of 1 the features that are asked for come, and no constraint of another kind does."""
    plain = {"agents", "FS", "due", "tardiness"}
    found = set().union(*(features_of(random_spec(Random(k), features=plain, chance=1.0)) for k in range(20)))
    assert found == plain


def test_larger_specs_have_random_feasible_schedules() -> None:
    """The sampler works beyond what brute force can enumerate."""
    specs = [schedule_from_data(random_spec(Random(k), tasks=15, agents=4)) for k in range(20)]
    assert sum(random_feasible(spec, Random(1), tries=5) is not None for spec in specs) >= 10
