"""A local minimum at least: what comes back where the time was over before a search had begun."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.search.base import Found


def searched(model: Couplings, found: Found) -> Found:
    """What a search found; where it did no step, a local minimum below its best sample in place of that.

    Its flips are its steps; the result is never worse.
    """
    if found.steps or found.info.get("proved"):
        return found
    sample, flips = descend(model, found.samples[0])
    if not flips:
        return found
    one = np.ones(1, np.int64)
    return replace(
        found, samples=sample[None], energies=np.array([model.energy(sample)]), occurrences=one, steps=flips,
        attempts=found.attempts + flips * model.n,
    )  # fmt: skip


def descend(model: Couplings, sample: np.ndarray) -> tuple[np.ndarray, int]:
    """A sample [n] after flips that each lower its energy, until none does, and how many there were."""
    x, flips = np.asarray(sample, np.uint8).copy(), 0
    fields = model.fields(x)
    while len(falling := np.flatnonzero(np.where(x, -fields, fields) < -model.tolerance)):
        for i in falling.tolist():
            sign = -1 if x[i] else 1
            if sign * fields[i] < -model.tolerance:  # it may not fall any more, after the flips before it
                partners = slice(model.first[i], model.first[i + 1])
                fields[model.other[partners]] += sign * model.weight[partners]
                x[i] ^= 1
                flips += 1
    return x, flips
