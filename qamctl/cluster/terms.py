"""What an assignment of units costs, term by term, in whole arrays."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Floats, Index, Ints
from qamctl.kernels.assignment.problem import AssignmentProblem


def demands(problem: AssignmentProblem, leaf: Index) -> Ints:
    """[n, r] what each unit takes where it is."""
    taken = problem.demand
    if len(problem.own_demand):
        who = owners(problem.cost_first)
        here = (problem.cost_leaf == leaf[who]) & (problem.cost_own >= 0)
        taken = taken.copy()
        taken[who[here]] = problem.own_demand[problem.cost_own[here]]
    return taken


def usage(problem: AssignmentProblem, leaf: Index) -> Ints:
    """[m, r] use of every cluster, inner ones too; the last column is the number of agents."""
    taken = demands(problem, leaf)
    use = np.zeros((problem.m, problem.r), np.int64)
    placed = leaf < problem.k
    np.add.at(use, leaf[placed], taken[placed])
    for node in range(problem.m):  # a parent has a higher number
        if problem.parent[node] >= 0:
            use[problem.parent[node]] += use[node]
    return use


def terms(problem: AssignmentProblem, leaf: Index) -> Floats:
    """[7] the terms of [n] leaves of units (`k`: in none), in the order of `TERMS`."""
    k = problem.k
    use = usage(problem, leaf)
    placed = leaf < k
    one, other = leaf[owners(problem.link_first)], leaf[problem.link_to]
    cut = problem.link_weight[(one != other) & (one < k) & (other < k)].sum() / 2
    over = np.maximum(0, use - problem.safe) * (problem.safe < NO_LIMIT)
    load = (over * problem.load).sum()
    size = use[:, -1]
    moved = leaf[owners(problem.home_first)] != problem.home_leaf
    cost = problem.open_cost[size > 0].sum()
    cost += problem.cost_value[problem.cost_leaf == leaf[owners(problem.cost_first)]].sum()
    reward = problem.reward[~placed].sum()
    return np.array(
        [cut, load, _balance(problem, use), _moves(problem, leaf, moved), cost, _spread(problem, leaf), reward], float
    )


def _balance(problem: AssignmentProblem, use: Ints) -> float:
    free = (problem.capacity - use)[: problem.k].astype(float)
    lacks = problem.ratio_value * free[:, problem.ratio_one] - free[:, problem.ratio_other]
    size = use[: problem.k, -1]
    beside = np.abs(size - problem.target)[size > 0].sum() if problem.target else 0
    return float((np.maximum(0.0, lacks) * problem.ratio_weight).sum() + beside)


def _moves(problem: AssignmentProblem, leaf: Index, moved: np.ndarray) -> float:
    grouped = moved & (problem.home_group >= 0)
    most = 0.0
    if grouped.any():
        most = np.bincount(problem.home_group[grouped], weights=problem.home_count[grouped]).max()
    way = 0.0
    if len(problem.pair_cost):
        to = leaf[owners(problem.home_first)]
        placed = to < problem.k
        price = problem.pair_cost[problem.home_leaf[placed].astype(np.int64) * problem.k + to[placed]]
        way = float((price * problem.home_count[placed]).sum())
    return float(problem.per_agent * problem.home_cost[moved].sum() + problem.per_group * most + problem.per_pair * way)


def _spread(problem: AssignmentProblem, leaf: Index) -> float:
    weighed = (problem.rule_weight > 0) & (problem.rule_value >= 0)
    if not weighed.any():
        return 0.0
    who = leaf[owners(problem.member_first)]
    some = weighed[problem.member_rule] & (who < problem.k)
    rule = problem.member_rule[some]
    value = problem.value[problem.rule_value[rule], who[some]]
    width = int(problem.values.max()) + 1
    count = np.bincount(
        rule.astype(np.int64) * width + value, weights=problem.member_count[some], minlength=len(weighed) * width
    ).reshape(len(weighed), width)
    return float(((count * (count - 1) / 2).sum(axis=1) * problem.rule_weight * weighed).sum())
