"""The best samples of a constrained search, shared by its lanes: feasible ones first, then the least violating."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from qamctl.kernels.couplings import Couplings, Ints, couplings
from qamctl.qubo.model import GE, LE, Model
from qamctl.qubo.search.base import SLICE, Budget, Found

#: Distinct samples that are kept.
KEEP = 32


def violations(model: Model, samples: np.ndarray) -> Ints:
    """[s] by how much samples [s, n] break the groups and rows of a model, summed; 0 where they are feasible."""
    group = np.repeat(np.arange(len(model.group_start) - 1), np.diff(model.group_start))
    row = np.repeat(np.arange(len(model.con_rhs)), np.diff(model.con_start))
    total = np.zeros(len(samples), np.int64)
    for s, sample in enumerate(np.asarray(samples, np.uint8)):
        chosen = np.bincount(group[sample[model.group_index] != 0], minlength=len(model.group_start) - 1)
        over = -model.con_rhs
        on = sample[model.con_index] != 0
        np.add.at(over, row[on], model.con_coef[on])
        over = np.where(model.con_sense == LE, np.maximum(over, 0), over)
        over = np.where(model.con_sense == GE, np.minimum(over, 0), over)
        total[s] = np.abs(chosen - 1).sum() + np.abs(over).sum()
    return total


class Pool:
    """Samples of one search; safe to use from several threads.

    Attributes
    ----------
    over
        The lanes are to end: the target is reached, somebody stopped the search, or a lane failed.
    """

    def __init__(
        self, model: Model, budget: Budget, stop: Callable[[], bool], report: Callable[[np.ndarray, float], None]
    ) -> None:
        self.begin = budget.clock()
        self.model, self.budget, self.stop, self.report = model, budget, stop, report
        self.energies: Couplings = couplings(model.linear, model.row, model.col, model.weight, model.offset)
        self.over = False
        self.curve: list[tuple[float, float]] = []
        self.met: dict[bytes, tuple[int, float, int]] = {}
        self.best: tuple[int, float] = (2**62, math.inf)
        self.lock = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Seconds since the search began, by the budget's clock."""
        return self.budget.clock() - self.begin

    def turn(self, done: int, ask: bool) -> tuple[int, float] | None:
        """The steps and seconds that a lane with `done` steps may take now; None when the search is over.

        `ask` is true in the one lane that calls `stop`.
        """
        if ask and not self.over and self.stop():
            self.over = True
        if self.over:
            return None
        if self.budget.steps is not None:
            return (self.budget.steps - done, SLICE) if done < self.budget.steps else None
        left = (self.budget.seconds or 0.0) - self.elapsed
        return (2**40, min(SLICE, left)) if left > 0 else None

    def offer(self, sample: np.ndarray) -> tuple[int, float]:
        """Enter a sample; its violation and its objective, both from the model."""
        violation, energy = int(violations(self.model, sample[None])[0]), self.energies.energy(sample)
        key = np.packbits(sample).tobytes()
        with self.lock:
            count = self.met[key][2] if key in self.met else 0
            self.met[key] = violation, energy, count + 1
            if len(self.met) > 4 * KEEP:
                self.met = dict(self._ranked()[:KEEP])
            better = (violation, energy) < self.best
            if better:
                self.best = violation, energy
                if violation == 0:
                    self.curve.append((0.0 if self.budget.seconds is None else self.elapsed, energy))
                    self.over |= self.budget.target is not None and energy <= self.budget.target
                    self.report(sample.copy(), energy)
        return violation, energy

    def _ranked(self) -> list[tuple[bytes, tuple[int, float, int]]]:
        return sorted(self.met.items(), key=lambda item: (item[1][:2], item[0]))

    def found(self, steps: int, attempts: int, info: dict[str, Any]) -> Found:
        """Everything, best first."""
        ranked = self._ranked()[:KEEP]
        samples = [np.unpackbits(np.frombuffer(key, np.uint8), count=self.model.n) for key, _ in ranked]
        amounts = [entry[0] for _, entry in ranked]
        told = {"feasible": [amount == 0 for amount in amounts], "violations": amounts}
        return Found(
            samples=np.array(samples, np.uint8).reshape(len(ranked), self.model.n),
            energies=np.array([entry[1] for _, entry in ranked], np.float64),
            occurrences=np.array([entry[2] for _, entry in ranked], np.int64),
            steps=steps, attempts=attempts, curve=tuple(self.curve), info=info | told,
        )  # fmt: skip
