"""Products of constraint rows with themselves: the couplings that squared constraints have in common."""

from __future__ import annotations

import numpy as np

from qamctl.qubo.model import Floats, Index, Ints

#: Rows are multiplied as one dense block while they touch at most this many variables.
BLOCK_VARIABLES = 768
#: ... and have at most this many cells.
BLOCK_CELLS = 4_000_000
#: Integers below this are exact in single precision.
SINGLE_EXACT = 2**24


def gram(start: Ints, index: Index | Ints, value: Floats, scale: Floats) -> tuple[Ints, Ints, Floats]:
    """(i, j, sum over rows of scale * value[i] * value[j]) for i < j that share a row.

    Parameters
    ----------
    start, index, value
        CSR of the rows, no variable twice in one.
    scale
        [r] positive factor of each row.

    Returns
    -------
    tuple
        A pair may occur once a block; rows that follow each other share blocks, so few pairs repeat.
    """
    blocks: list[tuple[Ints, Ints, Floats]] = []
    pending = [(0, len(start) - 1)] if len(start) > 1 else []
    while pending:
        first, stop = pending.pop()
        entries = slice(int(start[first]), int(start[stop]))
        variables, position = np.unique(index[entries], return_inverse=True)
        rows = stop - first
        if rows > 1 and (len(variables) > BLOCK_VARIABLES or rows * len(variables) > BLOCK_CELLS):
            middle = (first + stop) // 2
            pending += [(middle, stop), (first, middle)]
            continue
        if rows == 1:
            blocks.append(_one_row(variables.astype(np.int64), position, value[entries], float(scale[first])))
            continue
        row = np.repeat(np.arange(rows), np.diff(start[first : stop + 1]))
        i, j, product = _block(row, position, value[entries], scale[first:stop], len(variables))
        blocks.append((variables[i].astype(np.int64), variables[j].astype(np.int64), product))
    if not blocks:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    return (
        np.concatenate([block[0] for block in blocks]),
        np.concatenate([block[1] for block in blocks]),
        np.concatenate([block[2] for block in blocks]),
    )


def _block(row: Ints, position: Ints, value: Floats, scale: Floats, n: int) -> tuple[Ints, Ints, Floats]:
    """Several rows at once, as the product of a dense matrix with itself."""
    whole = bool((value == np.round(value)).all())
    exact = whole and float(np.abs(value).max(initial=0)) ** 2 * len(scale) < SINGLE_EXACT
    dense = np.zeros((len(scale), n), np.float32 if exact and (scale == scale[0]).all() else np.float64)
    dense[row, position] = value
    if (scale == scale[0]).all():
        product, factor = dense.T @ dense, float(scale[0])  # the same matrix twice: half the work
    else:
        product, factor = (dense * scale[:, None]).T @ dense, 1.0
    i, j = np.divmod(np.flatnonzero(product), n)
    upper = i < j
    i, j = i[upper], j[upper]
    return i, j, factor * product[i, j].astype(np.float64)


def _one_row(variables: Ints, position: Ints, value: Floats, scale: float) -> tuple[Ints, Ints, Floats]:
    ordered = np.empty(len(variables))
    ordered[position] = value
    i, j = np.triu_indices(len(variables), 1)
    return variables[i], variables[j], scale * ordered[i] * ordered[j]


def group_pairs(start: Ints, index: Index | Ints) -> tuple[Ints, Ints]:
    """All pairs (i, j) within each run of `index`, smaller index first."""
    size = np.diff(start)
    later = np.repeat(start[1:], size) - np.arange(start[-1]) - 1
    one = np.repeat(np.arange(start[-1]), later)
    before = np.cumsum(later) - later
    other = one + 1 + np.arange(len(one)) - np.repeat(before, later)
    a, b = index[one].astype(np.int64), index[other].astype(np.int64)
    return np.minimum(a, b), np.maximum(a, b)


def merge(n: int, row: Ints, col: Ints, weight: Floats, *, largest: bool = False) -> tuple[Index, Index, Floats]:
    """Each pair once, sorted by row and column: weights summed (or the largest kept), zeros left out."""
    key = row * n + col
    order = np.argsort(key, kind="stable")
    key, weight = key[order], weight[order]
    if len(key) == 0:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)
    begins = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    total = np.maximum.reduceat(weight, begins) if largest else np.add.reduceat(weight, begins)
    kept = total != 0
    key, total = key[begins][kept], total[kept]
    return (key // n).astype(np.int32), (key % n).astype(np.int32), total
