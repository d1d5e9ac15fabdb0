"""Sums of costs and products over variables, before they become one QUBO: what the parts of a penalty QUBO are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.qubo.gram import gram, merge
from qamctl.qubo.model import Floats, Index, Ints, Model
from qamctl.qubo.objective import between_groups, shifted
from qamctl.qubo.shapes import (
    AT_MOST_ONE,
    IMPLICATION,
    PRODUCT,
    group_of_variables,
    implication_ends,
    product_members,
    row_shapes,
)

Pairs = tuple[Ints, Ints, Floats]


@dataclass(frozen=True, slots=True)
class Terms:
    """offset + linear . y + sum of weight * y[i] * y[j] over the pairs; a pair may be given more than once."""

    linear: Floats
    pairs: tuple[Pairs, ...]
    offset: float

    def merged(self) -> tuple[Index, Index, Floats]:
        """(row, col, weight) with row < col, sorted, each pair once, none zero."""
        empty: Pairs = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        parts = [np.concatenate([pairs[k] for pairs in (*self.pairs, empty)]) for k in range(3)]
        return merge(len(self.linear), parts[0].astype(np.int64), parts[1].astype(np.int64), parts[2])


def plain_terms(model: Model, row_weight: Floats, shift: Floats | None = None) -> Terms:
    """The objective and the penalties that are products: pairs of at-most-one rows, and implications a (1 - z).

    A row that says z = a b together with two implications becomes (a - z) (b - z), which with theirs is the penalty of
    Rosenberg 1975.

    Parameters
    ----------
    row_weight
        [r] penalties of the rows.
    shift
        [g] as in `penalties.Weights`.
    """
    linear, offset = shifted(model)
    if shift is not None:
        np.add.at(linear, model.group_index, np.repeat(shift, np.diff(model.group_start)))
        offset -= float(shift.sum())
    kept = between_groups(model)
    shape = row_shapes(model)
    rows = np.flatnonzero(shape == IMPLICATION)
    ends = implication_ends(model, rows)
    np.add.at(linear, ends[:, 0], row_weight[rows])
    pairs = (
        (model.row[kept].astype(np.int64), model.col[kept].astype(np.int64), model.weight[kept]),
        _conflicts(model, np.flatnonzero(shape == AT_MOST_ONE), row_weight),
        (ends.min(axis=1), ends.max(axis=1), -row_weight[rows]),
        *_products(model, linear, np.flatnonzero(shape == PRODUCT), row_weight),
    )
    return Terms(linear, pairs, offset)


def _products(model: Model, linear: Floats, rows: Ints, row_weight: Floats) -> list[Pairs]:
    """The pairs of P (a - z) (b - z), and P z added to the costs."""
    a, b, z = product_members(model, rows).T
    weight = row_weight[rows]
    np.add.at(linear, z, weight)
    ends = ((a, b, weight), (a, z, -weight), (b, z, -weight))
    return [(np.minimum(i, j), np.maximum(i, j), w) for i, j, w in ends]


def _conflicts(model: Model, rows: Ints, row_weight: Floats) -> Pairs:
    """Every pair that some at-most-one row forbids, once, with the largest weight; pairs of a group left out."""
    size = model.con_start[rows + 1] - model.con_start[rows]
    two = rows[size == 2]
    first = model.con_start[two]
    a, b = model.con_index[first].astype(np.int64), model.con_index[first + 1].astype(np.int64)
    found = [(np.minimum(a, b), np.maximum(a, b), row_weight[two])]
    more = rows[size > 2]
    for weight in np.unique(row_weight[more]):
        chosen = more[row_weight[more] == weight]
        length = model.con_start[chosen + 1] - model.con_start[chosen]
        start = np.concatenate([[0], np.cumsum(length)])
        entry = np.arange(start[-1]) + np.repeat(model.con_start[chosen] - start[:-1], length)
        i, j, _ = gram(start, model.con_index[entry], np.ones(len(entry)), np.ones(len(chosen)))
        found.append((i, j, np.full(len(i), weight)))
    row, col, weight = merge(model.n, *(np.concatenate([part[k] for part in found]) for k in range(3)), largest=True)
    i, j = row.astype(np.int64), col.astype(np.int64)
    group = group_of_variables(model)
    apart = (group[i] < 0) | (group[i] != group[j])
    return i[apart], j[apart], weight[apart]
