"""Clusters that are written as a list: their labels, and how they nest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qamctl.cluster.read_clusters import ReadClusters
from qamctl.cluster.read_hierarchy import Labels, by_levels, by_parent
from qamctl.cluster.spec import LOCATION, NEIGHBOURHOOD
from qamctl.spec.cells import read_labels, read_names
from qamctl.spec.cluster_fields import CLUSTERS
from qamctl.spec.decode import check_names, coded, ids, integers, names, numbers
from qamctl.spec.faults import Faults, show
from qamctl.spec.quantities import Measures
from qamctl.spec.references import references
from qamctl.spec.rows import Rows


def read_listed(rows: Rows, readable: bool, levels: Sequence[str], measures: Measures, faults: Faults) -> ReadClusters:
    """Decode a list of clusters; where it is not `readable`, no reference to one is called unknown."""
    check_names(rows, CLUSTERS, faults)
    listed, index = ids(rows, CLUSTERS["id"], faults)
    if not rows.n and readable:
        faults.add(("clusters",), "there is no cluster", "list one at least")
    labels = _labels(rows, faults)
    none: tuple[str, ...] = ()
    taints = [frozenset(mine) for mine in coded(rows, CLUSTERS["taints"], read_names, none, faults).list()]
    parent = references(rows, CLUSTERS["parent"], index, "cluster", faults)
    if levels:
        for row in np.flatnonzero(parent >= 0).tolist():
            faults.add(rows.path(row, "parent"), "`levels` says already what lies in what", "leave out one of the two")
        hierarchy = by_levels(rows, listed, levels, labels, taints, faults)
    else:
        hierarchy = by_parent(rows, listed, parent, labels, taints, faults)
    names_of_all = (*listed, *hierarchy.added)
    index = index | dict(zip(hierarchy.added, range(len(listed), len(names_of_all)), strict=True))
    return ReadClusters(
        rows=rows,
        copies=None,
        ids=names_of_all,
        index=index if readable else None,
        hierarchy=hierarchy,
        capacity=measures.maps(rows, CLUSTERS["capacity"], faults),
        safe=measures.maps(rows, CLUSTERS["safe"], faults),
        min_size=integers(rows, CLUSTERS["min_size"], faults),
        max_size=integers(rows, CLUSTERS["max_size"], faults),
        cost=numbers(rows, CLUSTERS["cost"], faults),
    )


def _labels(rows: Rows, faults: Faults) -> list[Labels]:
    """The labels of each cluster, its location and its neighbourhood among them."""
    none: Labels = {}
    labels = coded(rows, CLUSTERS["labels"], read_labels, none, faults).list()
    for name in (LOCATION, NEIGHBOURHOOD):
        for row, value in enumerate(names(rows, CLUSTERS[name], faults)):
            if value is None:
                continue
            stated = labels[row].get(name, value)
            if stated != value:
                message = f"`{name}` is {show(value)}, and the label {show(name)} is {show(stated)}"
                faults.add(rows.path(row, name), message, "leave out one of the two")
            labels[row] = {**labels[row], name: value}
    return labels
