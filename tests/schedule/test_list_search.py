"""List search as a solver: valid answers, honest status, the same answer for the same steps."""

from __future__ import annotations

import itertools
from random import Random

import numpy as np
import pytest
from support import brute_force
from support.kernel_problems import instance_of, project, random_instance
from support.random_specs import tiny_spec

from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.list_search import solve
from qamctl.solver import Budget, Outcome


def run(instance: Instance, budget: Budget, incumbent: Solution | None = None, seed: int = 1) -> Outcome:
    return solve(instance, incumbent, budget, seed, lambda: False, lambda _: None)


def columns(outcome: Outcome) -> list[list[int]]:
    assert outcome.solution is not None
    s = outcome.solution
    return [s.start.tolist(), s.end.tolist(), s.mode.tolist(), s.agent.tolist()]


def valid(instance: Instance, s: Solution) -> bool:
    return not check_columns(instance.spec, s.start, s.end, s.mode, s.agent).violations


@pytest.mark.parametrize("seed", range(30))
def test_what_it_reports_and_returns_is_valid(seed: int) -> None:
    """Every schedule reported passes the checker, each better than the one before; the last is returned."""
    instance = random_instance(seed + 900)
    reported: list[Solution] = []
    outcome = solve(instance, None, Budget(steps=400), seed, lambda: False, reported.append)
    assert outcome.status in ("optimal", "feasible", "unknown")
    assert (outcome.solution is None) == (outcome.status == "unknown")
    assert all(valid(instance, s) for s in reported)
    values = [instance.value(s) for s in reported]
    assert all(b < a for a, b in itertools.pairwise(values))
    if outcome.solution is not None:
        assert instance.value(outcome.solution) == values[-1]


@pytest.mark.parametrize("seed", range(40))
def test_it_finds_the_optimum_of_tiny_specs(seed: int) -> None:
    """On specs that brute force can solve, makespan, lateness and flow reach the optimum.

    Links to a task's end are left out: there, a few optima are the schedule of no list.
    """
    features = {"agents", "slots", "renewable", "modes", "FS", "SS", "release", "due", "weight"}
    features |= {"positive-lag", "makespan", "tardiness", "tardy", "flow"}
    spec = schedule_from_data(tiny_spec(Random(seed), features))
    best = brute_force.optimum(spec)
    instance = build_instance(spec)
    if best is None or (np.diff(instance.first_option) == 0).any():
        pytest.skip("this random spec has no schedule")
    outcome = run(instance, Budget(steps=2000))
    assert outcome.solution is not None
    np.testing.assert_allclose(instance.value(outcome.solution), [float(v) for v in best.value], rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_threads_do_not_change_the_answer_of_a_step_budget(seed: int) -> None:
    """The walks are the same whether they run in turn or side by side."""
    instance = project(40, seed)
    one, two, four = (run(instance, Budget(steps=3000, threads=threads), seed=seed) for threads in (1, 2, 4))
    assert columns(one) == columns(two) == columns(four)
    assert one.status == two.status == four.status
    assert one.bounds == two.bounds


@pytest.mark.parametrize("threads", [1, 2])
def test_a_bound_that_is_met_ends_the_search_as_optimal(threads: int) -> None:
    """Proof by the bound stops a search that has an hour."""
    tasks = [{"id": "a", "duration": 4}, {"id": "b", "duration": 3, "after": ["a"]}]
    outcome = run(instance_of(tasks), Budget(seconds=3600, threads=threads))
    assert outcome.status == "optimal"
    assert outcome.bounds == (7.0,)


@pytest.mark.parametrize("threads", [1, 2])
def test_stop_ends_the_search_and_keeps_the_best(threads: int) -> None:
    """A search that is told to stop returns what it has."""
    asked = itertools.count()
    instance = project(60, 1)
    outcome = solve(instance, None, Budget(seconds=3600, threads=threads), 1, lambda: next(asked) > 5, lambda _: None)
    assert outcome.status == "feasible"
    assert outcome.solution is not None
    assert valid(instance, outcome.solution)


def test_time_ends_the_search() -> None:
    """A budget in seconds ends a search that can't prove its answer."""
    outcome = run(project(60, 1), Budget(seconds=0.1))
    assert outcome.status == "feasible"
    assert outcome.info["steps"] > 0


def test_an_incumbent_is_never_made_worse() -> None:
    """The answer to a search of one step is at least as good as what it was given."""
    instance = project(60, 2)
    good = run(instance, Budget(steps=4000), seed=5).solution
    assert good is not None
    again = run(instance, Budget(steps=1), incumbent=good, seed=6).solution
    assert again is not None
    assert instance.value(again) <= instance.value(good)


def test_an_incumbent_that_no_list_gives_is_kept() -> None:
    """A schedule better than the search's own comes back as it is."""
    instance = project(60, 2)
    good = run(instance, Budget(steps=4000), seed=5).solution
    assert good is not None
    outcome = run(instance, Budget(steps=0), incumbent=good)
    assert outcome.status == "feasible"
    assert outcome.solution is good


def test_a_task_that_nobody_can_do_is_infeasible() -> None:
    """Without an option for some task there is no schedule: proved."""
    agents = [{"id": "a", "skills": ["walk"]}]
    outcome = run(instance_of([{"id": "t", "duration": 1, "skills": ["fly"]}], agents=agents), Budget(steps=5))
    assert (outcome.status, outcome.solution) == ("infeasible", None)


def test_a_deadline_that_can_not_be_kept_leaves_the_answer_unknown() -> None:
    """Not finding a schedule is no proof; the least violation is in the figures."""
    tasks = [{"id": "a", "duration": 5}, {"id": "b", "duration": 5, "after": ["a"], "deadline": 8}]
    outcome = run(instance_of(tasks), Budget(steps=50))
    assert (outcome.status, outcome.solution) == ("unknown", None)
    assert outcome.info["violation"] == 2.0


def test_no_tasks_make_an_empty_optimal_schedule() -> None:
    """An empty problem has an empty answer."""
    outcome = run(instance_of([]), Budget(steps=5))
    assert outcome.status == "optimal"
    assert outcome.solution is not None
    assert len(outcome.solution.start) == 0


def test_a_failure_in_a_thread_is_raised_by_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that goes wrong beside the main thread is swallowed."""
    from qamctl.schedule.solvers import list_search

    def fail(self: object, seconds: float, spent: float) -> bool:
        raise MemoryError("no room")

    monkeypatch.setattr(list_search._Walk, "advance", fail)
    with pytest.raises(MemoryError, match="no room"):
        run(project(20, 1), Budget(steps=100, threads=2))


def test_the_reference_gives_the_answer_of_the_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step budget gives the same schedule with either kernel."""
    instance = project(25, 7)
    usual = columns(run(instance, Budget(steps=600)))
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    assert columns(run(instance, Budget(steps=600))) == usual
