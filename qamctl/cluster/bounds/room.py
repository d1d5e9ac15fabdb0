"""What bounds are made of: what units demand at least, what clusters can hold, and which units can't leave which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Flags, Floats, Index, Ints
from qamctl.kernels.assignment.problem import AssignmentProblem

#: Sets of leaves that units are restricted to, beyond which these are not looked at one by one.
MOST_SETS: Final = 64
#: Cells of a table of kinds by leaves that are looked at at once.
BLOCK: Final = 4_000_000
#: Cells of it beyond which sets of leaves are not told apart.
MOST_CELLS: Final = 20_000_000


@dataclass(frozen=True, eq=False)
class Region:
    """Leaves that units of some kinds can't leave.

    Attributes
    ----------
    leaves
        [k]
    kinds
        [kinds]
    part
        It is one of the parts of the problem, no two of which have a leaf or a unit in common.
    """

    leaves: Flags
    kinds: Flags
    part: bool


@dataclass(frozen=True, eq=False)
class Room:
    """Units against leaves.

    Attributes
    ----------
    above
        [h, k] the clusters around a leaf: itself, its parent, ...; -1 beyond the top.
    may
        [kinds, k] where units of a kind are allowed.
    must
        [n] whoever can't be left out.
    least, most
        [n, r] what a unit demands at least and at most, wherever it may be.
    holds
        [k, r] what one leaf can hold at most, clusters around it included; NO_LIMIT where there is no limit.
    regions
        The whole problem, or its parts, and smaller sets of leaves that some units are restricted to.
    """

    problem: AssignmentProblem
    above: Index
    may: Flags
    must: Flags
    least: Ints
    most: Ints
    holds: Ints
    regions: tuple[Region, ...]


def room_of(problem: AssignmentProblem) -> Room:
    """Units against leaves."""
    above = _above(problem)
    holds: Ints = problem.capacity[: problem.k].copy()
    for node in above[1:]:
        some = node >= 0
        holds[some] = np.minimum(holds[some], problem.capacity[node[some]])
    may: Flags = np.asarray(problem.allowed > 0)
    least, most = _demands(problem, may)
    return Room(problem, above, may, problem.optional == 0, least, most, holds, tuple(_regions(may)))


def _above(problem: AssignmentProblem) -> Index:
    parent = np.append(problem.parent, np.int32(-1))
    rows = [np.arange(problem.k, dtype=np.int32)]
    while (parent[rows[-1]] >= 0).any():
        rows.append(parent[rows[-1]])
    return np.array(rows, np.int32)


def _demands(problem: AssignmentProblem, may: Flags) -> tuple[Ints, Ints]:
    """[n, r] the least and the most that a unit demands in any leaf that it may be in."""
    least, most = problem.demand.copy(), problem.demand.copy()
    owner, row, every = own_demands(problem, may)
    least[every], most[every] = NO_LIMIT, 0
    np.minimum.at(least, owner, row)
    np.maximum.at(most, owner, row)
    return least, most


def own_demands(problem: AssignmentProblem, may: Flags) -> tuple[Ints, Ints, Flags]:
    """Demands of units' own where they may be: ([e] unit, [e, r] demand, [n] who has one in all those leaves)."""
    owner = owners(problem.cost_first)
    own = (problem.cost_own >= 0) & may[problem.kind[owner], problem.cost_leaf]
    owner, row = owner[own], problem.own_demand[problem.cost_own[own]]
    number = np.bincount(owner, minlength=problem.n)
    return owner, row, (number > 0) & (number >= may.sum(axis=1)[problem.kind])


def _regions(may: Flags) -> Iterator[Region]:
    """Parts of the problem, then further sets of leaves; few of both, else the problem as a whole, and no sets."""
    some: Flags = np.asarray(may.any(axis=1))
    parts = _parts(may)
    if parts.max(initial=0) < MOST_SETS:
        first = np.where(some, parts[may.argmax(axis=1)], -1)
        yield from (Region(parts == part, first == part, True) for part in np.unique(parts).tolist())
    else:
        yield Region(np.ones(may.shape[1], bool), some, True)
    distinct = np.unique(may, axis=0) if may.size <= BLOCK else may[:0]
    if 1 < len(distinct) <= MOST_SETS:
        for leaves in distinct:
            if leaves.any() and not leaves.all():
                yield Region(leaves, some & ~(may & ~leaves).any(axis=1), False)


def _parts(may: Flags) -> Index:
    """[k] connected components of leaves, two of which are connected where some unit may be in both."""
    import scipy.sparse as sp
    from scipy.sparse.csgraph import connected_components

    kinds, k = may.shape
    if may.size > MOST_CELLS:
        return np.zeros(k, np.int32)
    kind, leaf = np.nonzero(may)
    graph = sp.csr_array((np.ones(len(kind), np.int8), (kind, kinds + leaf)), shape=(kinds + k, kinds + k))
    label = connected_components(graph, directed=False)[1][kinds:]
    return np.unique(label, return_inverse=True)[1].astype(np.int32)


def most_by_kind(may: Flags, value: npt.NDArray[Any], nothing: float) -> npt.NDArray[Any]:
    """[kinds] the largest value [k] of a leaf that a kind may be in; `nothing` where there is none."""
    out = np.full(len(may), nothing, value.dtype)
    rows = max(1, BLOCK // max(1, may.shape[1]))
    for begin in range(0, len(may), rows):
        block = may[begin : begin + rows]
        out[begin : begin + rows] = np.where(block, value, out.dtype.type(nothing)).max(axis=1, initial=nothing)
    return out


def held(room: Room, leaves: Flags) -> Ints:
    """[r] what leaves can hold together at most, the clusters around them included."""
    out = sum_of_limits(room.holds[leaves])
    for nodes in room.above[1:]:
        inside = np.unique(nodes[leaves])
        if (inside >= 0).all():
            out = np.minimum(out, sum_of_limits(room.problem.capacity[inside]))
    return out


def sum_of_limits(limits: Ints) -> Ints:
    """[r] sums over rows; NO_LIMIT where one is without limit, or the sum is as good as without."""
    limited = (limits < NO_LIMIT).all(axis=0) & (limits.astype(float).sum(axis=0) < NO_LIMIT / 2)
    return np.where(limited, np.where(limited, limits, 0).sum(axis=0), NO_LIMIT)


def cheapest_cover(needed: float, amount: Floats, cost: Floats) -> float:
    """The least cost of shares (0 to 1) of things whose amounts come to `needed`; 0 where they never do."""
    some = amount > 0
    order = np.argsort(cost[some] / amount[some], kind="stable")
    amount, cost = amount[some][order], cost[some][order]
    before = np.concatenate([[0.0], np.cumsum(amount)])[:-1]
    taken = np.clip(needed - before, 0.0, amount)
    if not len(amount) or needed > before[-1] + amount[-1]:
        return 0.0
    return float((cost * taken / amount).sum())
