"""Graphs in the METIS form, to be partitioned: nodes in clusters of like size or weight, with few edges between them.

G. Karypis, "METIS: a software package for partitioning unstructured graphs, ...", version 5.1.0 (2013), section 4.1.
The first line is `nodes edges [fmt [constraints]]`, then comes one line a node: its size where fmt is `1xx`, its
weights where fmt is `x1x`, and its neighbours, each with the edge's weight where fmt is `xx1`. Lines that start with
`%` are comments; an empty line is a node without neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from qamctl.errors import SpecError, UsageError
from qamctl.formats.faults import LARGEST, fault, problem_name
from qamctl.formats.remarks import Remarks
from qamctl.formats.tokens import Tokens, lines_of

_WHAT = "a METIS graph"
_HEAD: Final = "the first line is `nodes edges [fmt [constraints]]`"
_MOST_CLUSTERS: Final = 100_000
_plain = re.compile(r"(?:\s*[0-9]{1,18}(?=\s|\Z))*\s*\Z", re.ASCII).match


@dataclass(frozen=True, slots=True)
class _Head:
    """What the first line announces, and which line of the file it is."""

    line: int
    nodes: int
    edges: int
    sizes: bool
    weights: int
    weighted_edges: bool


def read(
    text: str, *, name: str, remarks: Remarks, clusters: int | None = None, tolerance: float | None = None
) -> dict[str, Any]:
    """The problem file's data: node `n<k>` from 1 with its demand `weight` (`w2`, `w3`... of further constraints).

    Parameters
    ----------
    clusters
        How many clusters there are to be; None: 2.
    tolerance
        How far above its share a cluster may be, in %; None: 3.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    UsageError
        For a number of clusters outside 1..100,000, or above that of the nodes.
    """
    count = 2 if clusters is None else clusters
    if not 1 <= count <= _MOST_CLUSTERS:
        raise UsageError(f"--clusters {count} is outside 1..{_MOST_CLUSTERS}.")
    percent = 3 if tolerance is None else tolerance
    lines = [(number, line) for number, line in enumerate(lines_of(text), 1) if not line.lstrip().startswith("%")]
    top = next((k for k, (_, line) in enumerate(lines) if line.strip()), None)
    if top is None:
        raise fault(name, 1, 1, "the file is empty", what=_WHAT, hint=_HEAD)
    head = _head(*lines[top], name)
    if count > head.nodes:
        raise UsageError(f"--clusters {count} is more than the graph has nodes, {head.nodes}.")
    rows = _rows(lines[top + 1 :], head.nodes, name)
    weights = ["weight", *(f"w{k}" for k in range(2, head.weights + 1))][: head.weights]
    agents: list[dict[str, Any]] = []
    ends: list[dict[int, int]] = []
    for k, (number, line) in enumerate(rows, 1):
        demand, neighbours = _node(k, _numbers(line, number, name), head, number, name)
        agents.append({"id": f"n{k}"} | ({"demand": dict(zip(weights, demand, strict=True))} if weights else {}))
        ends.append(neighbours)
    links = _links(ends, rows, head, name)
    if head.sizes:
        remarks.warnings.append("the sizes of the nodes are left out: they weigh messages, which no term counts")
    return {
        "kind": "cluster",
        "version": 1,
        "name": problem_name(name),
        "objective": {"cut": 1},
        **({"resources": [{"id": weight} for weight in weights]} if weights else {}),
        "clusters": {"count": count},
        "balance": int(percent) if percent == int(percent) else percent,
        "agents": agents,
        **({"links": links} if links else {}),
    }


def _head(number: int, line: str, name: str) -> _Head:
    tokens = Tokens([line], file=name, what=_WHAT, first_line=number)
    nodes = tokens.integer("the number of nodes", 1)
    edges = tokens.integer("the number of edges")
    words = line.split()
    flags = constraints = 0
    if len(words) > 2:
        flags = tokens.integer("fmt", 0, 111)
        if not set(words[2]) <= {"0", "1"}:
            raise tokens.fault(f"`{words[2]}` can't be fmt, three digits that are 0 or 1", hint=_HEAD)
    weighted = flags // 10 % 10 == 1
    if len(words) > 3:
        constraints = tokens.integer("the number of weights of a node", 1, 1000)
        if not weighted:
            raise tokens.fault(f"fmt {words[2]} says that nodes have no weights, and a number of them follows")
    tokens.end()
    return _Head(number, nodes, edges, flags >= 100, max(constraints, 1) if weighted else 0, flags % 10 == 1)


def _rows(lines: Sequence[tuple[int, str]], nodes: int, name: str) -> Sequence[tuple[int, str]]:
    """The lines of the nodes; only empty ones may follow."""
    if len(lines) < nodes:
        last = lines[-1][0] if lines else 1
        message = f"{nodes} nodes are announced and {len(lines)} lines follow"
        raise fault(name, last, 1, message, what=_WHAT, hint="the file may be cut off")
    for number, line in lines[nodes:]:
        if line.strip():
            raise fault(name, number, 1, f"a line stands after those of the {nodes} nodes", what=_WHAT)
    return lines[:nodes]


def _numbers(line: str, number: int, name: str) -> list[int]:
    if _plain(line):
        return [int(word) for word in line.split()]
    tokens = Tokens([line], file=name, what=_WHAT, first_line=number)
    return [tokens.integer("a number", 0, 10**18) for _ in line.split()]  # says where the odd one is


def _node(k: int, numbers: list[int], head: _Head, line: int, name: str) -> tuple[list[int], dict[int, int]]:
    """Weights of node k, and the weights of its edges by neighbour."""
    start = head.sizes + head.weights
    if len(numbers) < start:
        raise _at(line, name, f"node {k} has {len(numbers)} numbers, its size and weights alone are {start}")
    weights, rest = numbers[head.sizes : start], numbers[start:]
    if max(weights, default=0) > LARGEST:
        raise _at(line, name, f"a weight of node {k} is above {LARGEST}")
    if not head.weighted_edges:
        neighbours = dict.fromkeys(rest, 1)
        count = len(rest)
    else:
        if len(rest) % 2:
            raise _at(line, name, f"node {k} has a neighbour without the weight of the edge")
        neighbours = dict(zip(rest[::2], rest[1::2], strict=True))
        count = len(rest) // 2
    if len(neighbours) != count:
        raise _at(line, name, f"node {k} names a neighbour twice")
    if k in neighbours:
        raise _at(line, name, f"node {k} is its own neighbour")
    if neighbours and not (min(neighbours) >= 1 and max(neighbours) <= head.nodes):
        wrong = next(other for other in neighbours if not 1 <= other <= head.nodes)
        raise _at(line, name, f"node {k} has the neighbour {wrong}, and nodes are from 1 to {head.nodes}")
    if neighbours and not 1 <= min(neighbours.values()) <= max(neighbours.values()) <= LARGEST:
        raise _at(line, name, f"an edge of node {k} weighs less than 1 or more than {LARGEST}")
    return weights, neighbours


def _links(
    ends: Sequence[dict[int, int]], rows: Sequence[tuple[int, str]], head: _Head, name: str
) -> list[dict[str, Any]]:
    """Every edge once, in the order of its smaller end; both ends must name it, with the same weight."""
    links = []
    for k, neighbours in enumerate(ends, 1):
        for other, weight in neighbours.items():
            back = ends[other - 1].get(k)
            if back != weight:
                what = f"names no neighbour {k}" if back is None else f"gives the edge between them {back}"
                gives = f", weight {weight}" if head.weighted_edges else ""
                raise _at(rows[k - 1][0], name, f"node {k} has the neighbour {other}{gives}, and node {other} {what}")
            if k < other:
                links.append({"a": f"n{k}", "b": f"n{other}"} | ({"weight": weight} if head.weighted_edges else {}))
    if len(links) != head.edges:
        raise _at(head.line, name, f"{head.edges} edges are announced and {len(links)} follow")
    return links


def _at(line: int, name: str, message: str) -> SpecError:
    return fault(name, line, 1, message, what=_WHAT)
