"""Problems for the schedule kernels: from spec data, from random specs, and the two kernels side by side."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np
import pytest
from support.random_specs import random_spec

from qamctl.kernels import ScheduleSearch
from qamctl.kernels.schedule.problem import ScheduleProblem
from qamctl.kernels.schedule.reference import ScheduleSearch as ReferenceSearch
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solvers.list_problem import ListProblem, list_problem

Make = Callable[[ScheduleProblem, int], ScheduleSearch]

built = importlib.util.find_spec("qamctl.kernels._schedule") is not None
needs_native = pytest.mark.skipif(not built, reason="the C++ kernels were not built: no compiler at install time")


def native_search(problem: ScheduleProblem, seed: int) -> ScheduleSearch:
    """The C++ search, whatever QAMCTL_KERNELS says."""
    search: ScheduleSearch = importlib.import_module("qamctl.kernels._schedule").ScheduleSearch(problem, seed)
    return search


#: Both kernels, to parametrise tests over.
KERNELS = [pytest.param(ReferenceSearch, id="reference"), pytest.param(native_search, id="native", marks=needs_native)]


def instance_of(tasks: list[Mapping[str, Any]], **spec: Any) -> Instance:
    """The instance of a spec given as data."""
    return build_instance(schedule_from_data({"kind": "schedule", "version": 1, "tasks": tasks, **spec}))


def flat(instance: Instance, bounds: list[float] | None = None) -> ListProblem:
    """The kernels' problem without an incumbent; no bounds unless they are given."""
    known = np.full(len(instance.levels), -np.inf) if bounds is None else np.array(bounds)
    return list_problem(instance, None, known)


def random_instance(seed: int) -> Instance:
    """An instance of up to 14 tasks that draws on every feature of the spec; every task has an option."""
    for attempt in range(100):
        rng = Random(1000 * seed + attempt)
        data = random_spec(rng, rng.randint(1, 14), rng.randint(1, 4), rng.randint(0, 3), rng.choice((3, 5, 20)))
        instance = build_instance(schedule_from_data(data))
        if (np.diff(instance.first_option) > 0).all():
            return instance
    raise AssertionError("no random spec with an option for every task")


def project(n: int, seed: int, capacity: int = 6) -> Instance:
    """A resource-constrained project: `n` tasks, two shared resources, layered precedence."""
    rng = Random(seed)
    tasks: list[Mapping[str, Any]] = []
    for t in range(n):
        after = sorted({f"t{rng.randrange(max(0, t - 8), t)}" for _ in range(rng.randint(0, 2))}) if t else []
        demand = {"r": rng.randint(0, 4), "s": rng.randint(0, 4)}
        tasks.append({"id": f"t{t}", "duration": rng.randint(1, 9), "demand": demand, "after": after})
    resources = [{"id": "r", "capacity": capacity}, {"id": "s", "capacity": capacity}]
    return instance_of(tasks, resources=resources)


def state(search: ScheduleSearch) -> dict[str, Any]:
    """Everything that a search shows, as plain lists."""
    arrays = ("value", "order", "choice", "best_value", "best_start", "best_option")
    return {name: getattr(search, name).tolist() for name in arrays} | {
        "steps": search.steps,
        "cycles": search.cycles,
        "done": search.done,
    }
