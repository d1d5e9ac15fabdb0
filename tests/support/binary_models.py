"""Random binary models without constraints, and their energies by trying every state."""

from __future__ import annotations

import numpy as np

from qamctl.kernels.couplings import Couplings, couplings

#: Kinds of coefficients that a random model can have.
KINDS = ("small", "signs", "normal", "tenths", "huge")


def random_couplings(seed: int, most: int = 12, least: int = 0) -> Couplings:
    """A model of at most so many variables: dense or sparse, integers, decimals or floats, with and without fields."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(least, most + 1))
    kind = KINDS[int(rng.integers(len(KINDS)))]
    row, col = np.triu_indices(n, 1)
    kept = rng.random(len(row)) < rng.choice([0.15, 0.3, 0.6, 1.0])
    row, col = row[kept], col[kept]
    weight, linear = _numbers(kind, len(row), rng), _numbers(kind, n, rng)
    if rng.random() < 0.3:  # a spin model without fields
        linear = -(np.bincount(row, weight, n) + np.bincount(col, weight, n))
        weight = 2 * weight
    return couplings(linear, row, col, weight, float(rng.choice([0.0, 1.5, -7.25])))


def _numbers(kind: str, count: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "small":
        return rng.integers(-3, 4, count).astype(float)
    if kind == "signs":
        return rng.choice([-1.0, 1.0], count)
    if kind == "normal":
        return rng.normal(size=count)
    if kind == "tenths":
        return rng.integers(-300, 300, count) / 10
    return rng.integers(-(2**40), 2**40, count).astype(float)


def states(n: int) -> np.ndarray:
    """[2^n, n] all states, variable i counting 2^i."""
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.uint8)


def energies(model: Couplings) -> np.ndarray:
    """[2^n] the energies of `states(n)`."""
    x = states(model.n).astype(float)
    matrix = np.zeros((model.n, model.n))
    for i in range(model.n):
        part = slice(int(model.first[i]), int(model.first[i + 1]))
        matrix[i, model.other[part]] = model.weight[part]
    pairs = np.einsum("si,ij,sj->s", x, np.triu(matrix, 1), x) if model.n else np.zeros(1)
    return model.offset + (x @ model.linear.astype(float) + pairs) / model.scale


def tolerance(model: Couplings) -> float:
    """How far two computations of an energy may be apart."""
    return 1e-11 * (
        1 + abs(model.offset) + float(np.abs(model.linear).sum() + np.abs(model.weight).sum()) / model.scale
    )


def least(model: Couplings) -> float:
    """The least energy, exactly as the model computes it."""
    return model.energy(states(model.n)[int(np.argmin(energies(model)))])


def spin_glass(n: int, row: np.ndarray, col: np.ndarray, weight: np.ndarray) -> Couplings:
    """Spins with couplings and without fields, as a binary model."""
    return couplings(-(np.bincount(row, weight, n) + np.bincount(col, weight, n)), row, col, 2.0 * weight)


def strip(width: int, length: int, seed: int) -> Couplings:
    """A grid of spins with whole couplings of both signs: thin, but nothing that presolve can settle."""
    rng = np.random.default_rng(seed)
    at = np.arange(width * length).reshape(width, length)
    row = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    col = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    return spin_glass(width * length, row, col, rng.choice([-1.0, 1.0], len(row)) * rng.integers(1, 9, len(row)))
