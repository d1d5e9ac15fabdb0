"""Fleets with too many options keep some for each mode: what they keep, and that bounds are those of all options."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from support.fleets import fleet_data
from support.random_specs import random_feasible, random_spec

from qamctl.schedule import build, single_options
from qamctl.schedule.bounds import term_bounds
from qamctl.schedule.build import build_instance
from qamctl.schedule.carry import Planned, carried
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec

Lean = Callable[[ScheduleSpec], Instance]

#: Options that a mode keeps at least in these tests.
LEAST = 3


@pytest.fixture
def lean(monkeypatch: pytest.MonkeyPatch) -> Lean:
    """Builds an instance as if a few options were too many."""

    def made(spec: ScheduleSpec) -> Instance:
        with monkeypatch.context() as patch:
            patch.setattr(build, "MOST_OPTIONS", 0)
            patch.setattr(build, "FEW_OPTIONS", 0)
            patch.setattr(single_options, "LEAST", LEAST)
            return build_instance(spec)

    return made


def options(instance: Instance) -> dict[tuple[int, tuple[int, ...]], tuple[int, float]]:
    """Ticks and cost of every option, by mode and by who may do it."""
    who = [tuple(members.tolist()) for members in instance.members]
    rows = zip(
        instance.option_mode.tolist(), instance.option_holder.tolist(), instance.option_duration.tolist(),
        instance.option_cost.tolist(), strict=True,
    )  # fmt: skip
    return {(mode, who[holder]): (ticks, round(cost, 9)) for mode, holder, ticks, cost in rows}


def random_fleet(seed: int) -> ScheduleSpec:
    """A fleet, or a random problem with agents for which others may stand in."""
    if seed % 2:
        return schedule_from_data(fleet_data(seed, agents=16, tasks=20))
    return schedule_from_data(random_spec(Random(seed), tasks=10, agents=12))


def unlike(task: dict[str, Any], count: int = 40) -> dict[str, Any]:
    """A problem of some tasks for agents that are not alike, and of whom one is quick."""
    agents = [{"id": f"a{k}", "cost": {"fixed": k + 1}, "speed": 2 if k == 23 else 1} for k in range(count)]
    tasks = [{"id": f"t{k}", "duration": 4, **task} for k in range(8)]
    return {"kind": "schedule", "version": 1, "agents": agents, "tasks": tasks}


@pytest.mark.parametrize("seed", range(16))
def test_every_option_is_one_of_all(lean: Lean, seed: int) -> None:
    """None is added or changed, each mode keeps some of those that it has, and the instance says that it is not all."""
    spec = random_fleet(seed)
    few, every = lean(spec), build_instance(spec)
    assert every.complete
    assert few.complete == (not any(who for _, who in options(every)))
    assert options(few).items() <= options(every).items()
    assert {mode for mode, _ in options(few)} == {mode for mode, _ in options(every)}
    assert np.array_equal(few.first_option > 0, every.first_option > 0)


@pytest.mark.parametrize("seed", range(16))
def test_a_quickest_agent_is_among_them(lean: Lean, seed: int) -> None:
    """The least duration of every mode is that of all its options, unless a pinned agent decides."""
    spec = random_fleet(seed)
    quickest: list[dict[int, int]] = []
    for instance in (lean(spec), build_instance(spec)):
        found: dict[int, int] = {}
        for (mode, _), (ticks, _) in options(instance).items():
            found[mode] = min(ticks, found.get(mode, ticks))
        quickest.append(found)
    assert quickest[0] == quickest[1]


def test_quick_agents_take_turns(lean: Lean) -> None:
    """Of several quickest agents different tasks keep different ones."""
    data = unlike({})
    for agent in data["agents"][::4]:
        agent["speed"] = 2
    instance = lean(schedule_from_data(data))
    kept = [
        {who for (mode, who), (ticks, _) in options(instance).items() if mode == t and ticks == 2} for t in range(8)
    ]
    assert all(kept)
    assert len(set().union(*kept)) > 3


def test_what_is_kept_is_spread_over_the_fleet(lean: Lean) -> None:
    """Each task has about as many, from both ends, and not all the same."""
    found = [[who for mode, who in options(lean(schedule_from_data(unlike({})))) if mode == t] for t in range(8)]
    assert all(LEAST <= len(one) <= LEAST + 3 for one in found)
    assert all(max(one)[0] - min(one)[0] >= 20 for one in found)
    assert len({tuple(one) for one in found}) > 3


@pytest.mark.parametrize("seed", range(16))
def test_reach_is_that_of_all_options(lean: Lean, seed: int) -> None:
    """The least and greatest duration of a task are over all agents, also of those that a pinned task may not have."""
    spec = random_fleet(seed)
    few, every = lean(spec), build_instance(spec)
    if few.complete:  # nobody is needed
        return
    some = np.diff(every.first_option) > 0
    assert (few.shortest <= every.shortest)[some].all()
    assert (few.longest >= every.longest)[some].all()
    possible = np.logical_and.reduceat(
        np.isin(np.arange(len(spec.modes.ids)), every.option_mode), spec.tasks.first_mode[:-1]
    )
    free = possible & (spec.tasks.pinned_agent < 0)
    assert np.array_equal(few.shortest[free], every.shortest[free])
    assert np.array_equal(few.longest[free], every.longest[free])


@pytest.mark.parametrize(
    "asked", [{"skills": ["none has it"]}, {"demand": {"r": 9}}, {"agents": ["a1"], "demand": {"r": 3}}]
)
def test_a_task_that_nobody_fits_has_no_option(lean: Lean, asked: dict[str, Any]) -> None:
    """By skills, by what the pool has, by what its only agent has."""
    data = unlike({}) | {"resources": [{"id": "r", "capacity": 5}]}
    data["agents"][1]["capacity"] = {"r": 2}
    data["tasks"][3] |= asked
    instance = lean(schedule_from_data(data))
    assert np.flatnonzero(np.diff(instance.first_option) == 0).tolist() == [3]


@pytest.mark.parametrize("agent", range(0, 40, 9))
def test_pinned_and_earlier_agents_stay(lean: Lean, agent: int) -> None:
    """Who a task is pinned to is its only option; who had it in an earlier schedule is one of them."""
    data = unlike({})
    data["tasks"][2]["pinned"] = {"agent": f"a{agent}"}
    spec = carried(schedule_from_data(data), {"t5": Planned((f"a{agent}",), None, Fraction(0))}, {})
    found = options(lean(spec))
    assert [who for mode, who in found if mode == 2] == [(agent,)]
    assert (5, (agent,)) in found


def test_who_has_lost_its_agent_may_look_further(lean: Lean) -> None:
    """A task whose agent is gone keeps more options than others."""
    spec = carried(schedule_from_data(unlike({})), {"t5": Planned(("gone",), None, Fraction(0))}, {})
    found = [mode for mode, _ in options(lean(spec))]
    assert found.count(5) == 40 > 2 * found.count(4)


def test_agents_that_are_alike_stay_together(lean: Lean) -> None:
    """A class of agents is one option, and every task that may have it keeps it."""
    data = unlike({})
    for agent in data["agents"][10:20]:
        agent.pop("cost")
    found = options(lean(schedule_from_data(data)))
    assert all((t, tuple(range(10, 20))) in found for t in range(8))


def test_more_are_kept_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """All modes together keep about so many as they may, and all of them up to the limit."""
    spec = schedule_from_data(unlike({}))
    monkeypatch.setattr(build, "MOST_OPTIONS", 319)
    for few in (100, 160):
        monkeypatch.setattr(build, "FEW_OPTIONS", few)
        instance = build_instance(spec)
        assert not instance.complete
        assert few <= len(instance.option_mode) <= 1.5 * few + 8 * 2
    monkeypatch.setattr(build, "MOST_OPTIONS", 320)
    assert build_instance(spec).complete


@pytest.mark.parametrize("block", range(4))
def test_no_schedule_is_below_the_bounds_of_few_options(lean: Lean, block: int) -> None:
    """Also none of those that agents make whom the instance leaves out."""
    checked = 0
    for seed in range(10 * block, 10 * block + 10):
        spec = random_fleet(seed)
        solution = random_feasible(spec, Random(seed), tries=3)
        if solution is None:
            continue
        few = lean(spec)
        assert (term_bounds(few) <= build_instance(spec).terms(solution) + 1e-9).all(), seed
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize("seed", range(1, 20, 2))
def test_bounds_of_lateness_are_those_of_all_options(lean: Lean, seed: int) -> None:
    """Tardiness, tardy tasks and flow depend on the least durations alone."""
    spec = random_fleet(seed)
    few, every = term_bounds(lean(spec)), term_bounds(build_instance(spec))
    assert few[1:4].tolist() == every[1:4].tolist()
    assert few[3] > 0
