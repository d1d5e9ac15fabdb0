"""A cluster problem ready to be searched: agents that must stay together are one unit, every rule a flat array."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qamctl.cluster.copies import with_copies
from qamctl.cluster.flat import Forest, flatten
from qamctl.cluster.merge import merge, owners
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import ClusterSpec, Flags, Floats, Index, Ints
from qamctl.cluster.terms import terms
from qamctl.kernels.assignment.problem import AssignmentProblem


@dataclass(frozen=True, eq=False)
class Instance:
    """A spec as engines see it.

    Attributes
    ----------
    problem
        Units, leaves, rules and costs.
    unit
        [N] the unit of each agent.
    forest
        How clusters are numbered in `problem`.
    piece_agent
        [pieces] the agent of each piece of a device.
    levels
        [L, 7] weights of the terms, one row a lexicographic level.
    """

    spec: ClusterSpec
    problem: AssignmentProblem
    unit: Index
    forest: Forest
    piece_agent: Ints
    levels: Floats

    @property
    def n(self) -> int:
        """Units to place."""
        return self.problem.n

    @property
    def k(self) -> int:
        """Leaves."""
        return self.problem.k

    def value(self, solution: Solution) -> tuple[float, ...]:
        """The objective of each level; of a feasible assignment."""
        return self.value_of(self.leaves_of(solution))

    def value_of(self, leaf: Index) -> tuple[float, ...]:
        """The objective of each level, given [n] the leaf of each unit (`k` where in none)."""
        return tuple(float(value) for value in self.levels @ terms(self.problem, leaf))

    def leaves_of(self, solution: Solution) -> Index:
        """[n] the leaf of each unit; that of its last agent, where a broken assignment divides a unit."""
        leaf = np.full(self.n, self.k, np.int32)
        node = np.append(self.forest.node, np.int32(self.k))
        leaf[self.unit] = node[solution.cluster]
        return leaf

    def solution(self, leaf: Index, mask: Ints | None = None) -> Solution:
        """The assignment of [n] leaves of units, with [pieces] the devices that they take."""
        where = np.append(self.forest.row[: self.k], np.int32(-1))[leaf[self.unit]].astype(np.int32)
        devices = np.zeros((len(self.unit), len(self.problem.device_size)), np.int64)
        if mask is not None:
            devices[self.piece_agent, self.problem.piece_device] = mask
        return Solution(where, devices)

    def masks_of(self, solution: Solution) -> Ints:
        """[pieces] the devices that each piece takes, as bits."""
        masks: Ints = solution.devices[self.piece_agent, self.problem.piece_device]
        return masks


def build_instance(spec: ClusterSpec) -> Instance:
    """The instance of a spec."""
    problem, trees = flatten(spec)
    problem = _with_tolerance(spec, problem, trees)
    unit, count = _together(spec)
    agent = owners(problem.piece_first)
    if count < problem.n:
        problem, pieces = merge(problem, unit, count)
        agent = agent[pieces]
    return Instance(spec, problem, unit, trees, agent, problem.levels)


def _with_tolerance(spec: ClusterSpec, problem: AssignmentProblem, trees: Forest) -> AssignmentProblem:
    """The problem in which a tolerance is a limit of its own where that of the capacity means something else.

    Ratios see capacities, and old places count against capacities alone.
    """
    leaves, held = slice(0, problem.k), problem.r - 1
    capacity = spec.clusters.capacity[trees.row[leaves]]
    lowered: Flags = np.any(problem.capacity[leaves, :held] < capacity, axis=0)
    lowered[problem.transient[:held] == 0] &= np.isin(
        np.flatnonzero(problem.transient[:held] == 0), np.concatenate([problem.ratio_one, problem.ratio_other])
    )
    named = np.flatnonzero(lowered)
    if not len(named):
        return problem
    split = with_copies(problem, named, problem.capacity[leaves][:, named])
    whole = split.capacity.copy()
    whole[leaves, named] = capacity[:, named]
    return replace(split, capacity=whole)


def _together(spec: ClusterSpec) -> tuple[Index, int]:
    """([N] unit of each agent in the order of their first agents, how many): who must be together is one."""
    n = len(spec.agents.ids)
    if not len(spec.links.together_a):
        return np.arange(n, dtype=np.int32), n
    parent = list(range(n))

    def root(a: int) -> int:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    for a, b in zip(spec.links.together_a.tolist(), spec.links.together_b.tolist(), strict=True):
        one, other = root(a), root(b)
        parent[max(one, other)] = min(one, other)
    heads, unit = np.unique([root(a) for a in range(n)], return_inverse=True)
    return unit.astype(np.int32), len(heads)
