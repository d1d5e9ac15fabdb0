"""Problems for the kernel over blocks, and its two builds side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.assignment import assignment
from support.mixed_models import mixed_model

from qamctl.kernels import extension
from qamctl.kernels.groups import GroupSearch
from qamctl.kernels.groups.problem import GroupProblem
from qamctl.kernels.groups.reference import GroupSearch as Reference
from qamctl.qubo.search.blocks import blocks_of

needs_native = pytest.mark.skipif(extension("groups") is None, reason="the C++ kernels are not built")


def problem_of(seed: int) -> GroupProblem:
    """Random small models with everything in them; every fifth is an assignment of items to bins."""
    if seed % 5 == 4:
        kind = ("d", "e", "tight")[seed % 3]
        return blocks_of(assignment(6 + seed % 7, 2 + seed % 3, seed, kind, talk=seed % 4).model()).problem
    return blocks_of(mixed_model(seed, 30, feasible=seed % 2 == 0)).problem


def make(which: str, problem: GroupProblem, seed: int) -> GroupSearch:
    """The kernel "native" or "reference"."""
    if which == "reference":
        return Reference(problem, seed)
    module: Any = extension("groups")
    search: GroupSearch = module.GroupSearch(problem, seed)
    return search


def state(search: GroupSearch) -> dict[str, object]:
    """Everything that a search shows."""
    return {
        name: value.tolist() if isinstance(value := getattr(search, name), np.ndarray) else value
        for name in ("weights", "visits", "sweeps", "climbs", "best_objective", "best_violation", "best_choice",
                     "objective", "violation", "choice")
    }  # fmt: skip


def drive(search: GroupSearch, problem: GroupProblem, seed: int) -> list[dict[str, object]]:
    """A search through everything that a caller can do; what it shows after every step."""
    rng = np.random.default_rng(seed)
    size = np.diff(problem.block_first)
    seen = []
    search.set_weights(np.round(rng.random(len(problem.low)) * 5, 6))
    for turn in range(4):
        search.start((problem.block_first[:-1] + rng.integers(0, size)).astype(np.int32))
        search.plan(np.geomspace(20.0, 0.2, 12).round(9), float(turn != 2), 1.3, 0.8)
        if turn == 1:
            keep = rng.random(len(problem.linear)) < 0.5
            keep[problem.block_first[:-1]] = True
            count = np.add.reduceat(keep, problem.block_first[:-1])
            first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
            search.set_candidates(first, np.flatnonzero(keep).astype(np.int32))
        for sweeps in (1, 1, 2, 9):
            search.run(sweeps, 1e9)
            seen.append(state(search))
    return seen
