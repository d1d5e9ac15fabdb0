"""A few units of a problem as a problem of their own, in which all others stand still.

What stands still is told by units that may be in one leaf only: one for each leaf that is kept, with everything that
the units there use, and, for what lies outside, units in leaves that stand for the rest of a cluster, for the values of
a label, for neighbourhoods. So whoever works on a part (encoder, search) needs to know nothing of the whole: a move
changes the part's terms, and what it breaks, by what it changes those of the whole. The work is in proportion to the
part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qamctl.cluster.flat import leaf_lists
from qamctl.cluster.part_fields import apart_from_ghosts, costs, homes, limits, pairs_of, pieces
from qamctl.cluster.part_rules import part_rules
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.cluster.standing import Standing
from qamctl.cluster.tables import gather
from qamctl.cluster.terms import terms
from qamctl.kernels.assignment.problem import AssignmentProblem


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a problem, and the way back.

    Attributes
    ----------
    unit
        [f] the units that are free, ascending; they are the last ones of `problem`.
    leaf
        Leaves of the whole that the first leaves of `problem` are, ascending.
    node
        [problem.m] clusters of the whole; -1 where one stands for others.
    nowhere
        What no leaf is in the whole.
    start
        [problem.n] the leaves of the part's units in the assignment that it was taken from.
    piece
        [pieces] the piece of the whole that each piece of `problem` is.
    constant
        [7] terms of the whole without those of the part.
    """

    problem: AssignmentProblem
    unit: Ints
    leaf: Ints
    node: Ints
    nowhere: int
    start: Index
    piece: Ints
    constant: Floats

    def onto(self, leaf: Index, whole: Index) -> Index:
        """[n] the leaves of the whole with the part's [problem.n] in it."""
        mine = leaf[self.problem.n - len(self.unit) :]
        found = whole.copy()
        found[self.unit] = np.append(self.leaf, self.nowhere)[np.minimum(mine, len(self.leaf))]
        return found

    def of(self, whole: Index) -> Index:
        """[problem.n] the leaves of the part's units where those of the whole are [n].

        Raises
        ------
        ValueError
            A unit is in a leaf that the part has not.
        """
        there = whole[self.unit]
        at = np.searchsorted(self.leaf, there)
        known = np.append(self.leaf, -1)[at] == there
        if not (known | (there == self.nowhere)).all():
            raise ValueError("a unit is in a leaf that is no part of the window")
        leaf = self.start.copy()
        leaf[self.problem.n - len(self.unit) :] = np.where(known, at, self.problem.k)
        return leaf


def whole_part(problem: AssignmentProblem) -> Part:
    """All of a problem as a part of it; nobody stands anywhere yet."""
    return Part(
        problem, np.arange(problem.n), np.arange(problem.k), np.arange(problem.m), problem.k,
        np.full(problem.n, problem.k, np.int32), np.arange(len(problem.piece_size)), np.zeros(problem.levels.shape[1]),
    )  # fmt: skip


def part_of(standing: Standing, free: Ints, leaves: Ints) -> Part:
    """The part in which some units may change between some leaves.

    Parameters
    ----------
    free
        [f] units, ascending.
    leaves
        Where they may go, besides where they are; one at least.
    """
    problem, tables = standing.instance.problem, standing.tables
    here = standing.leaf[free]
    entry, owner = gather(problem.home_first, free)
    kept = np.unique(np.concatenate([leaves, here[here < problem.k], problem.home_leaf[entry]])).astype(np.int64)
    around = np.unique(tables.up[kept])
    inner: Ints = around[around >= problem.k].astype(np.int64)
    rules = part_rules(standing, free, kept)
    # Leaves: those kept, one for the rest of each inner cluster, one for anywhere else, those of the rules.
    elsewhere = len(kept) + len(inner)
    count = elsewhere + 1 + rules.leaves
    place = np.full(problem.m + 1, -1, np.int64)  # the last one stands for no cluster
    place[kept], place[inner] = np.arange(len(kept)), count + np.arange(len(inner))
    parent = np.full(count + len(inner), -1, np.int32)
    parent[: len(kept)] = place[problem.parent[kept]]
    parent[len(kept) : elsewhere] = place[inner]
    parent[count:] = place[problem.parent[inner]]
    # Who stands still: one unit for each leaf, that for anywhere else first.
    where = np.concatenate([[elsewhere], np.arange(elsewhere), elsewhere + 1 + np.arange(rules.leaves)])
    frozen, n = len(where), len(where) + len(free)
    use = _standing_use(standing, free, kept, inner, place - count + len(kept))
    nothing = np.zeros((1 + rules.leaves, problem.r), np.int64)
    start = np.concatenate([where, np.where(here < problem.k, place[here], count)]).astype(np.int32)
    allowed = np.zeros((n, count), np.uint8)
    allowed[np.arange(frozen), where] = 1
    allowed[frozen:, place[leaves]] = problem.allowed[problem.kind[free]][:, leaves]
    settled = frozen + np.flatnonzero(here < problem.k)
    allowed[settled, start[settled]] = 1
    seats, piece = pieces(standing, free, kept, count, frozen)
    part = replace(
        problem, n=n, k=count, demand=np.concatenate([nothing[:1], use, nothing[1:], problem.demand[free]]),
        parent=parent, **limits(standing, free, kept, inner, count, use, entry, owner),
        kind=np.arange(n, dtype=np.int32), allowed=allowed, **leaf_lists(allowed),
        **pairs_of(standing, free, kept, frozen), **homes(standing, free, kept, count, frozen),
        **costs(standing, free, kept, frozen), **rules.fields(frozen, len(kept), len(inner)),
        optional=np.concatenate([np.zeros(frozen, np.uint8), problem.optional[free]]),
        reward=np.concatenate([np.zeros(frozen), problem.reward[free]]), **seats,
    )  # fmt: skip
    part = apart_from_ghosts(part, standing, kept)
    node = np.full(count + len(inner), -1, np.int64)
    node[: len(kept)], node[count:] = kept, inner
    return Part(part, free, kept, node, problem.k, start, piece, standing.term - terms(part, start))


def _standing_use(standing: Standing, free: Ints, kept: Ints, inner: Ints, row: Ints) -> Ints:
    """[kept + inner, r] what those who stand still use: in each kept leaf, in each inner cluster outside of them.

    Parameters
    ----------
    row
        [m + 1] the row of each inner cluster.
    """
    problem, here = standing.instance.problem, standing.leaf[free].astype(np.int64)
    node = np.concatenate([kept, inner])
    use: Ints = standing.use[node]
    placed = here < problem.k
    mine = standing.tables.demand(free[placed], here[placed])
    np.subtract.at(use, np.searchsorted(kept, here[placed]), mine)
    around = problem.parent[node]
    below = around >= 0
    np.subtract.at(use, row[around[below]], standing.use[node[below]])
    return use
