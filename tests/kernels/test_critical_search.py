"""What the search on critical paths promises, with either kernel: valid schedules, any slicing, clear refusals."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from support.shops import KERNELS, Make, faults, job_shop, parallel_shop, random_shop, random_start, shop, state

from qamctl.kernels.critical.moves import moves
from qamctl.kernels.critical.problem import LONGEST
from qamctl.kernels.critical.shop import Shop

pytestmark = pytest.mark.parametrize("make", KERNELS)


@pytest.mark.parametrize("seed", range(40))
def test_schedules_are_valid_and_as_long_as_told(make: Make, seed: int) -> None:
    """Precedence, releases and machines hold in the current and in the best schedule, whatever was done."""
    rng = Random(seed)
    problem = random_shop(rng, 25, 4, least=seed % 2) if seed % 4 else parallel_shop(rng, 12, 3)
    search = make(problem, *random_start(problem, rng), seed)
    for _ in range(10):
        search.run(20, 1e9)
        assert not faults(problem, search.start, search.choice)
        assert not faults(problem, search.best_start, search.best_choice)
        ends = search.best_start + problem.option_duration[search.best_choice]
        assert search.best_span == ends.max()
        assert (search.start + problem.option_duration[search.choice]).max() >= search.best_span


def test_a_job_shop_gets_short(make: Make) -> None:
    """A few hundred steps lead far below where they began; the best is kept though the search goes on."""
    problem = job_shop(Random(3), 10, 5)
    search = make(problem, *random_start(problem, Random(1)), 1)
    begun = search.best_span
    search.run(600, 1e9)
    lower = max(int(problem.option_duration[problem.option_machine == m].sum()) for m in range(5))
    assert search.best_span < 0.7 * begun
    assert search.best_span >= lower
    assert 0 <= search.stalled <= search.steps == 600


@pytest.mark.parametrize("seed", range(5))
def test_slices_do_not_change_the_search(make: Make, seed: int) -> None:
    """The same steps in slices of any length, and in slices of no time, end in the same state."""
    problem = random_shop(Random(seed), 30, 4)
    start = random_start(problem, Random(seed))
    whole, sliced = make(problem, *start, 9), make(problem, *start, 9)
    whole.run(300, 1e9)
    rng = Random(seed)
    while sliced.steps < whole.steps:
        sliced.run(min(rng.randint(1, 40), whole.steps - sliced.steps), rng.choice((0.0, 1e9)))
    assert state(sliced) == state(whole)


def test_the_seed_decides_the_search(make: Make) -> None:
    """Two seeds take different ways; one seed takes the same way twice."""
    problem = job_shop(Random(0), 10, 10)
    start = random_start(problem, Random(0))
    runs = [make(problem, *start, seed) for seed in (1, 1, 2)]
    for search in runs:
        search.run(200, 1e9)
    assert state(runs[0]) == state(runs[1])
    assert state(runs[0])["start"] != state(runs[2])["start"]


def test_a_search_without_moves_is_stuck(make: Make) -> None:
    """A chain can't be shortened: the search says so at once, and can be started again."""
    problem = shop([0, 0], [[(0, 3)], [(1, 4)]], [(0, 1, 2)], 2)
    start = (np.array([0, 1], np.int32), np.array([0, 1], np.int64))
    search = make(problem, *start, 1)
    assert search.run(10, 1e9) == 0
    assert search.stuck
    assert search.best_span == 9
    search.restart(*start)
    assert not search.stuck


def test_a_task_goes_to_the_machine_that_is_free(make: Make) -> None:
    """Of two tasks on one machine one goes to the other, or to none, or is done faster on its own."""
    for other in ((1, 5), (-1, 5), (0, 1)):
        problem = shop([0, 0], [[(0, 4), other], [(0, 4)]], [], 2)
        search = make(problem, np.array([0, 1], np.int32), np.array([0, 2], np.int64), 1)
        search.run(5, 1e9)
        assert search.best_span == 5, other


def test_tasks_of_two_machines_take_each_others_place(make: Make) -> None:
    """Where neither gains anything by going there alone: 5 and 3 against 6 become 5 and 1 against 4."""
    options = [[(0, 5), (1, 9)], [(0, 3), (1, 4)], [(0, 1), (1, 6)]]
    problem = shop([0, 0, 0], options, [], 2, tenure=2, spread=0)
    search = make(problem, np.arange(3, dtype=np.int32), np.array([0, 2, 5], np.int64), 1)
    search.run(1, 1e9)
    assert (search.best_span, search.best_choice.tolist()) == (6, [0, 3, 4])


FAULTS = {
    "release": {"release": np.array([0, -1, 0], np.int64)},
    "first_option": {"first_option": np.array([0, 2, 2, 3], np.int64)},
    "option_machine": {"option_machine": np.array([0, 1, 2], np.int32)},
    "option_duration": {"option_duration": np.array([LONGEST // 2 + 1] * 3, np.int64)},
    "before_task": {"before_task": np.array([3], np.int32)},
    "after_task": {"after_task": np.zeros(0, np.int32)},
    "after_lag": {"after_lag": np.array([-1], np.int64)},
    "before_first": {"before_first": np.array([0, 1, 0, 1], np.int64)},
    "tenure": {"tenure": -1},
    "spread": {"spread": 2**31},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_problem_is_refused(make: Make, name: str) -> None:
    """With the field that is wrong, before anything is read beyond an array."""
    problem = shop([0, 0, 0], [[(0, 2)], [(1, 3)], [(0, 4)]], [(0, 1, 0)], 2)
    faulty = replace(problem, **FAULTS[name])
    with pytest.raises(ValueError, match=name):
        make(faulty, np.arange(3, dtype=np.int32), np.arange(3), 0)


@pytest.mark.parametrize(
    ("order", "choice", "message"),
    [
        ([0, 1], [0, 1, 2], "order is no list"), ([0, 1, 1], [0, 1, 2], "order is no list"),
        ([1, 0, 2], [0, 1, 2], "order breaks the precedence"), ([0, 1, 2], [0, 2, 2], "choice has another"),
        ([0, 1, 2], [0, 1], "choice has a wrong length"),
    ],
)  # fmt: skip
def test_a_faulty_start_is_refused(make: Make, order: list[int], choice: list[int], message: str) -> None:
    """At the beginning and later, and the search is as it was."""
    problem = shop([0, 0, 0], [[(0, 2)], [(1, 3)], [(0, 4)]], [(0, 1, 0)], 2)
    good = (np.arange(3, dtype=np.int32), np.arange(3))
    search = make(problem, *good, 0)
    before = state(search)
    for call in (lambda *start: make(problem, *start, 0), search.restart):
        with pytest.raises(ValueError, match=message):
            call(np.array(order, np.int32), np.array(choice, np.int64))
    assert state(search) == before


def test_one_thread_at_a_time(make: Make) -> None:
    """Who comes while another thread drives the search is told so."""
    problem = job_shop(Random(0), 20, 10)
    start = random_start(problem, Random(0))
    search = make(problem, *start, 0)
    thread = threading.Thread(target=search.run, args=(10**9, 0.4))
    thread.start()
    time.sleep(0.1)
    try:
        for use in (lambda: search.run(1, 1.0), lambda: search.restart(*start), lambda: search.steps):
            with pytest.raises(RuntimeError, match="another thread is using this search"):
                use()
    finally:
        thread.join()
    assert search.steps > 0


@pytest.mark.parametrize("seed", range(15))
def test_no_move_makes_a_cycle_where_tasks_take_time(make: Make, seed: int) -> None:
    """What the conditions of the moves let through is a schedule, along ways through either kernel's search.

    Two tasks that take each other's place have no such condition: where that makes a cycle it is taken back.
    """
    rng = Random(seed)
    problem = random_shop(rng, 20, 3)
    search = make(problem, *random_start(problem, rng), seed)
    tried = 0
    for _ in range(6):
        search.run(10, 1e9)
        graph = Shop(problem)
        order = np.lexsort((np.arange(problem.n), search.start + problem.option_duration[search.choice], search.start))
        graph.begin(order.astype(np.int32), search.choice)
        for move in moves(graph, _one_path(graph)):
            if move.other >= 0:
                continue
            back = (move.task, graph.choice[move.task], graph.prev[move.task])
            graph.insert(move.task, move.option, move.after)
            assert graph.sweep(), move
            graph.insert(*back)
            graph.sweep()
            tried += 1
    assert tried > 0 or search.stuck


def _one_path(graph: Shop) -> list[int]:
    """A critical path."""
    t = next(t for t in range(graph.n) if graph.end(t) == graph.span)
    path = [t]
    while True:
        arcs = [other for other, lag in graph.before[t] if graph.end(other) + lag == graph.head[t]]
        machine = graph.prev[t]
        if machine >= 0 and graph.end(machine) == graph.head[t]:
            arcs.append(machine)
        if not arcs:
            return path[::-1]
        t = arcs[0]
        path.append(t)
