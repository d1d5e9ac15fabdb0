"""Enumeration of all states of a small QUBO: the truth that samplers are measured against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend, sample_set

if TYPE_CHECKING:
    import dimod

    from qamctl.qubo.compile import Compiled

#: 2^26 states take about a second.
MAX_VARIABLES = 26

#: States of the low variables that are kept as one vector.
BLOCK_BITS = 16


def backend() -> LocalBackend:
    """The engine `exact`."""
    return LocalBackend("exact", Capabilities(("qubo",), MAX_VARIABLES, exact=True), sample)


def sample(compiled: Compiled, options: Mapping[str, Any]) -> dimod.SampleSet:
    """The state of least energy; of several, the one that is first when variable i counts 2^i.

    Options other than the model are of no use here and are ignored.
    """
    number = minimum(compiled)
    best = (number >> np.arange(compiled.n) & 1).astype(np.int8)
    return sample_set(compiled, best.reshape(1, compiled.n), {"exact": True})


def minimum(compiled: Compiled) -> int:
    """The first state of least energy, as an integer whose bit i is variable i."""
    n, low = compiled.n, min(compiled.n, BLOCK_BITS)
    couplings = np.zeros((n, n))
    couplings[compiled.row, compiled.col] = compiled.weight
    block = np.array([compiled.offset])
    for i in range(low):
        block = np.concatenate([block, block + _field(couplings[:i, i], compiled.linear[i])])
    fields = [_field(couplings[:low, i], compiled.linear[i]) for i in range(low, n)]
    best_energy, best = np.inf, 0
    # Depth first over the high variables, the highest first: each block is the sum of one path, so that
    # no rounding accumulates from state to state.
    pending = [(n, 0, block)]
    while pending:
        level, high, energies = pending.pop()
        if level == low:
            at = int(np.argmin(energies))
            number = (high << low) | at
            if energies[at] < best_energy or (energies[at] == best_energy and number < best):
                best_energy, best = float(energies[at]), number
            continue
        i = level - 1
        above = sum(float(couplings[i, j]) for j in range(level, n) if high >> (j - low) & 1)
        pending.append((i, high | 1 << (i - low), energies + (fields[i - low] + above)))
        pending.append((i, high, energies))
    return best


def _field(couplings: np.ndarray, linear: float) -> np.ndarray:
    """[2^k] what setting a variable adds, for every state of the k variables that it is coupled to."""
    field = np.array([linear])
    for weight in couplings:
        field = np.concatenate([field, field + weight])
    return field
