"""Makespans that are refuted: never one that a schedule has, and more than the simple bounds see."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from support.cpsat_cases import FT06, instance_of, job_shop, solve, spec_data
from support.rich_oracle import best
from support.rich_schedules import rich_spec

from qamctl.schedule import bounds, destructive
from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.reasons import reasons

KINDS = ("FS", "FS", "SS", "FF", "SF")


def project(seed: int) -> dict[str, Any]:
    """A small project with modes, agents, shared resources, calendars, pauses, and every kind of precedence."""
    rng = Random(seed)
    columns = [f"r{k}" for k in range(rng.randint(1, 3))]

    def mode(name: str) -> dict[str, Any]:
        demand = {r: rng.randint(1, 4) for r in columns if rng.random() < 0.7}
        agents = rng.sample(["a", "b", "c"], rng.randint(1, 2)) if rng.random() < 0.5 else "none"
        return {"id": name, "duration": rng.randint(1, 7), "demand": demand, "agents": agents}

    tasks = []
    for t in range(rng.randint(6, 11)):
        task: dict[str, Any] = {"id": f"t{t}", "modes": [mode(f"m{k}") for k in range(rng.choice((1, 1, 2)))]}
        task["after"] = [
            {"task": f"t{p}", "type": rng.choice(KINDS), "lag": rng.choice((0, 0, 1, 3))}
            for p in rng.sample(range(t), min(t, rng.randint(0, 2)))
        ]
        if rng.random() < 0.2:
            task["release"] = rng.randint(0, 8)
        if rng.random() < 0.1:
            task["deadline"] = rng.randint(20, 50)
        if rng.random() < 0.15:
            task["preemptible"] = True
        if rng.random() < 0.1:
            task |= {"optional": True, "reward": 1}
        tasks.append(task)
    resources: list[dict[str, Any]] = [{"id": r, "capacity": rng.randint(4, 6)} for r in columns]
    agents: list[dict[str, Any]] = [
        {"id": a, "speed": rng.choice((1, 1, 2)), "slots": rng.choice((1, 1, 2))} for a in "abc"
    ]
    if rng.random() < 0.3:
        agents[0]["calendar"] = [[rng.randint(0, 5), rng.randint(6, 9)], [12, 14]]
    return spec_data(resources=resources, agents=agents, tasks=tasks, objective={"makespan": 1})


def plain_bound(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> int:
    """The bound without refutations."""
    with monkeypatch.context() as patch:
        patch.setattr(bounds, "least_makespan", lambda instance, known, least: least)
        return makespan_bound.__wrapped__(instance)


@pytest.mark.parametrize("block", range(4))
def test_never_above_what_cpsat_finds(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On random projects no schedule is shorter than the bound, which is above the simple one in some."""
    checked = higher = 0
    for seed in range(20 * block, 20 * block + 20):
        instance = build_instance(schedule_from_data(project(seed)))
        found, simple = makespan_bound(instance), plain_bound(instance, monkeypatch)
        assert found >= simple
        with monkeypatch.context() as patch:  # CP-SAT is not told: it would believe a wrong bound
            patch.setattr(bounds, "least_makespan", lambda instance, known, least: least)
            outcome, _ = solve(build_instance(schedule_from_data(project(seed))))
        if outcome.solution is not None:
            checked += 1
            higher += found > simple
            assert found * instance.unit <= instance.value(outcome.solution)[0] + 1e-9, seed
    assert checked >= 8
    assert higher >= 2


def test_whatever_else_a_spec_says_the_bound_holds() -> None:
    """With crews, calendars, rules, setups, tasks left out: never above the best of all schedules."""
    checked = 0
    for seed in range(200, 300):
        spec = schedule_from_data(rich_spec(seed, "tiny") | {"objective": [{"makespan": 1}]})
        instance, want = build_instance(spec), best(spec)
        if want is not None:
            checked += 1
            assert makespan_bound(instance) * instance.unit <= float(want[0]) + 1e-9, seed
    assert checked > 30


def test_a_job_shop_is_bounded_by_its_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ft06 every makespan below the optimum is refuted; single machines alone show less."""
    instance = build_instance(schedule_from_data(job_shop(FT06)))
    assert plain_bound(instance, monkeypatch) == 52
    assert makespan_bound(instance) == 55


def test_two_tasks_that_do_not_go_together() -> None:
    """Three tasks that need more than half of a resource each are done one after the other, though energy sees less."""
    tasks = [{"id": f"t{k}", "duration": 4, "demand": {"r": 3}} for k in range(3)]
    assert makespan_bound(instance_of(resources=[{"id": "r", "capacity": 5}], tasks=tasks)) == 12  # 36 / 5 = 7.2


def test_what_is_impossible_at_all_is_no_bound() -> None:
    """Two pinned tasks on one machine: no makespan is possible, and nothing is said of how long it takes."""
    tasks = [{"id": f"t{k}", "duration": 4, "agents": ["m"], "pinned": {"start": 1 + k}} for k in range(2)]
    tasks.append({"id": "u", "duration": 1, "agents": ["m"]})
    instance = instance_of(agents=[{"id": "m"}], tasks=tasks, horizon=100)
    assert makespan_bound(instance) <= 20
    assert all("can't finish" not in reason.text for reason in reasons(instance))


def test_with_no_work_left_nothing_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is counted, not timed: with none the bound is the simple one, with little in between."""
    found = []
    for work in (0, 200_000, destructive.WORK):
        monkeypatch.setattr(destructive, "WORK", work)
        found.append(makespan_bound(build_instance(schedule_from_data(job_shop(FT06)))))
    assert found == sorted(found)
    assert (found[0], found[-1]) == (52, 55)


def test_only_where_the_makespan_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """For other objectives the work is not done."""

    def never(*what: Any) -> int:
        raise AssertionError

    monkeypatch.setattr(bounds, "least_makespan", never)
    data = job_shop(FT06) | {"objective": {"flow": 1}}
    assert makespan_bound(build_instance(schedule_from_data(data))) == 52
