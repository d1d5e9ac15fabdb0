"""What a schedule search promises, with either kernel: valid schedules, any slicing, honest violations."""

from __future__ import annotations

import dataclasses
import threading
import time
from random import Random

import numpy as np
import pytest
from support.kernel_problems import KERNELS, Make, flat, instance_of, needs_native, project, random_instance, state
from support.kernel_problems import native_search as native

from qamctl.schedule.check import check_columns

pytestmark = pytest.mark.parametrize("make", KERNELS)


@pytest.mark.parametrize("seed", range(200, 240))
def test_a_schedule_without_violation_passes_the_checker_and_no_other_does(make: Make, seed: int) -> None:
    """The violation is zero exactly when the independent checker finds none, and the levels are the instance's."""
    instance = random_instance(seed)
    flattened = flat(instance)
    search = make(flattened.problem, seed)
    search.run(150, 1e9)
    solution = instance.solution(search.best_start, flattened.option[search.best_option])
    report = check_columns(instance.spec, solution.start, solution.end, solution.mode, solution.agent)
    assert (search.best_value[0] == 0) == (not report.violations)
    np.testing.assert_allclose(search.best_value[1:], instance.value(solution), rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_slices_do_not_change_the_search(make: Make, seed: int) -> None:
    """The same steps in slices of any length, and in slices of no time, end in the same state."""
    problem = flat(random_instance(seed + 500)).problem
    whole, sliced = make(problem, 9), make(problem, 9)
    whole.run(300, 1e9)
    rng = Random(seed)
    while sliced.steps < whole.steps:
        sliced.run(min(rng.randint(1, 40), whole.steps - sliced.steps), rng.choice((0.0, 1e9)))
    assert state(sliced) == state(whole)


def test_a_slice_ends_within_a_pass_and_the_next_carries_on(make: Make) -> None:
    """A pass over a large problem can be cut short without losing it."""
    problem = flat(project(3000, 1)).problem
    whole, sliced = make(problem, 3), make(problem, 3)
    whole.run(2, 1e9)
    empty = 0
    while sliced.steps < 2:
        empty += sliced.run(2 - sliced.steps, 0.0) == 0
    assert empty > 0
    assert state(sliced) == state(whole)


def test_the_seed_decides_the_search(make: Make) -> None:
    """Two seeds take different ways; one seed takes the same way twice."""
    problem = flat(project(30, 2)).problem
    runs = [make(problem, seed) for seed in (1, 1, 2)]
    for search in runs:
        search.run(300, 1e9)
    assert state(runs[0]) == state(runs[1])
    assert state(runs[0])["order"] != state(runs[2])["order"]


def test_the_search_ends_when_every_level_meets_its_bound(make: Make) -> None:
    """A bound that is met stops the search, which then does no more steps."""
    instance = instance_of([{"id": "a", "duration": 4}, {"id": "b", "duration": 3, "after": ["a"]}])
    search = make(flat(instance, [7.0]).problem, 1)
    assert search.run(100, 1e9) == 1
    assert search.done
    assert search.run(100, 1e9) == 0


def test_a_later_level_is_improved_while_the_earlier_is_held(make: Make) -> None:
    """Lexicographic levels: the cheap option is found once the makespan can't be improved."""
    modes = [{"id": "fast", "duration": 2, "cost": 9}, {"id": "slow", "duration": 6, "cost": 1}]
    instance = instance_of(
        [{"id": "long", "duration": 8}, {"id": "free", "modes": modes}], objective=[{"makespan": 1}, {"cost": 1}]
    )
    search = make(flat(instance, [8.0, 1.0]).problem, 4)
    search.run(2000, 1e9)
    assert search.best_value.tolist() == [0.0, 8.0, 1.0]


def test_the_cheapest_option_is_taken_where_only_cost_counts(make: Make) -> None:
    """With cost alone in the first level, auto takes the cheapest option at once, then what ends first."""
    modes = [{"duration": 1, "cost": 9}, {"duration": 6, "cost": 2}, {"duration": 5, "cost": 2}]
    instance = instance_of(
        [{"id": "a", "modes": [dict(m, id=f"m{k}") for k, m in enumerate(modes)]}], objective={"cost": 1}
    )
    search = make(flat(instance).problem, 4)
    search.run(1, 1e9)
    assert search.best_value.tolist() == [0.0, 2.0]
    assert search.best_start[0] + flat(instance).problem.option_duration[search.best_option[0]] == 5


def test_auto_leaves_enough_of_a_stock_for_the_tasks_to_come(make: Make) -> None:
    """The first task does not take the fast option when the others could then not be done."""
    modes = [{"id": "fast", "duration": 1, "demand": {"fuel": 5}}, {"id": "slow", "duration": 9, "demand": {"fuel": 1}}]
    tasks = [{"id": "a", "modes": modes}, {"id": "b", "duration": 1, "demand": {"fuel": 4}, "after": ["a"]}]
    instance = instance_of(tasks, resources=[{"id": "fuel", "kind": "consumable", "capacity": 6}])
    search = make(flat(instance).problem, 4)
    search.run(1, 1e9)
    assert search.best_value.tolist() == [0.0, 10.0]


VIOLATIONS = {
    "deadline": (
        [{"id": "a", "duration": 5}, {"id": "b", "duration": 5, "after": ["a"], "deadline": 8}], {}, 2.0,
    ),
    "horizon": ([{"id": "a", "duration": 5}, {"id": "b", "duration": 5, "after": ["a"]}], {"horizon": 9}, 1.0),
    "pinned precedence": (
        [{"id": "a", "duration": 5}, {"id": "b", "duration": 5, "after": ["a"], "pinned": {"start": 2}}], {}, 3.0,
    ),
    "pinned finish": (
        [
            {"id": "a", "duration": 5},
            {"id": "b", "duration": 1, "after": [{"task": "a", "type": "FF"}], "pinned": {"start": 2}},
        ],
        {},
        2.0,
    ),
    "pinned collision": (
        [{"id": t, "duration": 4, "demand": {"r": 1}, "pinned": {"start": 3}} for t in "ab"],
        {"resources": [{"id": "r", "capacity": 1}]},
        4.0,
    ),
    "stock": (
        [{"id": t, "duration": 3, "demand": {"fuel": 4}} for t in "ab"],
        {"resources": [{"id": "fuel", "kind": "consumable", "capacity": 7}]},
        0.75,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", VIOLATIONS)
def test_every_kind_of_violation_is_counted(make: Make, kind: str) -> None:
    """What can't be kept shows in the violation: ticks too late, ticks of collision, stock overdrawn in ticks."""
    tasks, rest, violation = VIOLATIONS[kind]
    search = make(flat(instance_of(tasks, **rest)).problem, 1)  # type: ignore[arg-type]
    search.run(60, 1e9)
    assert search.best_value[0] == violation
    assert not search.done


def test_an_option_with_enough_stock_is_found_by_search(make: Make) -> None:
    """Overdrawing is a violation to be repaired: the frugal options of some tasks are found."""
    modes = [{"id": "fast", "duration": 1, "demand": {"fuel": 3}}, {"id": "slow", "duration": 4, "demand": {"fuel": 1}}]
    tasks = [{"id": f"t{k}", "modes": modes} for k in range(6)]
    instance = instance_of(tasks, resources=[{"id": "fuel", "kind": "consumable", "capacity": 10}])
    search = make(flat(instance).problem, 2)
    search.run(300, 1e9)
    assert search.best_value[0] == 0


def test_a_search_without_tasks_is_done_at_once(make: Make) -> None:
    """Nothing to do is done after the first step."""
    search = make(flat(instance_of([])).problem, 1)
    search.run(10, 1e9)
    assert search.done
    assert search.best_start.shape == (0,)


def test_times_of_a_billion_ticks_cost_nothing(make: Make) -> None:
    """Profiles are lists of events, not of ticks."""
    tasks = [{"id": f"t{k}", "duration": 10**9 + k, "demand": {"r": 1}} for k in range(4)]
    search = make(flat(instance_of(tasks, resources=[{"id": "r", "capacity": 2}])).problem, 1)
    search.run(200, 1e9)
    assert search.best_value[1] == 2 * 10**9 + 3


def test_two_threads_can_not_run_one_search(make: Make) -> None:
    """The second caller is refused, and the search stays usable."""
    search = make(flat(project(60, 3)).problem, 1)
    begun = threading.Event()

    def work() -> None:
        begun.set()
        search.run(10**9, 0.6)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    refused = ""
    while thread.is_alive() and not refused:
        try:
            search.run(1, 0.0)
        except RuntimeError as error:
            refused = str(error)
        time.sleep(0.001)
    thread.join()
    assert "already running" in refused
    assert search.run(1, 1e9) == 1


def test_the_cooling_of_a_plan_ends_with_the_plan(make: Make) -> None:
    """A planned search of one level is divided into three coolings."""
    search = make(flat(project(12, 3)).problem, 1)
    search.plan(2000)
    search.run(2000, 1e9)
    assert search.cycles == 3


@needs_native
def test_wrong_arrays_are_refused(make: Make) -> None:
    """The C++ kernel names the field whose array has the wrong type."""
    if make is not native:
        pytest.skip("the reference takes any array")
    problem = flat(project(12, 3)).problem
    broken = dataclasses.replace(problem, due=problem.due.astype(np.float64))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="due"):
        make(broken, 1)


def test_what_one_task_takes_more_of_a_stock_others_do_without(make: Make) -> None:
    """All fuel is in use: that the long chain gets it instead of the tasks beside it takes two changes at once."""
    ways = [{"id": "fast", "duration": 2, "demand": {"fuel": 2}}, {"id": "slow", "duration": 5, "demand": {"fuel": 1}}]
    chain = [{"id": f"c{k}", "modes": ways, "after": [f"c{k - 1}"] if k else []} for k in range(5)]
    beside = [{"id": f"b{k}", "modes": ways} for k in range(5)]
    stock = [{"id": "fuel", "kind": "consumable", "capacity": 15}]
    problem = flat(instance_of([*chain, *beside], resources=stock)).problem
    first = problem.first_option[:-1]
    wrong = np.where(np.arange(10) < 5, first + 1, first)  # options stand by duration: fast, slow
    search = make(dataclasses.replace(problem, keys=problem.keys[:1], choices=wrong.reshape(1, 10)), 3)
    search.run(1, 1e9)
    assert search.best_value.tolist() == [0.0, 25.0]
    search.run(1500, 1e9)
    assert search.best_value.tolist() == [0.0, 10.0]
