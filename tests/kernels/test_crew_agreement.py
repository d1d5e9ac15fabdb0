"""The C++ schedule search with crews takes the reference's decisions, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from support.kernel_problems import flat, native_search, needs_native, state
from support.rich_schedules import rich_spec, with_earlier

from qamctl.kernels.schedule.reference import ScheduleSearch as ReferenceSearch
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data

pytestmark = needs_native


def instance_of(seed: int, size: str) -> Instance:
    """A random instance with crews whose tasks all have options."""
    spec = schedule_from_data(rich_spec(seed, size))
    instance = build_instance(with_earlier(spec, seed) if seed % 3 == 0 else spec)
    if instance.crews is None:
        pytest.skip("a spec without crews")
    if (np.diff(instance.first_option) == 0).any():
        pytest.skip("a task that nobody can do")
    return instance


def agree(instance: Instance, seed: int, steps: list[int]) -> None:
    """Lists, choices, values and schedules are equal after each step; the best one is worth what it says."""
    problem = flat(instance).problem
    reference, native = ReferenceSearch(problem, seed), native_search(problem, seed)
    for search in (reference, native):
        search.plan(sum(steps))
    for count in steps:
        assert reference.run(count, 1e9) == native.run(count, 1e9)
        assert state(reference) == state(native)
    if native.best_value[0] == 0:
        found = instance.solution(native.best_start, flat(instance).option[native.best_option])
        assert instance.value(found) == pytest.approx(native.best_value[1:].tolist())


@pytest.mark.parametrize("seed", range(150))
def test_both_kernels_agree_after_every_step_on_small_specs(seed: int) -> None:
    """Whatever a spec contains."""
    agree(instance_of(seed, "small"), seed, [1] * 15 + [7] * 8 + [60] * 4)


@pytest.mark.parametrize("seed", range(12))
def test_both_kernels_agree_on_larger_specs(seed: int) -> None:
    """Calibration, cooling and abandoned passes agree where all of them happen."""
    agree(instance_of(seed, "medium"), seed, [40, 1, 1, 1, 60, 60])
