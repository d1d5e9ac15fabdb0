"""Sums over variables: whole numbers that depend on where units are, many at once, and how small and large they get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.cluster.choices import Choices, base_use, ghosts_of
from qamctl.cluster.spec import Ints
from qamctl.cluster.tables import Tables, gather


@dataclass(frozen=True, slots=True)
class Sums:
    """const + coef . x, one a row: CSR over variables, none twice in a row."""

    start: Ints
    index: Ints
    coef: Ints
    const: Ints

    @property
    def row(self) -> Ints:
        """[e] the row of each entry."""
        return np.repeat(np.arange(len(self.const)), np.diff(self.start))

    def values(self, sample: np.ndarray) -> Ints:
        """[rows] in a sample."""
        some = np.bincount(self.row, weights=self.coef * sample[self.index], minlength=len(self.const))
        return self.const + some.astype(np.int64)

    def take(self, rows: np.ndarray) -> Sums:
        """Some rows, by number or by flag."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        entry, owner = gather(self.start, rows)
        start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(rows)))]).astype(np.int64)
        return Sums(start, self.index[entry], self.coef[entry], self.const[rows])

    def negated(self) -> Sums:
        """The same sums with the opposite sign."""
        return Sums(self.start, self.index, -self.coef, -self.const)


def sums_of(const: Ints, row: Ints, index: Ints, coef: Ints) -> Sums:
    """Sums from entries in any order; entries of the same row and variable are added."""
    if len(index):
        width = int(index.max()) + 1
        key, at = np.unique(row * width + index, return_inverse=True)
        total = np.zeros(len(key), np.int64)
        np.add.at(total, at, coef)
        key, coef = key[total != 0], total[total != 0]
        row, index = key // width, key % width
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(const)))]).astype(np.int64)
    return Sums(start, index.astype(np.int64), coef.astype(np.int64), np.asarray(const, np.int64))


def reach(sums: Sums, group: Ints, size: Ints) -> tuple[Ints, Ints]:
    """([rows] least, [rows] largest) value, where one member of each group is chosen.

    Parameters
    ----------
    group
        [n] of each variable.
    size
        [groups] members; 0 of a variable that stands alone.
    """
    low, high = sums.const.copy(), sums.const.copy()
    if len(sums.index):
        row = sums.row
        part = group[sums.index]
        order = np.lexsort((part, row))
        row, part, coef = row[order], part[order], sums.coef[order]
        first = np.flatnonzero(np.append(True, (np.diff(row) != 0) | (np.diff(part) != 0)))
        count = np.diff(np.append(first, len(row)))
        least, most = np.minimum.reduceat(coef, first), np.maximum.reduceat(coef, first)
        whole = count == size[part[first]]  # every member is in the row: one of these coefficients counts
        np.add.at(low, row[first], np.where(whole, least, np.minimum(least, 0)))
        np.add.at(high, row[first], np.where(whole, most, np.maximum(most, 0)))
    return low, high


@dataclass(frozen=True, eq=False)
class Uses:
    """What choices add to the use of clusters: one entry for each choice and each cluster around its leaf.

    Attributes
    ----------
    node, choice
        [e] in the order of clusters.
    amount
        [e, r]
    twice
        [e, r] the same where a resource is transient: without what is used at the old place in the same cluster.
    base, base_twice
        [m, r] what is used whatever is chosen; `base_twice` with all old places.
    """

    node: Ints
    choice: Ints
    amount: Ints
    twice: Ints
    base: Ints
    base_twice: Ints

    def sums(self, wanted: np.ndarray, *, twice: bool) -> tuple[Sums, Ints, Ints]:
        """(sums, cluster, resource) of the uses that are `wanted` [m, r], resource by resource.

        Parameters
        ----------
        twice
            Transient resources at old and new places; else at new ones alone.
        """
        amount, base = (self.twice, self.base_twice) if twice else (self.amount, self.base)
        rows, entries, coefs, nodes, columns, count = [], [], [], [], [], 0
        for r in np.flatnonzero(wanted.any(axis=0)).tolist():
            node = np.flatnonzero(wanted[:, r])
            number = np.full(len(wanted), -1, np.int64)
            number[node] = count + np.arange(len(node))
            some = (number[self.node] >= 0) & (amount[:, r] != 0)
            rows.append(number[self.node[some]])
            entries.append(self.choice[some])
            coefs.append(amount[some, r])
            nodes.append(node)
            columns.append(np.full(len(node), r))
            count += len(node)
        none = np.zeros(0, np.int64)
        cluster, column = np.concatenate([*nodes, none]), np.concatenate([*columns, none])
        row, index, coef = (np.concatenate([*parts, none]) for parts in (rows, entries, coefs))
        start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=count))]).astype(np.int64)
        return Sums(start, index, coef, base[cluster, column]), cluster, column


def uses_of(tables: Tables, choices: Choices) -> Uses:
    """The uses of all clusters."""
    problem = tables.problem
    around = tables.up[choices.leaf]
    choice, depth = np.nonzero(around >= 0)
    node = around[choice, depth].astype(np.int64)
    order = np.argsort(node, kind="stable")
    node, choice, depth = node[order], choice[order], depth[order]
    amount = choices.demand[choice]
    unit, leaf = choices.settled
    base = base_use(tables, unit, leaf, tables.demand(unit, leaf))
    if not problem.transient.any():
        return Uses(node, choice, amount, amount, base, base)
    twice, base_twice = amount.copy(), base + ghosts_of(tables, unit, leaf)
    transient = problem.transient.astype(np.int64)
    movable = np.flatnonzero(choices.fixed < 0)
    entry, _ = gather(problem.home_first, movable)
    for around_home in tables.up[problem.home_leaf[entry]].T:
        there = around_home >= 0
        np.add.at(base_twice, around_home[there], problem.home_demand[entry[there]] * transient)
    at = np.full(around.shape, -1, np.int64)
    at[choice, depth] = np.arange(len(node))
    entry, owner = gather(problem.home_first, choices.unit)
    home = tables.up[problem.home_leaf[entry]]
    which, level = np.nonzero((home >= 0) & (home == around[owner]))
    np.subtract.at(twice, at[owner[which], level], problem.home_demand[entry[which]] * transient)
    return Uses(node, choice, amount, twice, base, base_twice)
