"""Lower bounds that need no search, term by term."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qamctl.cluster.instance import Instance
from qamctl.cluster.spec import Floats


@lru_cache(maxsize=1)
def level_bounds(instance: Instance) -> tuple[float | None, ...]:
    """A valid lower bound on the objective of each level, for every feasible assignment.

    Returns
    -------
    tuple
        One value a level, in objective units.
    """
    return tuple(float(value) for value in instance.levels @ term_bounds(instance))


def term_bounds(instance: Instance) -> Floats:
    """[7] a lower bound on each term of `TERMS`."""
    return np.zeros(instance.levels.shape[1])
