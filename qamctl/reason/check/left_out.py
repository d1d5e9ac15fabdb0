"""Which paths `prune` leaves out, and what that may cost: derived once more from the bounds on their shares.

What is left of a group of coupled paths is at most its prior times the largest relative likelihoods within it, for
nothing flows between groups and evidence only takes away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.reason.check.question import Ints, groups, question
from qamctl.reason.spec import EVOLVE, Floats, ReasonSpec

#: Bounds this close to the limit may be on either side of it.
CLOSE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Kept:
    """The paths that are left.

    Attributes
    ----------
    paths
        [K] their rows; None: all of them.
    count
        How many were left out.
    log_lost
        The logarithm of what evidence may have left of the others at most, relative to the largest likelihoods.
    """

    paths: Ints | None
    count: int
    log_lost: float

    def error(self, log_left: float) -> float:
        """What the posterior may be off by, in total variation, where so much is left of the paths that are kept."""
        if self.paths is None or self.log_lost == -math.inf:
            return 0.0
        return 1 / (1 + math.exp(min(700.0, log_left - self.log_lost)))


def kept(spec: ReasonSpec, told: object = None) -> Kept:
    """The paths that are left of a spec.

    Parameters
    ----------
    told
        How many a result says were left out: it decides where a bound is as good as at the limit.
    """
    if spec.prune <= 0 or spec.network is not None:
        return Kept(None, 0, -math.inf)
    asked = question(spec)
    group = groups(asked)
    size = int(group.max()) + 1
    with np.errstate(divide="ignore"):
        logs = np.log(np.bincount(group, asked.prior, minlength=size))
    for step in asked.steps:
        if step != EVOLVE:
            logs = logs + _largest(asked.log_likelihood[step], group, size)
    top = float(logs.max())
    if top == -math.inf:
        return Kept(None, 0, -math.inf)
    bounds = np.exp(logs - top)
    limit = spec.prune * bounds.sum()
    options = []
    for tilt in (1.0, 1 - CLOSE, 1 + CLOSE):
        small = bounds < limit * tilt
        gone = small[group]
        if not gone.any() or gone.all():
            options.append(Kept(None, 0, -math.inf))
            continue
        lost = float(bounds[small].sum())
        log_lost = math.log(lost) + top if lost > 0 else -math.inf
        options.append(Kept(np.flatnonzero(~gone), int(gone.sum()), log_lost))
    return next((option for option in options if option.count == told), options[0])


def _largest(values: Floats, group: Ints, size: int) -> Floats:
    """[size] the largest value of each group."""
    out = np.full(size, -np.inf)
    np.maximum.at(out, group, values)
    return out
