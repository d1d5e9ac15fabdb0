"""The posterior of a Bayesian network once more, by roads that share nothing with variable elimination.

Combinations of values are enumerated, each with the product of all its tables. Of larger networks a sweep keeps the
distribution of only those nodes that a later table still asks for, as a filter does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.reason.spec import Floats, Network

#: Combinations of values that are enumerated within a second, that are enumerated where nothing else will do, and of
#: them at once.
FEW_COMBINATIONS: Final = 1 << 20
MOST_COMBINATIONS: Final = 1 << 24
CHUNK: Final = 1 << 16

#: Combinations that a sweep holds.
MOST_HELD: Final = 1 << 20

#: Sums below this may have lost numbers that are too small for a machine.
SMALL: Final = 1e-200


def recompute(network: Network) -> tuple[Floats, float]:
    """[N] the posterior of the query, the last node's values changing fastest, and log P(observed); -inf: impossible.

    The posterior of impossible observations is zeros.

    Raises
    ------
    UnsupportedError
        There are too many combinations for both roads.
    """
    order = parents_first(network)
    combinations = math.prod(len(network.values[node]) for node in order if node not in network.observed)
    if combinations <= FEW_COMBINATIONS:
        joint = enumerated(network, order)
        if joint.sum() > SMALL:
            return _shares(joint, 0.0)
    try:
        logs = swept(network, order)
    except UnsupportedError:
        joint = enumerated(network, order) if combinations <= MOST_COMBINATIONS else np.zeros(1)
        if joint.sum() > SMALL:
            return _shares(joint, 0.0)
        raise
    most = float(logs.max())
    return _shares(np.exp(logs - most), most) if most > -math.inf else (np.zeros_like(logs), most)


def _shares(joint: Floats, log_scale: float) -> tuple[Floats, float]:
    total = float(joint.sum())
    return joint / total, math.log(total) + log_scale


def enumerated(network: Network, order: Sequence[int]) -> Floats:
    """[N] the joint probability of each answer and what was observed: the sum over all combinations of hidden values.

    Parameters
    ----------
    order
        The nodes that matter.
    """
    hidden = [node for node in order if node not in network.observed]
    sizes = [len(network.values[node]) for node in hidden]
    count = math.prod(sizes)
    answers = math.prod(len(network.values[node]) for node in network.query)
    chunks = []
    for start in range(0, count, CHUNK):
        numbers = np.arange(start, min(start + CHUNK, count))
        value = {node: np.full(len(numbers), seen) for node, seen in network.observed.items()}
        value.update(zip(hidden, np.unravel_index(numbers, sizes) if hidden else (), strict=True))
        chance = np.ones(len(numbers))
        for node in order:
            chance *= network.tables[node][tuple(value[axis] for axis in (*network.parents[node], node))]
        answer = np.zeros(len(numbers), np.int64)
        for node in network.query:
            answer = answer * len(network.values[node]) + value[node]
        chunks.append(np.bincount(answer, chance, minlength=answers))
    return np.asarray(np.sum(chunks, axis=0))


def swept(network: Network, order: Sequence[int]) -> Floats:
    """[N] logarithms of what `enumerated` gives, by taking in one node after the other.

    Parameters
    ----------
    order
        The nodes that matter.

    Raises
    ------
    UnsupportedError
        Too many combinations have to be held at once.
    """
    ways = [_turns(network, liked) for liked in (order, order[::-1], sorted(order))]
    turns, largest = min(ways, key=lambda way: way[1])
    if largest > MOST_HELD:
        raise UnsupportedError(
            f"the posterior can't be recomputed: more than {MOST_HELD:,} combinations of values would be held at once, "
            f"and there are more than {MOST_COMBINATIONS:,} to enumerate"
        )
    held: list[int] = []
    logs = np.zeros(())
    for node, gone in turns:
        if node not in network.observed:
            held.append(node)
            logs = logs[..., None]
        logs = logs + _aligned(network, node, held, network.observed)
        for one in gone:
            logs = np.logaddexp.reduce(logs, axis=held.index(one))
            held.remove(one)
    return np.asarray(logs.transpose([held.index(node) for node in network.query]).reshape(-1))


def _turns(network: Network, liked: Sequence[int]) -> tuple[list[tuple[int, list[int]]], int]:
    """The nodes in turn, each with those that nothing asks for behind it; and the most combinations that are held.

    Parameters
    ----------
    liked
        The nodes that matter: of those whose parents were taken in, the one comes next that lets most be forgotten,
        and among equals the first one here.
    """
    place = {node: at for at, node in enumerate(liked)}
    children: dict[int, list[int]] = {node: [] for node in liked}
    for node in liked:
        for parent in network.parents[node]:
            children[parent].append(node)
    missing = {node: len(network.parents[node]) for node in liked}
    waiting = {node: len(mine) for node, mine in children.items()}
    kept = {*network.observed, *network.query}
    sizes = {node: 1 if node in network.observed else len(network.values[node]) for node in liked}

    def gone(node: int) -> list[int]:
        """What nothing asks for once this one is taken in."""
        out = [one for one in network.parents[node] if waiting[one] == 1 and one not in kept]
        return out if waiting[node] or node in kept else [*out, node]

    ready = {node for node, count in missing.items() if not count}
    turns = []
    size = largest = 1
    while ready:
        node = min(ready, key=lambda one: (sizes[one] / math.prod(sizes[other] for other in gone(one)), place[one]))
        ready.discard(node)
        turns.append((node, gone(node)))
        size *= sizes[node]
        largest = max(largest, size)
        size //= math.prod(sizes[other] for other in turns[-1][1])
        for parent in network.parents[node]:
            waiting[parent] -= 1
        for child in children[node]:
            missing[child] -= 1
            if not missing[child]:
                ready.add(child)
    return turns, largest


def _aligned(network: Network, node: int, held: Sequence[int], observed: Mapping[int, int]) -> Floats:
    """The logarithms of a node's table at what was observed, with an axis for each node that is held."""
    own = (*network.parents[node], node)
    with np.errstate(divide="ignore"):
        table = np.log(network.tables[node][tuple(observed.get(axis, slice(None)) for axis in own)])
    free = [axis for axis in own if axis not in observed]
    ordered = table.transpose([free.index(axis) for axis in held if axis in free])
    return np.asarray(ordered.reshape([len(network.values[axis]) if axis in free else 1 for axis in held]))


def parents_first(network: Network) -> list[int]:
    """The query, what was observed, and all their ancestors, each behind its parents, as a walk upwards finds them."""
    out: list[int] = []
    entered: set[int] = set()
    stack = [*reversed((*network.query, *network.observed))]
    while stack:
        node = stack.pop()
        if node < 0:
            out.append(~node)
        elif node not in entered:
            entered.add(node)
            stack += [~node, *(parent for parent in network.parents[node] if parent not in entered)]
    return out
