"""Reasoning as a term of a schedule's objective: the same for every engine, and never more than it may be."""

from __future__ import annotations

from fractions import Fraction
from math import log
from random import Random
from typing import Any

import numpy as np
import pytest
from support import brute_force
from support.qubo_specs import all_energies
from support.random_specs import FEATURES, random_feasible, random_spec, tiny_spec
from support.reasoned_specs import with_reasoning

from qamctl.backends import registry
from qamctl.engines import sample
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.schedule.bounds import level_bounds
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.contest import check_solution
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import build_model
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import cpsat, list_search, qubo_windows
from qamctl.schedule.spec import ScheduleSpec
from qamctl.schedule.weighing import step_of
from qamctl.solver import Budget, Outcome

ENGINES = ("list-search", "cpsat", "anneal", "exact")


def solve(instance: Instance, engine: str, incumbent: Solution | None = None, steps: int = 300) -> Outcome:
    """One engine alone."""
    arguments = (instance, incumbent, Budget(steps=steps), 1, lambda: False, lambda solution: None)
    if engine == "list-search":
        return list_search.solve(*arguments)
    if engine == "cpsat":
        return cpsat.solve(*arguments)
    solver = registry.get(engine)

    def by_engine(compiled: Any, **options: Any) -> Any:
        return sample(solver, compiled, **options)

    return qubo_windows.solve(*arguments, sample=by_engine, max_variables=14 if engine == "exact" else None)


def fleet(tasks: int, agents: int, actions: dict[str, float], **more: Any) -> ScheduleSpec:
    """Equal tasks of a fleet of equal agents: very many schedules are equally good."""
    return schedule_from_data(
        {
            "kind": "schedule", "version": 1, "agents": [{"id": f"a{k}"} for k in range(agents)],
            "tasks": [{"id": f"t{k}", "duration": 2} for k in range(tasks)],
            "reasoning": {"actions": actions}, **more,
        }
    )  # fmt: skip


def test_the_term_is_the_logarithm_of_what_reasoning_allows() -> None:
    """Decisions of 0.7 and 0.2 allow their agents with 0.8 and 0.3, as 0.1 is silent; the start counts apart."""
    spec = fleet(2, 3, {"prefer t0 on a0": 0.7, "prefer t0 on a1": 0.2, "prefer t1 in 2..4": 0.9, "be kind": 1})
    instance = build_instance(spec)
    for agent, start, nats in ((0, 2, 0.0), (1, 4, log(8 / 3)), (2, 5, log(80)), (1, 1, log(80 / 3))):
        starts, who = np.array([0, start]), np.array([agent, (agent + 1) % 3])
        report = check_columns(spec, starts, starts + 2, np.array([0, 1]), who)
        assert report.feasible
        assert report.terms["reasoning"] == pytest.approx(nats, abs=1e-4)
        assert instance.terms(Solution(starts, starts + 2, np.array([0, 1]), who))[5] == pytest.approx(nats, abs=1e-4)


@pytest.mark.parametrize("block", range(4))
def test_checker_instance_and_oracle_agree(block: int) -> None:
    """Three readings of the definition give one value of the term, on random specs and random schedules."""
    seen = 0
    for seed in range(20 * block, 20 * block + 20):
        rng = Random(seed)
        spec = schedule_from_data(with_reasoning(random_spec(rng, tasks=6, agents=3), rng))
        solution = random_feasible(spec, rng, tries=3)
        if solution is None:
            continue
        report = check_solution(spec, solution)
        truth = brute_force.terms(spec, brute_force.rows_of(solution)).get("reasoning", Fraction(0))
        instance = build_instance(spec)
        assert instance.terms(solution)[5] == pytest.approx(float(truth), abs=1e-9)
        assert instance.value(solution) == pytest.approx(tuple(map(float, report.levels)), abs=1e-9)
        assert report.terms.get("reasoning", 0) == pytest.approx(float(truth), abs=1e-9)
        seen += "reasoning" in report.terms and truth > 0
    assert seen >= 5


@pytest.mark.parametrize("block", range(4))
def test_every_engine_finds_the_truth(block: int) -> None:
    """List search and CP-SAT reach brute force's optimum of tiny specs, reasoning included; no bound is above it."""
    for seed in range(12 * block, 12 * block + 12):
        rng = Random(seed)
        spec = schedule_from_data(with_reasoning(tiny_spec(rng), rng))
        best, instance = brute_force.optimum(spec, limit=1), build_instance(spec)
        if best is None:
            continue
        assert level_bounds(instance)[0] <= best.value[0] + 1e-9  # type: ignore[operator]
        for engine, steps in (("list-search", 2500), ("cpsat", 3000)):
            outcome = solve(instance, engine, steps=steps)
            assert outcome.solution is not None, (seed, engine)
            assert instance.value(outcome.solution) == pytest.approx(best.value, abs=1e-9), (seed, engine)
            assert outcome.bounds[0] is None or outcome.bounds[0] <= best.value[0] + 1e-9


@pytest.mark.parametrize("block", range(3))
def test_the_model_s_energy_is_the_checked_objective(block: int) -> None:
    """The least energy of the whole model is brute force's optimum, and encoding keeps the value of a schedule."""
    seen = 0
    for seed in range(25 * block, 25 * block + 25):
        rng = Random(seed)
        data = with_reasoning(tiny_spec(rng, features=("agents", "FS", "release", "slots", "makespan", "flow")), rng)
        spec = schedule_from_data(data)
        if len(spec.objective) > 1:
            continue
        best, instance = brute_force.optimum(spec, limit=1), build_instance(spec)
        if best is None:
            continue
        solution = brute_force.columns(best.schedules[0])
        built = build_model(instance, solution)
        assert built.objective(solution) == pytest.approx(float(check_solution(spec, solution).levels[0]), abs=1e-9)
        compiled = compile_qubo(built.model, sufficient_weights(built.model))
        if compiled.n <= 16:
            assert float(all_energies(compiled).min()) == pytest.approx(best.value[0], abs=1e-6)
            seen += 1
    assert seen >= 5


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("engine", ENGINES)
def test_a_planted_preference_is_followed_among_equals(engine: str, seed: int) -> None:
    """Each engine alone gives every task of an agent's choice to that agent, at the least makespan."""
    rng = Random(seed)
    tasks, agents = (3, 3) if engine == "exact" else (8, 4)
    plan = [k % agents for k in range(tasks)]
    rng.shuffle(plan)
    spec = fleet(tasks, agents, {f"prefer t{t} on a{a}": 0.8 for t, a in enumerate(plan)})
    instance = build_instance(spec)
    outcome = solve(instance, engine, steps=1000 if engine == "anneal" else 3000)
    assert outcome.solution is not None
    report = check_solution(spec, outcome.solution)
    assert report.terms["makespan"] == 2 * -(-tasks // agents)
    assert outcome.solution.agent.tolist() == plan
    assert report.terms["reasoning"] == 0


@pytest.mark.parametrize("engine", ["list-search", "cpsat", "anneal"])
def test_a_preferred_time_is_waited_for(engine: str) -> None:
    """Where the objective does not mind, a task starts in the span that is preferred, though it could start before."""
    spec = fleet(3, 3, {"prefer t1 in 3..5": 0.9, "prefer t2 in 40..41": 0.9}, objective={"cost": 1})
    outcome = solve(build_instance(spec), engine, steps=300)
    assert outcome.solution is not None
    assert 3 <= outcome.solution.start[1] <= 5
    assert 40 <= outcome.solution.start[2] <= 41
    assert check_solution(spec, outcome.solution).levels == (0,)


@pytest.mark.parametrize("engine", ["list-search", "cpsat"])
def test_no_step_of_the_objective_is_given_up(engine: str) -> None:
    """All tasks are wanted on one agent with near certainty; the makespan stays the least, whatever the weight."""
    spec = fleet(6, 3, {f"prefer t{t} on a0": 0.99 for t in range(6)}, reasoning={
        "actions": {f"prefer t{t} on a0": 0.99 for t in range(6)}, "weight": 1000})  # fmt: skip
    outcome = solve(build_instance(spec), engine, steps=2000)
    assert outcome.solution is not None
    assert check_solution(spec, outcome.solution).terms["makespan"] == 4


def test_an_objective_that_weighs_reasoning_may_trade_for_it() -> None:
    """With a weight of its own in the objective the makespan gives way."""
    actions = {f"prefer t{t} on a0": 0.99 for t in range(4)}
    spec = fleet(4, 2, actions, objective={"makespan": 1, "reasoning": 100})
    assert spec.reasoning is not None
    assert spec.reasoning.scale == 100
    outcome = solve(build_instance(spec), "cpsat", steps=2000)
    assert outcome.solution is not None
    assert outcome.solution.agent.tolist() == [0] * 4


@pytest.mark.parametrize("engine", ["list-search", "cpsat", "anneal"])
@pytest.mark.parametrize("reasoning", [{"weight": 0}, {"free": True}, {"even": True}])
def test_nothing_to_prefer_changes_nothing(engine: str, reasoning: dict[str, Any]) -> None:
    """Weight 0, free text alone, equal probabilities: instance, and schedule to the bit, are the plain ones."""
    for seed in range(4):
        data = random_spec(Random(seed), tasks=6, agents=3, features=[f for f in FEATURES if f != "no-agent"])
        wanted = {f"prefer t0 on {agent['id']}": 0.3 for agent in data.get("agents", [])}
        actions = {"stay calm": 0.7} if "free" in reasoning else wanted
        if "weight" in reasoning:
            actions = {text: 0.1 * k for k, text in enumerate(actions)}
        told = {"actions": actions, "weight": reasoning.get("weight", 1)}
        plain, other = schedule_from_data(data), schedule_from_data(data | {"reasoning": told})
        assert other.objective == plain.objective
        one, two = build_instance(plain), build_instance(other)
        assert two.wishes is None
        assert [m.tolist() for m in one.members] == [m.tolist() for m in two.members]
        if (np.diff(one.first_option) == 0).any():
            continue
        first, second = solve(one, engine, steps=60), solve(two, engine, steps=60)
        assert (first.status, first.bounds) == (second.status, second.bounds)
        assert (first.solution is None) == (second.solution is None)
        if first.solution is not None and second.solution is not None:
            for name in ("start", "end", "mode", "agent"):
                assert getattr(first.solution, name).tolist() == getattr(second.solution, name).tolist()


@pytest.mark.parametrize("block", range(4))
def test_all_bias_together_stays_under_the_smallest_penalty(block: int) -> None:
    """The largest value of the weighed term is under one step, and under the penalties of the model without it."""
    seen = 0
    for seed in range(25 * block, 25 * block + 25):
        rng = Random(seed)
        data = with_reasoning(tiny_spec(rng), rng)
        spec = schedule_from_data(data)
        plain = schedule_from_data({key: value for key, value in data.items() if key != "reasoning"} | {
            "objective": [{t: w for t, w in level.items() if t != "reasoning"} for level in (
                data["objective"] if isinstance(data["objective"], list) else [data["objective"]])]})  # fmt: skip
        listed = "reasoning" in str(data["objective"])
        asked = spec.reasoning
        assert asked is not None
        if listed or "reasoning" not in spec.objective[-1]:
            continue
        step = step_of(plain, plain.objective[-1])
        assert Fraction(repr(asked.scale)) * Fraction(repr(asked.most)) < step
        assert asked.scale <= asked.weight * step
        best = brute_force.optimum(plain, limit=1)
        if best is None:
            continue
        level = len(plain.objective) - 1
        solution = brute_force.columns(best.schedules[0])
        built = build_model(build_instance(plain), solution, level=level, fixed_levels=best.value[:level])
        if built.model.n:
            least = sufficient_weights(built.model).least
            assert asked.scale * asked.most < least, (seed, asked.scale * asked.most, least)
            seen += 1
    assert seen >= 4


@pytest.mark.parametrize(
    ("objective", "more", "step"),
    [
        ({"makespan": 1}, {}, Fraction(1)),
        ({"makespan": 2, "flow": 0.5}, {}, Fraction(1, 2)),
        ({"makespan": 1}, {"time": {"resolution": 0.25}}, Fraction(1, 4)),
        ({"cost": 1}, {}, Fraction(1)),
        ({"makespan": 1, "tardy": 0.3}, {}, Fraction(1, 10)),
        ({"makespan": 1, "tardy": 0.3333333333333333}, {}, Fraction(3333333333333333, 10**16) / 1024),
    ],
)
def test_a_step_is_the_least_difference_of_two_values(objective: dict[str, float], more: Any, step: Fraction) -> None:
    """The common divisor of what an objective level counts; numbers that are no decimals have a coarser one."""
    spec = fleet(2, 2, {}, objective=objective, **more)
    assert step_of(spec, spec.objective[-1]) == step


def test_an_agent_that_is_preferred_to_its_like_stands_alone() -> None:
    """Named agents are holders of their own, the others stay together."""
    members = [m.tolist() for m in build_instance(fleet(2, 5, {"prefer t0 on a3": 0.9})).members]
    assert members == [[], [0, 1, 2, 4], [3]]


@pytest.mark.parametrize("slot", [1, 2, 3])
def test_coarse_slots_price_starts_alike(slot: int) -> None:
    """In slots a start costs what its first tick costs in the spec."""
    actions = {"prefer t0 in 3..6": 0.5, "prefer t0 in 5..8": 0.3, "prefer t1 in 0..2": 0.9}
    wishes = build_instance(fleet(2, 2, actions)).wishes
    assert wishes is not None
    starts = np.arange(8)
    for task in (0, 1):
        who = np.full(8, task)
        assert wishes.in_slots(slot).of_start(who, starts).tolist() == wishes.of_start(who, starts * slot).tolist()


def test_a_start_may_move_left_as_long_as_it_costs_no_less() -> None:
    """From every start the floor is the earliest moment with no dearer one before the start behind it."""
    for seed in range(40):
        rng = Random(seed)
        actions = {}
        for _ in range(rng.randint(1, 4)):
            low = rng.randint(0, 10)
            actions[f"prefer t0 in {low}..{low + rng.randint(0, 6)}"] = round(rng.random(), 2)
        wishes = build_instance(fleet(1, 2, actions)).wishes
        if wishes is None:
            continue
        zero = np.zeros(1, np.int64)
        price = [float(wishes.of_start(zero, zero + s)[0]) for s in range(25)]
        for start in range(25):
            floor = int(wishes.floor(zero, zero + start)[0]) if wishes.timed[0] else 0
            assert max(price[floor : start + 1]) <= price[start]
            assert floor == 0 or price[floor - 1] > price[start] or price[floor - 1] > price[floor]
        low, high = sorted((rng.randint(0, 20), rng.randint(0, 20)))
        assert wishes.least(zero + low, zero + high)[0] == min(price[low : high + 1])
