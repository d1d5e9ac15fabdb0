"""Resources counted twice, where one count has to be held against two limits of different meaning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.cluster.spec import NO_LIMIT, Ints
from qamctl.kernels.assignment.problem import AssignmentProblem


def with_copies(
    problem: AssignmentProblem, named: Ints, capacity: Ints, *, for_ratios: bool = False
) -> AssignmentProblem:
    """The problem with a copy of some resources, before the last one, of what units use where they are now.

    Parameters
    ----------
    named
        [c] resources, ascending.
    capacity
        [leaves, c] of the first leaves; the others keep theirs, and inner clusters limit no copy.
    for_ratios
        The ratios speak of the copies in their place.
    """
    r = problem.r
    columns = np.concatenate([np.arange(r - 1), named, [r - 1]])
    number = np.arange(r, dtype=np.int32)
    if for_ratios:
        number[named] = r - 1 + np.arange(len(named))
    copies = slice(r - 1, r - 1 + len(named))
    limit, safe = problem.capacity[:, columns], problem.safe[:, columns]
    limit[: len(capacity), copies] = capacity
    limit[problem.k :, copies], safe[:, copies] = NO_LIMIT, NO_LIMIT
    transient, load = problem.transient[columns], problem.load[columns]
    transient[copies], load[copies] = 0, 0.0
    return replace(
        problem, demand=np.ascontiguousarray(problem.demand[:, columns]), transient=transient,
        over=problem.over[columns], capacity=np.ascontiguousarray(limit), safe=np.ascontiguousarray(safe), load=load,
        ratio_one=number[problem.ratio_one], ratio_other=number[problem.ratio_other],
        home_demand=np.ascontiguousarray(problem.home_demand[:, columns]),
        own_demand=np.ascontiguousarray(problem.own_demand[:, columns]),
    )  # fmt: skip
