"""CP-SAT as a peer: the whole problem as one interval model, plain or with loads beside it, or as an assignment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from ways import Flexible, Way


def cpsat(problem: Flexible, *, seconds: float, threads: int, seed: int, loads: bool) -> dict[str, Any]:
    """What CP-SAT makes of the problem: its schedule, its bound, and the seconds without building the model.

    A task has a start and an end, and an optional interval for each way to do it, one of which is there. Machines take
    intervals that don't overlap, other resources cumulate them, and what is used up is a linear constraint. With
    `loads` the makespan also has to hold all the work that is given to a machine or a resource: that follows from the
    rest, but gives CP-SAT a linear relaxation to work with.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    horizon = _horizon(problem)
    starts, ends = [], []
    chosen = _choices(model, problem)
    held: dict[str, tuple[list[Any], list[int]]] = {name: ([], []) for name in problem.renewable}
    for ways, there in zip(problem.ways, chosen, strict=True):
        start, end = model.new_int_var(0, horizon, ""), model.new_int_var(0, horizon, "")
        for way, is_it in zip(ways, there, strict=True):
            interval = model.new_optional_interval_var(start, way.duration, end, is_it, "")
            for name, amount in way.use.items():
                if name in held:
                    held[name][0].append(interval)
                    held[name][1].append(amount)
        starts.append(start)
        ends.append(end)
    for name, capacity in problem.renewable.items():
        if capacity == 1:
            model.add_no_overlap(held[name][0])
        else:
            model.add_cumulative(*held[name], capacity)
    for j, before in enumerate(problem.before):
        for i in before:
            model.add(starts[j] >= ends[i])
    makespan = model.new_int_var(0, horizon, "")
    model.add_max_equality(makespan, ends)
    if loads:
        _add_loads(model, problem, chosen, makespan)
    model.minimize(makespan)
    solver, answer = _solved(model, seconds, threads, seed)
    if answer["status"] in ("optimal", "feasible"):
        answer |= {"start": [solver.value(start) for start in starts], "chosen": _taken(solver, chosen)}
    return answer


def assigned(problem: Flexible, *, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    """The same of a problem in which order is nothing: only loads, without starts, which follow.

    That is how anybody would model it who knows the problem; with intervals CP-SAT is lost on a thousand tasks.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    chosen = _choices(model, problem)
    loads = dict.fromkeys(problem.renewable, 0)
    for ways in problem.ways:
        quickest = min(ways, key=lambda way: way.duration)
        loads[next(iter(quickest.use))] += quickest.duration
    makespan = model.new_int_var(0, max(loads.values()), "")
    _add_loads(model, problem, chosen, makespan)
    model.minimize(makespan)
    solver, answer = _solved(model, seconds, threads, seed)
    if answer["status"] in ("optimal", "feasible"):
        answer |= {"start": [], "chosen": _taken(solver, chosen)}
        free = dict.fromkeys(problem.renewable, 0)
        for ways, k in zip(problem.ways, answer["chosen"], strict=True):
            (machine,) = ways[k].use
            answer["start"].append(free[machine])
            free[machine] += ways[k].duration
    return answer


def unordered(problem: Flexible) -> bool:
    """Order is nothing: no task waits for another, and each way is one machine and nothing else."""
    alone = all(list(map(problem.renewable.get, way.use)) == [1] for ways in problem.ways for way in ways)
    return alone and not any(problem.before)


def _horizon(problem: Flexible) -> int:
    """All tasks one after the other, each in its shortest way, or its longest where that may use up too much."""
    which = max if problem.stock else min
    return sum(which(way.duration for way in ways) for ways in problem.ways)


def _choices(model: Any, problem: Flexible) -> list[list[Any]]:
    """A literal for each way of each task, of which one holds; what is used up is limited."""
    chosen = [[model.new_bool_var("") for _ in ways] for ways in problem.ways]
    for there in chosen:
        model.add_exactly_one(there)
    for name, users in _users(problem, chosen, problem.stock).items():
        model.add(_sum(users, [way.use[name] for way, _ in users]) <= problem.stock[name])
    return chosen


def _add_loads(model: Any, problem: Flexible, chosen: list[list[Any]], makespan: Any) -> None:
    """The makespan holds the work of each resource."""
    for name, users in _users(problem, chosen, problem.renewable).items():
        work = [way.use[name] * way.duration for way, _ in users]
        model.add(problem.renewable[name] * makespan >= _sum(users, work))


def _users(problem: Flexible, chosen: list[list[Any]], names: Iterable[str]) -> dict[str, list[tuple[Way, Any]]]:
    """The ways that use each resource, with their literals."""
    users: dict[str, list[tuple[Way, Any]]] = {name: [] for name in names}
    for ways, there in zip(problem.ways, chosen, strict=True):
        for way, is_it in zip(ways, there, strict=True):
            for name in users.keys() & way.use.keys():
                users[name].append((way, is_it))
    return users


def _sum(users: Sequence[tuple[Way, Any]], weights: Sequence[int]) -> Any:
    from ortools.sat.python import cp_model

    return cp_model.LinearExpr.weighted_sum([is_it for _, is_it in users], weights)


def _solved(model: Any, seconds: float, threads: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """The solver after its search, and what it says of it."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = seed
    wall, cpu = time.perf_counter(), time.process_time()
    status = solver.solve(model)
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    word = {cp_model.OPTIMAL: "optimal", cp_model.FEASIBLE: "feasible", cp_model.INFEASIBLE: "infeasible"}
    bound = solver.best_objective_bound
    return solver, spent | {"status": word.get(status, "unknown"), "start": None, "chosen": None, "bound": bound}


def _taken(solver: Any, chosen: list[list[Any]]) -> list[int]:
    return [next(k for k, is_it in enumerate(there) if solver.value(is_it)) for there in chosen]
