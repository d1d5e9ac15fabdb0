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

#: Flips of a read by tabu search, for each variable.
FLIPS = 20

#: Apart as the increments of splitmix64.
STRIDE = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class ReadTurn:
    """How many samples to take, and how much work they may be.

    Attributes
    ----------
    steps
        Sweeps of all reads together, one at least for each: with fewer there are fewer reads. None: each has its own.
    stop
        Whether to end with fewer.
    """

    reads: int
    seed: int
    threads: int
    steps: int | None
    stop: Callable[[], bool]

    @property
    def count(self) -> int:
        """Reads that are taken."""
        return self.reads if self.steps is None else max(1, min(self.reads, self.steps))

    def sweeps(self, most: int) -> int:
        """Of each read."""
        return most if self.steps is None else max(1, min(most, self.steps // self.count))


def read_free(objective: Couplings, turn: ReadTurn) -> Found:
    """Independent anneals."""
    from qamctl.qubo.search import anneal

    return anneal.reads(
        objective, reads=turn.count, sweeps=turn.sweeps(SWEEPS), betas=None, seed=turn.seed, initial=None,
        threads=turn.threads, seconds=None, stop=turn.stop,
    )  # fmt: skip


def read_tabu(objective: Couplings, turn: ReadTurn) -> Found:
    """Independent tabu searches from random states; the best sample of each."""
    from qamctl.qubo.search import tabu

    def search(budget: Budget, seed: int) -> Found:
        return tabu.search(objective, budget=budget, seed=seed, stop=turn.stop)

    return _one_by_one(search, turn, max(SWEEPS, FLIPS * objective.n), lambda rows: np.ones(len(rows), bool))


def read_constrained(model: Model, turn: ReadTurn) -> Found:
    """Independent searches among the states that keep the groups; the best sample of each."""
    from qamctl.qubo.search import groups

    def search(budget: Budget, seed: int) -> Found:
        return groups.search(model, budget=budget, seed=seed, stop=turn.stop)

    return _one_by_one(search, turn, SWEEPS_CONSTRAINED, lambda rows: feasible(model, rows))


def _one_by_one(
    search: Callable[[Budget, int], Found], turn: ReadTurn, most: int, good: Callable[[np.ndarray], np.ndarray]
) -> Found:
    """The best sample of each of several searches of at most `most` steps, equal ones counted; `good` ones first."""
    taken: list[Found] = []
    while len(taken) < turn.count and not (taken and turn.stop()):
        taken.append(search(Budget(steps=turn.sweeps(most)), (turn.seed + len(taken) * STRIDE) % 2**64))
    samples = np.array([found.samples[0] for found in taken])
    energies = np.array([found.energies[0] for found in taken])
    rows, first, met = np.unique(samples, axis=0, return_index=True, return_counts=True)
    order = np.lexsort((energies[first], ~good(rows)))
    return Found(
        rows[order], energies[first][order], met[order].astype(np.int64), sum(found.steps for found in taken),
        sum(found.attempts for found in taken), info={"method": f"{taken[0].info.get('method')}, read by read"},
    )  # fmt: skip
