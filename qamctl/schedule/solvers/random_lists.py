"""What chance alone achieves: the best of so many random schedules, as the yardstick of sampled engines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qamctl.kernels import schedule_search
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.list_problem import flat_problem

#: Numbers in the table of random lists; more samples than fit are not drawn.
_LARGEST = 5_000_000


def best_of_random(
    instance: Instance, samples: int, seed: int, seconds: float, stop: Callable[[], bool] = lambda: False
) -> tuple[float, ...] | None:
    """Objective levels of the best of `samples` schedules, each generated from a random list with random options.

    Parameters
    ----------
    seconds, stop
        Stop after so much time, or when asked to, with fewer samples.

    Returns
    -------
    tuple or None
        None where none of them was feasible.
    """
    count = min(samples, max(1, _LARGEST // max(1, instance.n)))
    options = np.diff(instance.first_option)
    if count < 1 or (options == 0).any():
        return None
    rng = np.random.default_rng(seed)
    flat = flat_problem(instance)
    first = flat.problem.first_option
    choices = first[:-1] + rng.integers(0, np.diff(first), size=(count, instance.n))
    problem = replace(flat.problem, keys=rng.random((count, instance.n)), choices=np.ascontiguousarray(choices))
    search = schedule_search(problem, seed)
    until = time.monotonic() + seconds
    while search.steps < count and (left := until - time.monotonic()) > 0 and not stop():
        search.run(count - search.steps, min(left, 0.05))
    value = search.best_value
    return tuple(value[1:].tolist()) if value[0] == 0 else None
