"""Models and states that the tests of the tabu kernels share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qamctl.kernels import extension
from qamctl.kernels.couplings import Couplings, couplings
from qamctl.kernels.tabu import TabuSearch
from qamctl.kernels.tabu.reference import TabuSearch as Reference

needs_native = pytest.mark.skipif(extension("tabu") is None, reason="the C++ kernels are not built")

#: What coefficients are drawn from: each takes another path through the kernels' number types.
KINDS = ("ones", "small", "doubled", "wide", "huge", "float")


def random_model(n: int, seed: int, kind: str, density: float = 0.5) -> Couplings:
    """A model of n variables; about a fifth of the weights and linear terms are zero or equal others."""
    rng = np.random.default_rng([n, seed, KINDS.index(kind)])
    row, col = np.triu_indices(n, 1)
    keep = rng.random(len(row)) < density
    row, col = row[keep], col[keep]
    if kind == "float":
        return couplings(rng.normal(size=n), row, col, rng.normal(size=len(row)) * np.pi, 0.25)
    most = {"ones": 1, "small": 20, "doubled": 100, "wide": 3000, "huge": 10**6}[kind]
    weight = rng.integers(-most, most + 1, len(row)).astype(float) * (2 if kind == "doubled" else 1)
    return couplings(rng.integers(-most, most + 1, n).astype(float), row, col, weight, 1.5)


def make(which: str, model: Couplings, dense: bool, seed: int, tenure: int = 3, spread: int = 4) -> TabuSearch:
    """The kernel "native" or "reference" over a model."""
    tolerance = 0.0 if model.integral else 1e-9
    if which == "reference":
        return Reference(model, dense, tenure, spread, tolerance, seed)
    module: Any = extension("tabu")
    search: TabuSearch = module.TabuSearch(model, dense, tenure, spread, tolerance, seed)
    return search


def state(search: TabuSearch) -> tuple[object, ...]:
    """Everything that can be seen of a search."""
    return (
        search.value, search.best_value, search.steps, search.improved, search.optima,
        search.sample.tolist(), search.best_sample.tolist(),
    )  # fmt: skip
