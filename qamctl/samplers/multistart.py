"""Tabu search from one start after the other, with the tenure and the number of restarts that a caller names."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.kernels.tabu import tabu_search
from qamctl.qubo.search.base import SLICE, Found

#: A search ends after so many steps without improvement: a number of its own, and as many for each variable.
PATIENCE, PATIENCE_PER_VARIABLE = 5_000, 20

#: Models with this share of all pairs coupled, and at most so many variables, are searched as full matrices.
DENSE, DENSE_VARIABLES = 0.1, 20_000

#: A restart begins at the best sample with this share of its variables, at most, set by chance.
SHAKEN = 0.5


def multistart(
    model: Couplings,
    initial: np.ndarray | None,
    seed: int,
    *,
    tenure: int | None,
    restarts: int,
    seconds: float,
    target: float | None,
    stop: Callable[[], bool],
) -> tuple[Found, int]:
    """The best sample of a tabu search and at most `restarts` further ones, and how many of these there were.

    After Palubeckis, "Multistart tabu search strategies for the unconstrained binary quadratic optimization
    problem", Annals of Operations Research 131 (2004), with restarts by chance in place of its construction.

    Parameters
    ----------
    tenure
        Steps for which a flipped variable is held; None: a quarter of the variables, 2 .. 20 of them.
    seconds
        Wall time, infinite without a limit.
    target
        In the model's units.
    """
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 2, model.n, np.uint8) if initial is None else np.asarray(initial, np.uint8)
    held = min(20, max(model.n // 4, min(2, model.n - 1))) if tenure is None else tenure
    pairs = model.n * (model.n - 1) / 2
    dense = model.n <= DENSE_VARIABLES and model.pairs >= DENSE * max(1.0, pairs)
    kernel = tabu_search(model, dense=dense, tenure=held, spread=1, seed=seed, tolerance=model.tolerance)
    goal = -np.inf if target is None else (target - model.offset) * model.scale
    patience = PATIENCE + PATIENCE_PER_VARIABLE * model.n
    kernel.limit(patience, goal)
    deadline = time.monotonic() + seconds
    best, value, steps, done = start, np.inf, 0, 0
    while model.n:
        kernel.start(start)
        over = False
        while not over and kernel.steps - kernel.improved < patience and kernel.best_value > goal:
            kernel.run(2**40, max(0.0, min(SLICE, deadline - time.monotonic())))
            over = stop() or time.monotonic() >= deadline
        steps += kernel.steps
        if kernel.best_value < value:
            best, value = kernel.best_sample, kernel.best_value
        if over or value <= goal or done >= restarts:
            break
        done += 1
        shaken = rng.random(model.n) < SHAKEN * rng.random()
        start = np.where(shaken, rng.integers(0, 2, model.n, np.uint8), best)
    energies = np.array([model.energy(best)])
    info = {"method": "multistart tabu", "tenure": held}
    return Found(best[None, :], energies, np.ones(1, np.int64), steps, steps * model.n, info=info), done
