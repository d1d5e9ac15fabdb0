"""Random shops for the critical-path kernels, and what is true of their schedules, told the slow way."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest

from qamctl.kernels import CriticalPathSearch
from qamctl.kernels.critical.problem import Index, Ints, ShopProblem
from qamctl.kernels.critical.reference import CriticalPathSearch as ReferenceSearch

Make = Callable[[ShopProblem, Index, Ints, int], CriticalPathSearch]

built = importlib.util.find_spec("qamctl.kernels._critical") is not None
needs_native = pytest.mark.skipif(not built, reason="the C++ kernels were not built: no compiler at install time")


def native_search(problem: ShopProblem, order: Index, choice: Ints, seed: int) -> CriticalPathSearch:
    """The C++ search, whatever QAMCTL_KERNELS says."""
    module: Any = importlib.import_module("qamctl.kernels._critical")
    search: CriticalPathSearch = module.CriticalPathSearch(problem, order, choice, seed)
    return search


#: Both kernels, to parametrise tests over.
KERNELS = [pytest.param(ReferenceSearch, id="reference"), pytest.param(native_search, id="native", marks=needs_native)]


def shop(
    release: list[int],
    options: list[list[tuple[int, int]]],
    arcs: list[tuple[int, int, int]],
    machines: int,
    tenure: int = 3,
    spread: int = 2,
) -> ShopProblem:
    """A shop: for each task its options (machine, duration), and arcs (before, after, lag)."""
    sides: dict[str, Any] = {}
    for side, mine, other in (("before", 1, 0), ("after", 0, 1)):
        rows = [[(arc[other], arc[2]) for arc in arcs if arc[mine] == t] for t in range(len(options))]
        flat = [pair for row in rows for pair in row]
        sides[f"{side}_first"] = np.cumsum([0, *map(len, rows)]).astype(np.int64)
        sides[f"{side}_task"] = np.array([task for task, _ in flat], np.int32)
        sides[f"{side}_lag"] = np.array([lag for _, lag in flat], np.int64)
    return ShopProblem(
        release=np.array(release, np.int64),
        first_option=np.cumsum([0, *map(len, options)]).astype(np.int64),
        option_machine=np.array([machine for row in options for machine, _ in row], np.int32),
        option_duration=np.array([duration for row in options for _, duration in row], np.int64),
        machines=machines,
        tenure=tenure,
        spread=spread,
        **sides,
    )


def random_shop(rng: Random, tasks: int = 20, machines: int = 4, least: int = 1, flexible: float = 0.5) -> ShopProblem:
    """Any precedence, releases and lags, some tasks with several options, some without a machine."""
    options = []
    for _ in range(tasks):
        count = rng.randint(2, 3) if rng.random() < flexible else 1
        where = [rng.randrange(machines) if rng.random() < 0.9 else -1 for _ in range(count)]
        options.append([(machine, rng.randint(least, 9)) for machine in where])
    arcs = {(rng.randrange(t), t) for t in range(1, tasks) for _ in range(rng.randint(0, 2))}
    lagged = [(a, b, rng.choice((0, 0, 0, 3))) for a, b in sorted(arcs)]
    release = [rng.choice((0, 0, 0, 7)) for _ in range(tasks)]
    return shop(release, options, lagged, machines, rng.randint(0, 8), rng.randint(0, 5))


def job_shop(rng: Random, jobs: int, machines: int) -> ShopProblem:
    """Every job visits every machine once."""
    options = [[(m, rng.randint(1, 99))] for _ in range(jobs) for m in rng.sample(range(machines), machines)]
    arcs = [(t, t + 1, 0) for t in range(jobs * machines) if t % machines < machines - 1]
    return shop([0] * len(options), options, arcs, machines, 10 + jobs, 4)


def parallel_shop(rng: Random, tasks: int, machines: int) -> ShopProblem:
    """Any task by nearly any machine, in a time of its own; nobody waits for anybody."""
    options = [[(m, rng.randint(1, 30)) for m in range(machines) if m == 0 or rng.random() < 0.9] for _ in range(tasks)]
    return shop([0] * tasks, options, [], machines, rng.randint(0, 8), rng.randint(0, 5))


def random_start(problem: ShopProblem, rng: Random) -> tuple[Index, Ints]:
    """A list of all tasks that keeps precedence, and any option of each."""
    missing = np.diff(problem.before_first).tolist()
    ready, order = [t for t in range(problem.n) if not missing[t]], []
    while ready:
        t = ready.pop(rng.randrange(len(ready)))
        order.append(t)
        for e in range(problem.after_first[t], problem.after_first[t + 1]):
            other = int(problem.after_task[e])
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    first = problem.first_option.tolist()
    choice = [rng.randrange(a, b) for a, b in pairwise(first)]
    return np.array(order, np.int32), np.array(choice, np.int64)


def faults(problem: ShopProblem, start: Ints, choice: Ints) -> list[str]:
    """What is wrong with a schedule."""
    found = []
    end = start + problem.option_duration[choice]
    machine = problem.option_machine[choice]
    for t in range(problem.n):
        if start[t] < problem.release[t]:
            found.append(f"{t} starts before its release")
        if not problem.first_option[t] <= choice[t] < problem.first_option[t + 1]:
            found.append(f"{t} has another task's option")
        arcs = slice(problem.before_first[t], problem.before_first[t + 1])
        if (start[t] < end[problem.before_task[arcs]] + problem.before_lag[arcs]).any():
            found.append(f"{t} starts before what precedes it lets it")
        for other in range(t):
            both = machine[t] == machine[other] >= 0
            if both and start[t] < end[other] and start[other] < end[t]:
                found.append(f"{other} and {t} overlap")
    return found


def state(search: CriticalPathSearch) -> dict[str, Any]:
    """Everything that a search shows, as plain data."""
    arrays = ("start", "choice", "best_start", "best_choice")
    plain = ("steps", "stalled", "stuck", "best_span")
    return {name: getattr(search, name).tolist() for name in arrays} | {name: getattr(search, name) for name in plain}
