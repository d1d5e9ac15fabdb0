"""The time-indexed model: what it holds, what it leaves out, and the way there and back."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.brute_force import columns, optimum
from support.qubo_specs import all_energies, state
from support.random_specs import random_feasible, random_spec, tiny_spec

from qamctl.errors import InfeasibleError, UnsupportedError
from qamctl.qubo import check
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.sizes import estimate
from qamctl.schedule.solution import Solution


def spec_of(tasks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"kind": "schedule", "version": 1, "name": "t", "tasks": tasks, **more}


def instance_of(tasks: list[dict[str, Any]], **more: Any) -> Instance:
    return build_instance(schedule_from_data(spec_of(tasks, **more)))


def starts(instance: Instance, *times: int) -> Solution:
    """The schedule with each task's first option from the times given."""
    return instance.solution(np.array(times, np.int64), instance.first_option[:-1])


def least(built: ScheduleModel) -> float:
    return float(all_energies(compile_qubo(built.model, sufficient_weights(built.model))).min())


def test_windows_hold_only_what_may_beat_the_incumbent() -> None:
    """Two tasks of 2 and 3 ticks on one machine, incumbent 6: starts up to 4 and 3, a chain of three ends."""
    instance = instance_of(
        [{"id": "a", "duration": 2}, {"id": "b", "duration": 3}], agents=[{"id": "m"}], objective={"makespan": 1}
    )
    built = build_model(instance, starts(instance, 0, 3))
    assert list(built.model.labels) == [
        *(f"a@{s}" for s in range(5)), *(f"b@{s}" for s in range(4)), *(f"end>={e}" for e in (4, 5, 6)),
    ]  # fmt: skip
    assert built.model.labels[-1] == "end>=6"
    assert built.model.labels[0:2] == ["a@0", "a@1"]
    assert built.raw_variables == 5 + 4 + 3
    assert built.variables == 12
    compiled = compile_qubo(built.model, sufficient_weights(built.model, 6.0))
    energies = all_energies(compiled)
    best = built.decode(state(int(np.argmin(energies)), compiled.n))
    assert best is not None
    assert energies.min() == 5 == best.end.max()


def test_labels_tell_modes_agents_and_used_bits() -> None:
    """Where a task has several options its variables name mode and agent; a fixed cost has a used bit."""
    instance = instance_of(
        [{"id": "a", "modes": [{"id": "fast", "duration": 1, "cost": 2}, {"id": "slow", "duration": 2}]}],
        agents=[{"id": "x", "cost": {"fixed": 3}}, {"id": "y", "cost": {"fixed": 1}}],
        objective={"cost": 1},
    )
    built = build_model(instance, starts(instance, 0))
    names = set(built.model.labels)
    assert {"a:fast/x@0", "a:slow/y@0", "used/x", "used/y"} <= names
    assert least(built) == 1


def test_a_task_with_one_start_left_is_no_variable() -> None:
    """Deadlines that leave one start fix it, and what follows from it; nothing is left to choose."""
    instance = instance_of(
        [{"id": "a", "duration": 2, "deadline": 2}, {"id": "b", "duration": 2, "deadline": 4, "after": ["a"]}]
    )
    built = build_model(instance, starts(instance, 0, 2))
    assert built.variables == 0
    assert built.model.offset == 4
    decoded = built.decode(np.zeros(0))
    assert decoded is not None
    assert decoded.start.tolist() == [0, 2]
    assert built.encode(decoded).shape == (0,)


def test_without_an_incumbent_only_the_spec_prunes() -> None:
    """The whole model without an incumbent has the optimum of brute force as its least energy."""
    rng, compared = Random(2), 0
    while compared < 40:
        data = tiny_spec(rng)
        spec = schedule_from_data(data)
        best = optimum(spec)
        if best is None:
            continue
        built = build_model(build_instance(spec), None)
        compiled = compile_qubo(built.model, sufficient_weights(built.model))
        if compiled.n > 16:
            continue
        assert all_energies(compiled).min() == pytest.approx(best.value[0], abs=1e-9)
        compared += 1


def test_a_window_moves_only_its_tasks_and_keeps_the_objective() -> None:
    """In a window of random tasks the incumbent's energy is the checked objective, and every decoded
    schedule without a broken row is feasible and leaves the other tasks alone."""
    rng, generator, compared = Random(4), np.random.default_rng(4), 0
    while compared < 60:
        spec = schedule_from_data(random_spec(rng, tasks=6, agents=2, resources=2, max_duration=3))
        incumbent = random_feasible(spec, rng)
        if incumbent is None:
            continue
        instance = build_instance(spec)
        free = generator.random(instance.n) < 0.5
        near = rng.choice((None, 3))
        built = build_model(instance, incumbent, free=free, near=near)
        sample = built.encode(incumbent)
        report = check_columns(spec, incumbent.start, incumbent.end, incumbent.mode, incumbent.agent)
        value = float(report.levels[0])
        assert check.violations(built.model, sample.tolist()) == []
        assert check.objective(built.model, sample.tolist()) == pytest.approx(value, rel=1e-9, abs=1e-9)
        if near is not None:
            assert np.bincount(built.choices.option, minlength=1).max() <= near
        for _ in range(20):
            other = np.zeros(built.model.n, np.uint8)
            for g in range(len(built.model.group_start) - 1):
                members = built.model.group_index[built.model.group_start[g] : built.model.group_start[g + 1]]
                other[generator.choice(members)] = 1
            found = built.decode(other)
            assert found is not None
            assert np.array_equal(found.start[~free], incumbent.start[~free])
            verdict = check_columns(spec, found.start, found.end, found.mode, found.agent)
            assert (not verdict.violations) == _rows_hold(built, found)
        compared += 1


def _rows_hold(built: ScheduleModel, schedule: Solution) -> bool:
    """Whether the model's own rows accept a schedule, chain and used bits set as they must be."""
    return check.violations(built.model, built.encode(schedule).tolist()) == []


def test_broken_groups_have_no_schedule() -> None:
    """A task with no start or with two is not decoded; starts that the model lacks are not encoded."""
    instance = instance_of([{"id": "a", "duration": 2}, {"id": "b", "duration": 2}], agents=[{"id": "m"}])
    built = build_model(instance, starts(instance, 0, 2))
    sample = built.encode(starts(instance, 0, 2))
    assert built.decode(np.zeros_like(sample)) is None
    sample[1] = 1
    assert built.decode(sample) is None
    with pytest.raises(ValueError, match="no variable"):
        built.encode(starts(instance, 0, 9))
    window = build_model(instance, starts(instance, 0, 2), free=np.array([True, False]))
    with pytest.raises(ValueError, match="holds fixed"):
        window.encode(starts(instance, 2, 0))
    with pytest.raises(ValueError, match="incumbent"):
        build_model(instance, None, free=np.array([True, False]))


def pinned(name: str, start: int, duration: int = 2, **more: Any) -> dict[str, Any]:
    return {"id": name, "duration": duration, "pinned": {"start": start}, **more}


SHARED, STOCK = {"id": "r", "capacity": 1}, {"id": "r", "kind": "consumable", "capacity": 3}


@pytest.mark.parametrize(
    ("tasks", "more"),
    [
        ([{"id": "a", "duration": 3, "deadline": 2}], {}),
        ([{"id": "a", "duration": 1, "skills": ["weld"]}], {"agents": [{"id": "m"}]}),
        ([pinned("a", 0), pinned("b", 1, after=["a"])], {}),
        ([pinned("a", 0, demand={"r": 1}), pinned("b", 1, demand={"r": 1})], {"resources": [SHARED]}),
        ([pinned("a", 0, demand={"r": 2}), pinned("b", 0, demand={"r": 2})], {"resources": [STOCK]}),
    ],
)
def test_no_schedule_is_said_by_name(tasks: list[dict[str, Any]], more: dict[str, Any]) -> None:
    """What no schedule can keep is infeasible at once, not a model without minimum."""
    with pytest.raises(InfeasibleError):
        build_model(instance_of(tasks, **more), None)


def test_an_earlier_level_is_kept_by_windows_or_by_a_row() -> None:
    """With tardiness kept at its value, the flow can fall only as far as that allows."""
    rng, rows = Random(8), 0
    for _ in range(400):
        data = tiny_spec(rng) | {"objective": [{"flow": 1, "cost": 2}, {"makespan": 1, "tardiness": 1}]}
        spec = schedule_from_data(data)
        best = optimum(spec)
        if best is None:
            continue
        instance = build_instance(spec)
        incumbent = columns(best.schedules[-1])
        built = build_model(instance, incumbent, level=1, fixed_levels=best.value[:1])
        rows += "level" in {built.model.con_kinds[k] for k in built.model.con_kind}
        compiled = compile_qubo(
            built.model, sufficient_weights(built.model, check.objective(built.model, built.encode(incumbent).tolist()))
        )
        if compiled.n <= 14:
            assert all_energies(compiled).min() == pytest.approx(best.value[1], abs=1e-9)
    assert rows > 20


def test_what_a_qubo_cannot_hold_is_named() -> None:
    """A kept level whose costs are no decimals is refused with the names of its terms."""
    instance = instance_of(
        [{"id": "a", "duration": 2, "weight": 1 / 3}, {"id": "b", "duration": 3, "weight": 2 / 7}],
        agents=[{"id": "m"}],
        objective=[{"flow": 1}, {"makespan": 1}],
    )
    incumbent = starts(instance, 4, 0)
    with pytest.raises(UnsupportedError, match=r"flow"):
        build_model(instance, incumbent, level=1, fixed_levels=instance.value(incumbent)[:1])


@pytest.mark.parametrize("where", ["level", "fixed", "weight"])
def test_rewards_for_lateness_are_refused(where: str) -> None:
    """A negative weight has no bound to prune by and is refused by name."""
    from dataclasses import replace

    instance = instance_of([{"id": "a", "duration": 1}], agents=[{"id": "m"}])
    if where == "level":
        instance = replace(instance, levels=-instance.levels)
    elif where == "fixed":
        instance = replace(instance, fixed_cost=np.full(len(instance.members), -1.0))
    else:
        instance = replace(instance, weight=np.array([-1.0]))
    with pytest.raises(UnsupportedError, match="negative"):
        build_model(instance, None)


def test_an_estimate_is_the_size_of_the_model() -> None:
    """Variables are counted exactly, couplings never below the model's own; huge models are only counted."""
    rng, compared = Random(6), 0
    while compared < 40:
        spec = schedule_from_data(random_spec(rng, tasks=5, agents=2))
        incumbent = random_feasible(spec, rng)
        if incumbent is None:
            continue
        instance = build_instance(spec)
        built = build_model(instance, incumbent)
        variables, couplings = estimate(instance, incumbent)
        assert variables == built.model.n
        compiled = compile_qubo(built.model, sufficient_weights(built.model))
        own = int((compiled.col < compiled.n_model).sum())
        stock = {"stock", "level"} & {built.model.con_kinds[k] for k in built.model.con_kind}
        assert stock or couplings >= own
        assert estimate(instance, incumbent, limit=0)[0] >= variables - len(built.ends) - len(built.holders)
        compared += 1


def test_an_empty_schedule_is_an_empty_model() -> None:
    """No task, no variable, objective zero."""
    instance = instance_of([])
    built = build_model(instance, None)
    assert (built.variables, built.model.offset) == (0, 0.0)
    assert estimate(instance, None) == (0, 0)
