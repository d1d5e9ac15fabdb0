"""A part of an assignment that is decided anew: which units, where each may go, and what all others take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.spec import Flags, Index, Ints
from qamctl.cluster.terms import usage
from qamctl.kernels.assignment.problem import AssignmentProblem


@dataclass(frozen=True, eq=False)
class Frame:
    """What every part of a problem is drawn up with.

    Attributes
    ----------
    above
        [h, k + 1] the clusters around a leaf: itself, its parent, ...; -1 beyond the top, and for being in no cluster.
    rule_first, rule_unit, rule_count
        By ruled group: the units of its members, and how many of them.
    """

    problem: AssignmentProblem
    above: Index
    rule_first: Ints
    rule_unit: Ints
    rule_count: Ints


def frame(problem: AssignmentProblem) -> Frame:
    """The frame of a problem."""
    parent = np.append(problem.parent, np.int32(-1))
    rows = [np.append(np.arange(problem.k), -1)]
    while (rows[-1] >= 0).any():
        rows.append(parent[rows[-1]])
    order = np.argsort(problem.member_rule, kind="stable")
    rules = len(problem.rule_apart)
    first = np.concatenate([[0], np.cumsum(np.bincount(problem.member_rule, minlength=rules))])
    return Frame(
        problem, np.array(rows[: max(1, len(rows) - 1)], np.int32), first.astype(np.int64),
        owners(problem.member_first)[order], problem.member_count[order].astype(np.int64),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Part:
    """Some units are free, the others stay.

    Attributes
    ----------
    leaf
        [n] where everyone is.
    free
        [f] units, ascending.
    unit, to
        [q] pairs: row of `free`, and a leaf where it may be; by unit, then by leaf.
    here
        [q] that is where it is.
    demand
        [q, r] what it takes there.
    rest
        [n] leaf of those who stay; `k` for those who are free.
    use
        [m, r] of those who stay.
    """

    frame: Frame
    leaf: Index
    free: Ints
    unit: Ints
    to: Ints
    here: Flags
    demand: Ints
    rest: Index
    use: Ints

    @property
    def problem(self) -> AssignmentProblem:
        """The problem that it is a part of."""
        return self.frame.problem

    def nodes(self) -> tuple[Ints, Ints]:
        """The clusters of pairs, inner ones too, as (pair, cluster)."""
        node = self.frame.above[:, self.to]
        level, pair = np.nonzero(node >= 0)
        return pair, node[level, pair].astype(np.int64)


def part_of(frame: Frame, leaf: Index, free: Ints, unit: Ints, to: Ints) -> Part:
    """The part in which some units are free.

    Parameters
    ----------
    leaf
        [n] where everyone is; `k`: in no cluster.
    free
        [f] units, ascending.
    unit, to
        Pairs of a row of `free` and a leaf that it is allowed in.
    """
    problem = frame.problem
    order = np.lexsort((to, unit))
    unit, to = unit[order].astype(np.int64), to[order].astype(np.int64)
    rest = leaf.copy()
    rest[free] = problem.k
    return Part(
        frame, leaf, free, unit, to, leaf[free[unit]] == to, demand_of(problem, free[unit], to), rest,
        usage(problem, rest),
    )  # fmt: skip


def demand_of(problem: AssignmentProblem, unit: Ints, to: Ints) -> Ints:
    """[q, r] what units take in leaves."""
    demand = problem.demand[unit]
    if len(problem.own_demand):
        pair, entry = cost_entries(problem, unit, to)
        own = problem.cost_own[entry] >= 0
        demand[pair[own]] = problem.own_demand[problem.cost_own[entry[own]]]
    return demand


def cost_entries(problem: AssignmentProblem, unit: Ints, to: Ints) -> tuple[Ints, Ints]:
    """The pairs of units and leaves that the table of costs names, as (pair, entry of the table)."""
    units, row = np.unique(unit, return_inverse=True)
    position, entry = expand(problem.cost_first, units)
    if not len(entry):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    keys = position * problem.k + problem.cost_leaf[entry]  # ascending: the leaves of a unit are
    wanted = row * problem.k + to
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    pair = np.flatnonzero(keys[at] == wanted)
    return pair, entry[at[pair]]


def expand(first: Ints, row: Ints) -> tuple[Ints, Ints]:
    """All entries of rows of a compressed table, as (position in `row`, entry)."""
    count = first[row + 1] - first[row]
    position = np.repeat(np.arange(len(row)), count)
    start = np.concatenate([[0], np.cumsum(count)])[:-1]
    return position, np.arange(len(position)) - start[position] + first[row][position]


def everywhere(problem: AssignmentProblem, free: Ints) -> tuple[Ints, Ints]:
    """All pairs of units and leaves that they are allowed in, as (row of `free`, leaf)."""
    unit, entry = expand(problem.allowed_first, problem.kind[free].astype(np.int64))
    return unit, problem.allowed_leaf[entry].astype(np.int64)
