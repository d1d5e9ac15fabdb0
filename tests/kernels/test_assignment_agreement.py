"""The C++ assignment search takes the reference's decisions, one by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support.assignment_problems import FEATURES, native_search, needs_native, random_problem, random_start, state

from qamctl.kernels import AssignmentSearch
from qamctl.kernels.assignment.problem import AssignmentProblem
from qamctl.kernels.assignment.reference import AssignmentSearch as Reference

pytestmark = needs_native


def both(problem: AssignmentProblem, seed: int) -> tuple[AssignmentSearch, AssignmentSearch]:
    """The reference and the C++ search from one start."""
    start = random_start(problem, seed)
    return Reference(problem, start, seed), native_search(problem, start, seed)


@pytest.mark.parametrize("seed", range(150))
def test_both_kernels_agree_after_every_slice_on_random_problems(seed: int) -> None:
    """Leaves, devices, violations and terms are equal to the last bit, whatever a problem has, through two restarts."""
    reference, native = both(random_problem(seed), seed)
    assert state(reference) == state(native)
    for search in (reference, native):
        search.plan(150)
    for steps in [1] * 12 + [7] * 9 + [60] * 6:
        assert reference.run(steps, 1e9) == native.run(steps, 1e9)
        assert state(reference) == state(native)
    assert reference.cycles == 2


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("seed", range(8))
def test_both_kernels_agree_on_each_kind_of_move(kind: int, seed: int) -> None:
    """Corners, chases, chains, swaps and drifts alone agree as well, on problems with all that they look at."""
    mix = np.array([4096 if at >= kind else 0 for at in range(5)])
    problem = dataclasses.replace(random_problem(seed, n=20, k=4, has={*FEATURES} - {"bounds", "own"}), mix=mix)
    reference, native = both(problem, seed)
    for steps in (1, 1, 1, 10, 100):
        reference.run(steps, 1e9)
        native.run(steps, 1e9)
        assert state(reference) == state(native)


@pytest.mark.parametrize("seed", range(30))
def test_both_kernels_agree_level_by_level(seed: int) -> None:
    """The next level goes on from the best assignment, within the bounds of those before it."""
    problem = dataclasses.replace(random_problem(seed), levels=np.random.default_rng(seed).random((3, 7)).round(2))
    reference, native = both(problem, seed)
    for level in (0, 1, 2, 1):
        bounds = problem.levels[:level] @ reference.best_term
        for search in (reference, native):
            search.focus(level, bounds)
            search.plan(search.steps + 100)
            search.run(130, 1e9)
        assert state(reference) == state(native)


@pytest.mark.parametrize("seed", range(3))
def test_both_kernels_agree_on_a_problem_of_some_size(seed: int) -> None:
    """Many units in many leaves make the same path over thousands of steps without a plan."""
    reference, native = both(random_problem(seed, n=150, k=12), seed)
    for steps in (1, 600, 1400):
        reference.run(steps, 1e9)
        native.run(steps, 1e9)
        assert state(reference) == state(native)


def test_both_kernels_agree_with_all_costs_too_high_to_count() -> None:
    """A sum of move costs beyond what 64 bits hold as a violation is counted alike."""
    problem = random_problem(11, n=10, k=3, has={"homes", "bounds", "links"})
    problem = dataclasses.replace(problem, home_cost=problem.home_cost * 1e15, max_move_cost=1.0)
    reference, native = both(problem, 1)
    reference.run(200, 1e9)
    native.run(200, 1e9)
    assert state(reference) == state(native)
