"""Problems for local search that a relaxation guides: few places for each unit, capacities that are costs.

The reduced costs of a relaxation tell the few places where a unit can be in a good answer. Capacities are costs at
first and only then limits, as in the ejection chains of M. Yagiura, T. Ibaraki and F. Glover ("An ejection chain
approach for the generalized assignment problem", INFORMS J. Computing 16, 2004): where units nearly fill what there is,
the ways between good answers lead through such that do not quite fit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.cluster.solvers.programs.choice import Guide
from qamctl.cluster.spec import NO_LIMIT, TERMS, Index
from qamctl.kernels.assignment.problem import AssignmentProblem


def narrowed(problem: AssignmentProblem, guide: Guide, leaf: Index, places: int) -> AssignmentProblem:
    """The problem in which a unit has its `places` best places, those that the relaxation has it in, and `leaf`."""
    n, k = problem.n, problem.k
    wanted = guide.value > 0
    best = np.argpartition(guide.reduced, min(places, k) - 1, axis=1)[:, :places]
    np.put_along_axis(wanted, best, True, axis=1)
    placed = np.flatnonzero(leaf < k)
    wanted[placed, leaf[placed]] = True
    wanted &= np.isfinite(guide.reduced)
    first = np.concatenate([[0], np.cumsum(wanted.sum(axis=1))]).astype(np.int64)
    return replace(
        problem, kind=np.arange(n, dtype=np.int32), allowed=wanted.astype(np.uint8), allowed_first=first,
        allowed_leaf=np.nonzero(wanted)[1].astype(np.int32),
    )  # fmt: skip


def softened(problem: AssignmentProblem, guide: Guide, level: int, price: float) -> AssignmentProblem | None:
    """The problem in which what is above a capacity costs `price` times what the relaxation would pay for it.

    Returns
    -------
    AssignmentProblem or None
        None where safe limits or moves make capacities something else.
    """
    limited = problem.capacity < NO_LIMIT
    limited[:, -1] = False  # numbers of agents stay limits
    load = TERMS.index("load")
    if problem.transient.any() or not limited.any() or ((problem.safe < NO_LIMIT) & (problem.load != 0)).any():
        return None
    most = guide.price.max(axis=0)
    # A resource that nobody pays for still has to cost something; the cheapest that somebody does will do.
    least = float(most[most > 0].min(initial=np.inf))
    levels = problem.levels.copy()
    levels[level, load] = 1.0
    return replace(
        problem,
        safe=np.where(limited, problem.capacity, NO_LIMIT),
        capacity=np.where(limited, NO_LIMIT, problem.capacity),
        load=price * np.where(most > 0, most, least if np.isfinite(least) else 1.0),
        levels=levels,
    )
