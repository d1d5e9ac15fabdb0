"""The variables that presolve took away, and how they follow from those that are left.

Every rule leaves the same kind of record: the variable is 1 exactly when a linear form of variables that were
still there is below zero. A fixed variable is one with a constant form, a variable that equals another has a form
of one partner, an eliminated variable has its own field. Records are undone in reverse order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qamctl.kernels.couplings import Ints, Samples


@dataclass
class Trail:
    """Records in the order in which variables were taken away.

    Attributes
    ----------
    variables, constants
        x = [constant + sum of weight * x[partner] < 0]
    counts, partners, weights
        Partners of each record, one after the other; weights are those of the scaled model.
    """

    variables: list[int] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    partners: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def fix(self, variables: Ints, values: np.ndarray) -> None:
        """Variables with known values."""
        self.variables += variables.tolist()
        self.constants += np.where(values, -1, 1).tolist()
        self.counts += [0] * len(variables)

    def leaves(self, variables: Ints, constants: np.ndarray, partners: Ints, weights: np.ndarray) -> None:
        """Variables with one partner each; no partner is among the variables."""
        self.variables += variables.tolist()
        self.constants += constants.tolist()
        self.counts += [1] * len(variables)
        self.partners += partners.tolist()
        self.weights += weights.tolist()

    def one(self, variable: int, constant: float, partners: list[int], weights: list[float]) -> None:
        """A single record."""
        self.variables.append(variable)
        self.constants.append(constant)
        self.counts.append(len(partners))
        self.partners += partners
        self.weights += weights

    def closed(self, n: int, kind: np.dtype[Any]) -> Undo:
        """The records, laid out for undoing: those whose partners are known at the same time stand together.

        Parameters
        ----------
        n
            Variables of the whole model.
        kind
            What weights are counted in.
        """
        start = np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)])
        # Iterated backwards in plain integers: each record is one level above the highest of its partners.
        level_of = [0] * n
        levels = [0] * len(self.variables)
        partners, end = self.partners, len(self.partners)
        for k in range(len(self.variables) - 1, -1, -1):
            begin = end - self.counts[k]
            highest = max((level_of[p] for p in partners[begin:end]), default=0)
            levels[k] = level_of[self.variables[k]] = highest + 1
            end = begin
        level = np.array(levels, np.int64)
        order = np.argsort(level, kind="stable")
        return Undo(
            np.array(self.variables, np.int64)[order],
            np.array(self.constants, kind)[order],
            start[:-1][order],
            np.array(self.counts, np.int64)[order],
            np.array(self.partners, np.int64),
            np.array(self.weights, kind),
            np.concatenate([[0], np.cumsum(np.bincount(level, minlength=1)[1:])]).astype(np.int64),
        )


@dataclass(frozen=True)
class Undo:
    """A trail by levels: `bounds` cuts `variables` into runs that depend on earlier runs and kept variables alone."""

    variables: Ints
    constants: np.ndarray
    start: Ints
    counts: Ints
    partners: Ints
    weights: np.ndarray
    bounds: Ints

    def fill(self, whole: Samples) -> None:
        """Sets the taken variables of samples [s, n], in place."""
        for begin, end in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True):
            count = self.counts[begin:end]
            value = np.broadcast_to(self.constants[begin:end], (len(whole), end - begin)).copy()
            row = np.repeat(np.arange(end - begin), count)
            first = np.concatenate([[0], np.cumsum(count)[:-1]])
            entry = np.arange(len(row)) - first[row] + self.start[begin:end][row]
            if len(entry):
                terms = whole[:, self.partners[entry]] * self.weights[entry]
                some = np.flatnonzero(count)
                value[:, some] += np.add.reduceat(terms, first[some], axis=1)
            whole[:, self.variables[begin:end]] = value < 0
