"""The C++ search on critical paths and its reference take the same decisions, step by step."""

from __future__ import annotations

from random import Random

import pytest
from support.shops import (
    ReferenceSearch,
    job_shop,
    native_search,
    needs_native,
    parallel_shop,
    random_shop,
    random_start,
    state,
)

pytestmark = needs_native


@pytest.mark.parametrize("block", range(10))
def test_both_are_in_the_same_state(block: int) -> None:
    """After each few steps, from several starts, whatever the shop is like."""
    for seed in range(12 * block, 12 * block + 12):
        rng = Random(seed)
        problem = random_shop(rng, rng.randint(1, 40), rng.randint(1, 6), least=seed % 2)
        start = random_start(problem, rng)
        native, reference = native_search(problem, *start, seed), ReferenceSearch(problem, *start, seed)
        for _ in range(4):
            steps = rng.randint(1, 60)
            assert native.run(steps, 1e9) == reference.run(steps, 1e9), seed
            assert state(native) == state(reference), seed
            if rng.random() < 0.5:
                start = random_start(problem, rng)
                native.restart(*start)
                reference.restart(*start)
                assert state(native) == state(reference), seed


@pytest.mark.parametrize("seed", range(8))
def test_both_agree_on_parallel_machines(seed: int) -> None:
    """Tasks of two machines take each other's place there."""
    problem = parallel_shop(Random(seed), 12 + seed, 2 + seed % 3)
    start = random_start(problem, Random(seed))
    native, reference = native_search(problem, *start, seed), ReferenceSearch(problem, *start, seed)
    native.run(150, 1e9)
    reference.run(150, 1e9)
    assert state(native) == state(reference)


@pytest.mark.parametrize("seed", range(4))
def test_both_agree_on_job_shops(seed: int) -> None:
    """Blocks are long there, and cycles arise."""
    problem = job_shop(Random(seed), 10, 5)
    start = random_start(problem, Random(seed))
    native, reference = native_search(problem, *start, seed), ReferenceSearch(problem, *start, seed)
    native.run(1500, 1e9)
    reference.run(1500, 1e9)
    assert state(native) == state(reference)
