"""Rows with bits of their own that count what is beyond a limit: how little weight such a row needs.

Let a row be a . x - b . z <= r, where the bits z stand in no group, no coupling and no other row (or in other rows
with the same coefficients b, as where z is the largest of several sums), cost something, and count every whole number
from 0 to b . 1, which is at least as large as a . x - r can get while groups are whole. A state that breaks the row by
d can count d more, at the cost of at most k d, where k is what one unit of z costs at most; that breaks nothing, and
takes at least weight * d^2 from the penalty. So with a weight above k no state of least energy whose groups are whole
breaks the row, whatever all other weights are: the price of a unit in place of the range of the whole objective.

One bit of a single unit may be cheaper than the others: whoever counts anything takes it first, and what d units more
cost is still at most k d.
"""

from __future__ import annotations

import numpy as np

from qamctl.qubo.impossible import reach
from qamctl.qubo.model import LE, Floats, Ints, Model
from qamctl.qubo.shapes import FREE, GENERAL, group_of_variables, row_of_entries, row_shapes


def relief(model: Model) -> Floats:
    """[r] what the weight of each row must exceed by the argument above; inf of rows that it does not hold for."""
    rows = len(model.con_rhs)
    out = np.full(rows, np.inf)
    own = _own_bits(model)
    row = row_of_entries(model)
    entry = np.flatnonzero(own[model.con_index])
    if not len(entry):
        return out
    entry = entry[np.lexsort((model.con_index[entry], row[entry]))]
    start = np.searchsorted(row[entry], np.arange(rows + 1))
    _, high = reach(model)
    uses = np.bincount(model.con_index, minlength=model.n)
    alike: dict[bytes, list[int]] = {}
    for r in np.unique(row[entry]).tolist():
        mine = entry[start[r] : start[r + 1]]
        alike.setdefault(model.con_index[mine].tobytes() + b"/" + model.con_coef[mine].tobytes(), []).append(r)
    for group in alike.values():
        mine = entry[start[group[0]] : start[group[0] + 1]]
        index, count = model.con_index[mine], -model.con_coef[mine]
        if (uses[index] != len(group)).any():  # some bit of it stands elsewhere, too
            continue
        price = _unit_price(model.linear[index], count)
        most = int(np.max(high[group] - model.con_rhs[group]))
        if price is not None and int(count.sum()) >= most:
            out[group] = price
    return out


def _own_bits(model: Model) -> np.ndarray:
    """[n] bits that cost something and stand in nothing but general rows <=, which they relieve."""
    row = row_of_entries(model)
    relieves = (row_shapes(model) == GENERAL)[row] & (model.con_sense == LE)[row] & (model.con_coef < 0)
    own: np.ndarray = (group_of_variables(model) == FREE) & (model.linear > 0)
    own[model.row] = False
    own[model.col] = False
    own[model.con_index[~relieves]] = False
    return own


def _unit_price(cost: Floats, count: Ints) -> float | None:
    """What a unit costs at most; None where some number can't be counted, or more than one bit is a bargain."""
    order = np.argsort(count, kind="stable")
    ordered = count[order]
    below = np.concatenate([[0], np.cumsum(ordered)[:-1]])
    if (ordered > below + 1).any():
        return None
    each = cost / count
    price = float(each.max())
    cheap = each < price * (1 - 1e-12)
    return None if cheap.sum() > 1 or (count[cheap] > 1).any() else price
