"""An assignment that windows are opened around, with the sums over everything that each of them needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qamctl.cluster.instance import Instance
from qamctl.cluster.merge import owners
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.cluster.tables import Tables, tables_of
from qamctl.cluster.terms import terms, usage


@dataclass(frozen=True, eq=False)
class Standing:
    """A feasible assignment as it stands; sums are made when they are asked for, a few passes over everything each.

    Attributes
    ----------
    leaf
        [n] of each unit; k where in none.
    """

    instance: Instance
    tables: Tables
    solution: Solution
    leaf: Index

    @cached_property
    def term(self) -> Floats:
        """[7] of the objective."""
        return terms(self.instance.problem, self.leaf)

    @cached_property
    def value(self) -> tuple[float, ...]:
        """The objective of each level."""
        return tuple(float(value) for value in self.instance.levels @ self.term)

    @cached_property
    def use(self) -> Ints:
        """[m, r] of every cluster."""
        return usage(self.instance.problem, self.leaf)

    @cached_property
    def ghost(self) -> Ints:
        """[m, r] what units use beside that at their old places, of transient resources."""
        problem = self.instance.problem
        ghost = np.zeros((problem.m, problem.r), np.int64)
        if problem.transient.any():
            node, entry = left_behind(self.tables, self.leaf[owners(problem.home_first)], problem.home_leaf)
            np.add.at(ghost, node, problem.home_demand[entry] * problem.transient.astype(np.int64))
        return ghost

    @cached_property
    def inside(self) -> tuple[Ints, Ints]:
        """CSR of the units in each leaf, and, as row k, of those in none."""
        order = np.argsort(self.leaf, kind="stable")
        count = np.bincount(self.leaf, minlength=self.instance.k + 1)
        return np.concatenate([[0], np.cumsum(count)]).astype(np.int64), order

    @cached_property
    def away(self) -> np.ndarray:
        """[home entries] whether the unit is elsewhere."""
        problem = self.instance.problem
        gone: np.ndarray = self.leaf[owners(problem.home_first)] != problem.home_leaf
        return gone

    @cached_property
    def moved(self) -> tuple[int, float, Ints]:
        """(agents that moved, what that costs, [groups] how many of each group)."""
        problem, away = self.instance.problem, self.away
        count, group = problem.home_count[away], problem.home_group[away]
        by_group = np.bincount(group[group >= 0], weights=count[group >= 0], minlength=problem.groups)
        return int(count.sum()), float(problem.home_cost[away].sum()), by_group.astype(np.int64)


def stand(instance: Instance, solution: Solution, tables: Tables | None = None) -> Standing:
    """An assignment with its sums.

    Parameters
    ----------
    tables
        Of the instance's problem, where they were made already.
    """
    tables = tables_of(instance.problem) if tables is None else tables
    return Standing(instance, tables, solution, instance.leaves_of(solution))


def left_behind(tables: Tables, leaf: Ints | Index, home: Index) -> tuple[Ints, Ints]:
    """(cluster, place) of each cluster around a home that is not around the leaf that the unit is in now."""
    before, after = tables.up[home], tables.up[leaf]
    entry, depth = np.nonzero((before >= 0) & (before != after))
    return before[entry, depth].astype(np.int64), entry
