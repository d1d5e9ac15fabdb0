"""Models, kernels and states that the tests of the annealing kernels share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qamctl.kernels import extension
from qamctl.kernels.anneal import Annealer, Tempering
from qamctl.kernels.anneal.arrange import Arranged
from qamctl.kernels.anneal.reference import Annealer as ReferenceAnnealer
from qamctl.kernels.anneal.replicas import Tempering as ReferenceTempering
from qamctl.kernels.couplings import Couplings, couplings

needs_native = pytest.mark.skipif(extension("anneal") is None, reason="the C++ kernels are not built")

#: Both kernels, to parametrise tests over.
KERNELS = [pytest.param("reference"), pytest.param("native", marks=needs_native)]

#: What coefficients are drawn from: each takes another path through the kernels' number types.
KINDS = ("maxcut", "even", "small", "wide", "float", "float maxcut")


def random_model(n: int, seed: int, kind: str, density: float = 0.3) -> Couplings:
    """A model of n variables, in which each pair is coupled with chance `density`."""
    rng = np.random.default_rng([n, seed, KINDS.index(kind)])
    row, col = np.triu_indices(n, 1)
    keep = rng.random(len(row)) < density
    row, col = row[keep], col[keep]
    q = len(row)
    weight = {
        "maxcut": lambda: rng.choice([-2.0, 2.0], q), "even": lambda: np.full(q, 3.0),
        "small": lambda: rng.integers(-20, 21, q).astype(float),
        "wide": lambda: rng.integers(-(10**6), 10**6, q).astype(float), "float": lambda: rng.normal(size=q),
        "float maxcut": lambda: rng.normal(size=q),
    }[kind]()  # fmt: skip
    linear = rng.integers(-20, 21, n).astype(float)
    if "maxcut" in kind:
        linear = -(np.bincount(row, weight, n) + np.bincount(col, weight, n)) / 2
    return couplings(linear, row, col, weight, 0.5)


def anneal_kernel(which: str, arranged: Arranged, seed: int) -> Annealer:
    """The annealer of the kernel "native" or "reference"."""
    if which == "reference":
        return ReferenceAnnealer(arranged, seed)
    module: Any = extension("anneal")
    kernel: Annealer = module.Annealer(arranged, seed)
    return kernel


def tempering_kernel(which: str, arranged: Arranged, temperatures: np.ndarray, seed: int) -> Tempering:
    """The tempering of the kernel "native" or "reference"."""
    if which == "reference":
        return ReferenceTempering(arranged, temperatures, seed)
    module: Any = extension("anneal")
    kernel: Tempering = module.Tempering(arranged, temperatures, seed)
    return kernel


def temperatures_of(model: Couplings, sweeps: int) -> np.ndarray:
    """From hot to cold for a model."""
    size = float(np.abs(model.weight).mean()) if model.pairs else 1.0
    return np.geomspace(3 * size, 0.1 * size, sweeps)


def state(kernel: Annealer) -> tuple[object, ...]:
    """Everything that can be seen of an annealer."""
    return (
        kernel.left, kernel.energy, kernel.best_energy, kernel.flips, kernel.climbs, kernel.sample.tolist(),
        kernel.best.tolist(),
    )  # fmt: skip


def ladder_state(kernel: Tempering) -> tuple[object, ...]:
    """Everything that can be seen of a tempering."""
    return (
        kernel.energies.tolist(), kernel.best_energy, kernel.best.tolist(), kernel.tried.tolist(),
        kernel.taken.tolist(), kernel.sweeps, kernel.clusters,
        [kernel.sample(r).tolist() for r in range(len(kernel.energies))],
    )  # fmt: skip
