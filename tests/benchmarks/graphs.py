"""Graphs as arrays, read and judged without the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Graph:
    """Neighbours of node v: `to[first[v]:first[v + 1]]`, and the weights of the edges; each edge stands twice."""

    first: Ints
    to: Ints
    weight: Ints

    @property
    def nodes(self) -> int:
        """How many there are."""
        return len(self.first) - 1

    def edges(self) -> tuple[Ints, Ints, Ints]:
        """Each edge once: its lower end, its upper end, its weight."""
        one = np.repeat(np.arange(self.nodes), np.diff(self.first))
        once = one < self.to
        return one[once], self.to[once], self.weight[once]

    def cut(self, part: npt.ArrayLike) -> int:
        """The weight of the edges between parts."""
        where = np.asarray(part)
        one, other, weight = self.edges()
        return int(weight[where[one] != where[other]].sum())


def linked(nodes: int, one: npt.ArrayLike, other: npt.ArrayLike, weight: npt.ArrayLike) -> Graph:
    """The graph of these edges, each given once."""
    ends = np.concatenate([one, other]).astype(np.int64), np.concatenate([other, one]).astype(np.int64)
    order = np.lexsort((ends[1], ends[0]))
    first = np.concatenate([[0], np.cumsum(np.bincount(ends[0], minlength=nodes))])
    return Graph(first.astype(np.int64), ends[1][order], np.concatenate([weight, weight]).astype(np.int64)[order])


def read_graph(path: Path) -> Graph:
    """The graph of a METIS file without weights."""
    lines = [line.split() for line in path.read_text().splitlines() if not line.startswith("%")]
    nodes, edges = map(int, lines[0])  # a third number would say that there are weights
    rows = [[int(word) - 1 for word in line] for line in lines[1 : nodes + 1]]
    first = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    to = np.array([v for row in rows for v in row], np.int64)
    assert len(rows) == nodes
    assert len(to) == 2 * edges
    return Graph(first, to, np.ones(len(to), np.int64))
