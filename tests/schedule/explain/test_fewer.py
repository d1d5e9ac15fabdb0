"""A spec without what may be left out: as feasible as the whole one, with schedules that are schedules of it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from support.clashing_specs import solved
from support.rich_schedules import rich_spec

from qamctl.schedule.check import check_columns
from qamctl.schedule.explain.fewer import fewer, kept_tasks, whole
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec


def with_optional(seed: int) -> ScheduleSpec:
    """A random spec with every feature of which half of the tasks may be left out."""
    spec, rng = schedule_from_data(rich_spec(seed, "small")), Random(seed)
    optional = np.array([bool(rng.getrandbits(1)) for _ in spec.tasks.ids])
    start = np.where(optional, -1, spec.tasks.pinned_start)
    tasks = replace(spec.tasks, optional=spec.tasks.optional | optional, pinned_start=start)
    return replace(spec, tasks=tasks, objective=({},), reasoning=None)


@pytest.mark.parametrize("block", range(4))
def test_as_feasible_as_the_whole(block: int) -> None:
    """On random specs CP-SAT says the same of both, and a schedule of the few is one of all."""
    left_out = infeasible = 0
    for seed in range(20 * block, 20 * block + 20):
        spec = with_optional(seed)
        tasks = kept_tasks(spec)
        part = fewer(spec, tasks)
        status, found = solved(part) if len(tasks) else ("feasible", None)
        assert status == solved(spec)[0], seed
        left_out += len(spec.tasks.ids) - len(tasks)
        infeasible += status == "infeasible"
        if found is not None:
            all_of_them = whole(spec, tasks, found)
            columns = (all_of_them.start, all_of_them.end, all_of_them.mode, all_of_them.agent, all_of_them.others)
            assert check_columns(spec, *columns).violations == (), seed
    assert left_out > 0


def test_fillers_of_a_spread_are_kept() -> None:
    """A task that may be left out may balance others: it stays, and so does what a spread asks for."""
    task = {"duration": 1, "spread": {"label": "zone"}}
    agents = [{"id": zone, "labels": {"zone": zone}} for zone in "ns"]
    tasks = [
        {"id": "x", "agents": ["n"], **task},
        {"id": "y", "agents": ["n"], **task},
        {"id": "z", "agents": ["s"], "optional": True, **task},
        {"id": "w", "duration": 1, "optional": True},
    ]
    spec = schedule_from_data({"kind": "schedule", "version": 1, "agents": agents, "tasks": tasks})
    assert kept_tasks(spec).tolist() == [0, 1, 2]


@pytest.mark.parametrize(("through", "kept"), [(1, [0, 1, 2]), (2, [0, 1])])
def test_ways_round_a_setup_are_kept(through: int, kept: list[int]) -> None:
    """A task that may be left out stays where it shortens the way between two others."""
    setup = [
        {"from": "p", "to": "r", "time": 4},
        {"from": "p", "to": "q", "time": through},
        {"from": "q", "to": "r", "time": 2},
    ]
    tasks = [{"id": name, "duration": 1, "setup": name, "optional": name == "q"} for name in "prq"]
    data = {"kind": "schedule", "version": 1, "agents": [{"id": "a"}], "tasks": tasks, "setup": setup}
    assert kept_tasks(schedule_from_data(data)).tolist() == kept
