"""Lower bounds that need no search, term by term: arithmetic on demands, room, and where each unit may be.

They tell a search when it may stop, give every result a bound, and hold for every feasible assignment. Each is a few
passes over the units and the clusters. The bound of a sum is the sum of the bounds of its terms.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qamctl.cluster.bounds.costs import cost_bound, unplaced_bound
from qamctl.cluster.bounds.links import cut_bound, spread_bound
from qamctl.cluster.bounds.moves import move_bound
from qamctl.cluster.bounds.room import room_of
from qamctl.cluster.bounds.use import balance_bound, load_bound
from qamctl.cluster.instance import Instance
from qamctl.cluster.spec import TERMS, Floats
from qamctl.kernels.assignment.problem import AssignmentProblem

#: The bound of each of `TERMS`.
_BOUNDS = (cut_bound, load_bound, balance_bound, move_bound, cost_bound, spread_bound, unplaced_bound)


def level_bounds(instance: Instance) -> tuple[float | None, ...]:
    """A valid lower bound on the objective of each level, for every feasible assignment.

    Returns
    -------
    tuple
        One value a level, in objective units.
    """
    return tuple(float(value) for value in instance.levels @ term_bounds(instance))


@lru_cache(maxsize=1)  # several engines ask for the same instance's, and a large one takes a while
def term_bounds(instance: Instance) -> Floats:
    """[7] a lower bound on each term of `TERMS`; of those that count in no level it is 0."""
    return bounds_of(instance.problem, instance.levels)


def bounds_of(problem: AssignmentProblem, levels: Floats) -> Floats:
    """[7] a lower bound on each term that has a weight in some row of `levels` [l, 7]; 0 on the others."""
    if problem.n == 0 or problem.k == 0:
        return np.zeros(len(TERMS))
    room = room_of(problem)
    counted = (levels != 0).any(axis=0).tolist()
    # Sums of whole numbers are exact, others round by less than `levels.same` allows.
    found = [bound(room) if used else 0.0 for bound, used in zip(_BOUNDS, counted, strict=True)]
    return np.array(found, float)
