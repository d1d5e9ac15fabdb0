"""Where units may still go: the pairs of unit and leaf that become variables, and the units with one place left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.spec import Index, Ints
from qamctl.cluster.standing import left_behind
from qamctl.cluster.tables import Tables, gather
from qamctl.errors import InfeasibleError
from qamctl.kernels.assignment.problem import AssignmentProblem


@dataclass(frozen=True, eq=False)
class Choices:
    """Variables of a model: unit by unit, leaf by leaf; of a unit that may be left out that comes last (leaf k).

    Attributes
    ----------
    unit, leaf
        [n]
    demand
        [n, r] what the unit takes there.
    first
        [units + 1] the choices of each unit; none of those that are fixed.
    fixed
        [units] the one leaf that is left to a unit; -1 where there are several.
    raw
        Pairs before any was ruled out.
    """

    unit: Ints
    leaf: Ints
    demand: Ints
    first: Ints
    fixed: Index
    raw: int
    leaves: int

    def find(self, unit: Ints, leaf: Ints) -> Ints:
        """[e] the choices of these pairs; -1 where there is none."""
        if not len(self.unit):
            return np.full(len(unit), -1, np.int64)
        key = self.unit * (self.leaves + 1) + self.leaf
        wanted = unit.astype(np.int64) * (self.leaves + 1) + leaf
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        return np.where(key[at] == wanted, at, -1)

    @property
    def settled(self) -> tuple[Ints, Ints]:
        """(units, leaves) of those with one place left."""
        unit = np.flatnonzero(self.fixed >= 0)
        return unit, self.fixed[unit].astype(np.int64)


def open_choices(tables: Tables) -> Choices:
    """What is left of a problem when everything is ruled out that breaks a rule beside units with one place left.

    Raises
    ------
    InfeasibleError
        A unit has no place left.
    """
    problem = tables.problem
    unit, leaf = _pairs(problem)
    raw = len(unit)
    demand = tables.demand(unit, leaf)
    while True:
        count = np.bincount(unit, minlength=problem.n)
        if (count == 0).any():
            raise InfeasibleError("some agent has no cluster that it may be in: no such assignment exists")
        alone = count[unit] == 1
        closed = ~alone & _closed(tables, unit, leaf, demand, alone)
        if not closed.any():
            break
        unit, leaf, demand = unit[~closed], leaf[~closed], demand[~closed]
    fixed = np.full(problem.n, -1, np.int32)
    fixed[unit[alone]] = leaf[alone]
    unit, leaf, demand = unit[~alone], leaf[~alone], demand[~alone]
    first = np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=problem.n))]).astype(np.int64)
    return Choices(unit, leaf, demand, first, fixed, raw, problem.k)


def _pairs(problem: AssignmentProblem) -> tuple[Ints, Ints]:
    place, unit = gather(problem.allowed_first, problem.kind.astype(np.int64))
    left_out = np.flatnonzero(problem.optional)
    unit = np.concatenate([unit, left_out])
    leaf = np.concatenate([problem.allowed_leaf[place], np.full(len(left_out), problem.k)]).astype(np.int64)
    order = np.argsort(unit, kind="stable")
    return unit[order], leaf[order]


def _closed(tables: Tables, unit: Ints, leaf: Ints, demand: Ints, alone: np.ndarray) -> np.ndarray:
    """Which pairs break a rule beside the units that have one place left, whatever the others do."""
    problem = tables.problem
    room = problem.capacity - base_use(tables, unit[alone], leaf[alone], demand[alone])
    fixed = np.full(problem.n, -1, np.int64)
    fixed[unit[alone]] = leaf[alone]
    room -= ghosts_of(tables, np.flatnonzero(fixed >= 0), fixed[fixed >= 0])
    closed = np.zeros(len(unit), bool)
    for node in tables.up[leaf].T:
        there = node >= 0
        closed[there] |= (demand[there] > room[node[there]]).any(axis=1)
    if len(problem.apart_to):
        entry, owner = gather(problem.apart_first, unit)
        beside = (fixed[problem.apart_to[entry]] == leaf[owner]) & (leaf[owner] < problem.k)
        closed[owner[beside]] = True
    if problem.rule_apart.any():
        closed |= _crowded(problem, unit, leaf, fixed)
    return closed


def _crowded(problem: AssignmentProblem, unit: Ints, leaf: Ints, fixed: Ints) -> np.ndarray:
    """Which pairs put two members of a group that must be apart into one leaf."""
    owner = owners(problem.member_first)
    apart = problem.rule_apart[problem.member_rule] > 0
    where = fixed[owner]
    still = apart & (where >= 0) & (where < problem.k)
    taken = np.unique(problem.member_rule[still].astype(np.int64) * problem.k + where[still])
    entry, of = gather(problem.member_first, unit)
    rule = problem.member_rule[entry].astype(np.int64)
    full = np.isin(rule * problem.k + leaf[of], taken) | (problem.member_count[entry] > 1)
    crowded = np.zeros(len(unit), bool)
    crowded[of[full & (problem.rule_apart[rule] > 0) & (leaf[of] < problem.k)]] = True
    return crowded


def base_use(tables: Tables, unit: Ints, leaf: Ints, demand: Ints) -> Ints:
    """[m, r] what units in these leaves use of every cluster."""
    use = np.zeros((tables.problem.m, tables.problem.r), np.int64)
    for node in tables.up[leaf].T:
        there = node >= 0
        np.add.at(use, node[there], demand[there])
    return use


def ghosts_of(tables: Tables, unit: Ints, leaf: Ints) -> Ints:
    """[m, r] what units in these leaves still use at their old places, of transient resources."""
    problem = tables.problem
    ghost = np.zeros((problem.m, problem.r), np.int64)
    if problem.transient.any():
        entry, owner = gather(problem.home_first, unit)
        node, which = left_behind(tables, leaf[owner], problem.home_leaf[entry])
        np.add.at(ghost, node, problem.home_demand[entry[which]] * problem.transient.astype(np.int64))
    return ghost
