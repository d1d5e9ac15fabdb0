"""CP-SAT at work: hints, reproducibility, budgets, and an end on request."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.brute_force import optimum
from support.cpsat_cases import (
    FT06,
    STEPS,
    instance_of,
    job_shop,
    random_job_shop,
    replace_objective,
    solve,
    windows_of,
)
from support.random_specs import random_feasible, random_spec, tiny_spec

from qamctl.errors import BackendError
from qamctl.schedule.bounds import term_bounds
from qamctl.schedule.build import build_instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import cpsat
from qamctl.schedule.solvers.cpsat_model import Model
from qamctl.schedule.solvers.cpsat_objective import Objective
from qamctl.schedule.solvers.cpsat_run import Settings, run
from qamctl.schedule.solvers.cpsat_sums import scaled
from qamctl.schedule.solvers.cpsat_window import latest_ends
from qamctl.solver import Budget


def test_hint_names_every_variable_and_is_a_solution() -> None:
    """A schedule gives a value to every variable of the model, and the model accepts these values."""
    complete = 0
    for seed in range(60):
        rng = Random(seed)
        spec = schedule_from_data(random_spec(rng, tasks=8, agents=4))
        incumbent = random_feasible(spec, rng, tries=3)
        if incumbent is None:
            continue
        instance = build_instance(spec)
        model = Model(instance, windows_of(instance, incumbent))
        objective = Objective(model)
        values = objective.values(incumbent.start, instance.options_of(incumbent))
        assert set(values) == set(model.variables)
        for i, value in values.items():
            _, low, high = model.variables[i]
            assert low <= value <= high
            model.variables.cp.add(model.variables[i][0] == value)
        answer = run(model.variables, {}, None, Settings(1, 0, deterministic=1.0), lambda: False, lambda v: None)
        assert answer.status == "optimal", seed
        assert answer.values is not None
        back = model.schedule(answer.values)
        assert np.array_equal(back.start, incumbent.start)
        assert np.array_equal(back.mode, incumbent.mode)
        for total, value in zip(objective.levels, instance.value(incumbent), strict=True):
            assert float(total.value(values) + total.constant) == pytest.approx(value, abs=1e-9)
        complete += 1
    assert complete > 10


def test_search_begins_from_the_incumbent() -> None:
    """With a hint and next to no time CP-SAT's own first solution is at least as good."""
    instance = random_job_shop(10, 10, 1)
    incumbent = solve(instance, None, Budget(steps=3_000))[0].solution
    assert incumbent is not None
    model = Model(instance, windows_of(instance))
    objective = Objective(model)
    integers = scaled(objective.levels[0], model.variables)
    values = objective.values(incumbent.start, instance.options_of(incumbent))
    answer = run(
        model.variables,
        integers.coefficients,
        values,
        Settings(1, 0, deterministic=0.02, relax=False),
        lambda: False,
        lambda v: None,
    )
    assert answer.values is not None
    assert instance.value(model.schedule(answer.values)) <= instance.value(incumbent)


def test_incumbent_is_kept() -> None:
    """Whatever happens, the incumbent is not lost: with no time at all it comes back, with the cheap bound."""
    instance = random_job_shop(6, 5, 2)
    incumbent = solve(instance, None, Budget(steps=200))[0].solution
    assert incumbent is not None
    outcome = cpsat.solve(instance, incumbent, STEPS, 0, lambda: True, lambda s: None)
    assert (outcome.status, outcome.solution) == ("feasible", incumbent)
    assert outcome.bounds[0] == pytest.approx(term_bounds(instance)[0])


@pytest.mark.parametrize("objective", [[{"makespan": 1}], [{"tardiness": 1}, {"makespan": 1, "flow": 0.1}]])
def test_steps_give_the_same_answer_whatever_the_threads(objective: list[dict[str, float]]) -> None:
    """With a budget of steps the outcome depends on the seed alone."""
    data = job_shop(FT06, objective=objective)
    for task in data["tasks"][5::6]:
        task["due"] = 30
    outcomes = [
        solve(build_instance(schedule_from_data(data)), None, Budget(steps=400, threads=threads), seed=7)[0]
        for threads in (1, 2, 1)
    ]
    first = outcomes[0]
    for other in outcomes[1:]:
        assert (other.status, other.bounds, other.info) == (first.status, first.bounds, first.info)
        assert (other.solution is None) == (first.solution is None)
        if other.solution is not None and first.solution is not None:
            assert np.array_equal(other.solution.start, first.solution.start)
            assert np.array_equal(other.solution.agent, first.solution.agent)


def test_stop_ends_the_search() -> None:
    """When it is asked to stop, a search with ten minutes left ends with the best so far."""
    instance = random_job_shop(20, 15, 3)
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 10

    outcome = cpsat.solve(instance, None, Budget(seconds=600, threads=1), 0, stop, lambda s: None)
    assert outcome.status in ("feasible", "unknown")
    assert outcome.bounds[0] is not None
    assert len(asked) < 100  # it did not go on being asked


def test_error_in_a_report_ends_the_search() -> None:
    """An exception of the one who is reported to comes out, and no search goes on behind it."""
    instance = random_job_shop(15, 15, 4)

    def report(_: Solution) -> None:
        raise RuntimeError("enough of this")

    with pytest.raises(RuntimeError, match="enough of this"):
        cpsat.solve(instance, None, Budget(seconds=600), 0, lambda: False, report)


def test_clock_budget_covers_all_levels() -> None:
    """With a clock a level that can't be proved in its share still leaves time for the next one."""
    instance = build_instance(
        replace_objective(random_job_shop(10, 10, 5), [{"makespan": 1}, {"flow": 1}, {"tardy": 1}])
    )
    outcome, reported = solve(instance, budget=Budget(seconds=1.5))
    assert outcome.solution is not None
    assert len(outcome.bounds) == 3
    values = [instance.value(s) for s in reported]
    assert values == sorted(values, reverse=True)


def test_too_many_options_are_not_modelled() -> None:
    """A model that would eat the budget is not built: the outcome says why, and still has bounds."""
    agents = [{"id": f"a{i}", "cost": {"fixed": 1}} for i in range(30)]
    instance = instance_of(agents=agents, tasks=[{"id": f"t{i}", "duration": 2} for i in range(20)])
    outcome = cpsat.solve(instance, None, Budget(seconds=0.1), 0, lambda: False, lambda s: None)
    assert (outcome.status, outcome.solution, outcome.bounds) == ("unknown", None, (2.0,))
    assert "600 options" in outcome.info["skipped"]


def test_times_beyond_64_bit_sums_are_not_modelled() -> None:
    """Ticks whose sums CP-SAT can't hold are refused with the reason."""
    tasks = [{"id": f"t{i}", "duration": 999_999_999_999, "agents": ["m"]} for i in range(2000)]
    outcome = cpsat.solve(
        instance_of(agents=[{"id": "m"}], tasks=tasks), None, Budget(steps=10), 0, lambda: False, lambda s: None
    )
    assert outcome.status == "unknown"
    assert "ticks" in outcome.info["skipped"]


def test_refused_model_is_an_error() -> None:
    """What CP-SAT refuses is an error with its own words, not an answer."""
    instance = instance_of(tasks=[{"id": "x", "duration": 1}])
    model = Model(instance, windows_of(instance))
    with pytest.raises(BackendError, match="num_workers"):
        run(model.variables, {}, None, Settings(-5, 0), lambda: False, lambda v: None)


def test_windows_by_the_incumbent_keep_an_optimum() -> None:
    """Windows cut by an incumbent's value hold the incumbent, and some schedule that is optimal."""
    cut = 0
    for seed in range(250):
        rng = Random(seed)
        spec = schedule_from_data(tiny_spec(rng))
        incumbent = random_feasible(spec, rng, tries=3)
        best = optimum(spec)
        if incumbent is None or best is None or not best.complete:
            continue
        instance = build_instance(spec)
        latest = latest_ends(instance, incumbent, term_bounds(instance))
        assert (incumbent.end <= latest).all(), seed
        assert any(all(row.end <= latest[t] for t, row in enumerate(s)) for s in best.schedules), seed
        cut += bool((latest < latest_ends(instance, None, term_bounds(instance))).any())
    assert cut > 30


def test_incumbent_of_another_problem_is_an_error() -> None:
    """A schedule that uses agents in ways that are no options is refused, not searched from."""
    tasks = [{"id": "x", "duration": 3}, {"id": "y", "duration": 3}]
    incumbent = solve(instance_of(agents=[{"id": "a"}, {"id": "b"}], tasks=tasks))[0].solution
    other = instance_of(
        agents=[{"id": "a", "skills": ["s"]}, {"id": "b"}], tasks=[{**t, "skills": ["s"]} for t in tasks]
    )
    with pytest.raises(BackendError, match="none of this problem"):
        cpsat.solve(other, incumbent, STEPS, 0, lambda: False, lambda s: None)


def test_nothing_found_still_gives_a_bound() -> None:
    """With too few steps to find anything the status is unknown, the bound that of the longest path and energy."""
    instance = random_job_shop(30, 15, 6)
    outcome, _ = solve(instance, None, Budget(steps=1))
    assert (outcome.status, outcome.solution) == ("unknown", None)
    assert outcome.bounds == pytest.approx(tuple(term_bounds(instance)[:1]))


def test_many_workers() -> None:
    """With many workers the search is a portfolio, and its proofs are the same."""
    instance = build_instance(schedule_from_data(job_shop(FT06)))
    outcome, _ = solve(instance, budget=Budget(seconds=60, threads=4))
    assert (outcome.status, outcome.bounds) == ("optimal", (55.0,))


def test_differences_below_float_noise_count() -> None:
    """Of two schedules that differ by one tick in thousands of millions the better one is found and proved."""
    tasks: list[dict[str, Any]] = [{"id": f"t{i}", "duration": 900_000_000_000, "release": i} for i in range(3)]
    modes = [{"id": "slow", "duration": 900_000_000_001}, {"id": "quick", "duration": 900_000_000_000}]
    instance = instance_of(tasks=[*tasks, {"id": "x", "modes": modes, "release": 2}], objective={"flow": 1})
    outcome, _ = solve(instance)
    assert (outcome.status, outcome.bounds) == ("optimal", (3_600_000_000_000.0,))


def test_steps_do_not_depend_on_when_solutions_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often the watching thread looks changes nothing of a reproducible answer."""
    rng = Random(4)
    tasks = [
        {"id": f"t{k}", "duration": rng.randint(1, 20), "weight": rng.randint(1, 9), "due": rng.randint(1, 100)}
        for k in range(25)
    ]
    instance = instance_of(
        agents=[{"id": f"a{k}"} for k in range(3)], tasks=tasks,
        objective=[{"tardy": 1, "flow": 0.01}, {"tardiness": 1}],
    )  # fmt: skip
    answers = []
    for poll in (0.0005, 5.0):
        monkeypatch.setattr("qamctl.schedule.solvers.cpsat_run.POLL", poll)
        outcome, _ = solve(instance, budget=Budget(steps=2000))
        assert outcome.solution is not None
        answers.append((outcome.status, outcome.bounds, outcome.solution.start.tolist()))
    assert answers[0] == answers[1]
