"""A few variables of a model, conditioned on the incumbent's values of all others: a small model of its own."""

from __future__ import annotations

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.incumbent import Incumbent, Problem, entries
from qamctl.qubo.model import EQ, GE, LE, Floats, Index, Ints, Model

#: Couplings of a variable, on average, from which on the free ones among them are looked up one by one.
LONG = 256


def subproblem(problem: Problem, incumbent: Incumbent, free: np.ndarray) -> Model:
    """The model of the variables `free` while the others stay as they are.

    The objective of a state of it is that of the whole model in the state put together. A group is free as a
    whole or not at all. Rows that no state of the free variables breaks are left out; a row that the others
    break so far that no state of the free variables can mend it asks for as much as they can do.

    Parameters
    ----------
    free
        [k] ascending.
    """
    row, col, weight, linear = _quadratic(problem, incumbent, free)
    x = incumbent.sample[free] != 0
    scale = problem.couplings.scale
    total = float(linear[x].sum() + weight[x[row] & x[col]].sum())
    offset = (incumbent.total - total) / scale + problem.couplings.offset
    local = np.arange(len(free))
    entry = entries(problem.rows.var_start, free)
    of = np.repeat(local, np.diff(problem.rows.var_start)[free])
    which, coef = problem.rows.var_row[entry], problem.rows.var_coef[entry]
    is_group = which < problem.rows.groups
    group_start, group_index = _groups(which[is_group], of[is_group])
    start, index, value, sense, rhs, kept = _rows(
        problem, incumbent, which[~is_group], of[~is_group], coef[~is_group], x
    )
    return Model(
        n=len(free),
        linear=linear / scale,
        row=row.astype(np.int32),
        col=col.astype(np.int32),
        weight=weight / scale,
        offset=offset,
        group_start=group_start,
        group_index=group_index,
        con_start=start,
        con_index=index,
        con_coef=value,
        con_sense=sense,
        con_rhs=rhs,
        con_kind=problem.model.con_kind[kept - problem.rows.groups],
        con_kinds=problem.model.con_kinds,
        labels=[problem.model.labels[i] for i in free.tolist()],
    )


def _quadratic(problem: Problem, incumbent: Incumbent, free: np.ndarray) -> tuple[Ints, Ints, Floats, Floats]:
    """(row, col, weight) of the couplings among the free variables, and their linear terms given the others."""
    model = problem.couplings
    if (model.first[free + 1] - model.first[free]).sum() > LONG * len(free):
        row, col, weight = _among_long(model, free)
    else:
        row, col, weight = _among(model, free)
    on = incumbent.sample[free][col] != 0
    linear = incumbent.fields[free] - np.bincount(row[on], weights=weight[on], minlength=len(free))
    upper = row < col
    return row[upper], col[upper], weight[upper], linear.astype(np.float64)


def _among(model: Couplings, free: np.ndarray) -> tuple[Ints, Ints, Floats]:
    """(row, col, weight) of the entries of the rows `free` whose partners are free, too; both ends as places in it."""
    where = np.full(model.n, -1, np.int64)
    where[free] = np.arange(len(free))
    entry = entries(model.first, free)
    other = where[model.other[entry]]
    inside = other >= 0
    row = np.repeat(np.arange(len(free)), model.first[free + 1] - model.first[free])
    return row[inside], other[inside], model.weight[entry[inside]].astype(np.float64)


def _among_long(model: Couplings, free: np.ndarray) -> tuple[Ints, Ints, Floats]:
    """The same where rows are so long that it is cheaper to look each free partner up."""
    rows, columns, weights = [], [], []
    wanted = free.astype(model.other.dtype)  # of another type the whole row would be converted
    for k, i in enumerate(free.tolist()):
        mine = slice(int(model.first[i]), int(model.first[i + 1]))
        other = model.other[mine]
        place = np.searchsorted(other, wanted)
        found = np.flatnonzero(place < len(other))
        found = found[other[place[found]] == wanted[found]]
        rows.append(np.full(len(found), k))
        columns.append(found)
        weights.append(model.weight[mine][place[found]].astype(np.float64))
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(weights)


def _groups(which: Ints, of: Ints) -> tuple[Ints, Index]:
    """CSR of the groups among the free variables, each in the order of its members."""
    order = np.lexsort((of, which))
    size = np.unique(which, return_counts=True)[1]
    return np.concatenate([[0], np.cumsum(size)]).astype(np.int64), of[order].astype(np.int32)


def _rows(
    problem: Problem, incumbent: Incumbent, which: Ints, of: Ints, coef: Ints, x: np.ndarray
) -> tuple[Ints, Index, Ints, np.ndarray, Ints, Ints]:
    """CSR of the rows among the free variables that can be broken, with sense, right side and row numbers."""
    rows, place = np.unique(which, return_inverse=True)
    mine = np.zeros((3, len(rows)), np.int64)  # what the free variables have now, can have at least, at most
    for k, part in enumerate((np.where(x[of], coef, 0), np.minimum(coef, 0), np.maximum(coef, 0))):
        np.add.at(mine[k], place, part)
    now, least, most = mine
    sense = problem.rows.sense[rows]
    rhs = problem.rows.rhs[rows] - (incumbent.totals[rows] - now)
    hopeless = np.where(sense == LE, least > rhs, np.where(sense == GE, most < rhs, (least > rhs) | (most < rhs)))
    rhs = np.where(hopeless, np.clip(rhs, least, most), rhs)
    safe = np.where(sense == LE, most <= rhs, np.where(sense == GE, least >= rhs, (least == rhs) & (most == rhs)))
    keep = ~safe
    chosen = keep[place]
    order = np.lexsort((of[chosen], place[chosen]))
    size = np.bincount(place[chosen], minlength=len(rows))[keep]
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    index, value = of[chosen][order].astype(np.int32), coef[chosen][order]
    return start, index, value, sense[keep], rhs[keep], rows[keep]


def loosened(model: Model, sample: np.ndarray) -> Model:
    """The model with every equation asking for what `sample` has: one that `sample` certainly keeps.

    An equation whose coefficients reach no state of the right side has no penalty form; with the left side that
    the incumbent has, the window can still better everything else.
    """
    from dataclasses import replace

    row = np.repeat(np.arange(len(model.con_rhs)), np.diff(model.con_start))
    now = np.zeros(len(model.con_rhs), np.int64)
    np.add.at(now, row, model.con_coef * (np.asarray(sample)[model.con_index] != 0))
    return replace(model, con_rhs=np.where(model.con_sense == EQ, now, model.con_rhs))
