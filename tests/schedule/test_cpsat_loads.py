"""Rows of work: they bound a makespan where tasks choose, and cut nothing off that a schedule can be."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from support.cpsat_cases import FT06, instance_of, job_shop, solve, spec_data, windows_of
from support.rich_oracle import best

from qamctl.schedule import bounds
from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solvers import cpsat_objective
from qamctl.schedule.solvers.cpsat_model import Model
from qamctl.schedule.solvers.cpsat_objective import Objective
from qamctl.solver import Budget


def unrelated(times: list[tuple[int, int]]) -> dict[str, Any]:
    """Tasks that take another time by each of two agents."""
    tasks = [
        {"id": f"t{k}", "modes": [{"id": a, "duration": d, "agents": [a]} for d, a in zip(both, "ab", strict=True)]}
        for k, both in enumerate(times)
    ]
    return spec_data(agents=[{"id": "a"}, {"id": "b"}], tasks=tasks)


def objective(instance: Instance) -> Objective:
    return Objective(Model(instance, windows_of(instance)))


@pytest.fixture
def unpriced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that know nothing of choices."""
    monkeypatch.setattr(bounds, "prices_of", lambda _: None)


@pytest.mark.usefixtures("unpriced")
def test_they_bound_by_what_choices_cost() -> None:
    """Thirty tasks of 10 by one agent and 15 by the other: energy says 150, sharing them 18 to 12 gives 180."""
    instance = build_instance(schedule_from_data(unrelated([(10, 15)] * 30)))
    assert makespan_bound(instance) == 150
    outcome, _ = solve(instance, budget=Budget(steps=2_000))
    assert (outcome.status, outcome.bounds) == ("optimal", (180.0,))


@pytest.mark.usefixtures("unpriced")
def test_without_them_the_bound_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same steps intervals alone prove less."""
    instance = build_instance(schedule_from_data(unrelated([(10, 15)] * 30)))
    monkeypatch.setattr(cpsat_objective, "add_loads", lambda *_: False)
    outcome, _ = solve(instance, budget=Budget(steps=2_000))
    assert outcome.bounds[0] is not None
    assert outcome.bounds[0] < 180


@pytest.mark.parametrize("seed", range(20))
def test_optimum_is_that_of_all_schedules(seed: int) -> None:
    """A pool whose capacity changes, agents of several slots, modes that take more for shorter."""
    rng = Random(seed)
    calendar = [[0, rng.randint(1, 4), rng.randint(0, 1)]] if seed % 2 else []
    pool = {"id": "pool", "capacity": rng.randint(2, 3), "calendar": calendar}
    tasks = [
        {
            "id": f"t{k}",
            "modes": [
                {"id": agent, "duration": rng.randint(1, 3), "demand": {"pool": rng.randint(0, 2)}, "agents": [agent]}
                for agent in rng.sample("ab", 2)
            ],
        }
        for k in range(4)
    ]
    agents = [{"id": "a", "slots": rng.randint(1, 2)}, {"id": "b"}]
    spec = schedule_from_data(spec_data(agents=agents, resources=[pool], tasks=tasks))
    want, (outcome, _) = best(spec), solve(build_instance(spec))
    assert want is not None
    assert (outcome.status, outcome.bounds) == ("optimal", tuple(map(float, want)))


def test_only_where_tasks_choose() -> None:
    """In a job shop every machine's work is known, and bounds of the model say it."""
    assert objective(build_instance(schedule_from_data(unrelated([(2, 3)] * 3)))).has_loads
    assert not objective(build_instance(schedule_from_data(job_shop(FT06)))).has_loads


def test_only_for_a_makespan() -> None:
    """Other terms need no rows."""
    data = unrelated([(2, 3)] * 3) | {"objective": [{"flow": 1}]}
    assert not objective(build_instance(schedule_from_data(data))).has_loads


def test_work_beyond_what_is_safe_is_left_out() -> None:
    """Amounts and times whose products leave CP-SAT's 64 bits give no row, and the plan is as good."""
    task = {
        "id": "x",
        "demand": {"pool": 10**12},
        "modes": [{"id": "m", "duration": 2**21}, {"id": "n", "duration": 2**21 + 1}],
    }
    instance = instance_of(resources=[{"id": "pool", "capacity": 10**12}], tasks=[task, task | {"id": "y"}])
    assert not objective(instance).has_loads
    outcome, _ = solve(instance)
    assert (outcome.status, outcome.bounds) == ("optimal", (float(2**22),))
