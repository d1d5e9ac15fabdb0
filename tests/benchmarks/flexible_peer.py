"""The peer of `flexible.py`: the whole problem as one interval model for CP-SAT, plain or with loads beside it."""

from __future__ import annotations

import time
from typing import Any

from flexible_cases import Flexible


def cpsat(problem: Flexible, *, seconds: float, threads: int, seed: int, loads: bool) -> dict[str, Any]:
    """What CP-SAT makes of the problem: its schedule, its bound, and the wall seconds without building the model.

    A task has a start and an end, and an optional interval for each way to do it, one of which is there. Machines take
    intervals that don't overlap, other resources cumulate them, and what is used up is a linear constraint. With
    `loads` the makespan also has to hold all the work that is given to a machine or a resource: that follows from the
    rest, but gives CP-SAT a linear relaxation to work with.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    horizon = sum(max(way.duration for way in ways) for ways in problem.ways)
    starts, ends, chosen = [], [], []
    held: dict[str, list[tuple[Any, int]]] = {name: [] for name in problem.renewable}
    work: dict[str, list[Any]] = {name: [] for name in problem.renewable}
    used: dict[str, list[Any]] = {name: [] for name in problem.stock}
    for ways in problem.ways:
        start, end = model.new_int_var(0, horizon, ""), model.new_int_var(0, horizon, "")
        there = [model.new_bool_var("") for _ in ways]
        model.add_exactly_one(there)
        for way, is_it in zip(ways, there, strict=True):
            interval = model.new_optional_interval_var(start, way.duration, end, is_it, "")
            for name, amount in way.use.items():
                if name in held:
                    held[name].append((interval, amount))
                    work[name].append(amount * way.duration * is_it)
                else:
                    used[name].append(amount * is_it)
        starts.append(start)
        ends.append(end)
        chosen.append(there)
    for name, capacity in problem.renewable.items():
        if capacity == 1:
            model.add_no_overlap([interval for interval, _ in held[name]])
        else:
            model.add_cumulative([interval for interval, _ in held[name]], [q for _, q in held[name]], capacity)
    for name, capacity in problem.stock.items():
        model.add(sum(used[name]) <= capacity)
    for j, before in enumerate(problem.before):
        for i in before:
            model.add(starts[j] >= ends[i])
    makespan = model.new_int_var(0, horizon, "")
    model.add_max_equality(makespan, ends)
    for name, capacity in problem.renewable.items() if loads else ():
        model.add(capacity * makespan >= sum(work[name]))
    model.minimize(makespan)

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = seed
    begun = time.perf_counter()
    status = solver.solve(model)
    wall = time.perf_counter() - begun
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return {"start": None, "chosen": None, "bound": solver.best_objective_bound, "wall": wall}
    return {
        "start": [solver.value(start) for start in starts],
        "chosen": [next(k for k, is_it in enumerate(there) if solver.value(is_it)) for there in chosen],
        "bound": solver.best_objective_bound,
        "wall": wall,
    }
