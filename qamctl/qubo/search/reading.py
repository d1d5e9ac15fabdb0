"""Samples of a model that were found independently of each other: each its own start, its own seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import Model
from qamctl.qubo.search.base import Budget, Found

#: Sweeps of a read: of a model without constraints, and of one with them, whose sweeps do more.
SWEEPS, SWEEPS_CONSTRAINED = 1000, 200

#: Apart as the increments of splitmix64.
STRIDE = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class ReadTurn:
    """How many samples to take, and how much work they may be.

    Attributes
    ----------
    steps
        Sweeps of all reads together; None: each has its own.
    stop
        Whether to end with fewer.
    """

    reads: int
    seed: int
    threads: int
    steps: int | None
    stop: Callable[[], bool]

    def sweeps(self, most: int) -> int:
        """Of each read."""
        return most if self.steps is None else max(1, min(most, self.steps // self.reads))


def read_free(objective: Couplings, turn: ReadTurn) -> Found:
    """Independent anneals."""
    from qamctl.qubo.search import anneal

    return anneal.reads(
        objective, reads=turn.reads, sweeps=turn.sweeps(SWEEPS), betas=None, seed=turn.seed, initial=None,
        threads=turn.threads, seconds=None, stop=turn.stop,
    )  # fmt: skip


def read_constrained(model: Model, turn: ReadTurn) -> Found:
    """Independent searches among the states that keep the groups; the best sample of each."""
    from qamctl.qubo.search import groups

    taken: list[Found] = []
    while len(taken) < turn.reads and not (taken and turn.stop()):
        budget = Budget(steps=turn.sweeps(SWEEPS_CONSTRAINED))
        taken.append(
            groups.search(model, budget=budget, seed=(turn.seed + len(taken) * STRIDE) % 2**64, stop=turn.stop)
        )
    samples = np.array([found.samples[0] for found in taken])
    energies = np.array([found.energies[0] for found in taken])
    rows, first, met = np.unique(samples, axis=0, return_index=True, return_counts=True)
    order = np.lexsort((energies[first], ~feasible(model, rows)))
    return Found(
        rows[order], energies[first][order], met[order].astype(np.int64), sum(found.steps for found in taken),
        sum(found.attempts for found in taken), info={"method": "one-hot blocks"},
    )  # fmt: skip
