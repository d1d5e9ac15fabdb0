"""The engine for large fleets: what it makes of problems, alone and in `auto`, and what it leaves to others."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from support.brute_force import optimum
from support.fleets import aimless, fleet_data
from support.random_specs import tiny_spec
from support.replanning import spec_of
from support.rich_schedules import rich_spec

from qamctl.errors import UnsupportedError
from qamctl.levels import better
from qamctl.schedule import build
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution, contest_of
from qamctl.schedule.hierarchy import division
from qamctl.schedule.hierarchy.division import divide
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import hierarchical
from qamctl.solve import find_answer
from qamctl.solver import Budget, Outcome


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a few options were too many."""
    monkeypatch.setattr(build, "MOST_OPTIONS", 10)
    monkeypatch.setattr(build, "FEW_OPTIONS", 10)


def fleet(seed: int = 1, **more: Any) -> Instance:
    return build_instance(schedule_from_data(fleet_data(seed, **more)))


def solve(
    instance: Instance, budget: Budget, incumbent: Solution | None = None, **more: Any
) -> tuple[Outcome, list[Solution]]:
    """The outcome, after the checker has accepted it and all that was reported, which got better and better."""
    told: list[Solution] = []
    outcome = hierarchical.solve(instance, incumbent, budget, 1, lambda: False, told.append, **more)
    for one in (*told, *([] if outcome.solution is None else [outcome.solution])):
        assert check_solution(instance.spec, one).violations == ()
    values = [instance.value(one) for one in told]
    assert all(better(values[k + 1], values[k]) for k in range(len(values) - 1))
    return outcome, told


def rows(solution: Solution) -> list[list[int]]:
    return [c.tolist() for c in (solution.start, solution.end, solution.mode, solution.agent)]


@pytest.mark.parametrize("project", [8, 40])
@pytest.mark.parametrize("seed", range(4))
def test_a_fleet_is_scheduled(seed: int, project: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts and in waves: the schedule holds, the bounds are below it, and the parts are told."""
    monkeypatch.setattr(division, "GROUP_AGENTS", 2)
    instance = fleet(seed, project=project, deadlines=0.1)
    outcome, told = solve(instance, Budget(steps=40))
    assert outcome.solution is not None
    assert told
    value = instance.value(outcome.solution)
    assert all(bound is None or bound <= one + 1e-9 for bound, one in zip(outcome.bounds, value, strict=True))
    assert (outcome.status == "optimal") == all(
        b is not None and v <= b for v, b in zip(value, outcome.bounds, strict=True)
    )
    assert outcome.info["groups"] >= 1
    assert (outcome.info["waves"] > 1) == (project == 40)
    assert sum(row["tasks"] for row in outcome.info["parts"]) >= instance.n
    assert outcome.info["fallbacks"] == sum(row["fallback"] is not None for row in outcome.info["parts"])


@pytest.mark.parametrize("block", range(3))
def test_never_better_than_the_best_that_there_is(block: int) -> None:
    """On random tiny problems the schedule holds, and what it calls optimal is the optimum of brute force."""
    found = 0
    for seed in range(8 * block, 8 * block + 8):
        spec = schedule_from_data(tiny_spec(Random(seed)))
        best = optimum(spec, limit=1)
        if not len(spec.agents.ids):
            continue
        outcome, _ = solve(build_instance(spec), Budget(steps=100))
        if best is None:
            assert outcome.solution is None
            continue
        assert outcome.status != "infeasible"
        if outcome.solution is not None:
            found += 1
            value = build_instance(spec).value(outcome.solution)
            assert not better(value, best.value)
            if outcome.status == "optimal":
                assert value == pytest.approx(best.value)
    assert found >= 2


def test_problems_with_everything_are_scheduled_too() -> None:
    """Crews, rules, gangs, calendars: in parts, without windows."""
    found = 0
    for seed in range(12):
        instance = build_instance(schedule_from_data(rich_spec(seed, "small")))
        outcome, _ = solve(instance, Budget(steps=30))
        found += outcome.solution is not None
    assert found >= 8


@pytest.mark.parametrize("project", [8, 40])
def test_steps_give_the_same_answer_on_any_cores_and_kernels(project: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one thread, with four, and with the numpy reference."""
    instance = fleet(2, agents=8, tasks=24, project=project)
    answers = []
    for threads, kernels in ((1, ""), (4, ""), (2, "reference")):
        monkeypatch.setenv("QAMCTL_KERNELS", kernels)
        outcome, told = solve(instance, Budget(steps=10, threads=threads))
        assert outcome.solution is not None
        answers.append((outcome.status, outcome.bounds, rows(outcome.solution), len(told), outcome.info["seams"]))
    assert answers[0] == answers[1] == answers[2]


def test_it_goes_on_from_an_incumbent() -> None:
    """A schedule that is given is not made anew, and what comes out is no worse."""
    instance = fleet(3, agents=12, tasks=60, deadlines=0)
    now = aimless(instance.spec, 3)
    outcome, _ = solve(instance, Budget(steps=400), now)
    assert outcome.solution is not None
    assert "parts" not in outcome.info
    assert better(instance.value(outcome.solution), instance.value(now))


def test_a_division_and_an_engine_may_be_given() -> None:
    """Every part of the division is asked of the engine."""
    instance = fleet(4)
    division, asked = divide(instance, 3), []

    def engine(*args: Any) -> Outcome:
        asked.append(args[0])
        return hierarchical.solve_part(*args)

    outcome, _ = solve(instance, Budget(steps=10), division=division, solve_with=engine)
    assert outcome.info["groups"] == division.groups
    assert len(asked) == sum(1 for _ in division.cells(0))
    assert sorted(name for spec in asked for name in spec.tasks.ids) == sorted(instance.spec.tasks.ids)


def test_a_problem_without_agents_is_declined() -> None:
    """There is nobody to divide."""
    with pytest.raises(UnsupportedError, match="has none"):
        solve(build_instance(spec_of([{"id": "t"}], ())), Budget(steps=1))


def test_what_nobody_can_do_is_infeasible() -> None:
    """A task without an agent that fits needs no search."""
    instance = build_instance(spec_of([{"id": "t", "skills": ["none has it"]}, {"id": "u"}]))
    assert solve(instance, Budget(steps=1))[0].status == "infeasible"


def test_no_tasks_are_done_at_once() -> None:
    """Nothing is to be divided."""
    outcome, _ = solve(build_instance(spec_of([])), Budget(steps=1))
    assert outcome.status == "optimal"
    assert outcome.solution is not None
    assert len(outcome.solution.start) == 0


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.3])
def test_a_short_time_gives_a_schedule_or_nothing(seconds: float) -> None:
    """However little there is; where there is a schedule, it holds."""
    outcome, _ = solve(fleet(5, tasks=60, project=60), Budget(seconds=seconds, threads=2))
    assert outcome.status in ("unknown", "feasible", "optimal")


def test_deadlines_that_parts_break_are_mended_or_told() -> None:
    """No schedule that is late comes out; how many tasks would be is told."""
    statuses = set()
    for seed in range(6):
        outcome, _ = solve(fleet(seed, deadlines=0.9), Budget(steps=20))
        statuses.add(outcome.status)
        if outcome.status == "unknown":
            assert outcome.solution is None
            assert outcome.info.get("late", 1) > 0
    assert statuses & {"feasible", "optimal"}


@pytest.mark.parametrize("seed", range(3))
def test_auto_takes_it_where_there_are_too_many_options(few: None, seed: int) -> None:
    """Alone but for the QUBO engines: heuristics that look at all options are not asked, and CP-SAT's row says why."""
    instance = fleet(seed, agents=16, tasks=40, deadlines=0.1)
    assert not instance.complete
    answer = find_answer(contest_of(instance), steps=30, seed=1)
    assert answer.status in ("feasible", "optimal")
    assert answer.report is not None
    assert answer.report.violations == ()
    by = {attempt.backend: attempt for attempt in answer.attempts}
    assert by["hierarchical"].solution is not None
    assert not {"list-search", "critical-path"} & set(by)
    assert by["cpsat"].note == "left out: too many agents for each task"
    assert answer.solved_by in by


def test_auto_finds_the_same_with_steps_on_any_threads(few: None) -> None:
    """Too many options or not, the answer is that of the steps and the seed."""
    instance = fleet(6, agents=16, tasks=40, deadlines=0)
    found = [find_answer(contest_of(instance), steps=20, seed=4, threads=threads) for threads in (1, 4)]
    assert found[0].solution is not None
    assert rows(found[0].solution) == rows(found[1].solution)
    assert (found[0].status, found[0].proof, found[0].solved_by) == (
        found[1].status,
        found[1].proof,
        found[1].solved_by,
    )


def test_auto_within_a_time_is_never_worse_than_a_start(few: None) -> None:
    """With seconds and threads it leads."""
    instance = fleet(7, agents=16, tasks=40, deadlines=0)
    answer = find_answer(contest_of(instance), seconds=1.5, seed=1, threads=2)
    assert answer.solution is not None
    assert check_solution(instance.spec, answer.solution).violations == ()
    assert any(attempt.backend == "hierarchical" and attempt.value for attempt in answer.attempts)


def test_named_it_is_asked_for_any_problem_with_agents() -> None:
    """Small ones, too; where there is none to divide, the run says so."""
    instance = build_instance(spec_of([{"id": f"t{k}"} for k in range(3)]))
    answer = find_answer(contest_of(instance), backends=("hierarchical",), steps=10, seed=1)
    assert (answer.status, answer.solved_by) == ("optimal", "hierarchical")
    nobody = build_instance(spec_of([{"id": "t"}], ()))
    with pytest.raises(UnsupportedError, match="hierarchical divides the agents"):
        find_answer(contest_of(nobody), backends=("hierarchical",), steps=10, seed=1)
