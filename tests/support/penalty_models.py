"""Random small models with every kind of constraint that penalties treat in a way of its own."""

from __future__ import annotations

import numpy as np
from support.qubo_models import model_of

from qamctl.qubo.model import EQ, GE, LE, Model

Row = tuple[dict[int, int], int, int]


def random_model(seed: int, most: int = 8) -> Model:
    """Up to `most` variables in a few groups (now and then overlapping) and free ones, rows of all shapes on both."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, most + 1))
    kind = int(rng.integers(3))

    def number() -> float:
        if kind == 0:
            return float(rng.integers(-9, 10))
        return float(rng.integers(-90, 91)) / 10 if kind == 1 else float(rng.normal() * 5)

    density = float(rng.choice([0.2, 0.6]))
    linear = [number() for _ in range(n)]
    couplings = [(i, j, number()) for i in range(n) for j in range(i + 1, n) if rng.random() < density]
    free: list[int] = rng.permutation(n).tolist()
    groups = []
    for _ in range(int(rng.integers(0, 4))):
        size = int(rng.integers(1, 5))
        if free:
            groups.append(free[:size])
            free = free[size:]
    if rng.random() < 0.1 and n > 2:
        groups.append(rng.choice(n, 2, replace=False).tolist())
    rows = []
    for _ in range(int(rng.integers(0, 4))):
        pool = free if free and rng.random() < 0.6 else list(range(n))
        members = rng.choice(pool, min(len(pool), int(rng.integers(1, 4))), replace=False).tolist()
        rows.append(_row(members, rng))
    return model_of(linear, couplings, groups, rows, number())


def _row(members: list[int], rng: np.random.Generator) -> Row:
    shape = int(rng.integers(6))
    if shape == 0:
        return dict.fromkeys(members, 1), LE, 1
    if shape == 1 and len(members) > 1:
        return {members[0]: 1, members[1]: -1}, LE, 0
    if shape == 2:
        return dict.fromkeys(members, 1), GE, 1
    if shape == 3:
        return dict.fromkeys(members, int(rng.integers(1, 3))), EQ, int(rng.integers(0, len(members) + 1))
    coefficients = {i: int(rng.choice([-2, -1, 1, 2, 3])) for i in members}
    return coefficients, int(rng.choice([LE, EQ, GE])), int(rng.integers(-2, 5))


def places(items: int, bins: int, seed: int, *, room: float = 1.3) -> Model:
    """Items of different sizes in bins of one capacity, with costs, and costs between items in different bins."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 10, items)
    linear = rng.integers(1, 50, items * bins).astype(float)
    pairs = [(a, b) for a in range(items) for b in range(a + 1, items) if rng.random() < 3 / items]
    couplings = []
    for a, b in pairs:
        flow = float(rng.integers(1, 10))
        couplings += [(a * bins + p, b * bins + q, flow) for p in range(bins) for q in range(bins) if p != q]
    capacity = int(np.ceil(size.sum() / bins * room))
    groups = [[a * bins + p for p in range(bins)] for a in range(items)]
    rows = [({a * bins + p: int(size[a]) for a in range(items)}, LE, capacity) for p in range(bins)]
    return model_of(linear.tolist(), couplings, groups, rows)
