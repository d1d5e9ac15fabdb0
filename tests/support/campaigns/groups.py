"""What the kernel over blocks is put through under the sanitizers."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.assignment import assignment
from support.group_kernels import drive, problem_of

from qamctl.kernels.groups.reference import GroupSearch
from qamctl.qubo.search.blocks import blocks_of


def campaign(native: Any) -> None:
    """Random models with all kinds of rows, assignments, states and candidates; wrong arguments are refused."""
    for seed in range(60):
        problem = problem_of(seed)
        search = native.GroupSearch(problem, seed)
        assert drive(search, problem, seed) == drive(GroupSearch(problem, seed), problem, seed)
        for choice in ([], [-1] * len(search.choice), [len(problem.linear)] * len(search.choice)):
            try:
                search.start(np.array(choice, np.int32))
            except ValueError:
                continue
            raise AssertionError("a wrong choice was taken")
    problem = blocks_of(assignment(60, 8, 1).model()).problem
    search = native.GroupSearch(problem, 1)
    search.plan(np.array([30.0, 10.0, 1.0]))
    search.run(300, 1e9)
    search.run(300, 0.0)
