"""Penalty weights that are sufficient: every minimum of the penalty QUBO is feasible and optimal.

**The cited bound.** For integer constraints squared, a broken one costs at least its weight, so any
weight above the largest minus the smallest objective over all binary states is sufficient (A. Lucas,
"Ising formulations of many NP problems", Frontiers in Physics 2, 2014, section 3; A. Verma and
M. Lewis, "Penalty and partitioning techniques to improve performance of QUBO solvers", Discrete
Optimization 44, 2022; M. Ayodele, "Penalty weights in QUBO formulations: permutation problems", EvoCOP
2022). `cited_bound` is that weight; ours never exceed it.

**What we use instead.** (1) *Shift.* One of each one-hot group is chosen in every feasible state, so the
group's least cost can be moved to the offset. Let f be the shifted objective, low a bound with f >= low
for every binary state, and y a feasible state. With weight P > f(y) - low, any state s that breaks a
constraint has energy >= low + P > f(y) >= the optimum, so no minimum is infeasible; feasible states have
no penalty, so the minima are the optima.

(2) *Implications.* Let z occur in nothing but implications (a <= z, z <= w) and in its own linear term.
A state with a = 1, z = 0 is improved by setting z = 1 when the weight of a <= z exceeds
max(0, cost of z) + the weights of all z <= w: the broken a <= z are repaired, and nothing else but
z <= w can break. So no minimum breaks an implication of such a weight, whatever the other weights are;
by (1) it breaks nothing else either. Along a chain these weights grow from one link's cost to at most P.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.qubo.model import Floats, Index, Ints, Model


@dataclass(frozen=True, slots=True)
class Weights:
    """Penalty weights: one for all one-hot groups, one for each row of constraints."""

    group: float
    row: Floats


def shifted(model: Model) -> tuple[Floats, float]:
    """(linear, offset) with each group's least linear cost moved to the offset; equal on feasible states."""
    linear = model.linear.copy()
    size = np.diff(model.group_start)
    if (size == 0).any():
        raise ValueError("a one-hot group has no member")
    if len(size) == 0:
        return linear, model.offset
    least = np.minimum.reduceat(linear[model.group_index], model.group_start[:-1])
    np.subtract.at(linear, model.group_index, np.repeat(least, size))
    return linear, model.offset + float(least.sum())


def cited_bound(model: Model) -> float:
    """The general sufficient weight: above the range of the objective over all binary states."""
    reach = float(np.abs(model.linear).sum() + np.abs(model.weight).sum())
    return reach + margin(model)


def margin(model: Model) -> float:
    """How far a weight stays above its bound: 1 for an integral objective, else a 1,024th of its range."""
    coefficients = np.concatenate([model.linear, model.weight])
    reach = float(np.abs(coefficients).sum())
    if reach == 0 or (coefficients == np.round(coefficients)).all():
        return 1.0
    return reach / 1024


def sufficient_weights(model: Model, upper: float | None = None) -> Weights:
    """Weights with which every minimum of the compiled QUBO is a feasible optimum.

    Parameters
    ----------
    upper
        The objective of some feasible state; None takes the largest that a state can have.
    """
    linear, offset = shifted(model)
    low = offset + float(np.minimum(linear, 0).sum() + np.minimum(model.weight, 0).sum())
    if upper is None:
        upper = offset + float(np.maximum(linear, 0).sum() + np.maximum(model.weight, 0).sum())
    spare = margin(model)
    everywhere = min(max(upper - low, 0.0) + spare, cited_bound(model))
    row = np.full(len(model.con_rhs), everywhere)
    kind = row_shapes(model)
    row_of, implied = _implications(model, kind == IMPLICATION)
    need = _implication_needs(model, linear, row_of, implied, spare)
    tight = need[implied[:, 1]] if len(implied) else np.zeros(0)
    row[row_of] = np.minimum(row[row_of], tight)
    return Weights(everywhere, row)


#: What `row_shapes` tells apart.
GENERAL, AT_MOST_ONE, IMPLICATION = 0, 1, 2


def row_shapes(model: Model) -> np.ndarray:
    """[c] which rows need no slack bits: at most one (ones, <= 1) and implications (a - z <= 0)."""
    size = np.diff(model.con_start)
    shape = np.full(len(size), GENERAL, np.int8)
    ones = np.bincount(_row_of(model), weights=model.con_coef == 1, minlength=len(size))
    less = model.con_sense == -1
    shape[less & (ones == size) & (model.con_rhs == 1)] = AT_MOST_ONE
    two = np.flatnonzero(less & (size == 2) & (ones == 1) & (model.con_rhs == 0))
    first = model.con_start[two]
    shape[two[model.con_coef[first] + model.con_coef[first + 1] == 0]] = IMPLICATION
    return shape


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


def _row_of(model: Model) -> Ints:
    return np.repeat(np.arange(len(model.con_rhs)), np.diff(model.con_start))


def _implications(model: Model, is_implication: np.ndarray) -> tuple[Ints, Ints]:
    """Rows a <= z whose z occurs in nothing but implications, and their [r, 2] ends."""
    elsewhere = np.zeros(model.n, bool)
    elsewhere[model.group_index] = True
    elsewhere[model.row] = True
    elsewhere[model.col] = True
    elsewhere[model.con_index[~is_implication[_row_of(model)]]] = True
    rows = np.flatnonzero(is_implication)
    ends = implication_ends(model, rows)
    local = ~elsewhere[ends[:, 1]]
    return rows[local], ends[local]


def _implication_needs(model: Model, linear: Floats, rows: Ints, ends: Ints, spare: float) -> Floats:
    """[n] the sufficient weight of a <= z by z; inf where z cannot be settled by its implications alone."""
    need = np.full(model.n, np.inf)
    local = np.unique(ends[:, 1]) if len(rows) else np.zeros(0, np.int64)
    # A power of two, so that sums of integral costs stay exact; all of them together stay below `spare`.
    step = 2.0 ** -len(local).bit_length() * spare
    leads: dict[int, list[int]] = {int(z): [] for z in local}
    waits: dict[int, int] = dict.fromkeys(leads, 0)
    out: dict[int, list[int]] = {}
    all_rows = np.flatnonzero(row_shapes(model) == IMPLICATION)
    chain: Index | Ints = implication_ends(model, all_rows)
    for a, z in chain[np.isin(chain[:, 0], local)].tolist():
        out.setdefault(a, []).append(z)
        waits[a] += 1
        if z in leads:
            leads[z].append(a)
    ready = [z for z in leads if waits[z] == 0]
    for z in ready:  # grows while it is read
        need[z] = max(0.0, float(linear[z])) + sum(float(need[w]) for w in out.get(z, ())) + step
        for a in leads[z]:
            waits[a] -= 1
            if waits[a] == 0:
                ready.append(a)
    return need
