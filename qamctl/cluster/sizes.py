"""How large the whole model of an assignment would be: decides between the whole problem and windows."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.instance import Instance
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Ints
from qamctl.kernels.assignment.problem import AssignmentProblem


def estimate(instance: Instance, *, level: int = 0) -> tuple[int, int]:
    """(variables, couplings) of the whole model, about: bits that follow from choices apart, without building it.

    Parameters
    ----------
    level
        The level of the objective; products of earlier ones become variables.
    """
    problem = instance.problem
    ways = np.diff(problem.allowed_first)[problem.kind] + (problem.optional > 0)
    weighed = instance.levels[: level + 1] > 0
    # Links meet in every leaf that both ends may be in.
    one = owners(problem.link_first)
    once = one < problem.link_to
    met = int(np.minimum(ways[one[once]], ways[problem.link_to[once]]).sum())
    variables = int(ways.sum()) + met * bool(weighed[:level, 0].any())
    couplings = int((ways * (ways - 1) // 2).sum()) + met * bool(weighed[level, 0])
    some: np.ndarray = np.asarray(weighed.any(axis=0))
    return variables, couplings + _in_groups(problem, ways, some) + _in_rows(problem, some)


def _in_groups(problem: AssignmentProblem, ways: Ints, weighed: np.ndarray) -> int:
    """Couplings of members of a group, who meet in every value of its label, or in every leaf."""
    member, rules = owners(problem.member_first), len(problem.rule_apart)
    choices = np.bincount(problem.member_rule, weights=ways[member], minlength=rules)
    values = np.append(problem.values, 1)[problem.rule_value]
    spread = (problem.rule_value >= 0) & (problem.rule_weight > 0) & weighed[5]
    pairs = spread * choices**2 / (2 * values) + (problem.rule_apart > 0) * choices**2 / (2 * max(1, problem.k))
    return int(pairs.sum())


def _in_rows(problem: AssignmentProblem, weighed: np.ndarray) -> int:
    """Couplings of all choices inside a cluster that a row speaks of, each with each."""
    _, load, balance, *_ = weighed.tolist()
    total = np.asarray(problem.demand.sum(axis=0))
    bound = ((problem.capacity < NO_LIMIT) & (problem.capacity < total)).any(axis=1) | (problem.least > 0)
    if load:
        bound |= ((problem.safe < NO_LIMIT) & (problem.load > 0)).any(axis=1)
    if balance and (problem.target or len(problem.ratio_one)):
        bound[: problem.k] = True
    inside = np.zeros(problem.m)
    inside[: problem.k] = np.bincount(problem.kind, minlength=len(problem.allowed)) @ problem.allowed.astype(float)
    for node in range(problem.m):  # a parent has a higher number
        if problem.parent[node] >= 0:
            inside[problem.parent[node]] += inside[node]
    return int((inside[bound] ** 2).sum() / 2)
