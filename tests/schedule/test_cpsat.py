"""CP-SAT on the interval model: true optima, proofs, honest bounds."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest
from support.brute_force import optimum
from support.cpsat_cases import (
    FT06,
    STEPS,
    instance_of,
    job_shop,
    solve,
    windows_of,
)
from support.random_specs import random_feasible, random_spec, tiny_spec

from qamctl.errors import BackendError
from qamctl.schedule.build import build_instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solvers import cpsat
from qamctl.schedule.solvers.cpsat_model import Model
from qamctl.schedule.solvers.cpsat_objective import Objective
from qamctl.schedule.solvers.cpsat_sums import Sum, rounded_down, scaled
from qamctl.solver import Budget


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
    integers = scaled(Objective(model).levels[0], model.variables)
    assert not integers.exact


def test_scaling_is_the_least_that_is_exact() -> None:
    """Coefficients become the smallest integers in the same proportion."""
    model = Model(
        instance_of(tasks=[{"id": "x", "duration": 1}]), windows_of(instance_of(tasks=[{"id": "x", "duration": 1}]))
    )
    one, two = model.variables.new(0, 10), model.variables.new(0, 10)
    total = Sum()
    total.add(one + 3, Fraction("0.6"))
    total.add(two, Fraction("0.9"))
    integers = scaled(total, model.variables)
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
    data = {"resources": resources, "agents": agents, "objective": {"flow": 1}}  # its bound is no proof
    incumbent = solve(instance_of(**data, tasks=tasks))[0].solution
    assert incumbent is not None
    for change in ({"deadline": 7}, {"deadline": 2}, {"skills": ["s"]}):
        worse = instance_of(**data, tasks=[{**task, **change} for task in tasks])
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
