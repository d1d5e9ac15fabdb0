"""An earlier level of the objective as a row: what is minimised now may not make it worse."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.draft import Draft
from qamctl.cluster.energy import Cost
from qamctl.cluster.spec import TERMS, Floats, Ints
from qamctl.errors import UnsupportedError
from qamctl.qubo.gram import merge
from qamctl.qubo.row_blocks import Rows
from qamctl.qubo.whole_row import whole_row


def keep_level(draft: Draft, cost: Cost, value: float, weights: Floats) -> None:
    """Add the row cost <= value.

    Products of choices get a bit each: at most both of them where it makes the level better, at least where it makes it
    worse.

    Parameters
    ----------
    weights
        [7] of the level's terms, for messages.

    Raises
    ------
    UnsupportedError
        The costs are no multiples of 1e-9, or too far apart for slack bits.
    """
    one, other, weight = merge(draft.n, *cost.couplings())
    linear, unit, first = cost.linear(draft.n), draft.choices.unit, draft.choices.first
    some = np.diff(first) > 0
    choices = len(unit)
    least, most = np.zeros(len(some)), np.zeros(len(some))
    if choices:
        least[some] = np.minimum.reduceat(linear[:choices], first[:-1][some])
        linear[:choices] -= least[unit]
        most[some] = np.maximum.reduceat(linear[:choices], first[:-1][some])
    room = value - cost.constant - float(least.sum())
    tolerance = 1e-9 * max(1.0, abs(value))
    if float(most.sum() + np.maximum(linear[choices:], 0).sum() + np.maximum(weight, 0).sum()) <= room + tolerance:
        return
    _products(draft, one.astype(np.int64), other.astype(np.int64), weight)
    linear = np.concatenate([linear, weight])
    index = np.flatnonzero(linear)
    found = whole_row(linear[index], room + tolerance)
    if found is None:
        terms = ", ".join(term for term, weight in zip(TERMS, weights, strict=True) if weight)
        raise UnsupportedError(
            f"an earlier objective level ({terms}) has costs that no integer row of a QUBO holds: round its weights"
        )
    coef, rhs = found
    draft.rows.append(Rows("level", np.array([0, len(index)]), index, coef, np.array([rhs])))


def _products(draft: Draft, one: Ints, other: Ints, weight: Floats) -> None:
    """The bits of products, behind all others."""
    first = draft.n

    def fill(sample: np.ndarray) -> np.ndarray:
        return np.asarray(sample[one] & sample[other], np.uint8)

    bit = draft.bits(len(one), lambda i: f"both/{first + i}", fill)
    draft.hold_pairs("level", bit, one, -1, 0)
    draft.hold_pairs("level", bit, other, -1, 0)
    dear = weight > 0
    count = int(dear.sum())
    if count:
        index = np.column_stack([one[dear], other[dear], bit[dear]]).ravel()
        coef = np.tile(np.array([1, 1, -1]), count)
        start = np.arange(count + 1, dtype=np.int64) * 3
        draft.rows.append(Rows("level", start, index, coef, np.ones(count, np.int64)))
