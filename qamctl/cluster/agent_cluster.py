"""A cluster as people ask about it: who is inside, what they need, and what room is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from qamctl.cluster.check.demand import demand_in
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec
from qamctl.cluster.write import amounts

Amount = int | float


@dataclass(frozen=True, slots=True)
class AgentCluster:
    """A cluster of a structure, with everything inside it.

    Attributes
    ----------
    id, parent
        Its name, and that of the cluster around it; None at the top.
    clusters
        The clusters directly inside; agents are in those that hold none.
    agents
        Those inside, also of the clusters inside, in the order of the structure.
    capacity, safe
        Hard and soft limits by resource, of those that are limited, in units as written.
    requirements
        By resource, what the agents inside need together.
    min_size, max_size
        Of the number of agents; None where there is no largest one.
    """

    id: str
    parent: str | None
    clusters: tuple[str, ...]
    agents: tuple[str, ...]
    capacity: Mapping[str, Amount]
    safe: Mapping[str, Amount]
    requirements: Mapping[str, Amount]
    min_size: int
    max_size: int | None

    @property
    def size(self) -> int:
        """How many agents are inside."""
        return len(self.agents)

    @property
    def load(self) -> dict[str, float]:
        """The share of each limited resource that is used; inf where something is used of nothing."""
        return {
            name: self.requirements[name] / limit if limit else float("inf") if self.requirements[name] else 0.0
            for name, limit in self.capacity.items()
        }

    @property
    def headroom(self) -> dict[str, Amount]:
        """What is left of each limited resource; negative where more is needed than there is."""
        left = {name: limit - self.requirements[name] for name, limit in self.capacity.items()}
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in left.items()}


def clusters_of(spec: ClusterSpec, wanted: Iterable[str] | None = None) -> list[AgentCluster]:
    """The clusters of a spec as agents are now, those whose ids are wanted (None: all)."""
    clusters, current = spec.clusters, spec.agents.current.astype(np.int64)
    names = (*clusters.ids, None)
    parent = clusters.parent.tolist()
    inside: list[list[int]] = [[] for _ in names]
    for i, k in enumerate(current.tolist()):
        while k >= 0:
            inside[k].append(i)
            k = parent[k]
    needs = demand_in(spec, np.arange(len(current)), current)
    rows = range(len(clusters.ids)) if wanted is None else [clusters.ids.index(name) for name in wanted]
    children: dict[int, list[str]] = {}
    for k, above in enumerate(parent):
        children.setdefault(above, []).append(clusters.ids[k])
    return [
        AgentCluster(
            id=clusters.ids[k], parent=names[parent[k]], clusters=tuple(children.get(k, ())),
            agents=tuple(spec.agents.ids[i] for i in inside[k]),
            capacity=amounts(spec, clusters.capacity[k], NO_LIMIT), safe=amounts(spec, clusters.safe[k], NO_LIMIT),
            requirements=amounts(spec, needs[inside[k]].sum(axis=0), -1), min_size=int(clusters.min_size[k]),
            max_size=None if clusters.max_size[k] >= NO_LIMIT else int(clusters.max_size[k]),
        )
        for k in rows
    ]  # fmt: skip
