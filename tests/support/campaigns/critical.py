"""What the critical-path kernel is put through under the sanitizers."""

from __future__ import annotations

from random import Random
from typing import Any

from support.shops import job_shop, parallel_shop, random_shop, random_start, state

from qamctl.kernels.critical.problem import ShopProblem
from qamctl.kernels.critical.reference import CriticalPathSearch


def campaign(native: Any) -> None:
    """Shops of every shape, tasks of no length among them, started again and again."""
    for seed in range(60):
        rng = Random(seed)
        _same(native, random_shop(rng, rng.randint(1, 25), rng.randint(1, 5), least=seed % 2), seed)
        _same(native, parallel_shop(rng, rng.randint(2, 15), rng.randint(1, 4)), seed)
    _same(native, job_shop(Random(1), 8, 5), 1)


def _same(native: Any, problem: ShopProblem, seed: int) -> None:
    rng = Random(seed)
    start = random_start(problem, rng)
    search, reference = native.CriticalPathSearch(problem, *start, seed), CriticalPathSearch(problem, *start, seed)
    for _ in range(3):
        search.run(100, 1e9)
        reference.run(100, 1e9)
        assert state(search) == state(reference)
        start = random_start(problem, rng)
        search.restart(*start)
        reference.restart(*start)
    search.run(100, 0.0)
