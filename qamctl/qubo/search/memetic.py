"""Memetic search: local optima of tabu or breakout search, combined by path relinking (Wang, Lu, Glover, Hao 2012)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.kernels.couplings import Couplings, Samples
from qamctl.kernels.tabu import TabuSearch, tabu_search
from qamctl.qubo.search.lanes import Lane
from qamctl.qubo.search.population import Population

#: Parents that are nearer than this leave no path to walk; the child is then shaken instead.
NEAR = 8

#: Children in a row that were not admitted, by member, after which the population begins again.
STALE = 4


@dataclass(frozen=True, slots=True)
class Method:
    """How a lane searches.

    Attributes
    ----------
    name
        "tabu" or "breakout": what improves a child.
    n
        Variables.
    tolerance
        What rounding may add up to in a sum of coefficients; 0 for whole numbers.
    dense
        Which kernel.
    tenure, spread
        Of the tabu list.
    patience
        Steps without improvement after which a child is finished.
    shortest, strong, optima, directed
        Of breakout: least and largest number of flips of a perturbation; local optima without improvement before a
        strong one; the least share of perturbations that the tabu list directs.
    size
        Of the population.
    symmetric
        Whether flipping all variables changes no energy.
    """

    name: str
    n: int
    tolerance: float
    dense: bool
    tenure: int
    spread: int
    patience: int
    size: int
    symmetric: bool
    shortest: int = 1
    strong: int = 1
    optima: int = 1
    directed: float = 1.0


def memetic(lane: Lane, model: Couplings, method: Method, target: float | None) -> Mapping[str, Any]:
    """Search in one lane until its turns end, or the sum of coefficients is `target` or less."""
    kernel = tabu_search(
        model,
        dense=method.dense,
        tenure=method.tenure,
        spread=method.spread,
        seed=lane.seed,
        tolerance=method.tolerance,
    )
    # The C library's exponential, not numpy's: that one rounds differently from one instruction set to another.
    calm = [max(method.directed, math.exp(-k / method.optima)) for k in range(method.optima + 1)]
    kernel.adapt(method.shortest, method.strong, np.array(calm))
    rng = np.random.default_rng(lane.seed)
    elite = Population(method.size, method.symmetric)
    children = renewals = stale = 0
    if lane.initial is not None:
        kernel.start(lane.initial)
        _improve(lane, kernel, elite, method, target)
    while lane.turn():
        if not elite.full:
            kernel.start(rng.integers(0, 2, model.n, dtype=np.uint8))
        else:
            _combine(kernel, elite, rng)
        admitted = _improve(lane, kernel, elite, method, target)
        children += 1
        stale = 0 if admitted else stale + 1
        if elite.full and stale > STALE * method.size:
            elite.renew()
            renewals, stale = renewals + 1, 0
    return {"children": children, "renewals": renewals}


def _combine(kernel: TabuSearch, elite: Population, rng: np.random.Generator) -> None:
    """Put the kernel where the path from one parent to another is best, in its middle third."""
    begin, end = (elite.members[k].sample for k in rng.choice(len(elite.members), 2, replace=False))
    goal, apart = elite.towards(begin, end)
    if apart >= NEAR:
        kernel.start(begin)
        kernel.relink(goal, apart // 3, 2 * apart // 3, greedy=bool(rng.integers(2)))
    else:
        kernel.start(_shaken(begin, rng))


def _shaken(sample: Samples, rng: np.random.Generator) -> Samples:
    """With a twentieth of its variables flipped, ten at least."""
    shaken = sample.copy()
    flipped = rng.integers(0, len(sample), max(10, len(sample) // 20))
    shaken[flipped] ^= 1
    return shaken


def _improve(lane: Lane, kernel: TabuSearch, elite: Population, method: Method, target: float | None) -> bool:
    """Search from where the kernel is until its patience ends, and hand the result in; whether the elite took it.

    Improvements on the way are handed in as well where time ends the search: with a step budget the cuts
    between turns, which depend on the machine, must not show.
    """
    goal = -math.inf if target is None else target
    kernel.limit(method.patience, goal)
    run = kernel.breakout if method.name == "breakout" else kernel.run
    while turn := lane.turn():
        steps = run(*turn)
        lane.count(steps, steps * method.n)
        reached = kernel.best_value <= goal
        if reached or (lane.timed and lane.improves(kernel.best_value)):
            lane.offer(kernel.best_sample, kernel.best_value, 0)
        if reached:  # where the search goes on, rounding was kinder to the sum than to the energy
            goal = math.nextafter(kernel.best_value - method.tolerance, -math.inf)
            kernel.limit(method.patience, goal)
        if kernel.steps - kernel.improved >= method.patience:
            break
    sample, value = kernel.best_sample, kernel.best_value
    lane.offer(sample, value)
    return elite.admit(value, sample)
