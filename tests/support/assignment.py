"""Capacitated assignment with quadratic cost, made from a seed: items to bins, demands, costs, and traffic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qamctl.qubo.model import LE, Model


@dataclass(frozen=True)
class Assignment:
    """Each item goes to one bin, at most `capacity` in each; minimise cost and traffic * distance of the bins.

    Attributes
    ----------
    cost, demand
        [items, bins]
    capacity
        [bins]
    pairs, traffic
        [e, 2] items that talk, and how much.
    distance
        [bins, bins] symmetric, 0 on the diagonal.
    """

    cost: np.ndarray
    demand: np.ndarray
    capacity: np.ndarray
    pairs: np.ndarray
    traffic: np.ndarray
    distance: np.ndarray

    @property
    def items(self) -> int:
        return len(self.cost)

    @property
    def bins(self) -> int:
        return self.cost.shape[1]

    def objective(self, bin_of: np.ndarray) -> int | None:
        """The cost of an assignment [items]; None where a bin overflows."""
        load = np.bincount(bin_of, self.demand[np.arange(self.items), bin_of], self.bins)
        if (load > self.capacity).any():
            return None
        apart = self.distance[bin_of[self.pairs[:, 0]], bin_of[self.pairs[:, 1]]]
        return int(self.cost[np.arange(self.items), bin_of].sum() + (self.traffic * apart).sum())

    def model(self) -> Model:
        """Variable item * bins + bin; one group for each item, one row for each bin."""
        items, bins = self.items, self.bins
        n = items * bins
        k, m = np.nonzero(self.distance)
        at = np.arange(n).reshape(items, bins).astype(np.int32)
        a, b = self.pairs.T if len(self.pairs) else np.zeros((2, 0), np.int64)
        return Model(
            n=n,
            linear=self.cost.ravel().astype(float),
            row=(a[:, None] * bins + k).ravel().astype(np.int32),
            col=(b[:, None] * bins + m).ravel().astype(np.int32),
            weight=(self.traffic[:, None] * self.distance[k, m]).ravel().astype(float),
            offset=0.0,
            group_start=np.arange(0, n + 1, bins, dtype=np.int64),
            group_index=at.ravel(),
            con_start=np.arange(0, n + 1, items, dtype=np.int64),
            con_index=at.T.ravel(),
            con_coef=self.demand.T.ravel().astype(np.int64),
            con_sense=np.full(bins, LE, np.int8),
            con_rhs=self.capacity.astype(np.int64),
            con_kind=np.zeros(bins, np.int8),
            con_kinds=("capacity",),
            labels=[f"I{i}.B{b}" for i in range(items) for b in range(bins)],
        )

    def bin_of(self, sample: np.ndarray) -> np.ndarray:
        """[items] from a sample of the model."""
        table = np.asarray(sample).reshape(self.items, self.bins)
        assert (table.sum(axis=1) == 1).all()
        return table.argmax(axis=1)


def assignment(items: int, bins: int, seed: int, kind: str = "d", talk: float = 3.0) -> Assignment:
    """A random problem.

    Parameters
    ----------
    kind
        "d" and "e" are the hard types of the generalised assignment literature (Chu and Beasley 1997; Laguna and
        others 1995): costs fall where demands rise. "tight": an item's demand is the same everywhere, and a hidden
        assignment fills the bins to 98 % and more.
    talk
        Pairs of items that talk, for each item; 0 makes the problem linear.
    """
    rng = np.random.default_rng([items, bins, seed])
    shape = (items, bins)
    if kind == "d":
        demand = rng.integers(1, 101, shape)
        cost = 111 - demand + rng.integers(-10, 11, shape)
        capacity = 0.8 * demand.sum(axis=0) / bins
    elif kind == "e":
        demand = np.ceil(1 - 10 * np.log(1 - rng.random(shape))).astype(int)
        cost = (1000 / demand - 10 * rng.random(shape)).astype(int)
        capacity = 0.8 * demand.sum(axis=0) / bins
    else:
        demand = np.repeat(rng.integers(5, 101, (items, 1)), bins, axis=1)
        cost = rng.integers(1, 101, shape)
        hidden = rng.permutation(np.arange(items) % bins)
        capacity = np.ceil(np.bincount(hidden, demand[:, 0], bins) / 0.99)
    count = min(round(talk * items), items * (items - 1) // 2)
    one, other = np.triu_indices(items, 1)
    chosen = np.sort(rng.choice(len(one), count, replace=False))
    spot = rng.integers(0, 11, (bins, 2))
    distance = np.abs(spot[:, None] - spot[None]).sum(axis=2)
    pairs = np.column_stack([one[chosen], other[chosen]])
    return Assignment(cost, demand, capacity.astype(int), pairs, rng.integers(1, 11, count), distance)


def read_gap(path: Path) -> Assignment:
    """A file of the OR-Library's generalised assignment problems: m n, costs and demands by bin, capacities."""
    numbers = np.array(path.read_text().split(), np.int64)
    bins, items = numbers[:2].tolist()
    cost, demand = numbers[2 : 2 + 2 * bins * items].reshape(2, bins, items)
    capacity = numbers[2 + 2 * bins * items :][:bins]
    none = np.zeros((0, 2), np.int64)
    return Assignment(cost.T, demand.T, capacity, none, np.zeros(0, np.int64), np.zeros((bins, bins), np.int64))
