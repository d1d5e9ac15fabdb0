"""Windows of schedules sampled by engines: never worse, proved where the engine is exact, compiled for the result."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from support.brute_force import optimum
from support.random_specs import random_feasible, random_spec, tiny_spec

from qamctl.backends import anneal, exact
from qamctl.errors import UnsupportedError
from qamctl.schedule import answer, windows
from qamctl.schedule.answer import compile_answer
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import qubo_windows
from qamctl.schedule.windows import ScheduleWindows
from qamctl.solver import Budget, Outcome
from qamctl.windowed import OpenLevels


def feasible_specs(seed: int, make: Callable[[Random], dict[str, Any]]) -> Any:
    """Random instances with a feasible schedule each, without end."""
    rng = Random(seed)
    while True:
        spec = schedule_from_data(make(rng))
        incumbent = random_feasible(spec, rng)
        if incumbent is not None:
            yield build_instance(spec), incumbent


def engine(sample: Callable[..., Any], **fixed: Any) -> Callable[..., Any]:
    return lambda compiled, **options: sample(compiled, {**options, **fixed})


def solve(instance: Instance, incumbent: Solution | None, **options: Any) -> tuple[Outcome, list[Solution]]:
    reported: list[Solution] = []
    settings = {"sample": engine(anneal.sample, sweeps=60, reads=2)} | options
    steps = settings.pop("steps", 4)
    return qubo_windows.solve(
        instance, incumbent, Budget(steps=steps), 5, lambda: False, reported.append, **settings
    ), reported


@pytest.mark.parametrize("slot", [1, 2])
def test_windows_never_make_a_schedule_worse_and_always_a_feasible_one(slot: int) -> None:
    """What comes back passes the checker, is at least as good as what went in, and no bound is above it."""
    specs = feasible_specs(1, lambda rng: random_spec(rng, tasks=7, agents=2, max_duration=4))
    gained = 0
    for _ in range(25):
        instance, incumbent = next(specs)
        try:
            outcome, reported = solve(instance, incumbent, slot=slot)
        except UnsupportedError:  # pins that no longer fit between each other in slots of two ticks
            assert slot > 1
            continue
        found = outcome.solution
        assert found is not None
        report = check_columns(instance.spec, found.start, found.end, found.mode, found.agent)
        assert report.violations == ()
        assert instance.value(found) <= instance.value(incumbent)
        for bound, value in zip(outcome.bounds[:1], instance.value(found), strict=False):
            assert bound is None or bound <= value + 1e-9
        gained += instance.value(found) < instance.value(incumbent)
        assert len(reported) >= (instance.value(found) < instance.value(incumbent))
    assert gained >= 5


def test_equal_seeds_give_equal_schedules() -> None:
    """With steps the whole walk is reproducible."""
    specs = feasible_specs(2, lambda rng: random_spec(rng, tasks=7, agents=2, max_duration=4))
    for _ in range(5):
        instance, incumbent = next(specs)
        one, two = (solve(instance, incumbent)[0] for _ in range(2))
        assert one.solution is not None
        assert two.solution is not None
        assert np.array_equal(one.solution.start, two.solution.start)
        assert one.info == two.info


def test_an_exact_engine_proves_what_fits_whole() -> None:
    """Tiny problems are proved level by level, and the values are those of brute force."""
    specs, proved = feasible_specs(3, tiny_spec), 0
    for _ in range(40):
        instance, incumbent = next(specs)
        outcome, _ = solve(instance, incumbent, sample=engine(exact.sample), exact=True, max_variables=18, steps=8)
        if outcome.status == "optimal":
            proved += 1
            best = optimum(instance.spec)
            assert best is not None
            assert outcome.solution is not None
            assert instance.value(outcome.solution) == pytest.approx(best.value, abs=1e-9)
            assert outcome.bounds == pytest.approx(best.value, abs=1e-9)
    assert proved >= 25


def test_windows_fit_the_engine() -> None:
    """No window is larger than the engine takes, whatever slack bits it needs; beyond all size the loop ends."""
    specs = feasible_specs(4, lambda rng: random_spec(rng, tasks=8, agents=2, max_duration=4))
    sizes = []

    def watch(compiled: Any, **options: Any) -> Any:
        sizes.append(compiled.n)
        return exact.sample(compiled, options)

    for _ in range(15):
        instance, incumbent = next(specs)
        solve(instance, incumbent, sample=watch, max_variables=16, exact=True)
    assert sizes
    assert max(sizes) <= 16
    problem = ScheduleWindows(instance, 0, 1, OpenLevels([None] * len(instance.levels)))
    assert problem.open(incumbent, 0, np.random.default_rng(1), 1) == []


def test_large_problems_keep_the_tasks_outside_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit only the window's tasks are placed anew, and the schedule stays feasible."""
    monkeypatch.setattr(windows, "REPLACED_TASKS", 3)
    monkeypatch.setattr(windows, "WINDOW_VARIABLES", 40)
    specs = feasible_specs(5, lambda rng: random_spec(rng, tasks=8, agents=2, max_duration=4))
    for _ in range(10):
        instance, incumbent = next(specs)
        outcome, _ = solve(instance, incumbent)
        found = outcome.solution
        assert found is not None
        assert check_columns(instance.spec, found.start, found.end, found.mode, found.agent).violations == ()
        assert instance.value(found) <= instance.value(incumbent)


def test_a_first_schedule_is_found_or_its_absence_told() -> None:
    """Without an incumbent latest starts give one; where that fails the outcome is unknown, with a reason."""
    specs = feasible_specs(6, lambda rng: random_spec(rng, tasks=5, agents=2))
    found = 0
    for _ in range(20):
        instance, _ = next(specs)
        outcome, reported = solve(instance, None, steps=1)
        if outcome.solution is None:
            assert outcome.status == "unknown"
            assert outcome.info["reason"]
            continue
        found += 1
        first = reported[0]
        assert check_columns(instance.spec, first.start, first.end, first.mode, first.agent).violations == ()
    assert found >= 10
    nobody = {"kind": "schedule", "version": 1, "name": "t", "agents": [{"id": "m"}],
              "tasks": [{"id": "a", "duration": 1, "skills": ["weld"]}]}  # fmt: skip
    assert qubo_windows.first_schedule(build_instance(schedule_from_data(nobody))) is None


def test_the_compiled_block_has_the_checked_objective_as_energy() -> None:
    """For every level of random schedules: energy = the checker's value, no penalty, whole or in a window."""
    specs, scopes = feasible_specs(8, lambda rng: random_spec(rng, tasks=6, agents=2)), set()
    for k in range(60):
        instance, schedule = next(specs)
        report = check_columns(instance.spec, schedule.start, schedule.end, schedule.mode, schedule.agent)
        for level, value in enumerate(report.levels):
            most = None if k % 2 else 30
            try:
                block = compile_answer(instance, schedule, level, max_variables=most)
            except UnsupportedError:
                assert level > 0
                continue
            if block["slot"] == 1:
                assert block["energy"] == pytest.approx(float(value), rel=1e-9, abs=1e-9)
            assert block["penalty"] == 0
            assert block["raw_variables"] >= 0
            assert len(block["sha256"]) == 64
            assert block == compile_answer(instance, schedule, level, max_variables=most)
            scopes.add((block["scope"], block["slot"] > 1))
    assert scopes == {("whole", False), ("whole", True), ("windows", False)}


def test_integral_objectives_have_integral_energies() -> None:
    """Integer data gives the energy exactly, as an int."""
    data = {"kind": "schedule", "version": 1, "name": "t", "agents": [{"id": "m"}], "objective": {"makespan": 1},
            "tasks": [{"id": "a", "duration": 2}, {"id": "b", "duration": 3}]}  # fmt: skip
    instance = build_instance(schedule_from_data(data))
    block = compile_answer(instance, instance.solution(np.array([0, 2]), np.array([0, 1])), 0)
    assert block["energy"] == 5
    assert isinstance(block["energy"], int)
    assert block["kind"] == "qubo"


def test_a_level_too_wide_for_the_whole_is_compiled_in_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an earlier level's costs are too far apart for slack bits, a window of the answer still holds it."""
    tasks = [{"id": f"t{k}", "duration": 1, "weight": 10.0**k} for k in range(8)]
    data = {"kind": "schedule", "version": 1, "name": "t", "agents": [{"id": "m"}], "tasks": tasks,
            "objective": [{"flow": 1}, {"makespan": 1}]}  # fmt: skip
    instance = build_instance(schedule_from_data(data))
    schedule = instance.solution(np.arange(8), np.arange(8))
    monkeypatch.setattr(answer, "WINDOW_VARIABLES", 16)
    block = compile_answer(instance, schedule, 1)
    assert block["scope"] == "windows"
    assert block["energy"] == 8


def test_a_level_that_no_row_can_keep_is_left_alone() -> None:
    """With weights that are no decimals the first level is still improved, and the later one costs nothing."""
    tasks = [{"id": f"t{k}", "duration": 1 + k, "weight": 1 / (3 + k)} for k in range(6)]
    data = {"kind": "schedule", "version": 1, "name": "t", "agents": [{"id": "m"}], "tasks": tasks,
            "objective": [{"flow": 1}, {"makespan": 1, "flow": 0.1}]}  # fmt: skip
    instance = build_instance(schedule_from_data(data))
    worst = instance.solution(np.array([20, 18, 15, 11, 6, 0]), np.arange(6))
    outcome, _ = solve(instance, worst, steps=20)
    assert outcome.solution is not None
    assert instance.value(outcome.solution) < instance.value(worst)
    assert outcome.info["windows"] == 20


def test_windows_of_a_batch_share_no_task_and_build_on_each_other() -> None:
    """Several jobs at once: each frees tasks of its own; the schedule that comes of them all is feasible, no worse."""
    specs = feasible_specs(9, lambda rng: random_spec(rng, tasks=14, agents=3, max_duration=4))
    several = gained = 0
    for _ in range(12):
        instance, incumbent = next(specs)
        opener = ScheduleWindows(instance, 24, 1, OpenLevels([None] * len(instance.levels)), together=True)
        opened = opener.open(incumbent, 0, np.random.default_rng(3), 3)
        several += len(opened) > 1
        tasks = [{int(t) for t in np.unique(window.model.labels.choices.task)} for window in opened]  # type: ignore[attr-defined]
        assert sum(map(len, tasks)) == len(set().union(*tasks))
        outcome, _ = solve(instance, incumbent, batch=3, steps=6, max_variables=24)
        found = outcome.solution
        assert found is not None
        assert check_columns(instance.spec, found.start, found.end, found.mode, found.agent).violations == ()
        assert instance.value(found) <= instance.value(incumbent)
        gained += instance.value(found) < instance.value(incumbent)
    assert several >= 6
    assert gained >= 3
