"""What parts get of what the whole fleet shares: together no more than there is, each enough for its tasks."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.fleets import fleet_data
from support.replanning import spec_of

from qamctl.schedule.build import build_instance
from qamctl.schedule.hierarchy.division import Division, divide
from qamctl.schedule.hierarchy.shares import joined, shares_of
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec


def divided(seed: int) -> tuple[ScheduleSpec, Division]:
    """A fleet in parts, with licences, two consumables, and a resource whose capacity changes."""
    rng = Random(f"shares {seed}")
    data = fleet_data(seed, agents=12, tasks=30, licences=rng.randint(1, 9))
    data["resources"] += [
        {"id": "fuel", "kind": "consumable", "capacity": 100},
        {"id": "paper", "kind": "consumable", "capacity": 200},
        {"id": "dock", "capacity": 9, "calendar": [[2, 5, 3], [9, 12, 0], [20, 30, 14]]},
    ]
    for task in data["tasks"]:
        for name, most in (("fuel", 3), ("dock", 2), ("paper", 4)):
            if rng.random() < 0.4:
                task["demand"][name] = rng.randint(1, most)
        if rng.random() < 0.2:
            task |= {"optional": True, "reward": 1}
    spec = schedule_from_data(data)
    return spec, divide(build_instance(spec), rng.randint(2, 4))


@pytest.mark.parametrize("seed", range(25))
def test_shares_are_together_what_there_is(seed: int) -> None:
    """Of every resource that the fleet shares and some task needs, usually and at any other time."""
    spec, division = divided(seed)
    shares = shares_of(spec, division.part, division.groups)
    assert len(shares) == division.groups
    names = [spec.resources.ids[r] for r in shares[0]]
    assert {"fuel", "dock", "paper"} <= set(names) <= {"licence", "fuel", "dock", "paper"}
    for r, (usual, times) in joined(shares).items():
        assert usual == spec.resources.capacity[r]
        assert list(times) == [capacity for _, _, capacity in spec.resources.calendar.of(r)]


@pytest.mark.parametrize("seed", range(25))
def test_each_part_gets_what_its_tasks_need(seed: int) -> None:
    """Of what is renewed as much as its greatest task, of what is consumed as much as its tasks can't do without."""
    spec, division = divided(seed)
    shares = shares_of(spec, division.part, division.groups)
    for g, mine in enumerate(shares):
        tasks = np.flatnonzero(division.part == g)
        for r, (usual, _) in mine.items():
            need = spec.modes.demand[spec.tasks.first_mode[tasks], r]
            if spec.resources.consumable[r]:
                assert usual >= need[~spec.tasks.optional[tasks]].sum()
            else:
                assert usual >= need.max(initial=0)


def test_more_work_gets_more() -> None:
    """Renewable resources are shared by the work that needs them."""
    tasks: list[dict[str, Any]] = [{"id": f"t{k}", "duration": 3 if k else 9, "demand": {"r": 1}} for k in range(2)]
    tasks.append({"id": "other"})
    spec = spec_of(tasks, resources=[{"id": "r", "capacity": 12}, {"id": "unused", "capacity": 4}])
    shares = shares_of(spec, np.array([0, 1, 2]), 3)
    assert [mine[0][0] for mine in shares] == [9, 3, 0]
    assert all(set(mine) == {0} for mine in shares)


def test_what_agents_hold_themselves_is_not_asked_of_all() -> None:
    """Parts whose agents have their own stock may not be given together more than the pool has."""
    agents = [{"id": f"a{k}", "capacity": {"fuel": 9}} for k in range(4)] + [{"id": f"b{k}"} for k in range(4)]
    tasks = [{"id": f"t{k}", "demand": {"fuel": 1}} for k in range(12)]
    spec = spec_of(tasks, agents, resources=[{"id": "fuel", "kind": "consumable", "capacity": 5}])
    shares = shares_of(spec, np.arange(12) % 2, 2)
    assert joined(shares)[0][0] == 5
