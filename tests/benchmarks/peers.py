"""PyJobShop on a benchmark problem: its own model, its own way to CP-SAT."""

from __future__ import annotations

import math
from typing import Any

from plain import Plain


def pyjobshop(problem: Plain, *, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    """What `pyjobshop.Model.solve` makes of the problem: status, starts, bound in units."""
    from pyjobshop import Model

    model = Model()
    resources = {
        id_: model.add_machine(name=id_) if capacity == 1 else model.add_renewable(capacity, name=id_)
        for id_, capacity in problem.capacity.items()
    }
    tasks = [model.add_task(name=id_) for id_ in problem.ids]
    for task, duration, need in zip(tasks, problem.duration, problem.demand, strict=True):
        used = [resources[r] for r in need]
        # A machine takes one task at once and no demand; a renewable resource takes the quantity.
        model.add_mode(task, used, duration, [0 if problem.capacity[r] == 1 else q for r, q in need.items()])
    for task, before in zip(tasks, problem.before, strict=True):
        for i in before:
            model.add_end_before_start(tasks[i], task)
    result = model.solve("ortools", time_limit=seconds, display=False, num_workers=threads, random_seed=seed)
    solved = math.isfinite(result.objective)
    status = result.status.value.lower()
    return {
        "status": status if status in ("optimal", "infeasible") else "feasible" if solved else "unknown",
        "start": [task.start for task in result.best.tasks] if solved else None,
        "bound": result.lower_bound / problem.scale if solved else None,
    }
