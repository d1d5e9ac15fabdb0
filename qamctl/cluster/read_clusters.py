"""The clusters of a cluster spec while they are read: what they are called, how they nest, and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.cluster.read_hierarchy import Hierarchy
from qamctl.cluster.read_resources import ReadResources, check_whole
from qamctl.cluster.spec import MOST_DEVICES, NO_LIMIT, Clusters, Flags, Floats, Index, Ints, Resources
from qamctl.spec.cluster_fields import CLUSTERS
from qamctl.spec.decode import ABSENT, Coded
from qamctl.spec.faults import Faults, show
from qamctl.spec.quantities import Amounts
from qamctl.spec.rows import Rows


@dataclass(slots=True)
class ReadClusters:
    """The clusters while their capacities are not yet integers.

    Attributes
    ----------
    rows, copies
        Where limits stand; one row serves all clusters where `copies` says how many there are.
    index
        Row of each cluster; None where they could not be read.
    min_size, max_size, cost
        Of the rows.
    """

    rows: Rows
    copies: int | None
    ids: tuple[str, ...]
    index: Mapping[str, int] | None
    hierarchy: Hierarchy
    capacity: Coded[Amounts]
    safe: Coded[Amounts]
    min_size: Ints
    max_size: Ints
    cost: Floats
    elastic: bool = False
    target: int = 0
    split_above: int = NO_LIMIT
    merge_below: int = 0

    @property
    def leaf(self) -> Flags:
        """[K] whether it holds no others."""
        leaf = np.ones(len(self.ids), bool)
        leaf[self.hierarchy.parent[self.hierarchy.parent >= 0]] = False
        return leaf

    @property
    def known(self) -> set[str]:
        """The labels of those that hold no others."""
        distinct = {id(self.hierarchy.labels[k]): self.hierarchy.labels[k] for k in np.flatnonzero(self.leaf).tolist()}
        return {label for labels in distinct.values() for label in labels}

    def check_leaves(self, rows: Rows, field: str, found: Index, faults: Faults) -> None:
        """Refuse references to clusters that hold others."""
        leaf = self.leaf
        for row in np.flatnonzero((found >= 0) & ~leaf[found]).tolist() if len(leaf) else ():
            message, hint = self.not_a_leaf(int(found[row]))
            faults.add(rows.path(row, field), message, hint)

    def not_a_leaf(self, k: int) -> tuple[str, str]:
        """What is wrong with an agent being in a cluster that holds others, and what to write."""
        inside = int(np.flatnonzero(self.hierarchy.parent == k)[0])
        return (
            f"{show(self.ids[k])} holds other clusters, and no agents of its own",
            f"such as {show(self.ids[inside])}",
        )

    def finish(self, resources: Resources, from_rows: ReadResources, faults: Faults) -> Clusters:
        """The clusters, once every quantity has been seen."""
        leaf, measures = self.leaf, from_rows.measures
        capacity = measures.matrix(self.capacity, -1, self.rows, CLUSTERS["capacity"], faults)
        safe = measures.matrix(self.safe, -1, self.rows, CLUSTERS["safe"], faults)
        of_agents = np.ones(self.rows.n, bool) if self.copies is not None else leaf[: self.rows.n]
        self._check_devices(capacity, of_agents, resources, from_rows, faults)
        held = (capacity[of_agents] >= 0).any(axis=0)
        capacity[(capacity < 0) & held & of_agents[:, None]] = 0
        every = [np.where(column < 0, NO_LIMIT, column) for column in (capacity, safe)]
        added = len(self.hierarchy.added)
        return Clusters(
            ids=self.ids,
            parent=self.hierarchy.parent,
            leaf=leaf,
            capacity=self._expanded(every[0], added, NO_LIMIT),
            safe=self._expanded(every[1], added, NO_LIMIT),
            min_size=self._expanded(self.min_size, added, 0),
            max_size=self._expanded(np.where(self.max_size == ABSENT, NO_LIMIT, self.max_size), added, NO_LIMIT),
            cost=self._expanded(self.cost, added, 0),
            labels=self.hierarchy.labels,
            taints=self.hierarchy.taints,
            elastic=self.elastic,
            target=self.target,
            split_above=self.split_above,
            merge_below=self.merge_below,
        )

    def _expanded(self, column: Any, added: int, absent: int) -> Any:
        """A column over rows as one over clusters."""
        if self.copies is not None:
            return np.repeat(column, self.copies, axis=0)
        return np.concatenate([column, np.full((added, *column.shape[1:]), absent, column.dtype)])

    def _check_devices(
        self, capacity: Ints, of_agents: Flags, resources: Resources, from_rows: ReadResources, faults: Faults
    ) -> None:
        """Refuse capacities that are no whole number of devices, too many, or missing where there are devices."""
        mine = np.where(of_agents[:, None], capacity, -1)
        check_whole(np.maximum(mine, 0), 0, resources, lambda row: self.rows.path(row, "capacity"), faults)
        for r in np.flatnonzero(resources.device > 0).tolist():
            devices = mine[:, r] // int(resources.device[r])
            for row in np.flatnonzero(devices > MOST_DEVICES).tolist():
                message = f"{devices[row]} devices of `{resources.ids[r]}` are more than {MOST_DEVICES}"
                faults.add((*self.rows.path(row, "capacity"), resources.ids[r]), message, "use larger devices")
            if self.index is not None and not (mine[:, r] >= 0).any():
                message = f"no cluster has a capacity of `{resources.ids[r]}`, so there are no devices of it"
                faults.add(from_rows.rows.path(r, "device"), message, "name it in the capacity of those that have some")
