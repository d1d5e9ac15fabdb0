"""Why tasks stand where they do: chains without gaps, and slack that is there."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

import numpy as np
from support.cpsat_cases import instance_of
from support.random_specs import random_feasible, random_spec
from support.rich_models import rich_specs

from qamctl.schedule.build import build_instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.standing import standing_of


def test_chains_go_back_without_gaps() -> None:
    """Each task of a chain is one that the task before it in the list waits for; the last one waits for nothing."""
    data: list[dict[str, Any]] = [
        {"id": "a", "duration": 3, "agents": ["m"]},
        {"id": "b", "duration": 2, "agents": ["m"]},
        {"id": "c", "duration": 4, "agents": ["n"], "after": [{"task": "b", "lag": 1}]},
        {"id": "d", "duration": 1, "agents": ["n"]},
        {"id": "e", "duration": 2, "agents": "none", "after": [{"task": "c", "type": "SS"}]},
    ]
    instance = instance_of(agents=[{"id": "m"}, {"id": "n"}], tasks=data)
    schedule = instance.solution(np.array([0, 3, 6, 0, 7]), np.arange(5))
    standing = standing_of(instance, schedule)
    rng = np.random.default_rng(1)
    assert standing.chain(2, rng) == [2, 1, 0]
    assert standing.chain(4, rng) == [4]  # it could start at 6
    assert standing.slack(0).tolist() == [0, 0, 0, 5, 1]
    assert sorted(standing.neighbours(2).tolist()) == [1, 3, 4]
    assert standing.users(standing.supplies(np.array([0]))).tolist() == [True, True, False, False, False]


def test_slack_is_by_what_the_level_weighs() -> None:
    """For tardiness a task may be as late as its due time lets those after it be; for the flow nothing may wait."""
    tasks = [
        {"id": "a", "duration": 2, "agents": ["m"]},
        {"id": "b", "duration": 2, "agents": ["m"], "due": 9},
        {"id": "c", "duration": 1, "agents": ["n"], "due": 0},
        {"id": "d", "duration": 3, "agents": ["n"]},
    ]
    levels = [{"makespan": 1}, {"tardiness": 1}, {"flow": 1}]
    instance = instance_of(agents=[{"id": "m"}, {"id": "n"}], tasks=tasks, objective=levels)
    standing = standing_of(instance, instance.solution(np.array([0, 2, 0, 1]), np.arange(4)))
    # after the makespan a tick more is nothing to d, as far as its own length
    assert [standing.slack(level).tolist() for level in range(3)] == [[0, 0, 0, 0], [3, 3, 0, 3], [0, 0, 0, 0]]


def test_on_machines_slack_is_there() -> None:
    """Where nobody does two things at once, any one task can be as late as its slack, those after it moving along."""
    moved = 0
    for seed in range(60):
        rng = Random(seed)
        data = random_spec(rng, tasks=8, agents=3, features=("agents", "FS", "release", "positive-lag"))
        spec = schedule_from_data(data | {"objective": [{"makespan": 1}]})
        schedule = random_feasible(spec, rng)
        if schedule is None:
            continue
        instance = build_instance(spec)
        standing = standing_of(instance, schedule)
        slack, gap = standing.slack(0), standing.gap
        assert (slack >= 0).all()
        assert (slack[standing.one] <= gap + slack[standing.other]).all()
        assert (schedule.end + slack <= schedule.end.max()).all()
        assert (slack[np.argmax(schedule.end)]) == 0
        moved += int(slack.any())
    assert moved > 10


def test_what_is_left_out_holds_nothing() -> None:
    """With every feature: a task that is left out is on no chain of others, and uses no supply."""
    for _, _, instance, incumbent in islice(rich_specs(8_000, "small"), 10):
        standing = standing_of(instance, incumbent)
        out = np.flatnonzero(incumbent.mode < 0)
        assert not np.isin(standing.task, out).any()
        assert not np.isin(standing.one, out).any()
        assert not np.isin(standing.other, out).any()
        rng = np.random.default_rng(0)
        for last in range(instance.n):
            chain = standing.chain(last, rng)
            assert chain[0] == last
            assert len(set(chain)) == len(chain)
