"""Reported energies are exact: 10,000 random models, each sample's energy against a sum of fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from qamctl.kernels.couplings import couplings
from qamctl.qubo.search import anneal, onehot, tabu
from qamctl.qubo.search.base import Budget, Found

MODELS, BLOCKS = 10_000, 10

#: What coefficients are drawn from.
NUMBERS = {
    "whole": lambda rng, k: rng.integers(-50, 51, k).astype(float),
    "large": lambda rng, k: rng.integers(-(10**9), 10**9, k).astype(float),
    "quarters": lambda rng, k: rng.integers(-99, 100, k) / 4,
    "cents": lambda rng, k: rng.integers(-9999, 10000, k) / 100,
    "floats": lambda rng, k: rng.normal(size=k),
    "wide": lambda rng, k: rng.normal(size=k) * 10.0 ** rng.integers(-9, 10, k),
}


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_energies_are_exact(block: int) -> None:
    """Of every sample that anneal, tabu and the search of hidden groups give: the exact sum, rounded once."""
    for seed in range(block, MODELS, BLOCKS):
        rng = np.random.default_rng(seed)
        n, kind = int(rng.integers(1, 14)), list(NUMBERS)[seed % len(NUMBERS)]
        row, col = np.triu_indices(n, 1)
        kept = rng.random(len(row)) < rng.random()
        linear, weight = NUMBERS[kind](rng, n), NUMBERS[kind](rng, int(kept.sum()))
        offset = float(NUMBERS[kind](rng, 1)[0])
        model = couplings(linear, row[kept], col[kept], weight, offset)
        search = (anneal.search, tabu.search, onehot.search)[int(rng.integers(0, 3))]
        found: Found = search(model, budget=Budget(steps=20), seed=seed)
        for sample, energy in zip(found.samples, found.energies, strict=True):
            x = sample.astype(bool)
            parts = [offset, *linear[x].tolist(), *weight[x[row[kept]] & x[col[kept]]].tolist()]
            exact = sum(map(Fraction, parts))
            if kind == "cents":  # decimals are added up as such: they are off by the rounding of their binary form
                slack = Fraction(2.0**-52) * sum(abs(Fraction(part)) for part in parts)
                assert abs(Fraction(float(energy)) - exact) <= slack, seed
            else:
                assert energy == float(exact), (seed, kind)
