"""Schedules that are kept apart, and lists that lie between two of them."""

from __future__ import annotations

from random import Random

import numpy as np
from support.shops import random_shop, random_start

from qamctl.kernels.critical.problem import ShopProblem, check_start
from qamctl.schedule.solvers.elite import ALIKE, FEWEST, SIZE, Elite
from qamctl.schedule.spec import Ints


def filled(problem: ShopProblem, count: int, seed: int = 0) -> tuple[Elite, list[tuple[Ints, Ints]]]:
    """An elite that has seen so many schedules by chance: starts that are places, options."""
    rng = Random(seed)
    elite, seen = Elite(problem, np.arange(problem.n), np.random.default_rng(seed)), []
    for k in range(count):
        order, choice = random_start(problem, rng)
        start = np.empty(problem.n, np.int64)
        start[order] = np.arange(problem.n)
        elite.add(100 + k, start, choice)
        seen.append((start, choice))
    return elite, seen


def test_the_best_are_kept_and_far_apart() -> None:
    """No more than there is room for; of two that are alike the better one."""
    problem = random_shop(Random(1), 30, 4)
    elite, seen = filled(problem, 3 * SIZE)
    assert [one.span for one in elite.members] == list(range(100, 100 + SIZE))
    for k, one in enumerate(elite.members):
        for other in elite.members[:k]:
            assert (one.before != other.before).mean() >= ALIKE
    elite.add(200, *seen[2])
    assert 200 not in [one.span for one in elite.members]
    elite.add(50, *seen[2])
    assert sorted(one.span for one in elite.members) == sorted([50, *(100 + k for k in range(SIZE) if k != 2)])


def test_a_list_between_two_keeps_what_both_have() -> None:
    """Precedence, every pair of tasks in the same order, and an option of one of them for each task."""
    problem = random_shop(Random(2), 30, 4)
    elite, seen = filled(problem, 2)
    (one, first), (other, second) = seen
    elite.asked = SIZE
    elite.members += elite.members[:1]  # three: none is missing
    for _ in range(20):
        found = elite.next()
        assert found is not None
        order, choice = found
        check_start(problem, order, choice)
        assert ((choice == first) | (choice == second)).all()
        place = np.empty(problem.n, np.int64)
        place[order] = np.arange(problem.n)
        both = (one[:, None] < one) & (other[:, None] < other)
        assert (place[:, None] < place)[both].all()


def test_new_schedules_first_and_when_few_are_left() -> None:
    """The first ones come from elsewhere, and again where all that was found is alike."""
    problem = random_shop(Random(3), 30, 4)
    elite, _ = filled(problem, SIZE)
    assert [elite.next() is None for _ in range(SIZE)] == [True] * (SIZE - 1) + [False]
    elite.members = elite.members[: FEWEST - 1]
    assert [elite.next() is None for _ in range(SIZE)] == [True] * SIZE
