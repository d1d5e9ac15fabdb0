"""What the schedule kernels are put through under the sanitizers."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.kernel_problems import flat, project, random_instance
from support.rich_schedules import rich_spec, with_earlier

from qamctl.kernels.schedule.reference import ScheduleSearch
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data


def campaign(native: Any) -> None:
    """Every feature of the spec, with crews and without, and a search that is stopped in between."""
    for seed in range(60):
        _same(native, random_instance(seed), seed)
        spec = schedule_from_data(rich_spec(seed, "small"))
        crewed = build_instance(with_earlier(spec, seed) if seed % 3 == 0 else spec)
        if (np.diff(crewed.first_option) > 0).all():
            _same(native, crewed, seed)
    search = native.ScheduleSearch(flat(project(60, 1)).problem, 1)
    search.run(5000, 1e9)
    search.run(5000, 0.0)


def _same(native: Any, instance: Instance, seed: int) -> None:
    problem = flat(instance).problem
    search, reference = native.ScheduleSearch(problem, seed), ScheduleSearch(problem, seed)
    search.run(200, 1e9)
    reference.run(200, 1e9)
    assert search.best_start.tolist() == reference.best_start.tolist()
