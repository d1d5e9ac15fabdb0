"""A polynomial of any degree as an engine takes it: circuits need no products of their own for terms of many qubits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Samples
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.quadratize import Pair, with_products
from qamctl.qubo.model import Floats, Index


@dataclass(frozen=True)
class Native:
    """A payload for engines that know polynomials; see `qamctl.qubo.payload.Payload`.

    Attributes
    ----------
    polynomial
        What is minimised.
    pairs
        The products that the quadratic model has behind its qubits.
    kind
        "polynomial".
    """

    polynomial: Polynomial
    pairs: tuple[Pair, ...]
    kind: str = "polynomial"

    @property
    def n(self) -> int:
        """Qubits."""
        return self.polynomial.n

    @property
    def row(self) -> Index:
        """None: there are no couplings to count."""
        return np.zeros(0, np.int32)

    def extend(self, sample: np.ndarray) -> np.ndarray:
        """The qubits' part of samples of the model."""
        return np.asarray(sample, np.uint8)[..., : self.n]

    def restore(self, samples: np.ndarray) -> Samples:
        """Samples of the qubits with the products that follow from them."""
        return with_products(samples, self.pairs)

    def energy(self, samples: np.ndarray) -> Floats:
        """[s] of samples [s, n]."""
        return self.polynomial.energy(samples)
