"""How clusters nest: by the parents that they name, or by the values of labels; and what they hand down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from qamctl.cluster.spec import Index, Ints
from qamctl.spec.faults import Faults, nearest, show
from qamctl.spec.rows import Rows

Labels = Mapping[str, str]

#: Clusters that a cluster may have around it.
MOST_AROUND: Final = 64


@dataclass(slots=True)
class Hierarchy:
    """The clusters of a list and those that levels add behind them.

    Attributes
    ----------
    added
        Ids of the clusters that stand in no list.
    parent
        [K] row of the cluster around it, -1 at the top.
    labels, taints
        [K] with what comes from around.
    """

    parent: Index
    labels: list[Labels]
    taints: list[frozenset[str]]
    added: list[str] = field(default_factory=list)


def by_parent(
    rows: Rows, ids: Sequence[str], parent: Index, labels: list[Labels], taints: list[frozenset[str]], faults: Faults
) -> Hierarchy:
    """The hierarchy by the parents that clusters name; a cycle is a fault, and cut open."""
    parent = parent.copy()
    for cycle in _cycles(parent):
        walk = [show(ids[k]) for k in [*cycle, cycle[0]]]
        if len(walk) > 20:
            walk = [*walk[:10], f"... {len(walk) - 20} more ...", *walk[-10:]]
        faults.add(rows.path(cycle[0], "parent"), f"clusters lie inside each other: {' in '.join(walk)}")
        parent[cycle[0]] = -1
    labels, taints = list(labels), list(taints)
    depth = _depth(parent)
    if depth.max(initial=0) > MOST_AROUND:
        deep = int(depth.argmax())
        message = f"{show(ids[deep])} has more than {MOST_AROUND} clusters around it"
        faults.add(rows.path(deep, "parent"), message, "nest them less deeply")
    for k in np.argsort(depth, kind="stable")[np.count_nonzero(parent < 0) :].tolist():
        above = int(parent[k])
        if labels[above]:
            labels[k] = {**labels[above], **labels[k]} if labels[k] else labels[above]
        if taints[above]:
            taints[k] = taints[k] | taints[above]
    return Hierarchy(parent, labels, taints)


def _cycles(parent: Index) -> list[list[int]]:
    """The cycles of a graph in which each node names one other; each as rows, every one inside the next."""
    seen = np.zeros(len(parent), np.int64)
    cycles = []
    for start in np.flatnonzero(parent >= 0).tolist():
        walk, k = [], start
        while k >= 0 and not seen[k]:
            seen[k] = start + 1
            walk.append(k)
            k = int(parent[k])
        if k >= 0 and seen[k] == start + 1:
            cycles.append(walk[walk.index(k) :])
    return cycles


def _depth(parent: Index) -> Ints:
    """[K] how many clusters are around each, counted to one more than there may be."""
    depth = np.zeros(len(parent), np.int64)
    above = parent.copy()
    for _ in range(MOST_AROUND + 1):
        inside = above >= 0
        depth += inside
        above[inside] = parent[above[inside]]
    return depth


def by_levels(
    rows: Rows, ids: Sequence[str], levels: Sequence[str], labels: list[Labels], taints: list[frozenset[str]],
    faults: Faults,
) -> Hierarchy:  # fmt: skip
    """The hierarchy by the values of labels, the outermost first.

    A label that no cluster carries, or that one lacks, is a fault, as is an id that stands in the list.
    """
    carried = {label for mine in labels for label in mine}
    for i, label in enumerate(levels):
        if label not in carried:
            faults.add(("levels", i), f"no cluster carries the label {show(label)}", nearest(label, carried))
    known = [label for label in levels if label in carried]
    parent, taints = [-1] * len(ids), list(taints)
    inner: dict[tuple[str, ...], int] = {}
    taken, added, above, carries = set(ids), list[str](), list[int](), list[Labels]()
    for row in range(len(ids)):
        lacking = next((label for label in known if label not in labels[row]), None)
        if lacking is not None:
            message = f"{show(ids[row])} does not carry the label {show(lacking)}, which `levels` names"
            faults.add(rows.at(row), message, "give it a value")
            continue
        values = tuple(labels[row][label] for label in known)
        for depth in range(1, len(values) + 1):
            if values[:depth] in inner:
                continue
            name = "/".join(values[:depth])
            if name in taken:
                message = f"the value {show(name)} of {show(known[depth - 1])} makes a cluster of that id"
                faults.add(rows.at(row), f"{message}, which there is already", "rename the other one")
            taken.add(name)
            added.append(name)
            above.append(inner[values[: depth - 1]] if depth > 1 else -1)
            carries.append(dict(zip(known[:depth], values[:depth], strict=True)))
            inner[values[:depth]] = len(ids) + len(added) - 1
        if values:
            parent[row] = inner[values]
    taints += [frozenset()] * len(added)
    return Hierarchy(np.array([*parent, *above], np.int32), [*labels, *carries], taints, added)
