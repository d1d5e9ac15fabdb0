"""Prices of machines: bounds that hold, and are near those of the linear relaxation."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from support.cpsat_cases import FT06, instance_of, job_shop, spec_data
from support.rich_oracle import best
from support.rich_schedules import rich_spec

from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import best_capacity, option_loads
from qamctl.schedule.prices import prices_of
from qamctl.schedule.read import schedule_from_data


def parallel(rng: Random, tasks: int, machines: int, most: int = 99) -> dict[str, Any]:
    """Tasks that take another time by each agent."""
    rows = [
        {"id": f"t{t}", "modes": [
            {"id": f"m{m}", "duration": rng.randint(1, most), "agents": [f"a{m}"]} for m in range(machines)
        ]}
        for t in range(tasks)
    ]  # fmt: skip
    return spec_data(agents=[{"id": f"a{m}"} for m in range(machines)], tasks=rows)


def relaxed(instance: Instance) -> float:
    """The least makespan where tasks may be divided among their options, by HiGHS."""
    loads = option_loads(instance, consumable=False)
    options = len(instance.option_mode)
    supplies, row = np.unique(loads.supply, return_inverse=True)
    option = np.repeat(np.arange(options), np.diff(loads.first))
    work = np.zeros((len(supplies), options + 1))
    np.add.at(work, (row, option), loads.amount * instance.option_duration[option])
    work[:, -1] = [-best_capacity(instance, s) for s in supplies.tolist()]
    once = np.zeros((instance.n, options + 1))
    once[np.repeat(np.arange(instance.n), np.diff(instance.first_option)), np.arange(options)] = 1
    target = np.append(np.zeros(options), 1)
    return float(linprog(target, work, np.zeros(len(supplies)), once, np.ones(instance.n)).fun)


@pytest.mark.parametrize("seed", range(10))
def test_near_the_linear_relaxation_and_never_above(seed: int) -> None:
    """On unrelated machines within half a percent of it."""
    rng = Random(seed)
    instance = build_instance(schedule_from_data(parallel(rng, rng.randint(20, 80), rng.randint(2, 8))))
    prices, exact = prices_of(instance), relaxed(instance)
    assert prices is not None
    assert 0.995 * exact - 1 <= prices.bound <= np.ceil(exact - 1e-6)
    assert makespan_bound(instance) >= prices.bound


def test_modes_that_take_more_of_a_pool_are_dearer() -> None:
    """Several supplies an option: the fast mode needs two of a pool of two, the slow one only its agent."""
    modes = [{"id": "fast", "duration": 2, "demand": {"r": 2}}, {"id": "slow", "duration": 6, "demand": {"r": 0}}]
    tasks = [{"id": f"t{k}", "modes": modes, "agents": ["a", "b", "c"]} for k in range(12)]
    agents = [{"id": name} for name in "abc"]
    instance = instance_of(agents=agents, resources=[{"id": "r", "capacity": 2}], tasks=tasks)
    prices = prices_of(instance)
    assert prices is not None
    assert 0.99 * relaxed(instance) <= prices.bound <= np.ceil(relaxed(instance) - 1e-6)
    assert (prices.cost > 0).all()


def test_whatever_else_a_spec_says_the_bound_holds() -> None:
    """With crews, calendars, tasks left out: never above the best of all schedules."""
    priced = 0
    for seed in range(150):
        data = rich_spec(seed, "tiny") | {"objective": [{"makespan": 1}]}
        spec = schedule_from_data(data)
        instance, want = build_instance(spec), best(spec)
        prices = prices_of(instance)
        if want is None or prices is None:
            continue
        priced += 1
        assert prices.bound * instance.unit <= float(want[0]) + 1e-9, seed
        assert makespan_bound(instance) * instance.unit <= float(want[0]) + 1e-9, seed
    assert priced > 20


def test_nothing_is_priced_where_nothing_is_chosen() -> None:
    """In a job shop, without tasks, without a way to do one, or where work takes nothing."""
    assert prices_of(build_instance(schedule_from_data(job_shop(FT06)))) is None
    assert prices_of(instance_of(tasks=[])) is None
    free = [{"id": "t", "modes": [{"id": "m", "duration": 1}, {"id": "n", "duration": 2}]}]
    assert prices_of(instance_of(tasks=free)) is None
    nobody = [{"id": "t", "duration": 1, "agents": ["a"], "skills": ["x"]}, {"id": "u", "duration": 1}]
    assert prices_of(instance_of(agents=[{"id": "a"}], tasks=nobody)) is None


def test_huge_numbers_are_bounded_too() -> None:
    """Durations and amounts near the limits of a file leave fewer bits for prices, or none: never a wrong bound."""
    task = {"modes": [{"id": "m", "duration": 2**21, "demand": {"r": 10**12}}, {"id": "n", "duration": 2**21 + 8}]}
    instance = instance_of(
        agents=[{"id": "a"}], resources=[{"id": "r", "capacity": 10**12}],
        tasks=[task | {"id": f"t{k}", "agents": ["a"]} for k in range(4)],
    )  # fmt: skip
    prices = prices_of(instance)
    assert prices is None or prices.bound <= 4 * 2**21
    assert makespan_bound(instance) >= 4 * 2**21
