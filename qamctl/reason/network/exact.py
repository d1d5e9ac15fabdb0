"""The posterior of a Bayesian network by variable elimination, where enumeration would take for ever.

Only ancestors of what is asked for and of what was observed count: every other table sums to 1 (Shachter 1986). What is
not asked for is summed out node by node, in the order that joins the fewest further pairs (min-fill), so that the work
follows the width of the network and not its size (Zhang and Poole 1996; Kjaerulff 1990).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_letters
from typing import Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.reason.spec import Floats, Network
from qamctl.reason.state import ImpossibleError

#: Entries of a table between two nodes that are summed out: 512 MiB.
MOST_ENTRIES: Final = 1 << 26

#: A node with so many neighbours can't be summed out.
MOST_NEIGHBOURS: Final = 26

#: Below this probability of the observations, numbers are kept as logarithms: too small ones might be lost else.
SMALL: Final = 1e-200


@dataclass(frozen=True)
class Factor:
    """A table over some nodes.

    Attributes
    ----------
    nodes
        One for each axis.
    table
        Numbers, or their logarithms.
    """

    nodes: tuple[int, ...]
    table: Floats


def query_posterior(network: Network) -> tuple[Floats, float]:
    """[N] the posterior of the query, and the logarithm of the probability of what was observed; it never underflows.

    Answers are the combinations of the query's values, the last node's changing fastest.

    Raises
    ------
    ImpossibleError
        What was observed has the probability 0; its place is the first observed node, in topological order, with
        whose value it becomes 0.
    UnsupportedError
        The network is too wide.
    """
    joint, log_scale = _marginal(network, network.query, network.observed)
    total = float(joint.sum())
    if total <= 0:
        raise ImpossibleError(_first_impossible(network))
    return joint.reshape(-1) / total, log_scale + math.log(total)


def relevant_nodes(network: Network) -> list[int]:
    """Ancestors of the query and of observed nodes, and these themselves: parents first, else as in the file."""
    return _ancestors(network, (*network.query, *network.observed))


def _ancestors(network: Network, nodes: Sequence[int]) -> list[int]:
    seen = set(nodes)
    left = list(seen)
    while left:
        for parent in network.parents[left.pop()]:
            if parent not in seen:
                seen.add(parent)
                left.append(parent)
    missing = {node: len(set(network.parents[node])) for node in seen}
    children: dict[int, list[int]] = {node: [] for node in seen}
    for node in seen:
        for parent in set(network.parents[node]):
            children[parent].append(node)
    ready = sorted(node for node, count in missing.items() if not count)
    out = []
    while ready:
        node = heapq.heappop(ready)
        out.append(node)
        for child in children[node]:
            missing[child] -= 1
            if not missing[child]:
                heapq.heappush(ready, child)
    return out


def _first_impossible(network: Network) -> int:
    """The observed node at which the probability of those before it, and of itself, becomes 0: it only ever falls."""
    order = [node for node in _ancestors(network, tuple(network.observed)) if node in network.observed]
    low, high = 0, len(order) - 1  # the first `high + 1` are impossible
    while low < high:
        middle = (low + high) // 2
        seen = {node: network.observed[node] for node in order[: middle + 1]}
        if _marginal(network, (), seen)[0].sum() > 0:
            low = middle + 1
        else:
            high = middle
    return order[low]


def _marginal(network: Network, query: Sequence[int], observed: Mapping[int, int]) -> tuple[Floats, float]:
    """The joint probability of the query's values and what was observed: a table, and the logarithm of its scale."""
    nodes = _ancestors(network, (*query, *observed))
    factors = [_reduced(network, node, observed) for node in nodes]
    size = {node: len(network.values[node]) for node in nodes}
    order = _elimination_order(network, factors, size, query)
    joint = _eliminate(factors, order, query, logarithmic=False)
    if joint.sum() > SMALL:
        return joint, 0.0
    with np.errstate(divide="ignore"):
        logs = [Factor(factor.nodes, np.log(factor.table)) for factor in factors]
    joint = _eliminate(logs, order, query, logarithmic=True)
    most = float(joint.max())
    return (np.exp(joint - most), most) if most > -math.inf else (np.zeros_like(joint), 0.0)


def _reduced(network: Network, node: int, observed: Mapping[int, int]) -> Factor:
    """A node's table at the values that were observed."""
    nodes = (*network.parents[node], node)
    table = network.tables[node][tuple(observed.get(axis, slice(None)) for axis in nodes)]
    return Factor(tuple(axis for axis in nodes if axis not in observed), np.asarray(table))


def _elimination_order(
    network: Network, factors: Sequence[Factor], size: Mapping[int, int], query: Sequence[int]
) -> list[int]:
    """The nodes that are summed out, in turn: always the one whose neighbours lack the fewest pairs, then the smallest.

    Raises
    ------
    UnsupportedError
        A table on the way would be too large.
    """
    near: dict[int, set[int]] = {node: set() for factor in factors for node in factor.nodes}
    for factor in factors:
        for one, other in combinations(factor.nodes, 2):
            near[one].add(other)
            near[other].add(one)

    def cost(node: int) -> tuple[int, int, int]:
        around = near[node]
        if len(around) >= MOST_NEIGHBOURS:  # its turn can't come before it has fewer
            pairs = len(around) ** 2
        else:
            pairs = sum(other not in near[one] for one, other in combinations(around, 2))
        return pairs, math.prod(size[other] for other in around) * size[node], node

    kept = set(query)
    current = {node: cost(node) for node in near if node not in kept}
    heap = sorted(current.values())
    order, width, largest, widest = [], 0, 0, -1
    while heap:
        entry = heapq.heappop(heap)
        pairs, entries, node = entry
        if current.get(node) != entry:
            continue  # it has changed since
        if entries > largest:
            largest, widest = entries, node
        width = max(width, len(near[node]))
        order.append(node)
        del current[node]
        around = near.pop(node)
        for one in around:
            near[one] |= around
            near[one] -= {one, node}
        # Pairs that were joined matter to their common neighbours, too.
        changed = around.union(*(near[one] for one in around)) if pairs else around
        for one in changed & current.keys():
            fresh = cost(one)
            if fresh != current[one]:
                current[one] = fresh
                heapq.heappush(heap, fresh)
    if largest > MOST_ENTRIES:
        raise UnsupportedError(
            f"the network is too wide: it has treewidth {width} by the best order that was found, and to sum "
            f"`{network.ids[widest]}` out takes 2^{math.log2(largest):.1f} entries, where at most "
            f"2^{math.log2(MOST_ENTRIES):.0f} are taken; observe more variables, or give them fewer parents"
        )
    return order


def _eliminate(factors: Sequence[Factor], order: Sequence[int], query: Sequence[int], *, logarithmic: bool) -> Floats:
    """The product of all factors with some nodes summed out; an axis for each node of the query."""
    held = dict(enumerate(factors))
    holding: dict[int, set[int]] = {node: set() for node in (*order, *query)}
    for key, factor in held.items():
        for node in factor.nodes:
            holding[node].add(key)
    for fresh, node in enumerate(order, len(held)):
        gone = sorted(holding[node])
        parts = [held.pop(key) for key in gone]
        for part in parts:
            for axis in part.nodes:
                holding[axis] -= set(gone)
        made = _product(parts, node, logarithmic=logarithmic)
        held[fresh] = made
        for axis in made.nodes:
            holding[axis].add(fresh)
    last = _product(list(held.values()), None, logarithmic=logarithmic)
    return np.asarray(last.table.transpose([last.nodes.index(node) for node in query]))


def _product(factors: Sequence[Factor], summed: int | None, *, logarithmic: bool) -> Factor:
    """The product of some factors, with one node summed out: the largest factor is joined last."""
    nodes = list(dict.fromkeys(node for factor in factors for node in factor.nodes))
    out = tuple(node for node in nodes if node != summed)
    if logarithmic:
        total = np.zeros(())
        for factor in sorted(factors, key=lambda factor: factor.table.size):
            total = total + _spread(factor, nodes)
        return Factor(out, total if summed is None else _log_sum(total, nodes.index(summed)))
    letter = dict(zip(nodes, ascii_letters, strict=False))
    first, *rest = sorted(factors, key=lambda factor: factor.table.size)
    held, table = first.nodes, first.table
    for place, factor in enumerate(rest):
        joined = tuple(dict.fromkeys((*held, *factor.nodes)))
        after = joined if place < len(rest) - 1 else out
        one, other, result = ("".join(letter[node] for node in these) for these in (held, factor.nodes, after))
        table = np.einsum(f"{one},{other}->{result}", table, factor.table, optimize=True)
        held = after
    if summed in held:  # there was but one factor
        table = table.sum(axis=held.index(summed))
    return Factor(out, table)


def _spread(factor: Factor, nodes: Sequence[int]) -> Floats:
    """A table with an axis for each of these nodes, of length 1 for those that it does not have."""
    own = [node for node in nodes if node in factor.nodes]
    table = factor.table.transpose([factor.nodes.index(node) for node in own])
    length = dict(zip(own, table.shape, strict=True))
    return table.reshape([length.get(node, 1) for node in nodes])


def _log_sum(logs: Floats, axis: int) -> Floats:
    """The logarithm of the sum of exponentials along an axis; minus infinity where all are."""
    most = logs.max(axis=axis, keepdims=True)
    most[np.isneginf(most)] = 0.0
    shares = logs - most
    np.exp(shares, out=shares)  # in place: the table may be as large as is allowed
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(shares.sum(axis=axis)) + most.squeeze(axis))
