"""The best state of a model so far, kept so that changing a few of its variables costs no look at the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.model import EQ, GE, LE, Index, Ints, Model


@dataclass(frozen=True)
class Rows:
    """Groups and constraints alike as rows `coef . x (<=, =, >=) rhs`, by row and by variable.

    Attributes
    ----------
    groups
        So many rows, the first ones, are the one-hot groups.
    start, index, coef
        CSR: the variables of each row.
    var_start, var_row, var_coef
        The same entries by variable.
    sense, rhs
        [c] as in `Model`.
    """

    groups: int
    start: Ints
    index: Index
    coef: Ints
    var_start: Ints
    var_row: Ints
    var_coef: Ints
    sense: np.ndarray
    rhs: Ints

    def over(self, totals: Ints) -> Ints:
        """[c] by how much rows with these totals are broken."""
        above = totals - self.rhs
        broken = np.where(self.sense == LE, above, np.where(self.sense == GE, -above, np.abs(above)))
        return np.maximum(broken, 0).astype(np.int64)


@dataclass(frozen=True)
class Problem:
    """A model as the hybrid loop sees it."""

    model: Model
    couplings: Couplings
    rows: Rows

    def energy(self, state: Incumbent) -> float:
        """The objective of a state, as exactly as the model's coefficients allow."""
        if not self.couplings.exact:
            return self.couplings.energy(state.sample)
        units = state.total / self.couplings.scale
        return math.fsum([self.couplings.offset, units]) if self.couplings.offset else units


@dataclass(frozen=True)
class Incumbent:
    """A state of a problem; never changed in place.

    Attributes
    ----------
    sample
        [n]
    fields
        [n] `Couplings.fields`: what setting each variable adds, in the couplings' units.
    total
        The sum of the coefficients, in the couplings' units, offset left out.
    totals
        [c] the left side of each row.
    violation
        By how much all rows together are broken.
    changes
        Variables that were flipped since fields and total were computed anew: floats gather rounding.
    """

    sample: np.ndarray
    fields: np.ndarray
    total: float
    totals: Ints
    violation: int
    changes: int = 0


#: Fields of floating-point models are computed anew after so many flips.
REFRESH = 20_000


def problem_of(model: Model, objective: Couplings | None = None) -> Problem:
    """The model with its couplings as rows, and its groups among its constraints.

    Parameters
    ----------
    objective
        The model's objective as the kernels hold it, where it is known.
    """
    groups = len(model.group_start) - 1
    start = np.concatenate([model.group_start, model.group_start[-1] + model.con_start[1:]]).astype(np.int64)
    index = np.concatenate([model.group_index, model.con_index]).astype(np.int32)
    coef = np.concatenate([np.ones(len(model.group_index), np.int64), model.con_coef])
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    order = np.argsort(index, kind="stable")
    rows = Rows(
        groups, start, index, coef,
        np.concatenate([[0], np.cumsum(np.bincount(index, minlength=model.n))]).astype(np.int64),
        row[order].astype(np.int64), coef[order],
        np.concatenate([np.full(groups, EQ, np.int8), model.con_sense]),
        np.concatenate([np.ones(groups, np.int64), model.con_rhs]),
    )  # fmt: skip
    if objective is None:
        objective = couplings(model.linear, model.row, model.col, model.weight, model.offset)
    return Problem(model, objective, rows)


def incumbent_of(problem: Problem, sample: np.ndarray) -> Incumbent:
    """A state with everything computed from the model."""
    x = (np.asarray(sample) != 0).astype(np.uint8)
    rows = problem.rows
    row = np.repeat(np.arange(len(rows.rhs)), np.diff(rows.start))
    totals = np.zeros(len(rows.rhs), np.int64)
    np.add.at(totals, row, rows.coef * x[rows.index])
    fields = problem.couplings.fields(x)
    # Every coupling of two ones stands in the fields of both.
    on = x != 0
    kind = np.int64 if problem.couplings.integral else np.float64
    total = (fields[on].sum(dtype=kind) + problem.couplings.linear[on].sum(dtype=kind)) / 2
    return Incumbent(x, fields, float(total), totals, int(rows.over(totals).sum()))


def changed(problem: Problem, incumbent: Incumbent, index: np.ndarray, values: np.ndarray) -> Incumbent:
    """The state in which the variables `index` have `values`; costs a copy and their couplings."""
    values = np.asarray(values) != 0
    flips = np.asarray(index)[values != (incumbent.sample[index] != 0)]
    if len(flips) == 0:
        return incumbent
    model, sample, fields = problem.couplings, incumbent.sample.copy(), incumbent.fields.copy()
    total = incumbent.total
    for i in flips.tolist():
        step = -1 if sample[i] else 1
        total += step * float(fields[i])
        sample[i] ^= 1
        mine = slice(model.first[i], model.first[i + 1])
        fields[model.other[mine]] += step * model.weight[mine]
    totals, violation = _moved(problem.rows, incumbent, flips, sample)
    changes = incumbent.changes + len(flips)
    if changes > REFRESH and not model.exact:
        return incumbent_of(problem, sample)
    return Incumbent(sample, fields, total, totals, violation, changes)


def _moved(rows: Rows, incumbent: Incumbent, flips: np.ndarray, sample: np.ndarray) -> tuple[Ints, int]:
    if len(rows.rhs) == 0:
        return incumbent.totals, 0
    entry = entries(rows.var_start, flips)
    sign = np.repeat(np.where(sample[flips] != 0, 1, -1), np.diff(rows.var_start)[flips])
    totals = incumbent.totals.copy()
    np.add.at(totals, rows.var_row[entry], sign * rows.var_coef[entry])
    return totals, int(rows.over(totals).sum())


def entries(start: Ints, which: np.ndarray | Sequence[int]) -> Ints:
    """The places of a CSR that belong to the rows `which`, in their order."""
    which = np.asarray(which, np.int64)
    size = start[which + 1] - start[which]
    begin = np.concatenate([[0], np.cumsum(size)])
    places: Ints = np.arange(begin[-1]) + np.repeat(start[which] - begin[:-1], size)
    return places
