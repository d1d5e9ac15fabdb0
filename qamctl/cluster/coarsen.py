"""Coarser problems: units that pull each other become one, level after level.

Multilevel partitioning as in Karypis, Kumar 1998, "A fast and high quality multilevel scheme for partitioning irregular
graphs"; joining whoever finds no partner as in Mt-KaHyPar (Gottesbüren et al. 2021).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.cluster.merge import merge, owners
from qamctl.cluster.spec import NO_LIMIT, Flags, Floats, Index, Ints
from qamctl.kernels.assignment.problem import AssignmentProblem

#: Ways to tell how much two units pull each other; each level draws one, so that hierarchies differ.
RATINGS: Final = 5
#: A level that joins fewer units than this share is the last one.
LEAST_JOINED: Final = 0.03


def coarsen(
    problem: AssignmentProblem, group: Ints, limit: Ints, rng: np.random.Generator
) -> tuple[AssignmentProblem, Index] | None:
    """One level of coarsening.

    Parameters
    ----------
    group
        [n] only units of the same group are joined.
    limit
        [r] what a joined unit demands at most.

    Returns
    -------
    tuple or None
        The problem whose units are sets of units, and [n] the new unit of each; None where hardly any can be joined.
    """
    head = _matched(problem, group, limit, rng)
    heads, unit = np.unique(head, return_inverse=True)
    if len(heads) > (1 - LEAST_JOINED) * problem.n:
        return None
    coarse, _ = merge(problem, unit.astype(np.int32), len(heads))
    return coarse, unit.astype(np.int32)


def limits(problem: AssignmentProblem, share: float) -> Ints:
    """[r] a share of the largest leaf, for joined units."""
    largest = problem.capacity[: problem.k].max(axis=0, initial=0)
    limit: Ints = np.where(largest < NO_LIMIT, np.maximum(1, largest * share), NO_LIMIT).astype(np.int64)
    return limit


def joinable(problem: AssignmentProblem) -> Flags:
    """[n] units that no rule tells apart from others of their kind."""
    alone: Flags = (
        (np.diff(problem.apart_first) == 0)
        & (np.diff(problem.member_first) == 0)
        & (np.diff(problem.piece_first) == 0)
        & (problem.optional == 0)
    )
    if len(problem.own_demand):
        own = np.bincount(owners(problem.cost_first), weights=problem.cost_own >= 0, minlength=problem.n)
        alone &= own == 0
    return alone


def sizes(problem: AssignmentProblem) -> Floats:
    """[n] how large units are, over all resources that there is a limit to."""
    limited = problem.capacity[: problem.k].max(axis=0, initial=0) < NO_LIMIT
    limited[-1] |= not limited.any()
    whole = np.maximum(1.0, problem.demand.sum(axis=0, dtype=float))
    found: Floats = (problem.demand[:, limited] / whole[limited]).sum(axis=1) * problem.n
    return np.maximum(found, 1e-9)


def _matched(problem: AssignmentProblem, group: Ints, limit: Ints, rng: np.random.Generator) -> Index:
    """[n] the unit that each one is joined to; those that are joined to themselves lead."""
    one, other = owners(problem.link_first).astype(np.int32), problem.link_to
    may = joinable(problem)
    demand = problem.demand
    fit = may[one] & may[other] & (problem.kind[one] == problem.kind[other])
    fit &= (demand[one] + demand[other] <= limit).all(axis=1)
    fit &= group[one] == group[other]
    one, other, weight = one[fit], other[fit], problem.link_weight[fit]
    rating = _Rating(problem, int(rng.integers(RATINGS)))
    head = _pairs(problem.n, one, other, rating.of(one, other, weight), rng)
    return _join(problem, head, one, other, weight, rating, limit, rng)


class _Rating:
    """How much units pull each other: their link against their sizes or all of their links."""

    def __init__(self, problem: AssignmentProblem, way: int) -> None:
        self.way = way
        self.size = sizes(problem)
        self.degree: Floats = np.bincount(
            owners(problem.link_first), weights=problem.link_weight, minlength=problem.n
        ).astype(float)

    def of(self, one: Index, other: Index, weight: Floats) -> Floats:
        """[links] of pairs of units."""
        return self.among(one, weight, self.size[other], self.degree[other])

    def among(self, one: Index, weight: Floats, size: Floats, degree: Floats) -> Floats:
        """[links] of units with others of so much size and so many links."""
        if self.way == 0:
            return np.asarray(weight * weight / (self.size[one] * size))
        if self.way == 1:
            return np.asarray(weight / (self.degree[one] + degree - 2 * weight + 1e-3))
        if self.way == 2:
            return np.asarray(weight * weight / (self.degree[one] * degree))
        if self.way == 3:
            return weight
        return np.asarray(weight / (self.size[one] * size))


def _pairs(n: int, one: Index, other: Index, rating: Floats, rng: np.random.Generator) -> Index:
    """[n] heads of a matching, the strongest pairs first: who is each other's best is joined, again and again."""
    forward = one < other
    one, other, rating = one[forward], other[forward], rating[forward]
    order = np.lexsort((rng.random(len(one)), rating))
    one, other = one[order], other[order]
    partner = np.full(n, -1, np.int32)
    while len(one):
        rank = np.arange(len(one))
        best_of_one, best_of_other = np.full(n, -1), np.full(n, -1)
        best_of_one[one], best_of_other[other] = rank, rank  # the last one written is the best
        best = np.maximum(best_of_one, best_of_other)
        both = (best[one] == rank) & (best[other] == rank)
        partner[one[both]], partner[other[both]] = other[both], one[both]
        left = (partner[one] < 0) & (partner[other] < 0)
        one, other = one[left], other[left]
    unit = np.arange(n, dtype=np.int32)
    return np.where(partner < 0, unit, np.minimum(unit, partner)).astype(np.int32)


def _join(
    problem: AssignmentProblem,
    head: Index,
    one: Index,
    other: Index,
    weight: Floats,
    rating: _Rating,
    limit: Ints,
    rng: np.random.Generator,
) -> Index:
    """Whoever has no partner joins the pair that pulls it most, as far as there is room: the strongest first."""
    n = problem.n
    single = np.bincount(head, minlength=n)[head] == 1
    wish = single[one] & ~single[other]
    if not wish.any():
        return head
    key, at = np.unique(one[wish].astype(np.int64) * n + head[other[wish]], return_inverse=True)
    pull: Floats = np.bincount(at, weights=weight[wish]).astype(float)
    unit, to = (key // n).astype(np.int32), (key % n).astype(np.int32)
    taken = np.zeros((n, problem.r), np.int64)
    np.add.at(taken, head, problem.demand)
    size: Floats = np.bincount(head, weights=rating.size, minlength=n).astype(float)
    degree: Floats = np.bincount(head, weights=rating.degree, minlength=n).astype(float)
    worth = rating.among(unit, pull, size[to], degree[to])
    fit = (problem.demand[unit] + taken[to] <= limit).all(axis=1)
    unit, to, worth = unit[fit], to[fit], worth[fit]
    order = np.lexsort((rng.random(len(unit)), worth, unit))
    last = order[np.append(unit[order][1:] != unit[order][:-1], True)] if len(order) else order
    unit, to, worth = unit[last], to[last], worth[last]
    order = np.lexsort((-worth, to))
    unit, to = unit[order], to[order]
    more = np.cumsum(problem.demand[unit], axis=0)  # of all who come before, less those who go elsewhere
    begin = np.flatnonzero(np.append(True, to[1:] != to[:-1])) if len(to) else np.zeros(0, np.int64)
    before = (more - problem.demand[unit])[begin]
    more -= np.repeat(before, np.diff(np.append(begin, len(to))), axis=0)
    room = (taken[to] + more <= limit).all(axis=1)
    head = head.copy()
    head[unit[room]] = to[room]
    return head
