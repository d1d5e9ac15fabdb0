"""What multilevel search may take for granted about a problem, and the looser problem that it refines answers in."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from qamctl.cluster.instance import Instance
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Index
from qamctl.kernels.assignment.problem import AssignmentProblem

#: Units of a coarsest problem for each leaf, and at least.
UNITS_PER_LEAF, LEAST_UNITS = 16, 300
#: Units of the largest demand that may be above capacity while refining, and agents at least.
LOOSE_UNITS: Final = 2
LOOSE_AGENTS: Final = 3

_CUT, _LOAD = 0, 1


def coarsest(problem: AssignmentProblem) -> int:
    """How many units a coarsest problem has, about."""
    return max(UNITS_PER_LEAF * problem.k, LEAST_UNITS)


def worthwhile(instance: Instance) -> bool:
    """Whether links between leaves count in what is to be least first, and there are units enough to be joined."""
    problem = instance.problem
    counted = len(instance.levels) > 0 and instance.levels[0, _CUT] > 0
    return bool(counted and len(problem.link_to) and problem.k > 1 and problem.n > coarsest(problem))


def simple(problem: AssignmentProblem) -> bool:
    """Whether units have links, demands, places and costs alone: no rules, devices, trees, or old places to mind."""
    return not (
        (problem.parent >= 0).any()
        or problem.transient.any()
        or len(problem.member_rule)
        or len(problem.piece_size)
        or len(problem.apart_to)
        or len(problem.own_demand)
        or len(problem.ratio_one)
        or problem.optional.any()
        or (problem.least > 0).any()
        or problem.target
    )


def loosened(problem: AssignmentProblem, price: float) -> AssignmentProblem:
    """The problem whose leaves may be somewhat too full, at a price: coarse units would have no room to move.

    Parameters
    ----------
    price
        Of all demand, in the weight of all links. A problem that prices loads itself is left as it is.
    """
    if problem.levels[:, _LOAD].any() or not simple(problem):
        return problem
    capacity, levels = problem.capacity.copy(), problem.levels.copy()
    limited = (capacity < NO_LIMIT).all(axis=0)
    slack = LOOSE_UNITS * problem.demand.max(axis=0, initial=0)
    slack[-1] = max(LOOSE_AGENTS, slack[-1])
    capacity[:, limited] += slack[limited]
    whole = np.maximum(1.0, problem.demand.sum(axis=0, dtype=float))
    levels[:, _LOAD] = levels[:, _CUT]
    load = np.where(limited, price * problem.link_weight.sum() / whole, 0.0)
    return replace(problem, capacity=capacity, safe=problem.capacity, levels=levels, load=load)


def rim(problem: AssignmentProblem, leaf: Index) -> int:
    """How many units have links to other leaves."""
    one = owners(problem.link_first)
    return len(np.unique(one[leaf[one] != leaf[problem.link_to]]))
