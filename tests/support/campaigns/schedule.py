"""What the schedule kernels are put through under the sanitizers."""

from __future__ import annotations

from typing import Any

from support.kernel_problems import flat, project, random_instance

from qamctl.kernels.schedule.reference import ScheduleSearch


def campaign(native: Any) -> None:
    """Every feature of the spec, and a search that is stopped in between."""
    for seed in range(60):
        problem = flat(random_instance(seed)).problem
        search, reference = native.ScheduleSearch(problem, seed), ScheduleSearch(problem, seed)
        search.run(200, 1e9)
        reference.run(200, 1e9)
        assert search.best_start.tolist() == reference.best_start.tolist()
    search = native.ScheduleSearch(flat(project(60, 1)).problem, 1)
    search.run(5000, 1e9)
    search.run(5000, 0.0)
