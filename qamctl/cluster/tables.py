"""Look-ups in an assignment problem: what is around a leaf, what a unit takes and costs in one, who is in a rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.kernels.assignment.problem import AssignmentProblem


@dataclass(frozen=True, eq=False)
class Tables:
    """Look-ups made once for a problem.

    Attributes
    ----------
    up
        [k + 1, depth] what is around each leaf, from the top down to the leaf itself, then -1; all -1 for no leaf.
    cost_key
        [C] unit * k + leaf of each entry of the costs, ascending.
    rule_first, rule_unit, rule_count
        By ruled group: the units with members of it, and how many of them.
    near_back_first, near_back
        By ruled group: the groups that must be near it.
    """

    problem: AssignmentProblem
    up: Index
    cost_key: Ints
    rule_first: Ints
    rule_unit: Ints
    rule_count: Ints
    near_back_first: Ints
    near_back: Ints

    def find(self, unit: Ints, leaf: Ints) -> Ints:
        """[e] the entry of the costs for units in leaves (`k`: none); -1 where there is none."""
        if not len(self.cost_key):
            return np.full(len(unit), -1, np.int64)
        key = unit.astype(np.int64) * self.problem.k + leaf
        at = np.minimum(np.searchsorted(self.cost_key, key), len(self.cost_key) - 1)
        found: Ints = np.where((self.cost_key[at] == key) & (leaf < self.problem.k), at, -1)
        return found

    def demand(self, unit: Ints, leaf: Ints) -> Ints:
        """[e, r] what units take in leaves."""
        taken = self.problem.demand[unit]
        if len(self.problem.own_demand):
            entry = self.find(unit, leaf)
            own = np.where(entry >= 0, self.problem.cost_own[entry], -1)
            taken[own >= 0] = self.problem.own_demand[own[own >= 0]]
        return taken

    def cost(self, unit: Ints, leaf: Ints) -> Floats:
        """[e] what units cost in leaves."""
        entry = self.find(unit, leaf)
        if not len(self.cost_key):
            return np.zeros(len(unit))
        return np.where(entry >= 0, self.problem.cost_value[entry], 0.0)


def tables_of(problem: AssignmentProblem) -> Tables:
    """The look-ups of a problem."""
    rules = len(problem.rule_apart)
    order = np.argsort(problem.member_rule, kind="stable")
    back = np.argsort(problem.near_rule, kind="stable")
    return Tables(
        problem,
        _up(problem),
        owners(problem.cost_first) * problem.k + problem.cost_leaf,
        _first(problem.member_rule, rules),
        owners(problem.member_first)[order],
        problem.member_count[order].astype(np.int64),
        _first(problem.near_rule, rules),
        owners(problem.near_first)[back],
    )


def _first(of: np.ndarray, count: int) -> Ints:
    return np.concatenate([[0], np.cumsum(np.bincount(of, minlength=count))]).astype(np.int64)


def _up(problem: AssignmentProblem) -> Index:
    """Every way up from a leaf, turned around."""
    parent = np.append(problem.parent, -1)
    ways = [np.append(np.arange(problem.k), -1)]
    while (ways[-1] >= 0).any():
        ways.append(parent[ways[-1]])
    depth = max(1, len(ways) - 1)
    length = np.sum([way >= 0 for way in ways], axis=0)
    up = np.full((problem.k + 1, depth), -1, np.int32)
    for steps, way in enumerate(ways[:-1]):
        some = np.flatnonzero(way >= 0)
        up[some, length[some] - 1 - steps] = way[some]
    return up


def gather(first: Ints, which: Ints) -> tuple[Ints, Ints]:
    """(places, owner) of the entries of rows `which` of a compressed table; owners are places in `which`."""
    size = first[which + 1] - first[which]
    begin = np.concatenate([[0], np.cumsum(size)])
    owner = np.repeat(np.arange(len(which)), size)
    return np.arange(begin[-1]) + (first[which] - begin[:-1])[owner], owner
