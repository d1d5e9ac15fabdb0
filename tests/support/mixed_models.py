"""Random small models with groups, rows of every sense and free variables, and all of their states at once."""

from __future__ import annotations

import numpy as np
from support.qubo_models import model_of

from qamctl.qubo.model import EQ, GE, LE, Model


def mixed_model(seed: int, most: int = 16, feasible: bool = True) -> Model:
    """A model of up to `most` variables; with `feasible`, a hidden state keeps every row.

    Groups may overlap, rows have negative coefficients, some say at most one or exactly one, some variables are
    in nothing; every third model has broken numbers in its objective.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, most + 1))
    number = (lambda: float(rng.integers(-9, 10))) if seed % 3 else (lambda: float(rng.normal() * 5))
    hidden = rng.integers(0, 2, n)
    groups: list[list[int]] = []
    order = rng.permutation(n).tolist()
    for _ in range(int(rng.integers(0, 4))):
        size = int(rng.integers(1, 6))
        members, order = order[:size], order[size:]
        if len(members) < 1:
            break
        hidden[members] = 0
        hidden[rng.choice(members)] = 1
        groups.append(sorted(members))
    if len(groups) > 1 and rng.random() < 0.3:
        # An overlapping group, through one chosen and some that are not.
        zeros = np.flatnonzero(hidden == 0)
        extra = rng.choice(zeros, min(len(zeros), 3), replace=False).tolist()
        groups.append(sorted([int(rng.choice(np.flatnonzero(hidden))), *extra]))
    rows: list[tuple[dict[int, int], int, int]] = []
    for _ in range(int(rng.integers(0, 5))):
        size = int(rng.integers(1, n + 1))
        chosen = rng.choice(n, size, replace=False).tolist()
        kind = rng.integers(0, 5)
        if kind == 0:
            rows.append((dict.fromkeys(chosen[:4], 1), LE, 1))
            continue
        coefficients = {int(v): int(rng.choice([-5, -3, -2, 1, 2, 3, 4, 7])) for v in chosen}
        value = sum(c * int(hidden[v]) for v, c in coefficients.items())
        sense = (LE, EQ, GE)[kind % 3]
        room = 0 if sense == EQ else int(rng.integers(0, 4))
        rows.append((coefficients, sense, value + (room if sense == LE else -room)))
    if feasible:
        # What the hidden state breaks is let go.
        rows = [r for r in rows if _keeps(r, hidden)]
        groups = [g for g in groups if hidden[g].sum() == 1]
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < 0.3]
    return model_of([number() for _ in range(n)], [(i, j, number()) for i, j in pairs], groups, rows, number())


def _keeps(row: tuple[dict[int, int], int, int], state: np.ndarray) -> bool:
    value = sum(c * int(state[v]) for v, c in row[0].items())
    return value <= row[2] if row[1] == LE else value >= row[2] if row[1] == GE else value == row[2]


def optimum(model: Model) -> float | None:
    """The least objective of a feasible state, None where there is none: by trying all states together."""
    states = (np.arange(2**model.n)[:, None] >> np.arange(model.n)) & 1
    good = np.ones(len(states), bool)
    for g in range(len(model.group_start) - 1):
        members = model.group_index[model.group_start[g] : model.group_start[g + 1]]
        good &= states[:, members].sum(axis=1) == 1
    for c in range(len(model.con_rhs)):
        entry = slice(model.con_start[c], model.con_start[c + 1])
        value = states[:, model.con_index[entry]] @ model.con_coef[entry]
        rhs, sense = model.con_rhs[c], model.con_sense[c]
        good &= value <= rhs if sense == LE else value >= rhs if sense == GE else value == rhs
    if not good.any():
        return None
    states = states[good].astype(float)
    values = states @ model.linear + ((states[:, model.row] * states[:, model.col]) @ model.weight) + model.offset
    return float(values.min())
