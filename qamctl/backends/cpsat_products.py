"""Products of binary variables as linear constraints: what CP-SAT needs to see a quadratic objective."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.qubo.model import Ints, Model


@dataclass(frozen=True, slots=True)
class Products:
    """Terms cost * x[anchor] * (sum of x over a set of variables of which at most one is 1).

    Couplings of one variable with members of one one-hot group that weigh the same are one term: an item that is
    charged alike for every place but its own needs one product, not one a place.

    Attributes
    ----------
    cost
        [t] in the objective's integers.
    anchor
        [t]
    start, member
        CSR: the set of term k is member[start[k]:start[k + 1]].
    group
        [t] the one-hot group that holds the whole set; -1 where the set is a single variable outside groups.
    """

    cost: Ints
    anchor: Ints
    start: Ints
    member: Ints
    group: Ints

    def __len__(self) -> int:
        return len(self.cost)

    def values(self, sample: np.ndarray) -> np.ndarray:
        """[t] the products in a sample: whether the anchor and one of the set are 1."""
        if not len(self):
            return np.zeros(0, bool)
        x = np.asarray(sample) != 0
        met: np.ndarray = x[self.anchor] & np.logical_or.reduceat(x[self.member], self.start[:-1])
        return met


def products(model: Model, cost: Ints, group: Ints) -> Products:
    """The quadratic part of a model, in as few products as its groups allow.

    Parameters
    ----------
    cost
        [q] of the couplings, whole numbers.
    group
        [n] the group of each variable, -1 where it is in none; couplings within a group are left out: of a group
        only one variable is 1.
    """
    a, b = model.row.astype(np.int64), model.col.astype(np.int64)
    keep = (cost != 0) & ((group[a] < 0) | (group[a] != group[b]))
    a, b, cost = a[keep], b[keep], cost[keep]
    forward, backward = _terms(a, b, cost, group), _terms(b, a, cost, group)
    return forward if len(forward) <= len(backward) else backward


def _terms(anchor: Ints, other: Ints, cost: Ints, group: Ints) -> Products:
    """Couplings of one anchor, one group and one cost together; those of ungrouped variables one by one."""
    home = np.where(group[other] >= 0, group[other], -1 - other)
    order = np.lexsort((other, cost, home, anchor))
    anchor, other, cost, home = anchor[order], other[order], cost[order], home[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(anchor) != 0) | (np.diff(home) != 0) | (np.diff(cost) != 0)
    first = np.flatnonzero(new)
    start = np.append(first, len(order))
    return Products(cost[first], anchor[first], start, other, np.maximum(home[first], -1))


def groups_of(model: Model) -> Ints:
    """[n] the group of each variable, -1 for none; of groups that overlap only the first counts."""
    group = np.full(model.n, -1, np.int64)
    for g in range(len(model.group_start) - 1):
        members = model.group_index[model.group_start[g] : model.group_start[g + 1]]
        if (group[members] < 0).all():
            group[members] = g
    return group


def whole_costs(model: Model) -> tuple[Ints, Ints, float, float]:
    """Linear and quadratic costs as whole numbers, what they were multiplied by, and how far a sum may be off.

    Costs are scaled until they are whole, exactly; where no small factor does that, they are rounded at a factor
    that leaves room for every sum in CP-SAT's 64 bits, and the largest error of a sum, in the objective's units,
    is the last figure.
    """
    values = np.concatenate([model.linear, model.weight])
    reach = float(np.abs(values).sum())
    for scale in (1.0, 2.0, 4.0, 8.0, 10.0, 16.0, 100.0, 1000.0, 1024.0, 1e4, 1e5, 1e6):
        scaled = np.rint(values * scale)
        if reach * scale < 2.0**53 and (scaled / scale == values).all():
            return scaled[: model.n].astype(np.int64), scaled[model.n :].astype(np.int64), scale, 0.0
    scale = 2.0 ** min(1000.0, np.floor(50.0 - np.log2(reach)))
    scaled = np.rint(values * scale)
    error = float(np.abs(scaled / scale - values).sum()) + 2.0**-52 * reach
    return scaled[: model.n].astype(np.int64), scaled[model.n :].astype(np.int64), float(scale), error
