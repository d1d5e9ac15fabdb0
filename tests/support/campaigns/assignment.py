"""What the assignment kernel is put through under the sanitizers."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.assignment_problems import random_problem, random_start, state

from qamctl.kernels.assignment.reference import AssignmentSearch


def campaign(native: Any) -> None:
    """Every rule, restarts, levels, and a search that is stopped in between; wrong arguments are refused."""
    for seed in range(80):
        problem, start = random_problem(seed), random_start(random_problem(seed), seed)
        search, reference = native.AssignmentSearch(problem, start, seed), AssignmentSearch(problem, start, seed)
        last = len(problem.levels) - 1
        for each in (search, reference):
            each.plan(100)
            each.run(250, 1e9)
            each.focus(last, problem.levels[:last] @ each.best_term)
            each.run(100, 1e9)
        assert state(search) == state(reference)
        refused(native, problem, start)
    problem = random_problem(1, n=200, k=15)
    search = native.AssignmentSearch(problem, random_start(problem, 1), 1)
    search.run(20_000, 1e9)
    search.run(20_000, 0.0)


def refused(native: Any, problem: Any, start: np.ndarray) -> None:
    """Starts that do not fit a problem."""
    for wrong in (start[:-1], start - problem.k - 1, start + np.int32(problem.k + 1), start.astype(float)):
        try:
            native.AssignmentSearch(problem, wrong, 1)
        except (TypeError, ValueError):
            continue
        raise AssertionError("a wrong start was taken")
