"""What the search over blocks works on: blocks of variables of which exactly one is on, couplings, and linear rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Floats, Index, Ints

#: Sides of rows that have no bound, and the largest activity that a row may have.
UNBOUNDED = 2**62
REACH = 2**52

#: Draws of an exponential variable that thresholds are taken from; a power of two.
SURPRISES = 4096


@dataclass(frozen=True, slots=True)
class GroupProblem:
    """Minimise linear . x + sum over pairs of weight * x[i] * x[j], one member on in each block, low <= A x <= high.

    Attributes
    ----------
    block_first
        [B + 1] block b has the variables block_first[b] .. block_first[b + 1] - 1, at least one.
    linear
        [n]
    first, other, weight
        CSR of the symmetric couplings between variables of different blocks: row i has the partners
        other[first[i]:first[i + 1]], ascending.
    entry_first, entry_row, entry_coef
        The rows' coefficients by variable.
    row_first, row_variable, row_coef
        The same by row; every row has an entry.
    low, high
        [R] bounds of the rows' activities; -UNBOUNDED, UNBOUNDED where there is none.
    place
        [n] where a member stands, -1 for nowhere: members of different blocks at one place use the same rows.
        Ascending within a block. Two blocks swap when each takes a member at the other's place.
    places
        Number of places.
    surprise
        [SURPRISES] -log of evenly spread chances: what a step may cost, in units of temperature.
    """

    block_first: Ints
    linear: Floats
    first: Ints
    other: Index
    weight: Floats
    entry_first: Ints
    entry_row: Index
    entry_coef: Ints
    row_first: Ints
    row_variable: Index
    row_coef: Ints
    low: Ints
    high: Ints
    place: Index
    places: int
    surprise: Floats


def surprise() -> Floats:
    """[SURPRISES] what `GroupProblem.surprise` holds; rounded, so that every machine has the same."""
    chances = (np.arange(SURPRISES) + 0.5) / SURPRISES
    return np.round(-np.log(chances), 12).astype(np.float64)
