"""CP-SAT on random problems with every feature: true optima, honest proofs, complete hints, never beaten."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from support.cpsat_cases import STEPS, solve
from support.rich_forms import columns_of
from support.rich_oracle import best
from support.rich_plant import plant
from support.rich_schedules import rich_spec, with_earlier

from qamctl.schedule.bounds import term_bounds
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import list_search
from qamctl.schedule.solvers.cpsat_crews import crew_objective
from qamctl.schedule.solvers.cpsat_objective import Objective
from qamctl.schedule.solvers.cpsat_run import Settings, run
from qamctl.schedule.solvers.cpsat_window import latest_ends
from qamctl.schedule.spec import ScheduleSpec
from qamctl.solver import Budget


def random_spec(seed: int, size: str = "tiny") -> ScheduleSpec:
    """A random spec, with an earlier schedule where the objective compares with one."""
    spec = schedule_from_data(rich_spec(seed, size))
    return with_earlier(spec, seed) if any(level.get("disruption") for level in spec.objective) else spec


def planted(spec: ScheduleSpec, seed: int) -> Solution | None:
    """Some feasible schedule, no good one."""
    found = plant(spec, Random(seed), 12)
    return None if found is None else Solution(**columns_of(found.ways))


def exact(spec: ScheduleSpec, solution: Solution) -> tuple[float, ...]:
    """The levels as the checker has them."""
    s = solution
    return tuple(map(float, check_columns(spec, s.start, s.end, s.mode, s.agent, s.others).levels))


@pytest.mark.parametrize("block", range(10))
def test_optimum_is_that_of_all_schedules(block: int) -> None:
    """On random tiny problems the status is a proof, and values and bounds are the best of all schedules.

    Every other one starts from some feasible schedule. What the list search finds is never better.
    """
    for seed in range(30 * block, 30 * block + 30):
        spec = random_spec(seed)
        instance, want = build_instance(spec), best(spec)
        incumbent = planted(spec, seed) if seed % 2 else None
        outcome, _ = solve(instance, incumbent)
        if want is None:
            assert (outcome.status, outcome.solution) == ("infeasible", None), seed
            continue
        assert outcome.status == "optimal", seed
        assert exact(spec, outcome.solution) == pytest.approx(tuple(map(float, want)), abs=1e-6), seed
        assert outcome.bounds == pytest.approx(tuple(map(float, want)), abs=1e-6), seed
        listed = list_search.solve(instance, None, Budget(steps=300), seed, lambda: False, lambda s: None)
        if listed.solution is not None:
            value = exact(spec, listed.solution)
            assert [round(v, 5) for v in value] >= [round(v, 5) for v in outcome.bounds], seed


def modelled(instance: Instance, incumbent: Solution | None) -> Objective:
    assert instance.crews is not None
    return crew_objective(instance, instance.crews, latest_ends(instance, incumbent, term_bounds(instance)))


def test_hint_names_every_variable_and_is_a_solution() -> None:
    """A schedule gives a value to every variable of the model, and the model accepts these values."""
    complete = 0
    for seed in range(400, 520):
        spec = random_spec(seed, "small")
        instance, incumbent = build_instance(spec), planted(spec, seed)
        if incumbent is None or instance.crews is None:
            continue
        objective = modelled(instance, incumbent)
        variables = objective.variables
        values = objective.values(incumbent.start, instance.options_of(incumbent))
        assert set(values) == set(variables), seed
        for i, value in values.items():
            _, low, high = variables[i]
            assert low <= value <= high, seed
            variables.cp.add(variables[i][0] == value)
        settings = Settings(1, 0, deterministic=1.0, orders=False)
        answer = run(variables, {}, None, settings, lambda: False, lambda v: None)
        assert answer.status == "optimal", seed
        assert answer.values is not None
        back = objective.schedule(answer.values)
        assert np.array_equal(np.where(back.mode < 0, 0, back.start), np.where(back.mode < 0, 0, incumbent.start))
        assert np.array_equal(back.mode, incumbent.mode)
        for total, value in zip(objective.levels, instance.value(incumbent), strict=True):
            assert float(total.value(values) + total.constant) == pytest.approx(value, abs=1e-9), seed
        complete += 1
    assert complete > 50


def test_larger_problems() -> None:
    """On larger random problems nothing is worse than the incumbent, and bounds hold for what list search finds."""
    for seed in range(6):
        spec = random_spec(seed, "medium")
        instance = build_instance(spec)
        listed = list_search.solve(instance, None, Budget(steps=100), seed, lambda: False, lambda s: None).solution
        outcome, reported = solve(instance, listed, Budget(steps=2_000), seed)
        if listed is None:
            continue
        assert outcome.solution is not None
        value, before = instance.value(outcome.solution), instance.value(listed)
        assert [round(v, 6) for v in value] <= [round(v, 6) for v in before], seed
        assert outcome.bounds[0] is not None
        assert outcome.bounds[0] <= value[0] + 1e-9
        values = [[round(v, 6) for v in instance.value(s)] for s in reported]
        assert values == sorted(values, reverse=True)


def test_steps_give_the_same_answer_whatever_the_threads() -> None:
    """With a budget of steps the outcome depends on the seed alone, crews or not."""
    for seed in (0, 9):
        instance = build_instance(random_spec(seed, "medium"))
        one, two = (solve(instance, None, Budget(steps=800, threads=threads), seed)[0] for threads in (1, 2))
        assert (one.status, one.bounds, one.info) == (two.status, two.bounds, two.info)
        assert (one.solution is None) == (two.solution is None)
        if one.solution is not None and two.solution is not None:
            assert np.array_equal(one.solution.start, two.solution.start)
            assert np.array_equal(one.solution.agent, two.solution.agent)
            assert one.solution.others == two.solution.others


def test_with_a_clock_and_two_workers() -> None:
    """A clock and several workers prove the same optima."""
    for seed in range(20, 40):
        instance = build_instance(random_spec(seed))
        by_steps, _ = solve(instance, None, STEPS)
        by_clock, _ = solve(instance, None, Budget(seconds=30, threads=2))
        assert by_clock.status == by_steps.status, seed
        if by_steps.status == "optimal":
            assert by_clock.bounds == pytest.approx(by_steps.bounds), seed
