"""PyJobShop on a benchmark problem: its own model, its own way to CP-SAT."""

from __future__ import annotations

import math
import time
from typing import Any

from ways import Flexible


def pyjobshop(problem: Flexible, *, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    """What `pyjobshop.Model.solve` makes of the problem: status, starts, ways, bound, all in ticks.

    `wall` and `cpu` are the seconds of its solve, in which it makes CP-SAT's model of its own.
    """
    from pyjobshop import Model

    model = Model()
    resources = {
        id_: model.add_machine(name=id_) if capacity == 1 else model.add_renewable(capacity, name=id_)
        for id_, capacity in problem.renewable.items()
    } | {id_: model.add_consumable(capacity, name=id_) for id_, capacity in problem.stock.items()}
    machines = {id_ for id_, capacity in problem.renewable.items() if capacity == 1}
    tasks = [model.add_task(name=id_) for id_ in problem.ids]
    first = []
    for task, ways in zip(tasks, problem.ways, strict=True):
        first.append(len(model.modes))
        for way in ways:
            used = [resources[r] for r in way.use]
            # A machine takes one task at once and no demand; other resources take the quantity.
            model.add_mode(task, used, way.duration, [0 if r in machines else q for r, q in way.use.items()])
    for task, before in zip(tasks, problem.before, strict=True):
        for i in before:
            model.add_end_before_start(tasks[i], task)
    wall, cpu = time.perf_counter(), time.process_time()
    result = model.solve("ortools", time_limit=seconds, display=False, num_workers=threads, random_seed=seed)
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    solved = math.isfinite(result.objective)
    status = result.status.value.lower()
    found = zip(result.best.tasks, first, strict=True) if solved else None
    return spent | {
        "status": status if status in ("optimal", "infeasible") else "feasible" if solved else "unknown",
        "start": [task.start for task in result.best.tasks] if solved else None,
        "chosen": None if found is None else [task.mode - k for task, k in found],
        "bound": result.lower_bound if solved else None,
    }
