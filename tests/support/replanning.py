"""Schedules as earlier ones of the specs that they answer, and what may have happened since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qamctl.schedule.build import build_instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.list_search import solve
from qamctl.schedule.spec import Earlier, ScheduleSpec
from qamctl.solver import Budget


def spec_of(tasks: Sequence[dict[str, Any]], agents: Sequence[Any] = ("a", "b"), **root: Any) -> ScheduleSpec:
    """A spec of some tasks, which take 1 where nothing is said, and of agents by their ids or as mappings."""
    rows = [one if isinstance(one, dict) else {"id": one} for one in agents]
    timed = [task if "modes" in task else {"duration": 1} | task for task in tasks]
    return schedule_from_data({"kind": "schedule", "version": 1, "agents": rows, "tasks": timed, **root})


def solved(spec: ScheduleSpec, steps: int = 150) -> Solution | None:
    """A schedule of a spec by a short search; None where that finds none."""
    instance = build_instance(spec)
    if (np.diff(instance.first_option) == 0).any():
        return None
    return solve(instance, None, Budget(steps=steps), 1, lambda: False, lambda _: None).solution


def after(spec: ScheduleSpec, solution: Solution) -> ScheduleSpec:
    """The spec with a schedule as its earlier one."""
    crews = [solution.crew(t) for t in range(len(spec.tasks.ids))]
    start = np.where(solution.mode >= 0, solution.start, -1)
    return replace(spec, earlier=Earlier({"file": "earlier.json", "sha256": "0" * 64}, start, solution.mode, crews))


def failed(spec: ScheduleSpec, agent: int) -> ScheduleSpec:
    """The same after an agent of the earlier schedule is gone; its place is taken by another one."""
    assert spec.earlier is not None
    crews = [tuple(sorted(-1 if one == agent else one for one in crew)) for crew in spec.earlier.agents]
    return replace(spec, earlier=replace(spec.earlier, agents=crews))
