"""Instances for the tests of CP-SAT, and a solve whose every schedule the checker has accepted."""

from __future__ import annotations

from random import Random
from typing import Any

from qamctl.schedule.bounds import term_bounds
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import cpsat
from qamctl.schedule.solvers.cpsat_model import windows
from qamctl.schedule.solvers.cpsat_window import latest_ends
from qamctl.solver import Budget, Outcome

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
            assert not check_columns(instance.spec, s.start, s.end, s.mode, s.agent, s.others).violations
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


def windows_of(instance: Instance, incumbent: Solution | None = None) -> Any:
    found = windows(instance, latest_ends(instance, incumbent, term_bounds(instance)))
    assert found is not None
    return found


def replace_objective(instance: Instance, objective: list[dict[str, float]]) -> Any:
    from dataclasses import replace

    return replace(instance.spec, objective=tuple(objective))
