"""What is counted above a limit as products of two choices: exact, and without bits, where few units are concerned."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.cluster.spec import Floats, Ints

#: Sums with more entries, units, or combinations of choices are left to bits.
MOST_ENTRIES: Final = 24
MOST_PARTS: Final = 5
MOST_STATES: Final = 512

#: Sums that are looked at for one term.
MOST_ROWS: Final = 500

Products = tuple[Ints, Ints, Floats]


def as_products(coef: Ints, const: int, group: Ints, members: Ints) -> tuple[int, Floats, Products] | None:
    """(constant, [e] costs, products) that are max(0, const + coef . x) in every state; None where none are.

    Parameters
    ----------
    group
        [e] the group that each variable is of, of which at most one is chosen.
    members
        [groups] of each; where all are in the sum, one of them is chosen for sure.

    Returns
    -------
    Products are (place, place, weight), places in `coef`.
    """
    parts = [np.flatnonzero(group == g) for g in np.unique(group).tolist()]
    if len(parts) > MOST_PARTS or np.prod([len(entries) + 1 for entries in parts]) > MOST_STATES:
        return None
    values = np.array([const], np.int64)
    for entries in parts:
        values = np.add.outer(values, np.append(0, coef[entries]))
    values = np.maximum(0, values.reshape([len(entries) + 1 for entries in parts]))
    # From nobody chosen: what each choice adds alone, and what two add beyond that.
    base = int(values.flat[0])
    alone = [_slice(values, {k: slice(1, None)}) - base for k in range(len(parts))]
    linear = np.zeros(len(coef))
    guess = np.full(values.shape, base, np.int64)
    ones, others, weights = [], [], []
    for k, entries in enumerate(parts):
        linear[entries] = alone[k]
        guess += _along(np.append(0, alone[k]), (k,), values.ndim)
        for m in range(k):
            both = _slice(values, {m: slice(1, None), k: slice(1, None)}) - base - alone[m][:, None] - alone[k][None]
            guess += _along(np.pad(both, ((1, 0), (1, 0))), (m, k), values.ndim)
            i, j = np.nonzero(both)
            ones.append(parts[m][i])
            others.append(entries[j])
            weights.append(both[i, j].astype(np.float64))
    sure = tuple(slice(1 if len(entries) == members[group[entries[0]]] else 0, None) for entries in parts)
    if (guess[sure] != values[sure]).any():
        return None
    none = np.zeros(0, np.int64)
    products = np.concatenate([*ones, none]), np.concatenate([*others, none]), np.concatenate([*weights, none * 1.0])
    return base, linear, products


def _slice(values: Ints, chosen: dict[int, slice]) -> Ints:
    """The values where all but some groups have nobody chosen."""
    found: Ints = values[tuple(chosen.get(k, 0) for k in range(values.ndim))]
    return found


def _along(values: Ints, axes: tuple[int, ...], count: int) -> Ints:
    """Values that depend on some axes, in a shape that all of them fit."""
    shape = [1] * count
    for axis, length in zip(axes, values.shape, strict=True):
        shape[axis] = length
    return values.reshape(shape)
