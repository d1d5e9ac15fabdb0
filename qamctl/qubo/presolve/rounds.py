"""First-order persistency and pendant variables over a whole model at once, round by round.

A variable whose linear coefficient outweighs its couplings, whatever its partners are, has a value that is best in
every state (P. L. Hammer and P. Hansen, "Logical relations in quadratic 0-1 programming", 1981). A variable with a
single partner is eliminated: its best answer is a linear function of that partner. Rounds go on while they take
away enough to be worth a pass over the model; `local.py` takes the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import EXACT, REACH, Couplings, Index, Ints
from qamctl.qubo.presolve.trail import Trail

#: A round must take away one in so many variables for the next one to be made.
WORTH = 50


@dataclass
class Work:
    """A model under reduction: both directions of every coupling, sorted by row, over the whole model's indices.

    Attributes
    ----------
    alive
        [n] whether the variable is still there.
    constant
        What the taken variables add to the energy, scaled.
    tolerance
        Rounding of a sum, relative to the sum of its absolute terms, for each term; 0 where sums are exact.
    """

    alive: np.ndarray
    linear: np.ndarray
    row: Index
    other: Index
    weight: np.ndarray
    constant: float
    tolerance: float

    @property
    def n(self) -> int:
        """Variables of the whole model."""
        return len(self.alive)

    def sums(self) -> tuple[np.ndarray, np.ndarray, Ints]:
        """[n] sum of the negative weights, of the positive ones, and the number of partners of each variable."""
        negative = np.bincount(self.row, np.minimum(self.weight, 0), self.n)
        positive = np.bincount(self.row, np.maximum(self.weight, 0), self.n)
        return negative, positive, np.bincount(self.row, minlength=self.n)

    def forget(self, taken: np.ndarray) -> None:
        """Takes variables [n, bool] away with their couplings."""
        self.alive &= ~taken
        keep = ~(taken[self.row] | taken[self.other])
        self.row, self.other, self.weight = self.row[keep], self.other[keep], self.weight[keep]


def work_of(model: Couplings) -> Work:
    """A model before any reduction, integers as int64."""
    kind = np.int64 if model.exact else np.float64
    return Work(
        alive=np.ones(model.n, bool),
        linear=model.linear.astype(kind),
        row=np.repeat(np.arange(model.n, dtype=np.int32), np.diff(model.first)),
        other=model.other,
        weight=model.weight.astype(kind),
        constant=0 if model.exact else 0.0,
        tolerance=0.0 if model.exact else 2.0**-52,
    )


def model_of(work: Work, model: Couplings) -> Couplings:
    """What is left of `model`, its variables renumbered in their order."""
    if work.alive.all() and work.constant == 0 and len(work.row) == len(model.other):
        return model
    kept = np.flatnonzero(work.alive)
    place = np.cumsum(work.alive) - 1
    linear, weight = work.linear[kept], work.weight
    row, other = place[work.row], place[work.other].astype(np.int32)
    first = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(kept)))]).astype(np.int64)
    reach = np.abs(linear).astype(float) + np.bincount(row, np.abs(weight), len(kept))
    exact = model.exact and float(reach.sum()) < EXACT
    kind = np.int32 if model.exact and float(reach.max(initial=0.0)) < REACH else np.float64
    return Couplings(
        n=len(kept),
        linear=linear.astype(kind),
        first=first,
        other=other,
        weight=weight.astype(kind),
        scale=model.scale,
        offset=math.fsum([model.offset, work.constant / model.scale]),
        exact=exact or kind is np.int32,
    )


def persistent(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """[n] variables that are 0, and those that are 1, in some optimum of whatever the others are."""
    negative, positive, degree = work.sums()
    slack = work.tolerance * (degree + 2) * (np.abs(work.linear) + positive - negative)
    zero = work.alive & (work.linear + negative >= slack)
    return zero, work.alive & ~zero & (work.linear + positive <= -slack)


def reduce_by_rounds(work: Work, trail: Trail, counts: dict[str, int]) -> None:
    """Fixes and prunes in place until a round takes away less than one variable in `WORTH`."""
    while True:
        before = int(work.alive.sum())
        _fix(work, trail, counts)
        _prune(work, trail, counts)
        after = int(work.alive.sum())
        if after == 0 or (before - after) * WORTH < before:
            return


def _fix(work: Work, trail: Trail, counts: dict[str, int]) -> None:
    zero, one = persistent(work)
    if zero.any() or one.any():
        counts["persistency"] += settle(work, trail, zero, one)


def settle(work: Work, trail: Trail, zero: np.ndarray, one: np.ndarray) -> int:
    """Takes variables away that are 0, and those that are 1 (both [n, bool]); how many."""
    taken = zero | one
    variables = np.flatnonzero(taken)
    trail.fix(variables, one[variables])
    total = work.linear[one].sum()
    inside = one[work.row] & one[work.other]
    work.constant += total.item() + work.weight[inside & (work.row < work.other)].sum().item()
    edge = one[work.row] & ~taken[work.other]
    work.linear += np.bincount(work.other[edge], work.weight[edge], work.n).astype(work.linear.dtype)
    work.forget(taken)
    return len(variables)


def _prune(work: Work, trail: Trail, counts: dict[str, int]) -> None:
    """Eliminates variables with one partner; of two that have only each other, the second stays."""
    degree = np.bincount(work.row, minlength=work.n)
    edge = (degree[work.row] == 1) & ((degree[work.other] != 1) | (work.row < work.other))
    if not edge.any():
        return
    leaf, partner, weight = work.row[edge], work.other[edge], work.weight[edge]
    constant = work.linear[leaf]
    off = np.minimum(constant, 0)
    on = np.minimum(constant + weight, 0)
    counts["degree 1"] += len(leaf)
    trail.leaves(leaf, constant, partner, weight)
    work.constant += off.sum().item()
    work.linear += np.bincount(partner, on - off, work.n).astype(work.linear.dtype)
    taken = np.zeros(work.n, bool)
    taken[leaf] = True
    work.forget(taken)
