"""One factor of the space of states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Floats


@dataclass(frozen=True)
class Axis:
    """One factor of the space of states: a free qubit, or a one-hot group.

    Attributes
    ----------
    generator
        [d, d] real, symmetric: the mixer is exp(-i beta generator).
    start
        [d] real amplitudes of the first state, of unit norm.
    """

    generator: Floats
    start: Floats

    @property
    def size(self) -> int:
        """States."""
        return len(self.start)


#: A free qubit under the X mixer, from |+>.
QUBIT = Axis(np.array([[0.0, 1.0], [1.0, 0.0]]), np.full(2, 0.5**0.5))
