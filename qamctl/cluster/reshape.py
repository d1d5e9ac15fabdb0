"""What the thresholds of elastic clusters ask for, given the sizes that the clusters have now.

- If a cluster has more than `split_above` agents, no cluster may have more than that, and there are as many further
  clusters as the parts need. Where `moves.max` or `moves.max_cost` are too small for that, the limit is as low as they
  let it be.
- A cluster with fewer than `merge_below` is dissolved: it gets a taint that nobody tolerates, so that its agents must
  leave. The smallest go first, as long as the moves allow it and enough clusters stay for all agents, by the target
  where there is one, else by the largest size. Then no cluster in use may have fewer than `merge_below` agents, so that
  what was dissolved does not come back under another name.

A limit that no number of clusters can keep is not set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from qamctl.cluster.spec import Clusters, ClusterSpec, Flags, Floats, Ints

#: What a dissolved cluster is tainted with; with a mark behind it where some agent tolerates that.
DISSOLVED: Final = "dissolved"


def reshaped(spec: ClusterSpec) -> Clusters:
    """The clusters with what the thresholds ask for; as they are where no cluster is beyond one."""
    clusters, state = spec.clusters, _state_of(spec)
    most = _divided(state, clusters)
    closed = _dissolved(state, clusters, most)
    least = max(int(clusters.min_size[0]), min(clusters.merge_below, most)) if closed.any() else clusters.min_size[0]
    if not _countable(state.agents, int(least), most):
        least = clusters.min_size[0]
    kept = state.size[~closed]
    wanted = max(int(_parts(kept, most).sum()), state.enough(clusters.target, most))
    more = max(0, wanted - len(kept))
    taint = DISSOLVED
    while any(taint in tolerates for tolerates in set(spec.agents.tolerates)):
        taint += "'"
    taints = [mine | {taint} if shut else mine for mine, shut in zip(clusters.taints, closed.tolist(), strict=True)]
    found = replace(
        clusters, taints=taints, min_size=np.full_like(clusters.min_size, least),
        max_size=np.full_like(clusters.max_size, most),
    )  # fmt: skip
    open_ = replace(found, taints=clusters.taints)  # further ones are like an open one
    grown = extended(open_, _fresh(clusters.ids, more))
    return replace(grown, taints=[*taints, *grown.taints[len(taints) :]])


def extended(clusters: Clusters, ids: Sequence[str]) -> Clusters:
    """Further clusters that are like the first one."""
    more = len(ids)
    columns = ("parent", "leaf", "capacity", "safe", "min_size", "max_size", "cost")
    added: dict[str, Any] = {
        name: np.concatenate([getattr(clusters, name), np.repeat(getattr(clusters, name)[:1], more, axis=0)])
        for name in columns
    }
    return replace(
        clusters, ids=(*clusters.ids, *ids), labels=[*clusters.labels, *[clusters.labels[0]] * more],
        taints=[*clusters.taints, *[clusters.taints[0]] * more], **added,
    )  # fmt: skip


def _fresh(taken: Sequence[str], count: int) -> list[str]:
    """Ids c0, c1, ... that are not taken yet."""
    known, found, number = set(taken), list[str](), len(taken)
    while len(found) < count:
        if f"c{number}" not in known:
            found.append(f"c{number}")
        number += 1
    return found


@dataclass(frozen=True, slots=True)
class _State:
    """What is there now.

    Attributes
    ----------
    size
        [K] agents in each cluster.
    costs
        [K] what moving each of them costs, ascending.
    agents
        How many there are, those that are nowhere too.
    moves, cost
        How many may move, and what that may cost in all.
    """

    size: Ints
    costs: Sequence[Floats]
    agents: int
    moves: int
    cost: float

    def enough(self, target: int, most: int) -> int:
        """Clusters that hold all agents, none larger than the target, or than the largest size where there is none."""
        return -(-self.agents // max(1, target or min(most, self.agents)))

    def leaving(self, most: int) -> tuple[int, float]:
        """Agents that have to leave clusters of more than so many, and what that costs at least."""
        beyond = np.flatnonzero(self.size > most)
        cost = sum(float(self.costs[k][: int(self.size[k]) - most].sum()) for k in beyond.tolist())
        return int((self.size[beyond] - most).sum()), cost

    def affordable(self, moves: int, cost: float) -> bool:
        """Whether so many may move at this cost."""
        return moves <= self.moves and cost <= self.cost


def _state_of(spec: ClusterSpec) -> _State:
    current = spec.agents.current
    here = np.flatnonzero(current >= 0)
    size = np.bincount(current[here], minlength=len(spec.clusters.ids)).astype(np.int64)
    order = here[np.lexsort((spec.agents.move_cost[here], current[here]))]
    costs = np.split(spec.agents.move_cost[order], np.cumsum(size)[:-1])
    return _State(size, costs, len(current), spec.moves.most, spec.moves.max_cost)


def _countable(agents: int, least: int, most: int) -> bool:
    """Whether some number of clusters of these sizes has so many agents."""
    return -(-agents // max(1, most)) * least <= agents


def _parts(size: Ints, most: int) -> Ints:
    """Clusters that each of these is divided into; 0 where it is empty."""
    parts: Ints = -(-size // max(1, most))
    return parts


def _divided(state: _State, clusters: Clusters) -> int:
    """The largest size that clusters may have: lower than it was where one is above the threshold."""
    before, least = int(clusters.max_size[0]), int(clusters.min_size[0])
    low, high = min(clusters.split_above, before), int(state.size.max(initial=0))
    if high <= clusters.split_above:
        return before
    while low < high:  # the lowest limit that the moves allow
        middle = (low + high) // 2
        if state.affordable(*state.leaving(middle)):
            high = middle
        else:
            low = middle + 1
    return low if low < state.size.max() and _countable(state.agents, least, low) else before


def _dissolved(state: _State, clusters: Clusters, most: int) -> Flags:
    """[K] the clusters that are below the threshold and not needed, the smallest first."""
    closed = np.zeros(len(state.size), np.bool_)
    moves, cost = state.leaving(most)
    kept, enough = int(_parts(state.size, most).sum()), state.enough(clusters.target, most)
    for k in np.argsort(state.size, kind="stable").tolist():
        if not 0 < state.size[k] < clusters.merge_below:
            continue
        moves, cost = moves + int(state.size[k]), cost + float(state.costs[k].sum())
        if kept - 1 < enough or not state.affordable(moves, cost):
            break
        closed[k], kept = True, kept - 1
    return closed
