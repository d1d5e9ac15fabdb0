"""The agents of one cluster as a problem of their own: which parts of it cut the fewest links between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from qamctl.cluster.spec import (
    NO_LIMIT,
    Balance,
    Clusters,
    ClusterSpec,
    Costs,
    Flags,
    Floats,
    Groups,
    Index,
    Links,
    Moves,
)

#: Tolerances that are tried one after the other, in millionths of a per cent: parts as even as that, or as they come.
TOLERANCES: Final = (10_000_000, 50_000_000, None)


def division(spec: ClusterSpec, agents: Sequence[int], parts: int, tolerance: int | None) -> ClusterSpec:
    """The problem of dividing some agents into so many parts, none of them empty.

    Links of kind `together` hold, and those of kind `apart` too, unless parts may be as uneven as they come. Limits are
    those of the parts afterwards, and no rules here.

    Parameters
    ----------
    agents
        Rows, ascending.
    tolerance
        In millionths of a per cent: how far a part may be above its fair share of what is demanded, or of the agents
        where nothing is; None: as far as the others are not empty.
    """
    rows = np.array(agents, np.int64)
    n, width = len(rows), len(spec.resources.ids)
    row_of = np.full(len(spec.agents.ids), -1, np.int32)
    row_of[rows] = np.arange(n, dtype=np.int32)
    none = np.zeros(0, np.int32)
    free = np.full((parts, width), NO_LIMIT)
    empty: tuple[str, ...] = ()
    links, kept = spec.links, _kept(row_of, spec.links.cut_a, spec.links.cut_b)
    together = _kept(row_of, links.together_a, links.together_b)
    apart = _kept(row_of, links.apart_a, links.apart_b) & (tolerance is not None)
    return replace(
        spec,
        resources=replace(
            spec.resources, capacity=np.full(width, NO_LIMIT), device=np.zeros(width, np.int64),
            transient=np.zeros(width, np.bool_),
        ),
        agents=replace(
            spec.agents, ids=tuple(spec.agents.ids[i] for i in rows.tolist()), demand=spec.agents.demand[rows],
            current=np.full(n, -1, np.int32), move_cost=spec.agents.move_cost[rows], group=np.full(n, -1, np.int32),
            requires=[{}] * n, tolerates=[frozenset()] * n, allowed=[None] * n, optional=np.zeros(n, np.bool_),
            reward=np.zeros(n),
        ),
        clusters=Clusters(
            ids=tuple(f"c{k}" for k in range(parts)), parent=np.full(parts, -1, np.int32),
            leaf=np.ones(parts, np.bool_), capacity=free, safe=free, min_size=np.ones(parts, np.int64),
            max_size=np.full(parts, NO_LIMIT), cost=np.zeros(parts), labels=[{}] * parts, taints=[frozenset()] * parts,
        ),
        links=Links(
            row_of[links.cut_a[kept]], row_of[links.cut_b[kept]], links.cut_weight[kept],
            row_of[links.together_a[together]], row_of[links.together_b[together]], row_of[links.apart_a[apart]],
            row_of[links.apart_b[apart]],
        ),
        groups=Groups(empty, np.zeros(0, np.bool_), (), ()),
        balance=Balance(tolerance, ()),
        costs=Costs(none, none, _nothing(), np.zeros(0, np.bool_), np.zeros((0, width), np.int64)),
        moves=Moves(NO_LIMIT, np.inf, 1.0, 0.0, 0.0, none, none, _nothing()),
        objective=({"cut": 1.0},),
    )  # fmt: skip


def _kept(row_of: Index, a: Index, b: Index) -> Flags:
    """Which links have both ends among the agents."""
    kept: Flags = (row_of[a] >= 0) & (row_of[b] >= 0)
    return kept


def _nothing() -> Floats:
    return np.zeros(0)
