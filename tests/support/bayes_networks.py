"""Bayesian networks for tests: random ones, Asia, and the posterior of small ones by the definition alone."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np

from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import Floats, Network

#: Lauritzen and Spiegelhalter 1988; values are [no, yes].
ASIA: list[dict[str, Any]] = [
    {"id": "asia", "table": [0.99, 0.01]},
    {"id": "smoke", "table": [0.5, 0.5]},
    {"id": "tub", "parents": ["asia"], "table": [[0.99, 0.01], [0.95, 0.05]]},
    {"id": "lung", "parents": ["smoke"], "table": [[0.99, 0.01], [0.9, 0.1]]},
    {"id": "bronc", "parents": ["smoke"], "table": [[0.7, 0.3], [0.4, 0.6]]},
    {"id": "either", "parents": ["tub", "lung"], "table": [[1, 0], [0, 1], [0, 1], [0, 1]]},
    {"id": "xray", "parents": ["either"], "table": [[0.95, 0.05], [0.02, 0.98]]},
    {"id": "dysp", "parents": ["bronc", "either"], "table": [[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.1, 0.9]]},
]


def network_of(nodes: list[dict[str, Any]], query: list[str], observed: dict[str, str]) -> Network:
    """The network of a spec."""
    spec = reason_from_data({"kind": "reason", "version": 1, "nodes": nodes, "query": query, "observed": observed})
    assert spec.network is not None
    return spec.network


def random_network(seed: int, *, most_nodes: int = 10, most_values: int = 2, zeros: bool = False) -> Network:
    """Up to three parents each, nodes in any order; with `zeros` many probabilities are 0."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, most_nodes + 1))
    values = [tuple(f"v{k}" for k in range(rng.integers(2, most_values + 1))) for _ in range(n)]
    order = rng.permutation(n).tolist()
    parents: list[tuple[int, ...]] = [()] * n
    for place, node in enumerate(order):
        parents[node] = tuple(rng.permutation(order[:place])[: rng.integers(0, 4)].tolist())
    tables = [random_table(rng, [len(values[one]) for one in (*parents[node], node)], zeros) for node in range(n)]
    asked = int(rng.integers(1, min(3, n) + 1))
    drawn = rng.permutation(n).tolist()
    seen = drawn[asked : int(rng.integers(asked, n + 1))]
    observed = {node: int(rng.integers(len(values[node]))) for node in seen}
    return Network(names(n), values, parents, tables, tuple(drawn[:asked]), observed)


def random_table(rng: np.random.Generator, shape: list[int], zeros: bool = False) -> Floats:
    """Rows that sum to 1."""
    table = rng.random(shape)
    if zeros:
        table = np.where(rng.random(shape) < 0.3, 0.0, table)
        table[..., 0] = np.where(table.sum(axis=-1) == 0, 1.0, table[..., 0])
    return np.asarray(table / table.sum(axis=-1, keepdims=True))


def names(n: int) -> tuple[str, ...]:
    """Of n nodes."""
    return tuple(f"x{i}" for i in range(n))


def by_definition(network: Network) -> tuple[Floats, float]:
    """[N] the posterior and P(observed): the sum over all combinations of all nodes' values, of the product of tables.

    The posterior is zeros where P(observed) is 0.
    """
    joint: dict[tuple[int, ...], list[float]] = {
        answer: [] for answer in product(*(range(len(network.values[node])) for node in network.query))
    }
    for combination in product(*(range(len(mine)) for mine in network.values)):
        if all(combination[node] == value for node, value in network.observed.items()):
            chances = [
                float(table[tuple(combination[one] for one in (*network.parents[node], node))])
                for node, table in enumerate(network.tables)
            ]
            joint[tuple(combination[node] for node in network.query)].append(math.prod(chances))
    sums = np.array([math.fsum(chances) for chances in joint.values()])
    total = math.fsum(sums)
    return (sums / total if total else sums), total


def random_polytree(seed: int, n: int) -> Network:
    """A network without any undirected circle, of two and three values and up to four parents; a third is observed."""
    rng = np.random.default_rng(seed)
    parents: list[list[int]] = [[] for _ in range(n)]
    for node in range(1, n):
        other = int(rng.integers(node))
        if len(parents[other]) < 4 and rng.random() < 0.5:
            parents[other].append(node)
        else:
            parents[node].append(other)
    values = [tuple(f"v{k}" for k in range(rng.integers(2, 4))) for _ in range(n)]
    tables = [random_table(rng, [len(values[one]) for one in (*parents[node], node)]) for node in range(n)]
    drawn = rng.permutation(n).tolist()
    observed = {node: int(rng.integers(len(values[node]))) for node in drawn[2 : 2 + n // 3]}
    return Network(names(n), values, [tuple(mine) for mine in parents], tables, tuple(drawn[:2]), observed)


def everyone_meets(n: int) -> Network:
    """A network of n coins, each two of which have a child that was observed: none of them can be summed out alone."""
    pairs = [(i, j) for i in range(n) for j in range(i)]
    fair, seen = np.full(2, 0.5), np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.3, 0.7], [0.4, 0.6]]])
    return Network(
        names(n + len(pairs)), [("no", "yes")] * (n + len(pairs)), [*[()] * n, *pairs],
        [*[fair] * n, *[seen] * len(pairs)], (0,), dict.fromkeys(range(n, n + len(pairs)), 1),
    )  # fmt: skip
