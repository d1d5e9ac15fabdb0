"""Polynomials over binary variables: what a diagonal Hamiltonian is, of any degree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from qamctl.qubo.model import Floats

if TYPE_CHECKING:
    from qamctl.qubo.compile import Compiled
    from qamctl.qubo.model import Model


@dataclass(frozen=True)
class Polynomial:
    """Offset plus the sum of weight * product of its variables over all terms.

    Attributes
    ----------
    n
        Variables.
    terms
        Ascending variables -> weight; none empty, none zero.
    """

    n: int
    offset: float
    terms: Mapping[tuple[int, ...], float]

    @property
    def degree(self) -> int:
        """Variables of the longest term."""
        return max(map(len, self.terms), default=0)

    def energy(self, samples: np.ndarray) -> Floats:
        """[s] the values of samples [s, n]; [1] for a single one."""
        rows = np.atleast_2d(np.asarray(samples)) != 0
        total = np.full(len(rows), float(self.offset))
        for variables, weight in self.terms.items():
            total[rows[:, list(variables)].all(axis=1)] += weight
        return total


def polynomial_of(qubo: Compiled | Model) -> Polynomial:
    """The objective of a QUBO or a model, groups and rows apart."""
    terms: dict[tuple[int, ...], float] = {(v,): weight for v, weight in enumerate(qubo.linear.tolist()) if weight}
    pairs = zip(qubo.row.tolist(), qubo.col.tolist(), qubo.weight.tolist(), strict=True)
    terms |= {(i, j): weight for i, j, weight in pairs if weight}
    return Polynomial(qubo.n, float(qubo.offset), MappingProxyType(terms))
