"""The engines of assignment.py: each solves one assignment problem for so many CPU seconds, in a process of its own.

Reads a job from standard input and prints {"bins": the bin of each item or null, "cpu", "note"}.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

from support.assignment import Assignment, assignment, read_gap  # noqa: E402

Answer = tuple[np.ndarray | None, str]

#: Of neal: reads that share the time, and sweeps from which runs are timed to see how long they may be.
READS, PILOT = 4, 5


def problem_of(job: dict[str, Any]) -> Assignment:
    """The generated or published problem of a job."""
    if job["kind"] == "file":
        return read_gap(Path(job["path"]))
    return assignment(job["items"], job["bins"], job["number"], job["kind"], job["talk"])


def native(problem: Assignment, seconds: float, seed: int) -> Answer:
    """Our search on the constraints themselves, in one thread."""
    from qamctl.qubo.search.base import Budget
    from qamctl.qubo.search.groups import search

    found = search(problem.model(), budget=Budget(seconds=seconds, clock=time.process_time), seed=seed)
    note = f"{found.attempts / 1e6 / max(seconds, 1e-9):.1f} M attempts/s, {found.info['coolings']} coolings"
    return problem.bin_of(found.samples[0]) if found.info["feasible"][0] else None, note


def neal(problem: Assignment, seconds: float, seed: int, group: float, row: float) -> Answer:
    """dwave-neal on the penalty QUBO with log slack; building it is not counted.

    `group` is the weight of a group in units of the most that leaving one item out could save; `row` is the weight
    of a capacity in units in which an overflow by an average demand costs as much as that.
    """
    from dwave.samplers import SimulatedAnnealingSampler

    from qamctl.qubo.compile import compile_qubo
    from qamctl.qubo.penalties import Weights

    model = problem.model()
    traffic = np.bincount(problem.pairs.ravel(), np.repeat(problem.traffic, 2), problem.items)
    most = float((problem.cost.max(axis=1) + traffic * problem.distance.max(initial=0)).max())
    weight = group * most
    rows = np.full(problem.bins, row * weight / float(problem.demand.mean()) ** 2)
    compiled = compile_qubo(model, Weights(weight, rows))
    bqm, sampler = compiled.to_bqm(), SimulatedAnnealingSampler()

    def cpu(sweeps: int) -> float:
        begin = time.process_time()
        sampler.sample(bqm, num_reads=1, num_sweeps=sweeps, seed=1)
        return time.process_time() - begin

    cpu(1)  # whatever happens only once
    fixed, pilot, spent = cpu(1), PILOT, 0.0
    while spent < max(0.02 * seconds, 2 * fixed):
        pilot *= 2
        spent = cpu(pilot)
    sweeps = max(10, int((seconds - fixed) / READS / ((spent - fixed) / pilot)))
    samples = sampler.sample(bqm, num_reads=READS, num_sweeps=sweeps, seed=seed)
    order = np.argsort(np.fromiter(samples.variables, np.int64))
    best: tuple[int, np.ndarray] | None = None
    feasible = 0
    for sample in samples.record.sample[:, order][:, : model.n]:
        table = sample.reshape(problem.items, problem.bins)
        if (table.sum(axis=1) != 1).any():
            continue
        bins = table.argmax(axis=1)
        value = problem.objective(bins)
        if value is not None:
            feasible += 1
            best = min(best or (value, bins), (value, bins), key=lambda pair: pair[0])
    note = f"{feasible}/{READS} feasible, {sweeps} sweeps"
    return None if best is None else best[1], note


def cpsat(problem: Assignment, seconds: float, seed: int, products: bool) -> Answer:
    """CP-SAT, one worker, with our first-fit state as hint; traffic by distances or by products of booleans.

    By distances: for each pair a cost that is at least the distance from where the first item is, enforced by it.
    By products: a boolean for each pair of items and each pair of bins apart.
    """
    from ortools.sat.python import cp_model

    from qamctl.qubo.search.blocks import blocks_of
    from qamctl.qubo.search.restore import construct

    items, bins, far = problem.items, problem.bins, problem.distance
    cp = cp_model.CpModel()
    x = [[cp.new_bool_var("") for _ in range(bins)] for _ in range(items)]
    for row in x:
        cp.add_exactly_one(row)
    for k in range(bins):
        cp.add(sum(int(problem.demand[i, k]) * x[i][k] for i in range(items)) <= int(problem.capacity[k]))
    terms: list[Any] = [int(problem.cost[i, k]) * x[i][k] for i in range(items) for k in range(bins)]
    for (a, b), flow in zip(problem.pairs.tolist(), problem.traffic.tolist(), strict=True):
        if products:
            for k, m in zip(*np.nonzero(far), strict=True):
                z = cp.new_bool_var("")
                cp.add_bool_or(x[a][k].negated(), x[b][m].negated(), z)
                terms.append(flow * int(far[k, m]) * z)
        else:
            y = cp.new_int_var(0, int(far.max()), "")
            for k in range(bins):
                here = sum(int(far[k, m]) * x[b][m] for m in range(bins))
                cp.add(y >= here).only_enforce_if(x[a][k])
            terms.append(flow * y)
    cp.minimize(sum(terms))
    blocks = blocks_of(problem.model())
    hint = problem.bin_of(blocks.sample(construct(blocks.problem, lambda: False)))
    for i in range(items):
        for k in range(bins):
            cp.add_hint(x[i][k], bool(hint[i] == k))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    done, begin = threading.Event(), time.process_time()

    def watch() -> None:
        while not done.wait(0.05):
            if time.process_time() - begin > seconds:
                solver.stop_search()

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = solver.solve(cp)
    done.set()
    watcher.join()
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, solver.status_name(status)
    note = f"{solver.status_name(status)}, bound {solver.best_objective_bound:.0f}"
    return np.array([[solver.boolean_value(v) for v in row] for row in x]).argmax(axis=1), note


def highs(problem: Assignment, seconds: float) -> Answer:
    """HiGHS as scipy has it, by wall time: linear problems only."""
    import scipy.sparse as sp
    from scipy.optimize import Bounds, LinearConstraint, milp

    items, bins = problem.items, problem.bins
    n = items * bins
    item, spot = np.divmod(np.arange(n), bins)
    one = sp.coo_array((np.ones(n), (item, np.arange(n))), shape=(items, n))
    load = sp.coo_array((problem.demand.ravel().astype(float), (spot, np.arange(n))), shape=(bins, n))
    found = milp(
        problem.cost.ravel().astype(float), integrality=np.ones(n), bounds=Bounds(0, 1),
        constraints=[LinearConstraint(one.tocsc(), 1, 1), LinearConstraint(load.tocsc(), -np.inf, problem.capacity)],
        options={"time_limit": seconds},
    )  # fmt: skip
    if found.x is None:
        return None, str(found.message)
    return found.x.reshape(items, bins).argmax(axis=1), f"bound {found.mip_dual_bound:.0f}"


def main() -> None:
    job = json.loads(sys.stdin.read())
    problem = problem_of(job)
    name, _, variant = job["engine"].partition(":")
    begin = time.process_time()
    if name == "native":
        bins, note = native(problem, job["seconds"], job["seed"])
    elif name == "neal":
        group, row = (float(part) for part in variant.split("/"))
        bins, note = neal(problem, job["seconds"], job["seed"], group, row)
    elif name == "cpsat":
        bins, note = cpsat(problem, job["seconds"], job["seed"], variant == "products")
    else:
        bins, note = highs(problem, job["seconds"])
    answer = {
        "bins": None if bins is None else bins.tolist(),
        "cpu": round(time.process_time() - begin, 2),
        "note": note,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
