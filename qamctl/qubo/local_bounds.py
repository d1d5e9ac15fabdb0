"""Penalty weights of one group or one row by what a single flip can gain, where that alone is a proof.

**A flip that repairs.** Let a state break a constraint c, and let flipping one variable bring it nearer, break
no other constraint and cost the objective at most d. Broken whole-number constraints cost at least their weight
less after such a flip, so with a weight above d the state is no minimum of the QUBO. This is the largest gain of
a single flip of A. Verma and M. Lewis ("Penalty and partitioning techniques to improve performance of QUBO
solvers", Discrete Optimization 44, 2022) and M. Ayodele ("Penalty weights in QUBO formulations: permutation
problems", EvoCOP 2022), taken constraint by constraint, and only where nothing else can break.

**Groups.** Several of a group are chosen, k of them. Turning one off takes (2 k - 3) P from the penalty. Let g
be, among the groups of which this can be said, the one with most chosen; then a partner group has at most k
chosen, and what i gains from it is at most k / 2 times the sum of its two best couplings. With a = what i
gains from itself and from variables in no such group, and b = the sum of two best couplings over the partner
groups, turning i off costs at most a + b k / 2, and P > max(a + b, b / 4) outweighs that for every k >= 2. Of two
chosen ones the better may go: the second largest such value over the members is enough. Where no state of least
energy has a group with several chosen, an empty group gains from turning on the member that costs least, each
partner group adding its largest coupling at most.

**Balance.** A number c added to the costs of all members of a group, and taken from the offset, changes no
feasible state; it lowers what two chosen need by c, and raises what none needs. P is least where both are equal.

**Rows.** A broken row is relieved by turning off a variable that makes it larger or turning on one that makes it
smaller. Where no variable alone can break the row, there are two to choose from. Equations can be relieved in
this way where their coefficients are all alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.qubo.model import EQ, GE, Floats, Index, Ints, Model
from qamctl.qubo.objective import between_groups
from qamctl.qubo.shapes import FREE, group_of_variables, groups_apart, row_of_entries, safety


@dataclass(frozen=True, slots=True)
class Flips:
    """What one flip can cost at most, while every group of `settled` has at most one chosen.

    Attributes
    ----------
    on, off
        [n] objective gained by turning the variable on, or off.
    alone, pairs
        [n] `a` and `b` of the module's text.
    """

    on: Floats
    off: Floats
    alone: Floats
    pairs: Floats


def flips(model: Model, linear: Floats, settled: np.ndarray) -> Flips:
    """The costs of all flips.

    Parameters
    ----------
    linear
        [n] the shifted costs.
    settled
        [g] the groups that have at most one chosen.
    """
    n, kept = model.n, between_groups(model)
    one = np.concatenate([model.row[kept], model.col[kept]]).astype(np.int64)
    other = np.concatenate([model.col[kept], model.row[kept]]).astype(np.int64)
    weight = np.concatenate([model.weight[kept]] * 2)
    group = group_of_variables(model)[other]
    inside = np.zeros(len(other), bool)
    inside[group >= 0] = settled[group[group >= 0]]

    def sum_of(values: Floats, chosen: np.ndarray) -> Floats:
        total: Floats = np.bincount(one[chosen], weights=values[chosen], minlength=n).astype(np.float64)
        return total

    on = linear + sum_of(np.maximum(weight, 0.0), ~inside)
    alone = -linear - sum_of(np.minimum(weight, 0.0), ~inside)
    best, pairs = np.zeros(n), np.zeros(n)
    if inside.any():
        member, weight = one[inside], weight[inside]
        key = member * len(settled) + group[inside]
        order = np.lexsort((weight, key))
        key, member, weight = key[order], member[order], weight[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        last = np.append(first[1:], len(key)) - 1
        on += np.bincount(member[last], weights=np.maximum(weight[last], 0.0), minlength=n)
        np.add.at(best, member[first], -np.minimum(weight[first], 0.0))
        pairs += best
        second = first[last > first] + 1
        np.add.at(pairs, member[second], -np.minimum(weight[second], 0.0))
    return Flips(on, alone + best, alone, pairs)


@dataclass(frozen=True, slots=True)
class GroupBounds:
    """What the weight of each group must exceed.

    Attributes
    ----------
    several
        [g] so that of several chosen ones one goes; -inf where there are no two.
    floor
        [g] the part of it that no shift of the costs changes.
    none
        [g] so that one of none is chosen.
    """

    several: Floats
    floor: Floats
    none: Floats


def structure(model: Model) -> np.ndarray:
    """[g] the groups of which at most one member cannot be turned off safely: of several chosen, one may go."""
    size = np.diff(model.group_start)
    unsafe = (safety(model).off > 0)[model.group_index]
    row = np.repeat(np.arange(len(size)), size)
    held = np.bincount(row, weights=unsafe, minlength=len(size)) <= 1
    return np.asarray(held & groups_apart(model, group_of_variables(model)))


def group_bounds(model: Model, found: Flips, settled: np.ndarray, *, careful: bool = True) -> GroupBounds:
    """Bounds of the groups of `settled`; of the others they are inf.

    Parameters
    ----------
    careful
        False: as if no flip could break a row; an estimate to start from, no proof.
    """
    members = model.group_index
    may = safety(model)
    off = np.where((may.off == 0) | (not careful), found.alone + found.pairs, np.inf)[members]
    on = np.where((may.on == 0) | (not careful), found.on, np.inf)[members]
    if len(settled) == 0:
        return GroupBounds(*(np.zeros(0),) * 3)
    _, several = largest_two(model.group_start, off)
    floor = np.maximum.reduceat(found.pairs[members], model.group_start[:-1]) / 4
    none = np.minimum.reduceat(on, model.group_start[:-1])
    return GroupBounds(*(np.where(settled, values, np.inf) for values in (several, floor, none)))


def row_bounds(model: Model, found: Flips) -> Floats:
    """[r] what the weight of each row must exceed; inf where flips alone prove nothing.

    `found` holds for settled groups that are proved to have exactly one chosen in every state of least energy.
    """
    may, coef, row = safety(model), model.con_coef, row_of_entries(model)
    index: Index = model.con_index
    free = (group_of_variables(model) == FREE)[index]
    equation = (model.con_sense == EQ)[row]
    off = np.where(free & (may.off[index] == equation), found.off[index], np.inf)
    on = np.where(free & (may.on[index] == equation), found.on[index], np.inf)
    positive = coef > 0
    lower, raise_ = np.where(positive, off, on), np.where(positive, on, off)
    # A coefficient of 0 changes nothing: no flip of it relieves the row.
    lower, raise_ = np.where(coef == 0, -np.inf, lower), np.where(coef == 0, -np.inf, raise_)

    count = len(model.con_rhs)
    least = np.bincount(row, weights=np.minimum(coef, 0), minlength=count)
    most = np.bincount(row, weights=np.maximum(coef, 0), minlength=count)
    over = _relief(model, lower, model.con_rhs - least)
    under = _relief(model, raise_, most - model.con_rhs)
    size = np.abs(coef)
    unequal = np.bincount(row, weights=size != _largest_of(model.con_start, size.astype(float))[row], minlength=count)
    both = np.where(unequal == 0, np.maximum(over, under), np.inf)
    return np.where(model.con_sense == EQ, both, np.where(model.con_sense == GE, under, over))


def _relief(model: Model, cost: Floats, reach: np.ndarray) -> Floats:
    """[r] the dearest flip that may be the only one to relieve a row, or the second dearest of all."""
    second = largest_two(model.con_start, cost)[1]
    alone = np.where(np.abs(model.con_coef) > reach[row_of_entries(model)], cost, -np.inf)
    return np.maximum(second, _largest_of(model.con_start, alone))


def largest_two(start: Ints, values: Floats) -> tuple[Floats, Floats]:
    """([r], [r]) the largest and the second largest value of each run; -inf where there is none."""
    size = np.diff(start)
    run = np.repeat(np.arange(len(size)), size)
    order = np.lexsort((values, run))
    largest, second = np.full(len(size), -np.inf), np.full(len(size), -np.inf)
    largest[size > 0] = values[order[start[1:][size > 0] - 1]]
    second[size > 1] = values[order[start[1:][size > 1] - 2]]
    return largest, second


def _largest_of(start: Ints, values: Floats) -> Floats:
    return largest_two(start, values)[0]
