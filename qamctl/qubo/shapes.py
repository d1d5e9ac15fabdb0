"""What the parts of a model look like: rows that need no slack bits, groups apart, and who may change safely.

A variable is *safe to turn off* where that can break no row: it stands with a positive coefficient in rows
`<=` and with a negative one in rows `>=`. It is *safe to turn on* in the opposite case. Equations are safe
for neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.qubo.model import EQ, LE, Ints, Model

#: What `row_shapes` tells apart.
GENERAL, AT_MOST_ONE, IMPLICATION, PRODUCT = 0, 1, 2, 3

#: Of variables: in no group; in several groups.
FREE, SHARED = -1, -2


def row_of_entries(model: Model) -> Ints:
    """[e] the row of each entry of the constraint matrix."""
    return np.repeat(np.arange(len(model.con_rhs)), np.diff(model.con_start))


def row_shapes(model: Model) -> np.ndarray:
    """[c] which rows need no slack bits: at most one (ones, <= 1), implications (a - z <= 0) and products.

    A product is a + b - z <= 1 where z <= a and z <= b stand beside it: the three say z = a b.
    """
    size = np.diff(model.con_start)
    shape = np.full(len(size), GENERAL, np.int8)
    ones = np.bincount(row_of_entries(model), weights=model.con_coef == 1, minlength=len(size))
    less = model.con_sense == LE
    shape[less & (ones == size) & (model.con_rhs == 1)] = AT_MOST_ONE
    two = np.flatnonzero(less & (size == 2) & (ones == 1) & (model.con_rhs == 0))
    first = model.con_start[two]
    shape[two[model.con_coef[first] + model.con_coef[first + 1] == 0]] = IMPLICATION
    three = np.flatnonzero(less & (size == 3) & (ones == 2) & (model.con_rhs == 1))
    return _with_products(model, shape, three)


def _with_products(model: Model, shape: np.ndarray, rows: Ints) -> np.ndarray:
    """The shapes with those rows a + b - z <= 1 told to be products that are."""
    if not len(rows):
        return shape
    entry = model.con_start[rows][:, None] + np.arange(3)
    coef, index = model.con_coef[entry], model.con_index[entry].astype(np.int64)
    fits = (coef == -1).sum(axis=1) == 1
    rows, coef, index = rows[fits], coef[fits], index[fits]
    ends = implication_ends(model, np.flatnonzero(shape == IMPLICATION))
    known = ends[:, 0] * model.n + ends[:, 1]
    factors, products = index[coef == 1].reshape(-1, 2), index[coef == -1]
    shape[rows[np.isin(products[:, None] * model.n + factors, known).all(axis=1)]] = PRODUCT
    return shape


def product_members(model: Model, rows: Ints) -> Ints:
    """[r, 3] the variables a, b and z of the products z = a b."""
    entry = model.con_start[rows][:, None] + np.arange(3)
    order = np.argsort(-model.con_coef[entry], axis=1, kind="stable")
    return np.take_along_axis(model.con_index[entry].astype(np.int64), order, axis=1)


def implication_ends(model: Model, rows: Ints) -> Ints:
    """[r, 2] the variables a and z of the implications a <= z."""
    first = model.con_start[rows]
    swap = model.con_coef[first] < 0
    return np.column_stack(
        [
            model.con_index[np.where(swap, first + 1, first)],
            model.con_index[np.where(swap, first, first + 1)],
        ]
    ).astype(np.int64)


def group_of_variables(model: Model) -> Ints:
    """[n] the one group that a variable is in; FREE in none, SHARED in several."""
    count = np.bincount(model.group_index, minlength=model.n)
    group = np.full(model.n, FREE, np.int64)
    group[model.group_index] = np.repeat(np.arange(len(model.group_start) - 1), np.diff(model.group_start))
    group[count > 1] = SHARED
    return group


def groups_apart(model: Model, group: Ints) -> np.ndarray:
    """[g] whether no member is in another group, too."""
    size = np.diff(model.group_start)
    shared = np.repeat(np.arange(len(size)), size)[group[model.group_index] == SHARED]
    apart = np.ones(len(size), bool)
    apart[shared] = False
    return apart


@dataclass(frozen=True, slots=True)
class Safety:
    """How many rows each variable can break.

    Attributes
    ----------
    off, on
        [n] rows that turning the variable off, or on, can break.
    """

    off: Ints
    on: Ints


def safety(model: Model) -> Safety:
    """Count the rows that variables can break."""
    sense = model.con_sense[row_of_entries(model)].astype(np.int64)
    toward = np.where(sense == LE, 1, -1) * model.con_coef  # above 0: turning off helps
    equation = sense == EQ
    off = np.bincount(model.con_index[equation | (toward < 0)], minlength=model.n)
    on = np.bincount(model.con_index[equation | (toward > 0)], minlength=model.n)
    return Safety(off.astype(np.int64), on.astype(np.int64))
