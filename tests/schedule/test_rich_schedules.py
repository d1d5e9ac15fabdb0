"""Random specs with every feature, and the oracle that tries all their schedules."""

from __future__ import annotations

from itertools import product
from math import prod
from random import Random
from typing import Any

import pytest
from support.rich_brute import Brute, Way
from support.rich_figures import Figures
from support.rich_oracle import best, best_schedule, enough
from support.rich_plant import plant
from support.rich_schedules import FEATURES, MOST, SIZES, features_of, rich_spec, with_earlier

from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import NEVER, ScheduleSpec


def spec_of(tasks: list[dict[str, Any]], *objective: dict[str, Any], **rest: Any) -> ScheduleSpec:
    """A spec of these tasks that weighs these levels."""
    return schedule_from_data(
        {"kind": "schedule", "version": 1, "tasks": tasks, "objective": list(objective) or [{"makespan": 1}], **rest}
    )


@pytest.mark.parametrize(("size", "count"), [("tiny", 120), ("small", 30), ("medium", 1)])
def test_specs_are_repeatable_and_of_their_size(size: str, count: int) -> None:
    """Equal seeds give equal specs; tiny ones end within their horizon."""
    tasks, agents, _, _ = SIZES[size]
    features: set[str] = set()
    for seed in range(count):
        data = rich_spec(seed, size)
        assert data == rich_spec(seed, size)
        spec = schedule_from_data(data)
        assert tasks[0] <= len(spec.tasks.ids) <= tasks[1]
        assert agents[0] <= len(spec.agents.ids) <= agents[1]
        assert size != "tiny" or spec.horizon == MOST
        features |= features_of(data)
    assert count < 100 or features == set(FEATURES)


def test_most_specs_are_feasible() -> None:
    """A schedule can be planted in nine of ten, and some have none."""
    planted = [plant(schedule_from_data(rich_spec(seed)), Random(seed), MOST) is not None for seed in range(100)]
    assert 0.85 * len(planted) <= sum(planted) < len(planted)


def test_an_earlier_result_is_of_the_spec() -> None:
    """Its modes are those of the tasks, its agents ascend, and some of them are no more."""
    gone = 0
    for seed in range(40):
        spec = with_earlier(schedule_from_data(rich_spec(seed)), seed)
        earlier = spec.earlier
        assert earlier is not None
        for t, crew in enumerate(earlier.agents):
            assert list(crew) == sorted(crew)
            assert earlier.start[t] >= 0 or crew == ()
            assert earlier.mode[t] in (-1, *range(spec.tasks.first_mode[t], spec.tasks.first_mode[t + 1]))
            gone += -1 in crew
    assert gone > 5


def test_the_oracle_knows_the_best_of_hand_made_specs() -> None:
    """Levels are compared one after the other; where nothing is feasible there is no best."""
    two = {"agents": [{"id": "a", "calendar": [[2, 4]]}, {"id": "b"}], "horizon": 12}
    x, y = {"id": "x", "duration": 3, "count": 2}, {"id": "y", "duration": 2}
    assert best(spec_of([x, y], **two)) == (7,)
    assert best(spec_of([x | {"preemptible": True}, y], **two)) == (7,)
    assert best(spec_of([x | {"optional": True, "reward": 4}, y], {"unscheduled": 1, "makespan": 1}, **two)) == (6,)
    assert best(spec_of([x, y], {"balance": 1}, {"makespan": 1}, **two)) == (1, 7)
    assert best(spec_of([x | {"deadline": 6}, y], **two)) is None
    setups = {"setup": [{"from": "f", "to": "g", "time": 3}, {"from": "g", "to": "f", "time": 1}]}
    families = [{"id": "x", "duration": 1, "setup": "f"}, {"id": "y", "duration": 1, "setup": "g"}]
    assert best(spec_of(families, agents=[{"id": "a"}], **setups)) == (3,)
    assert best(spec_of(families, {"setup": 1}, agents=[{"id": "a"}, {"id": "b"}], **setups)) == (0,)
    assert best(spec_of([])) == (0,)


@pytest.mark.slow
def test_pruning_loses_nothing() -> None:
    """Plain enumeration of all schedules finds the same best values, where these are few enough for it."""
    some = 0
    for seed in range(80):
        spec = with_earlier(schedule_from_data(rich_spec(seed)), seed)
        brute = Brute(spec)
        figures, ways = Figures(brute), [all_ways(brute, t) for t in brute.tasks]
        if prod(map(len, ways)) > 2_000:
            continue
        values = [figures.value(schedule) for schedule in product(*ways) if brute.feasible(schedule)]
        assert best(spec) == (tuple(map(float, min(values))) if values else None), seed
        some += bool(values)
    assert some > 5


def all_ways(brute: Brute, task: int) -> list[Way | None]:
    """Every way of a task that it may have on its own, and None where it may be left out."""
    found: list[Way | None] = [None] if brute.spec.tasks.optional[task] else []
    for mode in brute.modes[task]:
        for crew in brute.crews(task, mode):
            for start in range(MOST + 1):
                end = brute.end(task, start, mode, crew)
                if end is not None and brute.alone(task, Way(start, end, mode, crew)):
                    found.append(Way(start, end, mode, crew))
    return found


@pytest.mark.slow
def test_the_horizon_of_a_spec_without_one_is_long_enough() -> None:
    """More time gives no better value."""
    for seed in range(40):
        data = rich_spec(seed)
        del data["horizon"]
        spec = schedule_from_data(data)
        assert spec.horizon == NEVER
        if enough(Brute(spec)) > 20:
            continue
        tick = spec.time.resolution
        wider = schedule_from_data(data | {"horizon": float((enough(Brute(spec)) + 3) * tick)})
        assert best(spec) == best(wider), seed


@pytest.mark.slow
def test_no_schedule_is_better_than_the_best() -> None:
    """What the oracle finds is feasible, and has the values that it says; a planted schedule is no better."""
    for seed in range(25):
        spec = with_earlier(schedule_from_data(rich_spec(seed)), seed)
        brute, schedule, planted = Brute(spec), best_schedule(spec), plant(spec, Random(seed), MOST)
        if schedule is None:
            assert planted is None
            continue
        assert brute.feasible(schedule)
        figures = Figures(brute)
        assert planted is None or figures.value(planted.ways) >= figures.value(schedule)
