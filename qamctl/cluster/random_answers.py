"""What chance achieves: random assignments that keep every rule, for comparison with sampled engines."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from qamctl.cluster.instance import Instance
from qamctl.kernels import assignment_search


def best_of_random(
    instance: Instance, shots: int, seed: int, seconds: float, stop: Callable[[], bool]
) -> tuple[float, ...] | None:
    """The best value among `shots` random assignments, of those that are feasible; None where none is.

    Units go to random leaves that they may be in, one after the other in random order, to one that has room where one
    of a few tries has.

    Parameters
    ----------
    seconds
        Wall time after which no further one is drawn.
    """
    problem = instance.problem
    rng = np.random.default_rng(seed)
    until = time.monotonic() + seconds
    best: tuple[float, ...] | None = None
    for _ in range(shots):
        if stop() or time.monotonic() >= until:
            break
        leaf = np.full(problem.n, problem.k, np.int32)
        first = problem.allowed_first[problem.kind]
        count = problem.allowed_first[problem.kind + 1] - first
        some = count > 0
        picked = first[some] + (rng.random(int(some.sum())) * count[some]).astype(np.int64)
        leaf[some] = problem.allowed_leaf[picked]
        if assignment_search(problem, leaf, 0).best_violation:
            continue
        value = instance.value_of(leaf)
        if best is None or value < best:
            best = value
    return best
