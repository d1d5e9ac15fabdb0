"""CP-SAT on the interval model: true optima, proofs, honest bounds, hints, reproducibility, and an end on request."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from support.brute_force import optimum
from support.random_specs import random_feasible, random_spec, tiny_spec

from qamctl.errors import BackendError
from qamctl.schedule.bounds import term_bounds
from qamctl.schedule.check import check_columns
from qamctl.schedule.instance import Instance, build_instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import cpsat
from qamctl.schedule.solvers.base import Budget, Outcome
from qamctl.schedule.solvers.cpsat_model import Model, windows
from qamctl.schedule.solvers.cpsat_objective import Objective, Sum, rounded_down, scaled
from qamctl.schedule.solvers.cpsat_run import Settings, run
from qamctl.schedule.solvers.cpsat_window import latest_ends

STEPS = Budget(steps=20_000)

#: The job shop ft06 (H. Fisher and G. L. Thompson, 1963): machine and duration of each operation of each job.
FT06 = (
    "2 1 0 3 1 6 3 7 5 3 4 6", "1 8 2 5 4 10 5 10 0 10 3 4", "2 5 3 4 5 8 0 9 1 1 4 7",
    "1 5 0 5 2 5 3 3 4 8 5 9", "2 9 1 3 4 5 5 4 0 3 3 1", "1 3 3 3 5 9 0 10 4 4 2 1",
)  # fmt: skip


def spec_data(**data: Any) -> dict[str, Any]:
    return {"kind": "schedule", "version": 1, **data}


def instance_of(**data: Any) -> Instance:
    return build_instance(schedule_from_data(spec_data(**data)))


def solve(
    instance: Instance, incumbent: Solution | None = None, budget: Budget = STEPS, seed: int = 0
) -> tuple[Outcome, list[Solution]]:
    """The outcome, after the checker has accepted every schedule reported and the outcome's own."""
    reported: list[Solution] = []
    outcome = cpsat.solve(instance, incumbent, budget, seed, lambda: False, reported.append)
    for s in (*reported, outcome.solution):
        if s is not None:
            assert not check_columns(instance.spec, s.start, s.end, s.mode, s.agent).violations
    return outcome, reported


def job_shop(rows: tuple[str, ...], **data: Any) -> dict[str, Any]:
    tasks: list[dict[str, Any]] = []
    for j, row in enumerate(rows):
        numbers = list(map(int, row.split()))
        for o, (machine, duration) in enumerate(zip(numbers[::2], numbers[1::2], strict=True)):
            after = [f"J{j}.{o - 1}"] if o else []
            tasks.append({"id": f"J{j}.{o}", "duration": duration, "agents": [f"M{machine}"], "after": after})
    machines = {task["agents"][0] for task in tasks}
    return spec_data(agents=[{"id": m} for m in sorted(machines)], tasks=tasks, **data)


def random_job_shop(jobs: int, machines: int, seed: int) -> Instance:
    rng = Random(seed)
    rows = []
    for _ in range(jobs):
        order = rng.sample(range(machines), machines)
        rows.append(" ".join(f"{m} {rng.randint(1, 99)}" for m in order))
    return build_instance(schedule_from_data(job_shop(tuple(rows))))


@pytest.mark.parametrize("block", range(10))
def test_optimum_is_that_of_brute_force(block: int) -> None:
    """On random tiny problems with every constraint kind the status is a proof and the value brute force's."""
    for seed in range(1000 + 60 * block, 1060 + 60 * block):
        spec = schedule_from_data(tiny_spec(Random(seed)))
        best = optimum(spec, limit=1)
        outcome, _ = solve(build_instance(spec))
        if best is None:
            assert (outcome.status, outcome.solution) == ("infeasible", None), seed
            continue
        assert outcome.status == "optimal", seed
        assert outcome.solution is not None
        assert build_instance(spec).value(outcome.solution) == pytest.approx(best.value, abs=1e-9), seed
        assert outcome.bounds == pytest.approx(best.value, abs=1e-9), seed


def test_larger_random_problems() -> None:
    """On larger problems nothing is worse than the incumbent, above which no bound of the first level is."""
    for seed in range(40):
        rng = Random(seed)
        spec = schedule_from_data(random_spec(rng, tasks=9, agents=4))
        incumbent = random_feasible(spec, rng, tries=3)
        if incumbent is None:
            continue
        instance = build_instance(spec)
        outcome, _ = solve(instance, incumbent, Budget(steps=2_000))
        assert outcome.solution is not None
        value, before = instance.value(outcome.solution), instance.value(incumbent)
        assert [round(v, 6) for v in value] <= [round(v, 6) for v in before], seed
        assert outcome.bounds[0] is not None
        assert outcome.bounds[0] <= value[0] + 1e-9
        alone, _ = solve(instance, None, Budget(steps=20_000))
        if alone.status == "optimal" == outcome.status:
            assert alone.solution is not None
            assert value == pytest.approx(instance.value(alone.solution)), seed


def test_ft06_is_proved() -> None:
    """The job shop ft06 has makespan 55, proved, with a clock and two workers too."""
    instance = build_instance(schedule_from_data(job_shop(FT06)))
    outcome, reported = solve(instance)
    assert outcome.status == "optimal"
    assert outcome.bounds == (55.0,)
    assert instance.value(reported[-1]) == (55.0,)
    assert outcome.variables > 36
    assert outcome.info["deterministic_time"] > 0
    assert solve(instance, budget=Budget(seconds=60, threads=2))[0].bounds == (55.0,)


def test_levels_are_lexicographic() -> None:
    """A second level is minimised among the schedules that are optimal in the first."""
    agents = [{"id": "fast", "speed": 2, "cost": {"per_time": 10}}, {"id": "slow", "cost": {"per_time": 1}}]
    tasks = [{"id": "x", "duration": 8}, {"id": "y", "duration": 4, "after": ["x"]}]
    cheap, _ = solve(instance_of(agents=agents, tasks=tasks, objective=[{"cost": 1}, {"makespan": 1}]))
    quick, _ = solve(instance_of(agents=agents, tasks=tasks, objective=[{"makespan": 1}, {"cost": 1}]))
    assert (cheap.status, cheap.bounds) == ("optimal", (12.0, 12.0))
    assert (quick.status, quick.bounds) == ("optimal", (6.0, 60.0))


def test_exact_decimal_weights() -> None:
    """Decimal weights, costs and ticks are minimised exactly: 0.1 + 0.2 is 0.3."""
    instance = instance_of(
        time={"resolution": 0.25},
        agents=[{"id": "a", "cost": {"fixed": 0.3, "per_time": 0.1}}, {"id": "b", "cost": {"per_time": 0.2}}],
        tasks=[{"id": f"t{i}", "duration": 0.75, "due": 0.5, "weight": 0.7} for i in range(3)],
        objective={"cost": 1, "tardiness": 0.01, "tardy": 0.001, "flow": 0.003, "makespan": 0.1},
    )
    best = optimum(instance.spec, limit=1)
    outcome, _ = solve(instance)
    assert best is not None
    assert outcome.status == "optimal"
    assert outcome.bounds == pytest.approx(best.value, abs=1e-12)


def test_objective_of_weight_zero() -> None:
    """Without anything to minimise the first schedule is optimal."""
    outcome, _ = solve(instance_of(tasks=[{"id": "x", "duration": 3}], objective=[{"makespan": 0}, {"tardy": 1}]))
    assert (outcome.status, outcome.bounds) == ("optimal", (0.0, 0.0))


def test_coefficients_that_integers_cannot_hold() -> None:
    """Where weights must be rounded, the bound stays below the truth and nothing is called proved that is not."""
    tasks = [
        {"id": f"t{i}", "duration": 10**9 + i, "due": 5 * 10**8, "weight": 1 + 1 / 3 + i / 7, "agents": ["m"]}
        for i in range(3)
    ]
    data = {"agents": [{"id": "m"}], "tasks": tasks, "objective": [{"tardiness": 0.123456789}, {"makespan": 1}]}
    instance = instance_of(**data)
    outcome, _ = solve(instance)
    assert outcome.status == "feasible"
    assert outcome.solution is not None
    value = instance.value(outcome.solution)
    assert outcome.bounds[0] is not None
    assert value[0] * (1 - 1e-6) < outcome.bounds[0] < value[0]
    # three tasks on one machine have six orders: the least of their exact values
    model = Model(instance, windows_of(instance))
    integers = scaled(Objective(model).levels[0], model)
    assert not integers.exact


def windows_of(instance: Instance, incumbent: Solution | None = None) -> Any:
    found = windows(instance, latest_ends(instance, incumbent, term_bounds(instance)))
    assert found is not None
    return found


def test_scaling_is_the_least_that_is_exact() -> None:
    """Coefficients become the smallest integers in the same proportion."""
    model = Model(
        instance_of(tasks=[{"id": "x", "duration": 1}]), windows_of(instance_of(tasks=[{"id": "x", "duration": 1}]))
    )
    one, two = model.variable(0, 10), model.variable(0, 10)
    total = Sum()
    total.add(one + 3, Fraction("0.6"))
    total.add(two, Fraction("0.9"))
    integers = scaled(total, model)
    assert (list(integers.coefficients.values()), integers.scale, integers.exact) == ([2, 3], Fraction(10, 3), True)
    assert total.constant == Fraction("1.8")
    assert rounded_down(Fraction(1, 10)) <= Fraction(1, 10)
    assert rounded_down(Fraction(-1, 3)) <= Fraction(-1, 3)
    assert rounded_down(Fraction(7, 2)) == 3.5


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"tasks": [{"id": "x", "duration": 5, "deadline": 4}]}, "deadline"),
        ({"tasks": [{"id": "x", "duration": 5, "skills": ["s"]}], "agents": [{"id": "a"}]}, "nobody has the skill"),
        (
            {
                "agents": [{"id": "a"}],
                "tasks": [{"id": i, "duration": 3, "pinned": {"start": s}} for i, s in (("x", 0), ("y", 2))],
            },
            "pinned tasks collide",
        ),
        (
            {
                "resources": [{"id": "r", "kind": "consumable", "capacity": 3}],
                "tasks": [{"id": i, "duration": 3, "demand": {"r": 2}} for i in "xy"],
            },
            "not enough of a consumable",
        ),
        (
            {
                "resources": [{"id": "r", "kind": "consumable", "capacity": 3}],
                "tasks": [
                    {
                        "id": i,
                        "modes": [
                            {"id": "quick", "duration": 2, "demand": {"r": 2}},
                            {"id": "slow", "duration": 5, "demand": {"r": 1}},
                        ],
                        "deadline": 4,
                    }
                    for i in "xy"
                ],
            },
            "not enough of a consumable for the modes that are quick enough",
        ),
        ({"agents": [{"id": "a"}], "horizon": 5, "tasks": [{"id": i, "duration": 3} for i in "xy"]}, "horizon"),
        (
            {
                "tasks": [
                    {"id": "x", "duration": 3, "pinned": {"start": 0}},
                    {"id": "y", "duration": 1, "after": ["x"], "pinned": {"start": 2}},
                ]
            },
            "pinned before what must come first",
        ),
        ({"tasks": [{"id": "x", "duration": 3, "release": 2, "pinned": {"start": 1}}]}, "pinned before release"),
    ],
)
def test_infeasible_is_proved(data: dict[str, Any], why: str) -> None:
    """Problems without a schedule are told to be so."""
    outcome, reported = solve(instance_of(**data))
    assert (outcome.status, outcome.solution, reported) == ("infeasible", None, []), why


def test_contradiction_with_the_incumbent_is_an_error() -> None:
    """If the problem is infeasible although a schedule is handed in, something is wrong, and it is said."""
    resources = [{"id": "r", "capacity": 3}]
    agents = [{"id": "a", "slots": 3}]
    tasks = [{"id": i, "duration": 3, "demand": {"r": 2}} for i in "xyz"]
    incumbent = solve(instance_of(resources=resources, agents=agents, tasks=tasks))[0].solution
    assert incumbent is not None
    for change in ({"deadline": 7}, {"deadline": 2}, {"skills": ["s"]}):
        worse = instance_of(resources=resources, agents=agents, tasks=[{**task, **change} for task in tasks])
        with pytest.raises(BackendError, match="a schedule is known"):
            cpsat.solve(worse, incumbent, STEPS, 0, lambda: False, lambda s: None)


def test_no_tasks() -> None:
    """The empty schedule is optimal."""
    outcome, _ = solve(instance_of(tasks=[], objective=[{"makespan": 1}, {"cost": 1}]))
    assert (outcome.status, outcome.bounds) == ("optimal", (0.0, 0.0))


def test_pins_are_kept() -> None:
    """A pinned start and a pinned agent stand; the rest is scheduled around them."""
    tasks = [
        {"id": "x", "duration": 4, "pinned": {"agent": "b", "start": 3}},
        {"id": "y", "duration": 3, "agents": ["b"]},
        {"id": "z", "duration": 2, "agents": ["b"]},
    ]
    outcome, _ = solve(instance_of(agents=[{"id": "a"}, {"id": "b"}], tasks=tasks))
    assert outcome.bounds == (9.0,)
    assert outcome.solution is not None
    assert (outcome.solution.start[0], outcome.solution.agent[0]) == (3, 1)


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
            model.cp.add(model.variables[i][0] == value)
        answer = run(model, {}, None, Settings(1, 0, deterministic=1.0), lambda: False, lambda v: None)
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
    integers = scaled(objective.levels[0], model)
    values = objective.values(incumbent.start, instance.options_of(incumbent))
    answer = run(
        model,
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


def replace_objective(instance: Instance, objective: list[dict[str, float]]) -> Any:
    from dataclasses import replace

    return replace(instance.spec, objective=tuple(objective))


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
        run(model, {}, None, Settings(-5, 0), lambda: False, lambda v: None)


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
