"""The C++ schedule search takes the reference's decisions, one by one."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import Any

import numpy as np
import pytest
from support.kernel_problems import flat, instance_of, native_search, needs_native, project, random_instance, state
from support.random_specs import random_spec
from support.reasoned_specs import with_reasoning

from qamctl.kernels.schedule.problem import ScheduleProblem, cooling
from qamctl.kernels.schedule.reference import ScheduleSearch as ReferenceSearch
from qamctl.schedule.build import build_instance
from qamctl.schedule.read import schedule_from_data

pytestmark = needs_native


@pytest.mark.parametrize("seed", range(120))
def test_both_kernels_agree_after_every_step_on_random_specs(seed: int) -> None:
    """Lists, choices, values and schedules are equal after each step, whatever a spec contains."""
    problem = flat(random_instance(seed)).problem
    reference, native = ReferenceSearch(problem, seed), native_search(problem, seed)
    for search in (reference, native):
        search.plan(400)
    for steps in [1] * 15 + [7] * 10 + [60] * 6:
        assert reference.run(steps, 1e9) == native.run(steps, 1e9)
        assert state(reference) == state(native)


@pytest.mark.parametrize("seed", range(60))
def test_both_kernels_agree_where_reasoning_prefers_agents_and_times(seed: int) -> None:
    """Preferred options, waits and prices of starts are the same in both, step by step."""
    rng = Random(seed)
    data = random_spec(rng, rng.randint(2, 10), rng.randint(1, 4), rng.randint(0, 2), rng.choice((3, 5)))
    instance = build_instance(schedule_from_data(with_reasoning(data, rng)))
    if (np.diff(instance.first_option) == 0).any():
        pytest.skip("a task that nobody can do")
    problem = flat(instance).problem
    reference, native = ReferenceSearch(problem, seed), native_search(problem, seed)
    for search in (reference, native):
        search.plan(400)
    for steps in [1] * 15 + [7] * 10 + [60] * 6:
        assert reference.run(steps, 1e9) == native.run(steps, 1e9)
        assert state(reference) == state(native)
    if native.best_value[0] == 0:
        found = instance.solution(native.best_start, flat(instance).option[native.best_option])
        assert instance.value(found) == pytest.approx(native.best_value[1:].tolist())


@pytest.mark.parametrize("seed", range(3))
def test_both_kernels_agree_on_a_project_of_sixty_tasks(seed: int) -> None:
    """Calibration, cooling, abandoned passes and justification agree where all of them happen."""
    problem = flat(project(60, seed)).problem
    reference, native = ReferenceSearch(problem, seed), native_search(problem, seed)
    for steps in [150, 1, 1, 1, 1, 50, 400]:
        reference.run(steps, 1e9)
        native.run(steps, 1e9)
        assert state(reference) == state(native)


def test_both_kernels_agree_when_nothing_is_cold() -> None:
    """A hot search, which accepts nearly everything, agrees as well."""
    problem = dataclasses.replace(flat(project(30, 5)).problem, cooling=cooling(50.0, 10.0))
    reference, native = ReferenceSearch(problem, 1), native_search(problem, 1)
    reference.run(700, 1e9)
    native.run(700, 1e9)
    assert state(reference) == state(native)
    assert not np.array_equal(reference.value, reference.best_value)


def stocked(seed: int) -> ScheduleProblem:
    """Twenty tasks that can be done faster for more of two scarce stocks, with a pinned one that collides."""
    rng = Random(seed)
    tasks: list[dict[str, Any]] = []
    for t in range(20):
        modes = [
            {
                "id": f"m{d}",
                "duration": d,
                "demand": {"fuel": 12 - d + rng.randint(0, 2), "oil": rng.randint(0, 5), "r": 2},
            }
            for d in (2, 5, 9)
        ]
        after = [f"t{rng.randrange(t)}"] if t and rng.random() < 0.6 else []
        tasks.append({"id": f"t{t}", "modes": modes, "after": after})
    if seed % 2:
        tasks += [{"id": f"p{k}", "duration": 4, "demand": {"r": 3}, "pinned": {"start": 5 + k}} for k in range(2)]
    stocks = [{"id": name, "kind": "consumable", "capacity": size} for name, size in (("fuel", 130), ("oil", 50))]
    return flat(instance_of(tasks, resources=[*stocks, {"id": "r", "capacity": 5}])).problem


@pytest.mark.parametrize("seed", range(8))
def test_both_kernels_agree_where_stocks_are_scarce(seed: int) -> None:
    """Options are drawn and repaired alike, and what a pass takes over from the one before is what it would do."""
    problem = stocked(seed)
    reference, native = ReferenceSearch(problem, seed), native_search(problem, seed)
    for steps in [40, 1, 1, 1, 100, 300]:
        reference.run(steps, 1e9)
        native.run(steps, 1e9)
        assert state(reference) == state(native)


@pytest.mark.parametrize("scale", [1, 5_000, 10**9, 2 * 10**11])
def test_both_kernels_agree_however_large_the_amounts_are(scale: int) -> None:
    """The columns of a moment fill one word, several, or one each: the schedules are the same."""
    rng = Random(scale)
    names = [f"r{k}" for k in range(5)]
    tasks = [
        {
            "id": f"t{t}", "duration": rng.randint(1, 6),
            "demand": {name: scale * rng.randint(0, 3) for name in names},
            "after": [f"t{rng.randrange(t)}"] if t and rng.random() < 0.5 else [],
        }
        for t in range(25)
    ]  # fmt: skip
    instance = instance_of(tasks, resources=[{"id": name, "capacity": 4 * scale - 1} for name in names])
    problem = flat(instance).problem
    reference, native = ReferenceSearch(problem, 1), native_search(problem, 1)
    for steps in [60, 1, 1, 300]:
        reference.run(steps, 1e9)
        native.run(steps, 1e9)
        assert state(reference) == state(native)
