"""The numeric view of a problem: which options there are, which agents are told apart, and the way back to them."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.brute_force import Oracle, columns, optimum, rows_of, terms
from support.random_specs import random_feasible, random_spec, tiny_spec

from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import NEVER, TERMS


def instance_of(**data: Any) -> Instance:
    return build_instance(schedule_from_data({"kind": "schedule", "version": 1, **data}))


def ids(instance: Instance, holder: int) -> list[str]:
    return [instance.spec.agents.ids[a] for a in instance.members[holder]]


def options(instance: Instance, t: int) -> list[tuple[str | None, list[str], int]]:
    """Mode, agents and duration of each option of a task."""
    return [
        (
            instance.spec.modes.ids[instance.option_mode[o]],
            ids(instance, int(instance.option_holder[o])),
            int(instance.option_duration[o]),
        )
        for o in range(instance.first_option[t], instance.first_option[t + 1])
    ]


def test_options_are_those_of_brute_force() -> None:
    """On random problems the options, spread over their agents, are the candidates of brute force that fit alone."""
    dropped = 0
    for seed in range(300):
        spec = schedule_from_data(random_spec(Random(seed), tasks=6, agents=4))
        instance, oracle = build_instance(spec), Oracle(spec)
        for t in range(instance.n):
            mine = set()
            for o in range(instance.first_option[t], instance.first_option[t + 1]):
                members = instance.members[instance.option_holder[o]].tolist() or [-1]
                mine |= {(int(instance.option_mode[o]), a, int(instance.option_duration[o])) for a in members}
            able = set(oracle.candidates[t])
            assert mine <= able, seed
            for mode, agent, duration in able - mine:  # these exceed a capacity all alone
                have = spec.resources.capacity.copy()
                if agent >= 0:
                    own = spec.agents.capacity[agent]
                    have = np.where(own >= 0, own, have)
                counted = spec.resources.consumable | (duration > 0)
                assert (counted & (spec.modes.demand[mode] > np.maximum(have, 0))).any(), seed
                dropped += 1
    assert dropped > 0


def test_round_trip_of_schedules() -> None:
    """Options of a feasible schedule, handed out again, are feasible and have the same value in every term."""
    merged = 0
    for seed in range(300):
        rng = Random(seed)
        spec = schedule_from_data(random_spec(rng, tasks=8, agents=5))
        solution = random_feasible(spec, rng, tries=3)
        if solution is None:
            continue
        instance = build_instance(spec)
        option = instance.options_of(solution)
        assert (option >= 0).all(), seed
        back = instance.solution(solution.start, option)
        assert not check_columns(spec, back.start, back.end, back.mode, back.agent).violations, seed
        assert np.array_equal(back.end, solution.end)
        assert np.array_equal(back.mode, solution.mode)
        assert instance.terms(back) == pytest.approx(instance.terms(solution))
        merged += max(map(len, instance.members)) > 1
    assert merged > 20


def test_terms_are_those_of_brute_force() -> None:
    """Every term and level of a schedule has brute force's value."""
    for seed in range(150):
        spec = schedule_from_data(tiny_spec(Random(seed)))
        best = optimum(spec, limit=3)
        if best is None:
            continue
        instance = build_instance(spec)
        for schedule in best.schedules:
            solution = columns(schedule)
            exact = terms(spec, rows_of(solution))
            assert instance.terms(solution) == pytest.approx([float(exact.get(name, 0)) for name in TERMS])
            assert instance.value(solution) == pytest.approx(best.value)


def test_windows_hold_the_optimal_schedules() -> None:
    """No optimal schedule of a tiny problem starts or ends a task outside its windows."""
    for seed in range(150):
        spec = schedule_from_data(tiny_spec(Random(seed)))
        best = optimum(spec, limit=50)
        if best is None:
            continue
        instance = build_instance(spec)
        start, end = instance.earliest
        for schedule in best.schedules:
            last_start, last_end = instance.latest(max(row.end for row in schedule))
            for t, row in enumerate(schedule):
                assert start[t] <= row.start <= last_start[t], seed
                assert end[t] <= row.end <= last_end[t], seed


def test_alike_agents_are_one_holder() -> None:
    """Agents that no schedule can tell apart are merged, with their slots and capacities added up."""
    agents = [{"id": f"a{i}", "slots": 2, "capacity": {"r": 7}, "labels": {"rack": f"r{i}"}} for i in range(3)]
    tasks = [{"id": "x", "duration": 1, "demand": {"r": 3}}]
    instance = instance_of(resources=[{"id": "r"}], agents=agents, tasks=tasks)
    assert [ids(instance, h) for h in range(len(instance.members))] == [[], ["a0", "a1", "a2"]]
    assert instance.capacity.tolist() == [[-1, -1], [6, 21]]
    assert options(instance, 0) == [(None, ["a0", "a1", "a2"], 1)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"slots": 2}, "slots"),
        ({"speed": 2}, "speed"),
        ({"cost": {"per_time": 1}}, "cost per time"),
        ({"cost": {"fixed": 1}}, "fixed cost"),
        ({"skills": ["s"]}, "a skill that a task asks for"),
        ({"labels": {"zone": "north"}}, "a label that a task asks for"),
        ({"capacity": {"r": 1}}, "an own capacity that binds"),
        ({"capacity": {"r": 5}}, "an own capacity that does not bind, where the others use the pool"),
        ({"capacity": {"c": 5}}, "an own stock"),
    ],
)
def test_agents_that_differ_are_told_apart(change: dict[str, Any], why: str) -> None:
    """An agent that differs in anything that matters to a task is a holder of its own."""
    agents = [{"id": "a"}, {"id": "b"}, {"id": "z", **change}]
    tasks = [
        {"id": "x", "duration": 1, "demand": {"r": 1, "c": 1}},
        {"id": "y", "duration": 1, "skills": ["s"]},
        {"id": "z", "duration": 1, "labels": {"zone": "north"}},
    ]
    resources = [{"id": "r", "capacity": 4}, {"id": "c", "kind": "consumable", "capacity": 9}]
    instance = instance_of(resources=resources, agents=agents, tasks=tasks)
    assert ["z"] in [ids(instance, h) for h in range(len(instance.members))], why
    assert ["a", "b"] in [ids(instance, h) for h in range(len(instance.members))]


def test_what_no_task_asks_for_does_not_matter() -> None:
    """Skills, labels and names that no task asks for keep no agents apart."""
    agents = [{"id": "a", "skills": ["s"], "labels": {"zone": "north"}}, {"id": "b"}]
    instance = instance_of(agents=agents, tasks=[{"id": "x", "duration": 1}])
    assert [ids(instance, h) for h in range(len(instance.members))] == [[], ["a", "b"]]


def test_pinned_agent_is_alone_and_the_only_option() -> None:
    """A pinned agent is told apart from those like it, and the pinned task has no other."""
    tasks = [{"id": "x", "duration": 1, "pinned": {"agent": "b"}}, {"id": "y", "duration": 1}]
    instance = instance_of(agents=[{"id": i} for i in "abc"], tasks=tasks)
    assert options(instance, 0) == [(None, ["b"], 1)]
    assert sorted(members for _, members, _ in options(instance, 1)) == [["a", "c"], ["b"]]


def test_options_by_mode_speed_and_fit() -> None:
    """Options are modes on holders that can do them, with durations rounded up by the speed and their cost."""
    agents = [
        {"id": "slow", "speed": 0.8, "cost": {"per_time": 2}, "skills": {"s": 1}, "capacity": {"r": 1}},
        {"id": "fast", "speed": 1.25, "skills": {"s": 3}},
    ]
    modes = [
        {"id": "plain", "duration": 5},
        {"id": "skilled", "duration": 4, "skills": {"s": 2}, "cost": 7},
        {"id": "large", "duration": 2, "demand": {"r": 2}},
        {"id": "alone", "duration": 6, "agents": "none", "cost": 1},
    ]
    instance = instance_of(
        resources=[{"id": "r", "capacity": 3}],
        agents=agents,
        tasks=[{"id": "x", "modes": modes}],
        time={"resolution": 0.5},
    )
    found = sorted(zip(options(instance, 0), instance.option_cost.tolist(), strict=True))
    assert found == [
        (("alone", [], 12), 1),
        (("large", ["fast"], 4), 0),
        (("plain", ["fast"], 8), 0),
        (("plain", ["slow"], 13), 13),
        (("skilled", ["fast"], 7), 7),
    ]
    assert (instance.shortest.tolist(), instance.longest.tolist(), instance.unit) == ([4], [13], 0.5)


def test_demand_without_duration() -> None:
    """A task without duration takes no room of a renewable resource, but its share of a stock."""
    resources = [{"id": "r", "capacity": 1}, {"id": "c", "kind": "consumable", "capacity": 1}]
    tasks = [
        {"id": "x", "duration": 0, "demand": {"r": 5}},
        {"id": "y", "duration": 0, "demand": {"c": 5}},
        {"id": "z", "duration": 1, "demand": {"r": 5}},
    ]
    instance = instance_of(resources=resources, tasks=tasks)
    assert np.diff(instance.first_option).tolist() == [1, 0, 0]
    assert instance.shortest.tolist() == [0, 0, 0]


def test_horizon_is_a_deadline_of_all() -> None:
    """The deadline of a task is its own or the horizon, whichever is first."""
    tasks = [
        {"id": "x", "duration": 1, "deadline": 4},
        {"id": "y", "duration": 1},
        {"id": "z", "duration": 1, "deadline": 9},
    ]
    assert instance_of(tasks=tasks, horizon=6).deadline.tolist() == [4, 6, 6]
    assert instance_of(tasks=tasks).deadline.tolist() == [4, NEVER, 9]


def test_no_tasks() -> None:
    """An empty problem has an empty schedule, worth nothing."""
    instance = instance_of(agents=[{"id": "a"}], tasks=[], objective=[{"makespan": 1}, {"cost": 1}])
    empty = instance.solution(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert instance.n == 0
    assert instance.value(empty) == (0.0, 0.0)
    assert [len(column) for column in instance.earliest] == [0, 0]


def test_schedule_that_is_not_of_the_problem() -> None:
    """A task done in a way that is no option has option -1."""
    instance = instance_of(
        agents=[{"id": "a"}, {"id": "b", "skills": ["s"]}], tasks=[{"id": "x", "duration": 1, "skills": ["s"]}]
    )
    good = instance.solution(np.zeros(1, np.int64), np.zeros(1, np.int64))
    assert instance.options_of(good).tolist() == [0]
    bad = type(good)(good.start, good.end, good.mode, np.zeros(1, np.int32))
    assert instance.options_of(bad).tolist() == [-1]


def test_handing_out_respects_slots() -> None:
    """As many tasks at once as a class has slots are handed out, no member above its own; idle agents first."""
    agents = [{"id": f"a{i}", "slots": 2} for i in range(3)]
    tasks = [{"id": f"t{i}", "duration": 4} for i in range(6)] + [{"id": "zero", "duration": 0}]
    instance = instance_of(agents=agents, tasks=tasks)
    start = np.array([0, 0, 0, 0, 1, 2, 3], np.int64)
    solution = instance.solution(start, np.arange(7))
    assert np.bincount(solution.agent[:6]).tolist() == [2, 2, 2]
    assert not check_columns(instance.spec, solution.start, solution.end, solution.mode, solution.agent).violations
