"""Rows and costs of what clusters hold: capacities, sizes, safe limits, balance, and whether one is in use at all."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.solvers.programs.part import Part, expand
from qamctl.cluster.solvers.programs.program import Draft
from qamctl.cluster.spec import NO_LIMIT, Flags, Floats, Ints
from qamctl.cluster.terms import usage

#: Entries up to which a cluster is opened by every pair in it, which bounds better than their sum does.
EACH: Final = 50_000
#: Ratios are taken as fractions with denominators up to this, so that rows of whole numbers stay such.
DENOMINATOR: Final = 1000


@dataclass(frozen=True, eq=False)
class _Held:
    """What pairs take of clusters, entry by entry.

    Attributes
    ----------
    pair, node
        [z] a pair and a cluster that it is in.
    amount
        [z, r] what it takes.
    now
        [m, r] use in the known assignment.
    opened
        [m] column of the variable that says whether the cluster is in use; -1 where there is none.
    """

    pair: Ints
    node: Ints
    amount: Ints
    now: Ints
    opened: Ints


def draw_holding(draft: Draft, part: Part, counts: dict[str, bool]) -> None:
    """Draw up what clusters hold; the variables of the pairs are the first ones of the draft.

    Parameters
    ----------
    counts
        By term, whether it is charged for.
    """
    pair, node = part.nodes()
    now = usage(part.problem, part.leaf)
    held = _Held(pair, node, part.demand[pair], now, np.full(part.problem.m, -1))
    _open(draft, part, held, counts)
    _capacities(draft, part, held)
    _least(draft, part, held)
    if counts["load"]:
        _load(draft, part, held)
    if counts["balance"]:
        _ratios(draft, part, held)
        if part.problem.target:
            _target(draft, part, held)


def _open(draft: Draft, part: Part, held: _Held, counts: dict[str, bool]) -> None:
    """Variables of clusters that may come into use, where that matters."""
    problem = part.problem
    matters = (problem.open_cost != 0) & counts["cost"]
    if problem.elastic:
        matters = matters | (problem.least > 0)
    if problem.target and counts["balance"]:
        matters = matters | (np.arange(problem.m) < problem.k)
    touched = np.zeros(problem.m, bool)
    touched[held.node] = True
    nodes = np.flatnonzero(matters & touched & (part.use[:, -1] == 0))
    if not len(nodes):
        return
    column = draft.variables(held.now[nodes, -1] > 0, 1.0, whole=True)
    held.opened[nodes] = column
    if counts["cost"]:
        draft.charge("cost", column, problem.open_cost[nodes])
    at = np.flatnonzero(held.opened[held.node] >= 0)
    mine, pair = held.opened[held.node[at]], held.pair[at]
    size = held.amount[at, -1].astype(float)
    if len(at) <= EACH:
        number = draft.limit(np.arange(len(at)), pair, 1.0, upper=np.zeros(len(at)))
        draft.extend(number, mine, -1.0)
    else:
        row = np.searchsorted(nodes, held.node[at])
        number = draft.limit(row, pair, size, upper=np.zeros(len(nodes)))
        draft.extend(number, column, -np.bincount(row, weights=size, minlength=len(nodes)))


def _cells(held: _Held, amount: Ints, wanted: Flags) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """What is taken of wanted cells ([m, r]): (entry, its resource, its row), and (cluster, resource) of each row."""
    entry, resource = np.nonzero(wanted[held.node] & (amount != 0))
    keys, row = np.unique(held.node[entry] * amount.shape[1] + resource, return_inverse=True)
    return entry, resource, row, keys // amount.shape[1], keys % amount.shape[1]


def _capacities(draft: Draft, part: Part, held: _Held) -> None:
    problem = part.problem
    amount, base = held.amount, part.use
    if problem.transient.any():
        amount, base = _both(part, held)
    entry, resource, row, node, r = _cells(held, amount, problem.capacity < NO_LIMIT)
    capacity = problem.capacity[node, r]
    opened = held.opened[node]
    # What is not in use holds nothing, which a relaxation should know too.
    tied = (opened >= 0) & (base[node, r] == 0)
    upper = np.where(tied, 0, capacity - base[node, r])
    number = draft.limit(row, held.pair[entry], amount[entry, resource], upper=upper)
    draft.extend(number[tied], opened[tied], -capacity[tied].astype(float))
    draft.capacities = (number, node, r)
    full = base > problem.capacity
    full[node, r] = False
    none = np.zeros(0, np.int64)
    draft.limit(none, none, 1.0, upper=(problem.capacity - base)[full])  # whoever is free, it is too much


def _both(part: Part, held: _Held) -> tuple[Ints, Ints]:
    """([z, r] what pairs take, [m, r] base) where a unit that moves takes its old place too, of transient resources."""
    problem, above = part.problem, part.frame.above
    transient = problem.transient.astype(bool)
    home = problem.home_leaf
    owner = owners(problem.home_first)
    rest = part.rest[owner]
    base = part.use.copy()
    for level in above[:, home]:  # clusters around the old place that the unit is not in now
        outside = (level >= 0) & ~(above[:, rest] == level).any(axis=0)
        np.add.at(base, level[outside], problem.home_demand[outside] * transient)
    amount = held.amount.copy()
    position, entry = expand(problem.home_first, part.free[part.unit[held.pair]])
    inside = (above[:, home[entry]] == held.node[position]).any(axis=0)
    np.subtract.at(amount, position[inside], problem.home_demand[entry[inside]] * transient)
    return amount, base


def _least(draft: Draft, part: Part, held: _Held) -> None:
    problem = part.problem
    wanted = np.zeros((problem.m, problem.r), bool)
    wanted[:, -1] = problem.least > part.use[:, -1]
    entry, _, row, node, _ = _cells(held, held.amount, wanted)
    opened = held.opened[node]
    tied = opened >= 0
    lower = np.where(tied & problem.elastic, 0, problem.least[node] - part.use[node, -1])
    number = draft.limit(row, held.pair[entry], held.amount[entry, -1], lower=lower)
    if problem.elastic:
        draft.extend(number[tied], opened[tied], -problem.least[node[tied]].astype(float))
        return
    short = problem.least - part.use[:, -1]
    short[node] = 0
    none = np.zeros(0, np.int64)
    draft.limit(none, none, 1.0, lower=short[short > 0])  # nobody who is free can help


def _most(row: Ints, amount: np.ndarray, base: np.ndarray) -> Floats:
    """[rows] the largest use there could be."""
    most: Floats = np.bincount(row, weights=amount, minlength=len(base)) + base
    return most


def _load(draft: Draft, part: Part, held: _Held) -> None:
    problem = part.problem
    wanted = (problem.safe < NO_LIMIT) & (problem.load != 0)
    entry, resource, row, node, r = _cells(held, held.amount, wanted)
    over = (part.use - problem.safe)[node, r]
    most = np.maximum(0, _most(row, held.amount[entry, resource], over))
    column = draft.variables(np.maximum(0, (held.now - problem.safe)[node, r]), most, np.maximum(0, over))
    draft.charge("load", column, problem.load[r])
    number = draft.limit(row, held.pair[entry], -held.amount[entry, resource], lower=over)
    draft.extend(number, column, 1.0)


def _ratios(draft: Draft, part: Part, held: _Held) -> None:
    problem = part.problem
    k = problem.k
    leaves = np.unique(part.to)
    at = np.searchsorted(leaves, part.to)
    pair = np.arange(len(part.to))
    free, now = (problem.capacity - part.use)[leaves], (problem.capacity - held.now)[:k][leaves]
    figures = (problem.ratio_one, problem.ratio_other, problem.ratio_value, problem.ratio_weight)
    for one, other, value, weight in zip(*(column.tolist() for column in figures), strict=True):
        ratio = Fraction(value).limit_denominator(DENOMINATOR)
        times, over = ratio.numerator, ratio.denominator
        if abs(times / over - value) > 1e-12 * value:
            times, over = value, 1
        lacks = times * free[:, one] - over * free[:, other]
        most = np.maximum(0, _most(at, over * part.demand[:, other], lacks))
        column = draft.variables(np.maximum(0, times * now[:, one] - over * now[:, other]), most)
        draft.charge("balance", column, weight / over)
        factor = times * part.demand[:, one] - over * part.demand[:, other]
        number = draft.limit(at, pair, factor, lower=lacks)
        draft.extend(number, column, 1.0)


def _target(draft: Draft, part: Part, held: _Held) -> None:
    problem = part.problem
    leaves = np.unique(part.to)
    at = np.searchsorted(leaves, part.to)
    pair, size = np.arange(len(part.to)), part.demand[:, -1]
    base, now = part.use[leaves, -1], held.now[leaves, -1]
    most = np.maximum(problem.target, _most(at, size, base))
    column = draft.variables(np.where(now > 0, np.abs(now - problem.target), 0), most)
    draft.charge("balance", column, 1.0)
    number = draft.limit(at, pair, -size, lower=base - problem.target)
    draft.extend(number, column, 1.0)
    opened = held.opened[leaves]
    tied = opened >= 0
    number = draft.limit(at, pair, size, lower=np.where(tied, 0, problem.target - base))
    draft.extend(number, column, 1.0)
    draft.extend(number[tied], opened[tied], -float(problem.target))
