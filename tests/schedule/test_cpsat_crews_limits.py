"""CP-SAT where problems with crews are too large for it, or not all of their crews are modelled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.cpsat_cases import STEPS, instance_of, solve

from qamctl.errors import BackendError
from qamctl.schedule.bounds import level_bounds, term_bounds
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import cpsat
from qamctl.schedule.solvers.cpsat_window import latest_ends
from qamctl.solver import Budget

FLEET = [{"id": f"a{k}"} for k in range(12)]


def tasks_of(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"t{k}", "duration": 2, **more} for k in range(count)]


def chain(count: int) -> list[dict[str, Any]]:
    """Each task gets data from the twenty before it."""
    return [
        {**task, "after": [{"task": f"t{i}", "data": 3} for i in range(max(0, k - 20), k)]}
        for k, task in enumerate(tasks_of(count))
    ]


def shifts(days: int) -> list[dict[str, Any]]:
    """Agents who are away every day, each at another time."""
    return [{"id": f"a{k}", "calendar": [[20 * day + k, 20 * day + k + 8] for day in range(days)]} for k in range(12)]


@pytest.mark.parametrize(
    ("data", "seconds", "what"),
    [
        (
            {"setup": [{"from": "f", "to": "f", "time": 1}], "tasks": tasks_of(20, setup="f")},
            0.2,
            f"{12 * 20 * 20} pairs of tasks with setups",
        ),
        ({"communication": {"bandwidth": 1}, "tasks": chain(40)}, 0.25, "84960 pairs of options with data"),
        ({"tasks": tasks_of(9), "agents": shifts(120)}, 0.06, f"{12 * 9 * 120} gaps in the calendars"),
        ({"tasks": tasks_of(9, preemptible=True), "agents": shifts(30)}, 0.2, f"{12 * 9 * 61} pieces of time"),
    ],
)  # fmt: skip
def test_what_would_be_too_large_is_declined(data: dict[str, Any], seconds: float, what: str) -> None:
    """A model that would eat the budget is not built: the outcome says why, keeps the incumbent, and has bounds."""
    instance = instance_of(**{"agents": FLEET, **data})
    outcome = cpsat.solve(instance, None, Budget(seconds=seconds), 0, lambda: False, lambda s: None)
    assert (outcome.status, outcome.solution, outcome.bounds) == ("unknown", None, level_bounds(instance))
    assert what in outcome.info["skipped"]
    some = solve(instance, None, Budget(steps=2_000))[0].solution
    assert some is not None
    kept = cpsat.solve(instance, some, Budget(seconds=seconds), 0, lambda: False, lambda s: None)
    assert (kept.status, kept.solution, kept.bounds) == ("feasible", some, level_bounds(instance))


def incomplete(instance: Instance) -> Instance:
    """The same options, as if there were more of them."""
    assert instance.crews is not None
    return replace(instance, complete=False)


PAIRS: dict[str, Any] = {
    "agents": [{"id": name, "calendar": [[1, 2]]} for name in "abc"],
    "tasks": [{"id": name, "duration": 2, "count": 2} for name in "xy"],
    "objective": [{"makespan": 1}, {"flow": 1}],
}


def test_nothing_is_proved_without_all_crews() -> None:
    """Where only some crews are modelled, answers count, and bounds are those that hold for all of them."""
    whole = instance_of(**PAIRS)
    outcome, _ = solve(whole)
    assert (outcome.status, outcome.bounds) == ("optimal", (6, 10))
    part = incomplete(whole)
    outcome, reported = solve(part)
    assert outcome.status == "feasible"
    assert outcome.solution is not None
    assert part.value(outcome.solution) == (6, 10)
    assert reported
    assert outcome.bounds == level_bounds(part)
    again, _ = solve(part, outcome.solution)
    assert (again.status, again.bounds) == ("feasible", level_bounds(part))


def test_nothing_is_infeasible_without_all_crews() -> None:
    """Where only some crews are modelled, it is unknown whether the others could do it."""
    data = {**PAIRS, "horizon": 5}
    assert solve(instance_of(**data))[0].status == "infeasible"
    part = incomplete(instance_of(**data))
    outcome, _ = solve(part)
    assert (outcome.status, outcome.solution, outcome.bounds) == ("unknown", None, level_bounds(part))
    assert part.crews is not None
    nobody = replace(part, first_option=np.array([0, 0, part.first_option[-1]], np.int64))
    assert solve(nobody)[0].status == "unknown"


def test_incumbent_with_crews_that_are_not_modelled() -> None:
    """A schedule by crews that are no options is kept where there may be others, and refused where there are none."""
    whole = instance_of(**PAIRS)
    incumbent = solve(whole)[0].solution
    assert incumbent is not None
    strange = Solution(incumbent.start, incumbent.end, incumbent.mode, incumbent.agent, {0: (1,), 1: (1, 2)})
    outcome = cpsat.solve(incomplete(whole), strange, STEPS, 0, lambda: False, lambda s: None)
    assert (outcome.status, outcome.solution) == ("feasible", strange)
    assert "agents that are not modelled" in outcome.info["skipped"]
    with pytest.raises(BackendError, match="none of this problem"):
        cpsat.solve(whole, strange, STEPS, 0, lambda: False, lambda s: None)


def test_schedules_are_long_enough() -> None:
    """Without a horizon tasks may end after every calendar, wait for lags, setups and data, and keep to old starts."""
    instance = instance_of(
        agents=[{"id": "a", "calendar": [[4, 30]]}, {"id": "b"}],
        communication={"bandwidth": 1, "latency": 2},
        setup=[{"from": "f", "to": "f", "time": 5}],
        tasks=[
            {"id": "x", "duration": 5, "agents": ["a"], "setup": "f"},
            {"id": "y", "duration": 5, "agents": ["a"], "setup": "f"},
            {"id": "z", "duration": 1, "agents": ["b"], "after": [{"task": "x", "lag": 3, "data": 4}]},
        ],
    )
    latest = latest_ends(instance, None, term_bounds(instance))
    assert (latest >= 30 + 11 + 5 + 3 + 6).all()
    assert solve(instance)[0].bounds == (45,)
