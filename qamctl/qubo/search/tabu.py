"""The engine `tabu`: tabu search of binary models without constraints, steered by what the model is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.lanes import Lane, run_lanes
from qamctl.qubo.search.memetic import Method, memetic

#: Bytes that a full matrix of couplings may take; above it the sparse kernel is used.
MATRIX = 2**31

#: Models with less bias than this are landscapes like those of MaxCut: long tabu lists and long perturbations.
BALANCED = 0.3

#: Large arrays are gone through in so many parts, each small enough for a processor's cache.
PARTS = 64

#: Members of a population.
ELITE = 10


def search(
    model: Couplings,
    *,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[np.ndarray, float], None] = lambda sample, energy: None,
    initial: np.ndarray | None = None,
) -> Found:
    """Memetic tabu or breakout search; see `qamctl.qubo.search.base.Search`.

    `Found.info` names the method, whether the couplings were kept as a full matrix, the tabu tenure, and counts
    children and renewals of the population in the first lane.

    Notes
    -----
    Wang, Lu, Glover, Hao, "Path relinking for unconstrained binary quadratic programming" (EJOR 2012); Glover, Lu,
    Hao, "Diversification-driven tabu search" (4OR 2010); Benlic, Hao, "Breakout local search for the max-cut
    problem" (EAAI 2013).
    """
    begin = budget.clock()
    method = choose(model)
    target = None if budget.target is None else (budget.target - model.offset) * model.scale

    def worker(lane: Lane) -> Mapping[str, Any]:
        return memetic(lane, model, method, target)

    found = run_lanes(worker, model, budget=budget, seed=seed, stop=stop, report=report, initial=initial, begin=begin)
    about = {"method": f"memetic {method.name}", "matrix": method.dense, "tenure": [method.tenure, method.spread]}
    return Found(
        found.samples, found.energies, found.occurrences, found.steps, found.attempts, found.curve,
        about | dict(found.info),
    )  # fmt: skip


def choose(model: Couplings) -> Method:
    """How to search a model, by its size, density and weights alone."""
    n = model.n
    dense, bias = _full_matrix(model), _bias(model)
    common = Method(
        "tabu", n, model.tolerance, dense, tenure=min(n // 100 + 10, n // 4), spread=min(10, n // 4 + 1),
        patience=max(1, 20 * n), size=ELITE, symmetric=bias < 1e-9,
    )  # fmt: skip
    if bias >= BALANCED:
        return common
    return replace(
        common, name="breakout", tenure=min(3, n // 4), spread=max(1, n * 3 // 20), patience=max(1, 50 * n),
        shortest=max(1, n * 7 // 100), strong=max(1, n * 4 // 10), optima=200, directed=0.8,
    )  # fmt: skip


def _full_matrix(model: Couplings) -> bool:
    """Whether a step over a row of a full matrix takes less time than one over the row's couplings."""
    n, degree = model.n, 2 * model.pairs / max(1, model.n)
    if n * n * (4 if model.integral else 8) > MATRIX:
        return False
    # Nanoseconds, as measured on a processor with AVX2; their ratios hold elsewhere too.
    full = 25 + n * (0.085 if model.integral else 0.48)
    rows = 55 + degree * (3.8 if model.integral else 7.6)
    return full < rows


def _bias(model: Couplings) -> float:
    """How strongly single variables are drawn to one side, beside what couplings do to them; 0 for cuts.

    In spins the field of a variable is half its linear term plus a quarter of its couplings; both are compared as
    root mean squares.
    """
    field = 2.0 * model.linear + model.partners(np.ones(model.n, np.uint8))
    strength = sum(float(np.square(part, dtype=np.float64).sum()) for part in np.array_split(model.weight, PARTS))
    return math.sqrt(float(np.square(field).sum()) / max(strength, 1e-300))
