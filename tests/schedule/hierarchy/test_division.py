"""Who works on what: parts whose agents can do what they are dealt, and tasks together that hang together."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.fleets import fleet_data
from support.random_specs import random_spec
from support.replanning import spec_of
from support.rich_schedules import rich_spec

from qamctl.qubo.partition import deal
from qamctl.schedule import build
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import contest_of
from qamctl.schedule.hierarchy import division
from qamctl.schedule.hierarchy.division import Division, divide, divides
from qamctl.schedule.hierarchy.groups import links_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data

KINDS = ("fleet", "chain", "plain", "rich")


def instance_of(kind: str, seed: int) -> Instance:
    """A random problem with agents: projects, one project, every plain feature, every feature."""
    if kind == "plain":
        data = random_spec(Random(seed), tasks=14, agents=6)
    elif kind == "rich":
        data = rich_spec(seed, "small")
    else:
        data = fleet_data(seed, agents=12, tasks=40, project=40 if kind == "chain" else 8)
    return build_instance(schedule_from_data(data))


def holds(instance: Instance, found: Division) -> None:
    """Every task has a wave and a part, every agent a group, and nothing comes before what it waits for."""
    spec = instance.spec
    assert found.group.shape == (len(spec.agents.ids),)
    assert found.wave.shape == found.part.shape == (instance.n,)
    if instance.n:
        assert set(found.wave.tolist()) == set(range(found.waves))
        assert 0 <= found.part.min() <= found.part.max() < found.groups
    if len(found.group):
        assert set(found.group.tolist()) == set(range(found.groups))
    assert (found.wave[spec.after.pred] <= found.wave[spec.after.succ]).all()
    cells = [(wave, group, mine.tolist()) for wave in range(found.waves) for group, mine in found.cells(wave)]
    assert sorted(t for _, _, mine in cells for t in mine) == list(range(instance.n))
    for wave, group, mine in cells:
        assert mine == sorted(mine) != []
        assert set(found.wave[mine].tolist()) == {wave}
        assert set(found.part[mine].tolist()) == {group}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_every_task_has_a_place_where_somebody_can_do_it(kind: str, seed: int) -> None:
    """In a wave not before those that it waits for, with all that it is tied to, and with the agent it is pinned to."""
    instance = instance_of(kind, seed)
    spec = instance.spec
    for parts in (None, 2, 3):
        found = divide(instance, parts)
        holds(instance, found)
        if instance.crews is not None:
            assert found.waves == 1
        a, b = links_of(spec)
        together = found.wave[a] == found.wave[b]
        assert (found.part[a] == found.part[b])[together].all()
        if found.groups == 1:
            continue
        for t in range(instance.n):
            options = range(int(instance.first_option[t]), int(instance.first_option[t + 1]))
            members = [instance.members[int(instance.option_holder[o])] for o in options]
            assert not members or any(not len(m) or (found.group[m] == found.part[t]).any() for m in members)
            pinned = int(spec.tasks.pinned_agent[t])
            assert pinned < 0 or found.group[pinned] == found.part[t]


@pytest.mark.parametrize("seed", range(6))
def test_one_project_is_cut_in_waves_that_are_dealt(seed: int) -> None:
    """With two groups both work, though everything hangs together, unless there is never more than one thing to do."""
    found = divide(instance_of("chain", seed), 2)
    assert found.groups == 2
    assert found.waves > 1
    if found.waves < 20:
        assert 0.2 < (found.part == 0).mean() < 0.8


def test_problems_with_crews_are_not_cut_in_waves() -> None:
    """A chain of tasks of which one needs two agents is one part."""
    tasks = [{"id": f"t{k}", "count": 2 if k == 3 else 1, "after": [f"t{k - 1}"] if k else []} for k in range(12)]
    found = divide(build_instance(spec_of(tasks, [f"a{k}" for k in range(6)])), 2)
    assert (found.waves, len(set(found.part.tolist()))) == (1, 1)


def test_a_crew_finds_all_its_agents_in_one_group() -> None:
    """Six agents in three groups are too few for a task of three of them: there are fewer groups then."""
    tasks: list[dict[str, Any]] = [{"id": "t", "count": 3}, *({"id": f"u{k}"} for k in range(5))]
    assert divide(build_instance(spec_of(tasks, [f"a{k}" for k in range(6)])), 3).groups == 1
    assert divide(build_instance(spec_of(tasks[1:], [f"a{k}" for k in range(6)])), 3).groups == 3


def test_few_licences_are_for_few_groups() -> None:
    """Tasks that draw on a resource are in no more groups than can have what the greatest of them needs."""
    tasks = [{"id": f"t{k}", "demand": {"r": 2}} for k in range(9)] + [{"id": f"u{k}"} for k in range(9)]
    for capacity, groups in ((3, 1), (4, 2), (9, 3)):
        spec = spec_of(tasks, [f"a{k}" for k in range(6)], resources=[{"id": "r", "capacity": capacity}])
        found = divide(build_instance(spec), 3)
        assert found.groups == 3
        assert set(found.part[:9].tolist()) == set(range(groups))


def test_a_spread_is_counted_where_all_values_are() -> None:
    """A group without agents of some zone would count otherwise than the fleet."""
    agents = [{"id": f"a{k}", "labels": {"zone": "east" if k < 5 else "west"}} for k in range(6)]
    tasks: list[dict[str, Any]] = [
        {"id": f"t{k}", "spread": {"label": "zone", "max_skew": 1, "group": "g"}} for k in range(2)
    ]
    found = divide(build_instance(spec_of(tasks, agents)), 2)
    west = int(found.group[5])
    assert found.groups == 2
    assert found.part.tolist() == [west, west]


@pytest.mark.parametrize("task", [{"skills": ["none has it"]}, {"demand": {"r": 9}}, {"count": 9}])
def test_what_nobody_can_do_is_in_one_group_with_all(task: dict[str, Any]) -> None:
    """A problem that can't be done at all is divided nevertheless: it is another's to say so."""
    tasks = [{"id": "t", "duration": 1, **task}, {"id": "u"}]
    spec = spec_of(tasks, ("a", "b", "c"), resources=[{"id": "r", "capacity": 2}])
    found = divide(build_instance(spec), 2)
    assert (found.groups, found.part.tolist()) == (1, [0, 0])


@pytest.mark.parametrize("tasks", [[], [{"id": "t", "agents": "none"}]])
@pytest.mark.parametrize("agents", [(), ("a", "b")])
def test_little_is_divided_too(tasks: list[dict[str, Any]], agents: tuple[str, ...]) -> None:
    """No tasks, no agents, or neither."""
    instance = build_instance(spec_of(tasks, agents))
    holds(instance, divide(instance, 2))


def test_the_dealer_is_asked_wave_by_wave() -> None:
    """It has the work and the supply of every group; where it finds nothing there are half as many groups."""
    instance = instance_of("chain", 1)
    asked: list[tuple[int, int]] = []

    def dealer(load: np.ndarray, supply: np.ndarray, allowed: np.ndarray) -> np.ndarray | None:
        assert load.shape == (len(allowed), supply.shape[1])
        assert allowed.shape[1] == len(supply)
        asked.append(allowed.shape)
        return deal(load, supply, allowed) if len(supply) < 3 else None

    found = divide(instance, 4, dealer)
    assert asked[0][1] == 4
    assert [shape[1] for shape in asked[1:]] == [2] * found.waves
    assert found.groups == 2


def test_what_is_large_or_has_too_many_options_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what is small, has no agents, or can be looked at as a whole."""
    spec = schedule_from_data(fleet_data(1, agents=24, tasks=30))
    assert not divides(build_instance(spec))
    monkeypatch.setattr(division, "LARGE_TASKS", 30)
    assert divides(build_instance(spec))
    monkeypatch.setattr(division, "LARGE_AGENTS", 25)
    assert not divides(build_instance(spec))
    monkeypatch.setattr(build, "MOST_OPTIONS", 10)
    assert divides(build_instance(spec))
    assert not divides(build_instance(spec_of([{"id": f"t{k}"} for k in range(40)], ())))
    assert not divides(build_instance(spec_of([], ("a",))))


def test_the_contest_knows_who_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hierarchical leads large problems, and is all of the heuristics where there are too many options."""
    spec = schedule_from_data(fleet_data(1, agents=24, tasks=30))
    assert (contest_of(build_instance(spec)).lead, contest_of(build_instance(spec)).heuristic) == (None, None)
    assert "hierarchical" in contest_of(build_instance(spec)).left_out(10)
    with monkeypatch.context() as patch:
        patch.setattr(division, "LARGE_TASKS", 30)
        large = contest_of(build_instance(spec))
        assert (large.lead, large.heuristic) == ("hierarchical", None)
        assert "hierarchical" not in large.left_out(10)
    monkeypatch.setattr(build, "MOST_OPTIONS", 10)
    lean = contest_of(build_instance(spec))
    assert (lean.lead, lean.heuristic) == ("hierarchical", "hierarchical")
    assert {"list-search", "critical-path", "cpsat"} <= set(lean.left_out(10))
    assert lean.left_out(10)["cpsat"] == "left out: too many agents for each task"


def test_more_pairs_are_more_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many that none has more tasks and agents to choose from than one may, as far as there are agents."""
    instance = build_instance(spec_of([{"id": f"t{k}"} for k in range(30)], [f"a{k}" for k in range(12)]))
    few = divide(instance)  # each half of so few agents would have a narrow choice
    assert (few.groups, few.waves) == (1, 2)
    holds(instance, few)
    monkeypatch.setattr(division, "GROUP_AGENTS", 6)
    assert divide(instance).groups == 2
    for most, groups in ((90, 2), (40, 3), (1, 12)):
        monkeypatch.setattr(division, "PART_PAIRS", most)
        found = divide(instance)
        assert found.groups == groups
        holds(instance, found)
