"""The mixing method on random models of every size, against the reference."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from qamctl.kernels.mixing.reference import Mixing


def campaign(native: ModuleType) -> None:
    """Sweeps, products, triangles, new weights; and arrays that do not fit."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(0, 40))
        matrix = np.triu(rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.4), 1)
        matrix += matrix.T
        row, other = np.nonzero(matrix)
        first = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))]).astype(np.int64)
        rows = first, other.astype(np.int32), matrix[row, other]
        vectors = rng.normal(size=(n, 8 * int(rng.integers(1, 4))))
        searches = native.Mixing(*rows, vectors), Mixing(*rows, vectors)
        for m in searches:
            m.run(5, 1e9)
            m.reweigh(2 * rows[2])
            m.run(3, 0.0)
        assert np.array_equal(searches[0].vectors, searches[1].vectors)
        assert np.array_equal(searches[0].products(), searches[1].products())
        assert np.array_equal(searches[0].triangles(0.01, 20), searches[1].triangles(0.01, 20))
    for wrong in ([0, 5], [0, -1], [1, 0], []):
        try:
            native.Mixing(np.array(wrong, np.int64), np.zeros(2, np.int32), np.zeros(2), np.zeros((1, 8)))
        except (ValueError, TypeError):
            continue
        raise AssertionError(wrong)
