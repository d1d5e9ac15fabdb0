"""What the assignment search kernels are given: units, clusters, rules and costs as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

#: A limit that nothing reaches.
NO_LIMIT: Final = 2**62

#: The objective terms, in the order of `AssignmentProblem.levels`.
TERMS: Final = ("cut", "load", "balance", "move", "cost", "spread", "unplaced")

#: The violation of one broken rule that has no amount: an agent in no cluster, two that must be apart.
BROKEN: Final = 2**20


@dataclass(frozen=True)
class AssignmentProblem:
    """Units to be placed in leaves of a forest of clusters.

    A unit is one agent, or several that stay together: those whom a rule joins, or whom coarsening merged. `n` units,
    `k` leaves (0 .. k - 1), `m` clusters in all (leaves first, inner ones behind them), `r` resources, of which the
    last one is the number of agents. A unit in leaf `k` is in no cluster. Compressed tables have `*_first` [rows + 1].
    Every array is C-contiguous.

    Attributes
    ----------
    demand
        [n, r]
    transient
        [r] a unit that moved uses its old place too.
    over
        [r] violation of one unit (of the resource) above a capacity.
    parent
        [m] the cluster around it, which has a higher number; -1 at the top.
    capacity, safe
        [m, r] hard and soft limit; NO_LIMIT where there is none.
    least
        [m] number of agents at least; where `elastic`, 0 is right too.
    elastic
        Leaves may stay empty.
    load
        [r] cost of one unit of the resource above `safe`.
    ratio_one, ratio_other, ratio_value, ratio_weight
        [b] soft balance of free amounts f in every leaf: weight * max(0, value * f[one] - f[other]). Amounts are
        scaled integers; value and weight are such that the cost is in units of the objective.
    target
        Agents that every leaf in use should have; 0: none.
    open_cost
        [m] once not empty.
    kind
        [n] row of `allowed`.
    allowed
        [kinds, k] 1 where a unit may be.
    allowed_first, allowed_leaf
        By kind: the leaves that are allowed.
    link_first, link_to, link_weight
        By unit, both ways: soft links.
    apart_first, apart_to
        By unit, both ways: units that may not share a leaf.
    home_first, home_leaf, home_group, home_count, home_cost, home_demand
        By unit: where its agents are now, by leaf and group (-1: none); how many, the sum of their move costs, their
        demand [entries, r] there.
    groups
        Number of groups that `home_group` names.
    pair_cost
        [k * k] of an agent's move by old and new leaf, or empty.
    per_agent, per_group, per_pair
        Weights inside the term `move`.
    most_moves, max_move_cost
        Bounds on the moved agents and on their cost.
    cost_first, cost_leaf, cost_value, cost_own
        By unit, leaves ascending: cost there, and row of `own_demand` that takes the place of `demand`, or -1.
    own_demand
        [rows, r]
    member_first, member_rule, member_count
        By unit: the ruled groups (those with rules) of its agents, and how many of them.
    rule_apart
        [g] no two members in a leaf.
    rule_value
        [g] row of `value` of the spread, -1: none.
    rule_least, rule_skew, rule_weight
        [g] of the spread.
    value
        [v, k] value of a label in each leaf, 0 .. values[v] - 1.
    values
        [v]
    near_first, near_rule
        By ruled group: groups of which a member is wherever one of its is.
    place
        [k] neighbourhood of each leaf.
    places
        Number of neighbourhoods.
    optional, reward
        [n] it may be in no cluster; what that costs.
    piece_first, piece_device, piece_size
        By unit, sizes descending: what its agents take of devices: row of `device_size` and amount.
    device_size
        [d] of one device.
    device_count
        [k, d] devices of each leaf.
    levels
        [l, 7] weights of `TERMS`, one row a lexicographic level.
    surprise
        A power of two of values -log(u), u uniform in (0, 1): an accepted worsening is at most temperature
        times one of them.
    mix
        [5] of 4,096 moves, up to which they are rebuilt corners, chases, chains, swaps and drifts; the others are
        shifts.
    cooling
        [256] temperatures of a cycle, in units of the mean worsening that a move makes at the start.
    """

    n: int
    k: int
    demand: Ints
    transient: Bytes
    over: Ints
    parent: Index
    capacity: Ints
    safe: Ints
    least: Ints
    elastic: bool
    load: Floats
    ratio_one: Index
    ratio_other: Index
    ratio_value: Floats
    ratio_weight: Floats
    target: int
    open_cost: Floats
    kind: Index
    allowed: Bytes
    allowed_first: Ints
    allowed_leaf: Index
    link_first: Ints
    link_to: Index
    link_weight: Floats
    apart_first: Ints
    apart_to: Index
    home_first: Ints
    home_leaf: Index
    home_group: Index
    home_count: Ints
    home_cost: Floats
    home_demand: Ints
    groups: int
    pair_cost: Floats
    per_agent: float
    per_group: float
    per_pair: float
    most_moves: int
    max_move_cost: float
    cost_first: Ints
    cost_leaf: Index
    cost_value: Floats
    cost_own: Index
    own_demand: Ints
    member_first: Ints
    member_rule: Index
    member_count: Index
    rule_apart: Bytes
    rule_value: Index
    rule_least: Ints
    rule_skew: Ints
    rule_weight: Floats
    value: Index
    values: Ints
    near_first: Ints
    near_rule: Index
    place: Index
    places: int
    optional: Bytes
    reward: Floats
    piece_first: Ints
    piece_device: Index
    piece_size: Ints
    device_size: Ints
    device_count: Ints
    levels: Floats
    mix: Ints
    surprise: Floats
    cooling: Floats

    @property
    def r(self) -> int:
        """Resources, the number of agents among them."""
        return int(self.demand.shape[1])

    @property
    def m(self) -> int:
        """Clusters, inner ones too."""
        return len(self.parent)
