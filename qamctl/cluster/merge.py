"""Units merged into larger ones: agents that must stay together, and what coarsening joins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qamctl.cluster.flat import both_ways, leaf_lists
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.kernels.assignment.problem import AssignmentProblem


def merge(problem: AssignmentProblem, unit: Index, count: int) -> tuple[AssignmentProblem, Ints]:
    """The problem whose units are sets of units of another one.

    What the new units cost and break is exactly what their parts would if they moved together; links inside are gone.

    Parameters
    ----------
    unit
        [n] the new unit of each old one, 0 .. count - 1; none of which must be apart.

    Returns
    -------
    tuple
        The problem, and [pieces] the old piece of each of its pieces of devices.
    """
    order = np.argsort(unit, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=count))])[:-1]
    demand = np.add.reduceat(problem.demand[order], first, axis=0) if count else problem.demand[:0]
    kind, allowed = _kinds(problem, unit, count)
    homes = _homes(problem, unit, count)
    costs = _costs(problem, unit, count, demand)
    owner = np.repeat(unit, np.diff(problem.piece_first))
    pieces = np.lexsort((problem.piece_device, -problem.piece_size, owner))
    merged = replace(
        problem, n=count, demand=np.ascontiguousarray(demand), kind=kind, allowed=allowed, **leaf_lists(allowed),
        **_links(problem, unit, count), **_apart(problem, unit, count), **homes, **costs,
        **_members(problem, unit, count),
        optional=np.minimum.reduceat(problem.optional[order], first) if count else problem.optional[:0],
        reward=np.bincount(unit, weights=problem.reward, minlength=count).astype(float),
        piece_first=_first(owner, count), piece_device=problem.piece_device[pieces],
        piece_size=problem.piece_size[pieces],
    )  # fmt: skip
    return merged, pieces


def _first(owner: np.ndarray, count: int) -> Ints:
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))]).astype(np.int64)


def owners(first: Ints) -> Ints:
    """The row of each entry of a compressed table."""
    return np.repeat(np.arange(len(first) - 1), np.diff(first))


def _kinds(problem: AssignmentProblem, unit: Index, count: int) -> tuple[Index, np.ndarray]:
    """A unit may be where all of its parts may be."""
    kinds = len(problem.allowed)
    pairs = np.unique(unit.astype(np.int64) * max(1, kinds) + problem.kind)
    who, which = pairs // max(1, kinds), (pairs % max(1, kinds)).astype(np.int32)
    kind = np.zeros(count, np.int32)
    kind[who] = which
    several = np.flatnonzero(np.bincount(who, minlength=count) > 1)
    if not len(several):
        return kind, problem.allowed
    rows, number = list(problem.allowed), {}
    first = np.searchsorted(who, several)
    last = np.searchsorted(who, several, side="right")
    for u, begin, end in zip(several.tolist(), first.tolist(), last.tolist(), strict=True):
        key = which[begin:end].tobytes()
        if key not in number:
            number[key] = len(rows)
            rows.append(problem.allowed[which[begin:end]].min(axis=0))
        kind[u] = number[key]
    return kind, np.ascontiguousarray(np.array(rows, np.uint8))


def _links(problem: AssignmentProblem, unit: Index, count: int) -> dict[str, Any]:
    one, other = unit[owners(problem.link_first)], unit[problem.link_to]
    forward = one < other
    key = one[forward].astype(np.int64) * count + other[forward]
    keys, at = np.unique(key, return_inverse=True)
    weight: Floats = np.bincount(at, weights=problem.link_weight[forward], minlength=len(keys)).astype(np.float64)
    first, to, row = both_ways(count, (keys // max(1, count)).astype(np.int32), (keys % max(1, count)).astype(np.int32))
    return {"link_first": first, "link_to": to, "link_weight": weight[row]}


def _apart(problem: AssignmentProblem, unit: Index, count: int) -> dict[str, Any]:
    one, other = unit[owners(problem.apart_first)], unit[problem.apart_to]
    forward = one < other
    keys = np.unique(one[forward].astype(np.int64) * count + other[forward])
    first, to, _ = both_ways(count, (keys // max(1, count)).astype(np.int32), (keys % max(1, count)).astype(np.int32))
    return {"apart_first": first, "apart_to": to}


def _homes(problem: AssignmentProblem, unit: Index, count: int) -> dict[str, Any]:
    who = unit[owners(problem.home_first)]
    order = np.lexsort((problem.home_group, problem.home_leaf, who))
    who, leaf, group = who[order], problem.home_leaf[order], problem.home_group[order]
    new = np.ones(len(who), bool)
    new[1:] = (np.diff(who) != 0) | (np.diff(leaf) != 0) | (np.diff(group) != 0)
    begin = np.flatnonzero(new)
    some = len(begin) > 0
    demand, cost, number = problem.home_demand[order], problem.home_cost[order], problem.home_count[order]
    return {
        "home_first": _first(who[begin], count),
        "home_leaf": leaf[begin],
        "home_group": group[begin],
        "home_count": np.add.reduceat(number, begin) if some else number,
        "home_cost": np.add.reduceat(cost, begin) if some else cost,
        "home_demand": np.ascontiguousarray(np.add.reduceat(demand, begin, axis=0) if some else demand),
    }


def _costs(problem: AssignmentProblem, unit: Index, count: int, demand: Ints) -> dict[str, Any]:
    part = owners(problem.cost_first)
    who = unit[part]
    order = np.lexsort((problem.cost_leaf, who))
    who, leaf, part = who[order], problem.cost_leaf[order], part[order]
    new = np.ones(len(who), bool)
    new[1:] = (np.diff(who) != 0) | (np.diff(leaf) != 0)
    begin = np.flatnonzero(new)
    if not len(begin):
        return {"cost_first": np.zeros(count + 1, np.int64)}
    own = problem.cost_own[order]
    # What a part takes there instead of what it takes elsewhere.
    more = np.where((own >= 0)[:, None], problem.own_demand[own] - problem.demand[part], 0) if len(problem.own_demand) \
        else np.zeros((len(who), problem.r), np.int64)  # fmt: skip
    several = np.maximum.reduceat((own >= 0).astype(np.int32), begin) > 0
    there = (demand[who[begin]] + np.add.reduceat(more, begin, axis=0))[several]
    return {
        "cost_first": _first(who[begin], count),
        "cost_leaf": leaf[begin],
        "cost_value": np.add.reduceat(problem.cost_value[order], begin),
        "cost_own": np.where(several, np.cumsum(several) - 1, -1).astype(np.int32),
        "own_demand": np.ascontiguousarray(there),
    }


def _members(problem: AssignmentProblem, unit: Index, count: int) -> dict[str, Any]:
    rules = max(1, len(problem.rule_apart))
    key = unit[owners(problem.member_first)].astype(np.int64) * rules + problem.member_rule
    keys, at = np.unique(key, return_inverse=True)
    number = np.bincount(at, weights=problem.member_count, minlength=len(keys))
    return {
        "member_first": _first(keys // rules, count),
        "member_rule": (keys % rules).astype(np.int32),
        "member_count": number.astype(np.int32),
    }
