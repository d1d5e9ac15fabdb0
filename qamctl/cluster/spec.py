"""The cluster problem as it stands inside: columns, ids mapped once, quantities as integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.spec.source import Source

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: A limit that nothing reaches: the value of an absent capacity, safe limit, largest size or bound on moves.
NO_LIMIT: Final = 2**62

#: Objective terms that clusters can be scored by, in the order of every array over terms.
TERMS: Final = ("cut", "load", "balance", "move", "cost", "spread", "unplaced")

#: The label that a cluster's `location` or `neighbourhood` stands for.
LOCATION: Final = "location"
NEIGHBOURHOOD: Final = "neighbourhood"

#: Devices that a cluster may have of one resource: the devices of an agent are the bits of an int64.
MOST_DEVICES: Final = 62


@dataclass(frozen=True, slots=True)
class Resources:
    """What agents need of a cluster; quantities are scaled to integers by `scale`, resource by resource.

    Attributes
    ----------
    capacity
        [R] what all clusters together may use; NO_LIMIT where absent.
    scale
        [R] power of ten by which quantities of this resource were multiplied.
    weight
        [R] of a unit (as written) above a safe limit, in the term `load`.
    transient
        [R] an agent that moves uses its old place as well as its new one.
    device
        [R] size of one device: less is taken from one device, more takes whole ones; 0 where divisible at will.
    """

    ids: tuple[str, ...]
    capacity: Ints
    scale: Ints
    weight: Floats
    transient: Flags
    device: Ints


@dataclass(frozen=True, slots=True)
class Agents:
    """Who belongs to a cluster.

    Attributes
    ----------
    demand
        [N, R] scaled.
    current
        [N] row in `Clusters` of the cluster that it is in now; -1 where in none.
    move_cost
        [N] of being in another cluster than now.
    group
        [N] row in `Groups`; -1 where in none.
    requires
        Labels that its cluster must carry: one of the values of each.
    tolerates
        Taints of clusters that do not keep it out.
    allowed
        The clusters (leaves) that it may be in, whatever they carry; None: any.
    optional, reward
        [N] it may be left out, which costs this much.
    """

    ids: tuple[str, ...]
    demand: Ints
    current: Index
    move_cost: Floats
    group: Index
    requires: Sequence[Mapping[str, tuple[str, ...]]]
    tolerates: Sequence[frozenset[str]]
    allowed: Sequence[tuple[int, ...] | None]
    optional: Flags
    reward: Floats


@dataclass(frozen=True, slots=True)
class Clusters:
    """The clusters, those of a hierarchy in one list: agents are in leaves, and so in everything above them.

    Attributes
    ----------
    parent
        [K] row of the cluster around it; -1 at the top.
    leaf
        [K] nobody's parent: what an agent can be assigned to.
    capacity, safe
        [K, R] scaled hard and soft limit of the use by everything inside; NO_LIMIT where there is none. A resource
        that some leaf names in its capacity is held by those alone that name it: the others have 0.
    min_size, max_size
        [K] number of agents inside; 0 and NO_LIMIT where absent.
    cost
        [K] once any agent is inside.
    labels
        Of each cluster, those of everything around it included; `location` and `neighbourhood` are labels too.
    taints
        Of each cluster, those of everything around it included.
    elastic
        The number of clusters is part of the answer: `min_size` holds only where a cluster is not empty.
    target
        Size that every cluster in use should have, in the term `balance`; 0 where there is none.
    split_above, merge_below
        Sizes beyond which a cluster of an earlier result is divided or dissolved; NO_LIMIT and 0 where absent.
    """

    ids: tuple[str, ...]
    parent: Index
    leaf: Flags
    capacity: Ints
    safe: Ints
    min_size: Ints
    max_size: Ints
    cost: Floats
    labels: Sequence[Mapping[str, str]]
    taints: Sequence[frozenset[str]]
    elastic: bool = False
    target: int = 0
    split_above: int = NO_LIMIT
    merge_below: int = 0


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of agents, each pair once with a < b (weights of the same pair were added where they agree)."""

    cut_a: Index  #: [E] soft: the weight counts where the two are in different clusters
    cut_b: Index
    cut_weight: Floats
    together_a: Index  #: hard: in the same cluster
    together_b: Index
    apart_a: Index  #: hard: in different clusters
    apart_b: Index


@dataclass(frozen=True, slots=True)
class Spread:
    """How the members of a group lie over the values of a label.

    Attributes
    ----------
    label
        Every leaf should carry it; leaves without it count as a value of their own, the empty text.
    least
        Values that hold at least one placed member; 0 where not asked for.
    max_skew
        Largest difference of the numbers of placed members between two values that some leaf has; NO_LIMIT where
        not asked for.
    weight
        Of a pair of members that share a value, in the term `spread`.
    """

    label: str
    least: int
    max_skew: int
    weight: float


@dataclass(frozen=True, slots=True)
class Groups:
    """Agents that are replicas of one service; every group that an agent names has a row.

    Attributes
    ----------
    apart
        [G] no two members in one cluster.
    spread
        None where nothing is asked for.
    near
        Rows of groups: wherever (neighbourhood) a member is, a member of each of these is too. A cluster without a
        neighbourhood is one of its own.
    """

    ids: tuple[str, ...]
    apart: Flags
    spread: Sequence[Spread | None]
    near: Sequence[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Soft balance of two resources: weight * max(0, ratio * free(resource) - free(other)) for every leaf.

    `resource` and `other` are rows of `Resources`, both with a capacity in every leaf; free amounts are in units as
    written.
    """

    resource: int
    other: int
    ratio: float
    weight: float


@dataclass(frozen=True, slots=True)
class Balance:
    """Hard tolerance and soft ratios.

    Attributes
    ----------
    tolerance
        In %, None where absent. Where no agent demands anything, a leaf holds at most
        floor((1 + tolerance / 100) * ceil(N / leaves)) agents. Else for every resource that is demanded its use is at
        most floor((1 + tolerance / 100) * fair), in scaled units, where fair is ceil(total / leaves) if no leaf has a
        capacity of it, else ceil(total * capacity / sum of the leaves' capacities). Both sides are exact: the
        tolerance is a decimal with at most six places, kept as `tolerance_millionths` of a per cent.
    """

    tolerance_millionths: int | None
    ratios: tuple[Ratio, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """What an agent costs in a cluster; pairs that are not named cost nothing.

    Attributes
    ----------
    agent, cluster
        [C] rows; `cluster` is a leaf; each pair once.
    cost
        [C]
    own_demand
        [C] whether `demand` takes the place of the agent's own in this cluster.
    demand
        [C, R] scaled; rows without `own_demand` are 0.
    """

    agent: Index
    cluster: Index
    cost: Floats
    own_demand: Flags
    demand: Ints


@dataclass(frozen=True, slots=True)
class Moves:
    """Changes against the current state; an agent that is in no cluster now does not move, and one left out does.

    Attributes
    ----------
    most
        Agents that may move; NO_LIMIT where absent.
    max_cost
        Bound on the sum of their move costs; inf where absent.
    per_agent, per_group, per_pair
        Weights inside the term `move`: of the sum of move costs, of the largest number of moved agents of one group,
        of the sum of `pair_cost`.
    pair_from, pair_to, pair_cost
        [P] leaves, and the cost of an agent that moves from one to the other; 0 for pairs that are not named.
    """

    most: int
    max_cost: float
    per_agent: float
    per_group: float
    per_pair: float
    pair_from: Index
    pair_to: Index
    pair_cost: Floats


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A valid cluster problem: every reference resolved."""

    name: str
    source: Source
    resources: Resources
    agents: Agents
    clusters: Clusters
    links: Links
    groups: Groups
    balance: Balance
    costs: Costs
    moves: Moves
    objective: tuple[Mapping[str, float], ...]  #: weights by term, one mapping a lexicographic level
    solver: Mapping[str, Any]  #: options that the file gives, by name (see `qamctl.options.SOLVER_KEYS`)
