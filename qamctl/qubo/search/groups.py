"""Search of models with one-hot groups and linear constraints, on the constraints themselves instead of penalties."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from qamctl.kernels import extension
from qamctl.qubo.model import Model
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.blocks import blocks_of
from qamctl.qubo.search.cooling import CoolingLane
from qamctl.qubo.search.pool import Pool

#: Apart as the increments of splitmix64.
STRIDE = 0x9E3779B97F4A7C15


def search(
    model: Model,
    *,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[np.ndarray, float], None] = lambda sample, energy: None,
    initial: np.ndarray | None = None,
) -> Found:
    """Search a constrained model; feasible samples first, then by the objective.

    Groups are never broken; rows are, at a price that adapts (see `qamctl.kernels.groups.reference`). A quick
    cooling finds the temperatures; then coolings follow, each longer and from the best state of its lineage, and
    learn which members of large groups are worth trying. Where nothing feasible was met, coolings of the violation
    alone stand in between. Later lineages merge the best states of earlier ones.

    Parameters
    ----------
    budget
        A step is one attempt for each variable. `target` counts for feasible samples.
    report
        Called with every better feasible sample and its objective.
    initial
        [n] a state to start from, feasible or not; the result is never worse.

    Returns
    -------
    Found
        `energies` are objectives, constraints apart. `info` has `feasible` and `violations` for each sample, and
        `possible`: False where the rows prove that no sample is feasible.

    Raises
    ------
    UnsupportedError
        Coefficients of the constraints are too large to be added up exactly.
    ValueError
        A coefficient of the objective is not finite.
    """
    pool = Pool(model, budget, stop, report)
    blocks = blocks_of(model)
    if initial is not None:
        pool.offer((np.asarray(initial) != 0).astype(np.uint8))
    threads = 1 if budget.seconds is None else max(1, budget.threads)
    lanes = [
        CoolingLane(pool, blocks, k, (seed + k * STRIDE) % 2**64, initial if k == 0 else None) for k in range(threads)
    ]
    _run(lanes, pool)
    first = lanes[0]
    info = {
        "method": "one-hot blocks",
        "kernel": "numpy reference" if extension("groups") is None else "C++",
        "blocks": blocks.count,
        "rows": len(blocks.problem.low),
        "places": blocks.problem.places,
        "possible": blocks.possible,
        "temperatures": [first.hot / blocks.scale, first.cold / blocks.scale],
        "coolings": sum(lane.coolings for lane in lanes),
        "restarts": sum(lane.restarts for lane in lanes),
        "merges": sum(lane.merges for lane in lanes),
    }
    steps = sum(lane.steps for lane in lanes)
    return pool.found(steps, steps * len(blocks.problem.linear), info)


def _run(lanes: list[CoolingLane], pool: Pool) -> None:
    """Lane 0 here, where Ctrl-C arrives; the others in threads of their own."""
    faults: list[BaseException] = []

    def guarded(lane: CoolingLane) -> None:
        try:
            lane.run()
        except BaseException as fault:
            faults.append(fault)
            pool.over = True

    threads = [
        threading.Thread(target=guarded, args=(lane,), name=f"groups-{k}") for k, lane in enumerate(lanes[1:], 1)
    ]
    for thread in threads:
        thread.start()
    try:
        lanes[0].run()
    except BaseException:
        pool.over = True
        raise
    finally:
        for thread in threads:
            thread.join()
    if faults:
        raise faults[0]
