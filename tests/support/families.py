"""Families of binary models, made from a seed: what searches are compared on. Each is (linear, row, col, weight)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Vectors = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def maxcut(n: int, row: np.ndarray, col: np.ndarray, weight: np.ndarray) -> Vectors:
    """Minimise minus the cut of a weighted graph."""
    linear = -(np.bincount(row, weight, n) + np.bincount(col, weight, n))
    return linear, row, col, 2.0 * weight


def sparse(n: int, seed: int, degree: int = 6) -> Vectors:
    """Random pairs, weights -1 and 1, linear -1, 0 or 1."""
    rng = np.random.default_rng(seed)
    row, col = random_pairs(n, n * degree // 2, rng)
    return rng.integers(-1, 2, n).astype(float), row, col, rng.choice([-1.0, 1.0], len(row))


def dense(n: int, seed: int) -> Vectors:
    """Every pair, weights uniform in -100 .. 100, as Beasley's."""
    rng = np.random.default_rng(seed)
    row, col = np.triu_indices(n, 1)
    linear = rng.integers(-100, 101, n).astype(float)
    return linear, row, col, 2.0 * rng.integers(-100, 101, len(row))


def sherrington_kirkpatrick(n: int, seed: int) -> Vectors:
    """MaxCut on the complete graph with weights -1 and 1: the ground state of a spin glass."""
    rng = np.random.default_rng(seed)
    row, col = np.triu_indices(n, 1)
    return maxcut(n, row, col, rng.choice([-1.0, 1.0], len(row)))


def regular(n: int, seed: int, degree: int = 3) -> Vectors:
    """MaxCut on a random regular graph (configuration model, loops and doubles drawn again), weights 1."""
    rng = np.random.default_rng(seed)
    stubs = np.repeat(np.arange(n), degree)
    pairs: set[tuple[int, int]] = set()
    for _ in range(1000):
        rng.shuffle(stubs)
        left = []
        for a, b in stubs.reshape(-1, 2).tolist():
            pair = (min(a, b), max(a, b))
            if a == b or pair in pairs:
                left += [a, b]
            else:
                pairs.add(pair)
        if len(left) <= 2 * degree:
            break
        # The leftover ends are mixed with those of as many pairs that are dissolved again.
        dissolved = rng.permutation(sorted(pairs))[: len(left)]
        pairs.difference_update(map(tuple, dissolved.tolist()))
        stubs = np.array(left + dissolved.ravel().tolist())
    ends = np.array(sorted(pairs))
    return maxcut(n, ends[:, 0], ends[:, 1], np.ones(len(ends)))


def grid(n: int, seed: int) -> Vectors:
    """MaxCut on a square torus with weights -1 and 1; n is rounded to a square."""
    rng = np.random.default_rng(seed)
    side = round(n**0.5)
    at = np.arange(side * side).reshape(side, side)
    row = np.concatenate([at.ravel(), at.ravel()])
    col = np.concatenate([np.roll(at, -1, 0).ravel(), np.roll(at, -1, 1).ravel()])
    return maxcut(side * side, row, col, rng.choice([-1.0, 1.0], len(row)))


def assignment(n: int, seed: int) -> Vectors:
    """n / 10 items choose one of 10 places each; costs, and costs between items; one-hot as penalties."""
    rng = np.random.default_rng(seed)
    items, places = n // 10, 10
    cost = rng.integers(1, 100, (items, places))
    linear = cost.ravel().astype(float)
    a, b = random_pairs(items, 3 * items, rng)
    flow = rng.integers(1, 20, len(a))
    p, q = np.divmod(np.arange(places * places), places)
    apart = p != q
    row = (a[:, None] * places + p[apart]).ravel()
    col = (b[:, None] * places + q[apart]).ravel()
    weight = np.repeat(flow, int(apart.sum())).astype(float)
    most = np.bincount(a, flow, items) + np.bincount(b, flow, items) + 100.0  # more than any choice can save
    p, q = np.triu_indices(places, 1)
    row = np.concatenate([row, (np.arange(items)[:, None] * places + p).ravel()])
    col = np.concatenate([col, (np.arange(items)[:, None] * places + q).ravel()])
    weight = np.concatenate([weight, np.repeat(2.0 * most, len(p))])
    return linear - np.repeat(most, places), row, col, weight


#: Name -> how a model of about n variables is made from a seed.
FAMILIES: dict[str, Callable[[int, int], Vectors]] = {
    "sparse": sparse,
    "dense": dense,
    "sherrington-kirkpatrick": sherrington_kirkpatrick,
    "3-regular": regular,
    "grid": grid,
    "assignment": assignment,
}


def random_pairs(n: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """About `count` distinct pairs a < b of 0 .. n - 1."""
    a = rng.integers(0, n, 2 * count)
    b = rng.integers(0, n, 2 * count)
    key = np.unique((np.minimum(a, b) * n + np.maximum(a, b))[a != b])
    key = np.sort(rng.permutation(key)[:count])
    return key // n, key % n
