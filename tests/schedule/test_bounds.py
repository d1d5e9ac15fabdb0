"""The bounds that need no search: valid on random problems, exact where the reasoning is exact."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from support.brute_force import optimum
from support.random_specs import TERMS, random_feasible, random_spec, tiny_spec
from support.replanning import solved
from support.rich_schedules import rich_spec, with_earlier

from qamctl.schedule import borne
from qamctl.schedule.bounds import level_bounds, makespan_bound, term_bounds
from qamctl.schedule.build import build_instance
from qamctl.schedule.carry import Planned, carried
from qamctl.schedule.contest import check_solution, contest_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.reasons import reasons


def instance_of(**data: Any) -> Instance:
    return build_instance(schedule_from_data({"kind": "schedule", "version": 1, **data}))


@pytest.mark.parametrize("block", range(10))
def test_never_above_the_optimum(block: int) -> None:
    """On random tiny problems no level's bound is above the brute-force optimum, nor a term's above its own."""
    met = 0
    for seed in range(40 * block, 40 * block + 40):
        data = tiny_spec(Random(seed))
        spec = schedule_from_data(data)
        best = optimum(spec, limit=1)
        if best is None:
            continue
        got = level_bounds(build_instance(spec))
        assert got[0] is not None
        assert got[0] <= best.value[0] + 1e-9, seed
        met += got[0] >= best.value[0] - 1e-9
        for term in TERMS:
            alone = schedule_from_data({**data, "objective": {term: 1}})
            least = optimum(alone, limit=1)
            assert least is not None
            assert level_bounds(build_instance(alone))[0] <= least.value[0] + 1e-9, (seed, term)
    assert met >= 5  # valid is not enough: often it is the optimum


def test_never_above_a_feasible_schedule() -> None:
    """On larger random problems no term's bound is above the term's value in a feasible schedule."""
    checked = 0
    for seed in range(150):
        rng = Random(seed)
        spec = schedule_from_data(random_spec(rng, tasks=12, agents=4))
        solution = random_feasible(spec, rng, tries=3)
        if solution is None:
            continue
        instance = build_instance(spec)
        assert (term_bounds(instance) <= instance.terms(solution) + 1e-9).all(), seed
        checked += 1
    assert checked > 30


def test_no_tasks() -> None:
    """An empty schedule has bounds of 0."""
    assert level_bounds(instance_of(tasks=[], objective=[{"makespan": 1}, {"cost": 2}])) == (0.0, 0.0)
    assert makespan_bound(instance_of(tasks=[])) == 0


def test_longest_path_with_lags() -> None:
    """The makespan is at least the longest path, lags and all four precedence types included."""
    tasks = [
        {"id": "a", "duration": 3, "release": 2},
        {"id": "b", "duration": 4, "after": [{"task": "a", "lag": 5}]},
        {"id": "c", "duration": 1, "after": [{"task": "b", "type": "SS", "lag": 7}]},
        {"id": "d", "duration": 2, "after": [{"task": "c", "type": "FF", "lag": 3}]},
        {"id": "e", "duration": 9, "after": [{"task": "d", "type": "SF", "lag": 20}]},
    ]
    # a 2-5, b 10-14, c 17-18, d 19-21, e ends at 19 + 20
    assert makespan_bound(instance_of(tasks=tasks)) == 39


def test_machine_with_heads_and_tails() -> None:
    """On a machine the bound is at least Jackson's: least head, work and least tail of the best subset; often more."""
    machine = [
        {"id": f"t{i}", "duration": d, "release": head, "agents": ["m"]}
        for i, (head, d) in enumerate([(10, 5), (13, 6), (11, 7), (30, 4)])
    ]
    tails = [
        {"id": f"s{i}", "duration": q, "after": [f"t{i}"], "agents": "none"} for i, q in enumerate([7, 26, 24, 21])
    ]
    # heads 10, 13, 11, 30 and tails 7, 26, 24, 21 (J. Carlier's example has the same form): {1, 2}: 11 + 13 + 24
    # = 48, {0, 1, 2}: 10 + 18 + 7, {1, 2, 3}: 11 + 17 + 21 = 49, {3}: 30 + 4 + 21 = 55
    assert makespan_bound(instance_of(agents=[{"id": "m"}], tasks=machine + tails)) == 55
    # without the last task {1, 2} is the best subset with 48, but in either order the two end at 50
    assert makespan_bound(instance_of(agents=[{"id": "m"}], tasks=machine[:3] + tails[:3])) == 50


def test_energy_of_a_shared_resource() -> None:
    """The makespan is at least demand x duration over the capacity, rounded up."""
    tasks = [{"id": f"t{i}", "duration": d, "demand": {"r": 2}} for i, d in enumerate((3, 3, 1))]
    assert makespan_bound(instance_of(resources=[{"id": "r", "capacity": 4}], tasks=tasks)) == 4  # 14 / 4


def test_energy_of_several_agents_with_speeds() -> None:
    """The work of tasks that any agent may do is borne by the speeds of all of them."""
    agents = [{"id": "a", "speed": 2}, {"id": "b"}, {"id": "c", "speed": 0.5}]
    tasks = [{"id": f"t{i}", "duration": 10} for i in range(7)]
    assert makespan_bound(instance_of(agents=agents, tasks=tasks)) == 20  # 70 / 3.5


def test_energy_of_a_skilled_few() -> None:
    """Tasks that only some agents can do are borne by these alone."""
    agents = [{"id": f"a{i}", "skills": ["gpu"] if i < 2 else []} for i in range(10)]
    tasks = [{"id": f"t{i}", "duration": 6, "skills": ["gpu"]} for i in range(5)]
    tasks += [{"id": f"u{i}", "duration": 1} for i in range(5)]
    assert makespan_bound(instance_of(agents=agents, tasks=tasks)) == 15  # 30 / 2; all together 35 / 10


def test_own_capacity_and_shared_pool_together() -> None:
    """A demand that falls on agents' own capacity or on the shared pool is borne by both."""
    resources = [{"id": "r", "capacity": 2}]
    agents = [{"id": "a", "slots": 9, "capacity": {"r": 1}}, {"id": "b", "slots": 9}]
    tasks = [{"id": f"t{i}", "duration": 4, "demand": {"r": 1}} for i in range(6)]
    instance = instance_of(resources=resources, agents=agents, tasks=tasks)
    assert makespan_bound(instance) == 8  # 24 over 1 of a's and 2 of the pool
    best = optimum(instance.spec, limit=1)
    assert best is not None
    assert best.value == (8.0,)


def test_many_distinct_heads() -> None:
    """With more heads than the grid holds the bound is still valid and close."""
    tasks = [{"id": f"t{i}", "duration": 3, "release": 2 * i, "agents": ["m"]} for i in range(200)]
    got = makespan_bound(instance_of(agents=[{"id": "m"}], tasks=tasks))
    assert got == 600  # one after the other without a gap


def test_every_term() -> None:
    """Tardiness, tardy tasks and flow follow from earliest ends, cost from the cheapest options."""
    agents = [
        {"id": "a", "cost": {"fixed": 5, "per_time": 2}},
        {"id": "b", "cost": {"fixed": 7, "per_time": 1}},
    ]
    tasks = [
        {"id": "x", "duration": 4, "due": 3, "weight": 2, "agents": ["a"]},
        {"id": "y", "duration": 2, "release": 3, "due": 9, "weight": 3},
        {"id": "z", "duration": 1, "agents": "none"},
    ]
    instance = instance_of(agents=agents, tasks=tasks, objective=[dict.fromkeys(TERMS, 1), {"tardy": 10}])
    # ends 4, 5, 1; x one late; 4 x 2 for x on a, 2 x 1 for y on b, a's fixed cost
    assert term_bounds(instance).tolist() == [5, 2, 2, 2 * 4 + 3 * 2 + 1, 8 + 2 + 5, *[0] * 6]
    assert level_bounds(instance) == (5 + 2 + 2 + 15 + 15, 20)


def test_a_task_that_nobody_can_do() -> None:
    """A task without options has no part in the bounds, and does no harm to them."""
    tasks = [{"id": "x", "duration": 4, "skills": ["none-has-it"]}, {"id": "y", "duration": 3, "agents": "none"}]
    instance = instance_of(agents=[{"id": "a"}], tasks=tasks, objective={"makespan": 1, "cost": 1})
    assert level_bounds(instance) == (3.0,)
    assert level_bounds(instance_of(agents=[{"id": "a"}], tasks=tasks[:1], objective={"cost": 1})) == (0.0,)


def test_too_many_sets_for_a_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the matrix of tasks by holders would be too large, all holders together are still looked at."""
    agents = [{"id": f"a{i}", "skills": ["gpu"] if i < 2 else []} for i in range(10)]
    tasks = [{"id": f"t{i}", "duration": 6, "skills": ["gpu"]} for i in range(5)]
    tasks += [{"id": f"u{i}", "duration": 10} for i in range(20)]
    instance = instance_of(agents=agents, tasks=tasks)
    monkeypatch.setattr(borne, "CELLS", 1)
    assert makespan_bound(instance) == 23  # 230 / 10


def test_huge_numbers_stay_valid() -> None:
    """Energies beyond exact float64 arithmetic give a bound that is not above the truth."""
    tasks = [{"id": f"t{i}", "duration": 999_999_999_999, "demand": {"r": 999_999_999}} for i in range(3)]
    got = makespan_bound(instance_of(resources=[{"id": "r", "capacity": 999_999_999}], tasks=tasks))
    assert 0.99 * 3 * 999_999_999_999 <= got <= 3 * 999_999_999_999


def test_bound_of_nothing_but_zero_durations() -> None:
    """Tasks that take no time load nothing."""
    tasks = [{"id": f"t{i}", "duration": 0, "release": i} for i in range(4)]
    instance = instance_of(agents=[{"id": "a"}], tasks=tasks)
    assert makespan_bound(instance) == 3
    assert np.array_equal(term_bounds(instance)[:1], [3])


def test_bounds_hold_where_not_all_crews_are_options() -> None:
    """Of thirty agents three are quick: the crew of these is no option, and still nothing is said to be impossible."""
    agents = [
        {"id": f"a{k}", "speed": 2 if k % 10 == 5 else 1, "cost": {"fixed": 1, "per_time": 0 if k % 10 == 5 else 1}}
        for k in range(30)
    ]
    tasks = [{"id": "x", "duration": 10, "count": 3, "deadline": 5}]
    instance = instance_of(agents=agents, tasks=tasks, objective=[{"makespan": 1}, {"cost": 1}])
    assert not instance.complete
    assert reasons(instance) == []
    assert term_bounds(instance).tolist()[:1] == [5]
    assert term_bounds(instance)[4] <= 3


def test_what_an_earlier_schedule_can_not_keep_is_a_bound() -> None:
    """Crews that are gone count once, starts that came too early as far as they have to move, but no more than that."""
    tasks = [
        {"id": "stays", "duration": 2}, {"id": "gone", "duration": 2, "weight": 3},
        {"id": "late", "duration": 2, "release": 4.25}, {"id": "later", "duration": 2, "release": 9},
        {"id": "soon", "duration": 2, "deadline": 5}, {"id": "new", "duration": 1},
    ]  # fmt: skip
    plan = {"stays": ("a", 0), "gone": ("c", 0), "late": ("a", 4), "later": ("a", 2), "soon": ("b", 3.5)}
    agents = [{"id": "a", "slots": 3}, {"id": "b"}]
    data = {"kind": "schedule", "version": 1, "agents": agents, "tasks": tasks, "objective": {"disruption": 1}}
    planned = {task: Planned((agent,), None, Fraction(start)) for task, (agent, start) in plan.items()}
    instance = build_instance(carried(schedule_from_data(data), planned, {}))
    assert level_bounds(instance) == (0 + 3 + 0.25 + 1 + 0.5,)
    start = contest_of(instance).start
    assert start is not None
    assert instance.value(start) == level_bounds(instance)


@pytest.mark.parametrize("seed", range(40))
def test_no_schedule_changes_less_than_the_bound(seed: int) -> None:
    """On random specs with every feature and a random earlier schedule."""
    data = rich_spec(seed, "small")
    data["objective"] = [{"disruption": 1}, *data["objective"]]
    spec = with_earlier(schedule_from_data(data), seed)
    solution = solved(spec)
    if solution is None:
        pytest.skip("a short search finds no schedule of this random spec")
    bound, value = level_bounds(build_instance(spec))[0], check_solution(spec, solution).levels[0]
    assert bound is not None
    assert bound <= value + 1e-9
